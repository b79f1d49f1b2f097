#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Data that are larger than the disk: --max-scratch, and a full file system whose files are removed.
# Needs root, for a small tmpfs in a mount name space of its own.

load helpers

# in_tmpfs SIZE COMMAND: run COMMAND by bash with $TMPDIR being a tmpfs of SIZE; ./left is what it left.
in_tmpfs() {
	mkdir -p full
	status=0
	timeout -k 5 "$bound" unshare -m bash -s "$@" <<-'END' 3>&- || status=$?
		mount -t tmpfs -o "size=$1" none full || exit 99
		TMPDIR=$PWD/full bash -o pipefail -c "$2" >out 2>err </dev/null
		status=$?
		find full -mindepth 1 >left
		exit $status
	END
	((status != 99)) || fail "no tmpfs"
}

# 15 members of 32 MB, no two alike, as d/; ./sums are their checksums as unzip has them.
make_data() {
	mkdir d
	for i in {10..24}; do
		"$PYTHON" - "$i" <<-'END'
			import sys, zipfile
			number = int(sys.argv[1])
			with zipfile.ZipFile(f"d/{number}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
			    archive.writestr("data.bin", bytes([number, 1, 2, 3]) * 8000000)
		END
	done
	for archive in d/*.zip; do
		unzip -p "$archive" | md5sum | cut -d' ' -f1
	done >sums
}

expect_sums() {
	expect_status 0
	grep -o '^[0-9a-f]\{32\}' out | cmp - sums || fail "other data: $(cat err)"
}

expect_no_file_left() {
	! grep -q '[0-9]-[a-z]' left || fail "left: $(cat left)"
}

@test "480 MB go through a tmpfs of two members or more, by -x and by -X" {
	need_mount
	skip_under_sanitizer "480 MB"
	make_data
	for size in 64m 66m 100m 200m; do
		for how in "-j1 -x md5sum" "-j5 -x md5sum" "-X md5sum"; do
			in_tmpfs $size "\"\$ZIPMAP\" d $how"
			expect_sums
			[[ ! -s left ]] || fail "$size, $how: left: $(cat left)"
		done
	done
	in_tmpfs 66m "\"\$ZIPMAP\" d -u -x md5sum"
	expect_status 0
	grep -o '^[0-9a-f]\{32\}' out | sort | cmp - <(sort sums)
}

@test "480 MB go through a tmpfs of two members or more, by --max-scratch and a reader that removes" {
	need_mount
	skip_under_sanitizer "480 MB"
	make_data
	for size in 64m 100m; do
		for options in "-j1" "-j4"; do
			in_tmpfs $size "\"\$ZIPMAP\" $options --max-scratch=64M d |
				xargs -I{} sh -c 'md5sum {} && rm {}'"
			expect_sums
			expect_no_file_left
		done
	done
	in_tmpfs 66m "\"\$ZIPMAP\" --max-scratch=1T d | xargs -I{} sh -c 'md5sum {} && rm {}'"
	expect_sums
	if type parallel >/dev/null 2>&1; then
		in_tmpfs 100m "\"\$ZIPMAP\" --max-scratch=64M d |
			parallel --will-cite -k 'md5sum {} && rm {}'"
		expect_sums
		expect_no_file_left
	fi
}

@test "480 MB go through a tmpfs of two members or more, by --hold and a reader that removes" {
	need_mount
	skip_under_sanitizer "480 MB"
	make_data
	mkfifo keep
	for size in 64m 100m; do
		in_tmpfs $size "exec 9<>keep; \"\$ZIPMAP\" --hold --max-scratch=62M d <keep 9>&- | {
			while read -r file; do md5sum \"\$file\"; rm \"\$file\"; done
			exec 9>&-
		} & exec 9>&-; wait \$!"
		expect_sums
		[[ ! -s left ]] || fail "left: $(cat left)"
	done
}

@test "--max-scratch: files of no more than SIZE are there at any time, small ones and packs too" {
	make_archive members a.zip 300 10000 noise
	make_archive members b.zip 5 200000 noise
	for options in "" "--pack --printf=%p\\t%o\\n" "-u -j4"; do
		"$ZIPMAP" $options --max-scratch=250K a.zip b.zip 2>err | "$PYTHON" \
			"$here/check_scratch.py" $((250 * 1024)) 305 || fail "$options: $(cat err)"
		[[ ! -s err ]] || fail "$(cat err)"
	done
}

@test "--max-scratch: a member larger than SIZE fails alone, with both sizes" {
	make_archive members a.zip 3 1000 noise
	make_archive members b.zip 1 20000 noise
	zipmap --max-scratch=16000 a.zip b.zip
	expect_status 1
	expect_lines out 3
	expect_message b.zip "m0.bin: 20000 bytes unzipped, more than --max-scratch=16000"
	zipmap --max-scratch=20000 --json b.zip
	expect_good
	zipmap --max-scratch=19999 --json b.zip
	expect_status 1
	grep -q '"error":"scratch-limit"' out
}

@test "--max-scratch: who does not remove is told once what is waited for; removing goes on" {
	make_archive members a.zip 6 100000 noise
	mkfifo list
	"$ZIPMAP" --max-scratch=250K a.zip >list 2>err 3>&- &
	run=$!
	exec 7<list
	wait_until test -s err
	[[ "$(cat err)" == "zipmap: waiting for room: 0.2 MiB in 2 files; the reader of the list removes them" ]] ||
		fail "$(cat err)"
	count=0
	while read -r -u 7 file; do
		rm "$file"
		count=$((count + 1))
	done
	exec 7<&-
	status=0
	wait "$run" || status=$?
	expect_status 0
	((count == 6))
	expect_lines err 1
}

@test "--max-scratch: a reader that goes while it is waited for ends the run" {
	make_archive members a.zip 6 100000 noise
	status=0
	timeout "$bound" bash -c '"$ZIPMAP" -q --max-scratch=250K a.zip 3>&- | head -1 >out; exit ${PIPESTATUS[0]}' \
		2>err || status=$?
	expect_status $((128 + 13))
	# What was printed is the reader's, as ever.
	[[ -z "$(find "$TMPDIR" -name '0.[2-9]*')" ]] || fail "left: $(find "$TMPDIR")"
}

@test "--max-scratch --hold: the lease, and TERM, end a run that waits for room" {
	make_archive members a.zip 6 100000 noise
	mkfifo keep
	for end in lease TERM; do
		"$ZIPMAP" --hold --max-scratch=250K a.zip <keep >out 2>err 3>&- &
		run=$!
		exec 7>keep
		wait_until test -s err
		[[ $end == lease ]] || kill -TERM "$run"
		[[ $end == TERM ]] || exec 7>&-
		status=0
		wait "$run" || status=$?
		exec 7>&-
		[[ $status == $([[ $end == TERM ]] && echo 143 || echo 1) ]] || fail "status $status"
		[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left: $(find "$TMPDIR")"
	done
}

@test "--max-scratch: workers that are killed while others hold room do not stop the run" {
	make_archive members a.zip 200 20000 noise
	make_archive members b.zip 200 20000 noise
	mkfifo list
	"$ZIPMAP" -j 3 --max-scratch=100K a.zip b.zip >list 2>err 3>&- &
	run=$!
	exec 7<list
	count=0
	while read -r -u 7 file; do
		rm "$file"
		count=$((count + 1))
		((count % 40 != 1)) || kill -KILL "$(pgrep -P "$run" | head -1)" || true
	done
	exec 7<&-
	status=0
	wait "$run" || status=$?
	# A member that a worker died of is said; all others are there.
	((count + $(wc -l <err) == 400)) || fail "$count: $(cat err)"
}

@test "tiny members that fill more blocks than they have bytes, and inodes, do not fill the disk" {
	need_mount
	make_archive members a.zip 6000 10
	for disk in 4m 40m,nr_inodes=1200; do
		in_tmpfs $disk '"$ZIPMAP" -j3 --stats --max-scratch=1G a.zip |
			"$PYTHON" -c "import os, sys; [print(path, os.unlink(path[:-1])) for path in sys.stdin]"'
		expect_status 0
		(($(grep -c None out) == 6000)) || fail "$(grep -c None out) paths"
		# No worker was ended since it found the disk full.
		grep -q "[^0-9][123] worker process" err || fail "$(cat err)"
	done
}

@test "a reader that removes files at once, and closes them late, gets all" {
	need_mount
	make_archive members a.zip 6 3000000 noise
	in_tmpfs 4m '"$ZIPMAP" -j2 --max-scratch=4M a.zip | while read -r file; do
			exec 7<"$file"
			rm "$file"
			sleep 0.3
			wc -c <&7
			exec 7<&-
		done'
	expect_status 0
	[[ "$(sort -u out)" == 3000000 ]]
	expect_lines out 6
	[[ ! -s err ]] || fail "$(cat err)"
}

@test "-x: who reads the output may go while commands that write nothing wait for room" {
	need_mount
	make_archive members a.zip 6 3000000 noise
	in_tmpfs 4m '{ "$ZIPMAP" -j2 a.zip -x sh -c "sleep 0.2; echo {} >>ran"; } | true'
	expect_status 0
	expect_lines ran 6
}

@test "a full file system is waited for once the reader has removed a file" {
	need_mount
	make_archive members a.zip 1 1000
	make_archive members b.zip 12 3000000 noise
	mkfifo more
	# The big ones begin once the reader has removed the small one, and it is slow.
	in_tmpfs 8m '"$ZIPMAP" -j1 -T more | {
			exec 8>more
			echo a.zip >&8
			read -r file
			rm "$file"
			echo b.zip >&8
			exec 8>&-
			while read -r file; do echo "$file"; sleep 0.1; rm "$file"; done
		}'
	expect_status 0
	expect_lines out 12
	expect_no_file_left
}

@test "a full file system without anybody who removes: members fail as ever, at once" {
	need_mount
	make_archive members a.zip 4 3000000 noise
	in_tmpfs 8m '"$ZIPMAP" a.zip'
	expect_status 1
	expect_lines out 2
	expect_lines err 2
}

@test "--max-scratch goes with neither --list nor --test, and wants a size" {
	make_archive members a.zip 1 10
	for wrong in "--list --max-scratch=1M" "--test --max-scratch=1M" "--max-scratch=0" "--max-scratch=x"; do
		zipmap $wrong a.zip
		expect_status 2
	done
}
