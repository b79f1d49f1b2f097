#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# -x and -X: commands on files, which are removed after. Whatever happens, no file is left.

load helpers

make_lines() { # DIRECTORY ARCHIVES MEMBERS
	"$PYTHON" "$tools/commands.py" make "$@"
}

# The lines of all members, in the order of the input, are what was printed.
expect_all_lines() {
	"$PYTHON" "$tools/commands.py" lines "$1" | cmp - out || fail "other lines"
}

expect_no_file() {
	[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left behind: $(find "$TMPDIR" | head)"
}

@test "-x runs a command on each file, in the order of the input, and leaves nothing" {
	make_lines d 5 40
	zipmap d -x cat
	expect_good
	expect_all_lines d
	expect_no_file
	zipmap -j 7 d -x cat {}
	expect_good
	expect_all_lines d
	expect_no_file
}

@test "-x: what commands print is in the order of the input, though the last ones end first" {
	make_lines d 1 6
	mkfifo go
	# The first waits for the last.
	zipmap -j 6 d -x sh -c 'case $ZIPMAP_MEMBER in m0.*) cat go;; m5.*) echo >go;; esac; cat "$1"' sh
	expect_good
	{
		echo
		"$PYTHON" "$tools/commands.py" lines d
	} | cmp - out
	expect_no_file
}

@test "-x -u prints as commands end" {
	make_lines d 1 4
	# The first ends when what the others have printed is there.
	zipmap -u -j 4 d -x sh -c 'case $ZIPMAP_MEMBER in
		m0.*) until [ "$(wc -l <out)" -eq 3 ]; do sleep 0.01; done ;;
		esac; cat "$1"' sh
	expect_good
	"$PYTHON" "$tools/commands.py" lines d | sort >expected
	sort out | cmp - expected
	[[ "$(tail -n 1 out)" == "0 0" ]]
	expect_no_file
}

@test "-x: placeholders stand for what they do in fd" {
	make_lines d 1 1
	zipmap d -x printf '%s\n' {} {/} {//} {.} {/.} {{}} x{/}y{.}}
	expect_good
	path=$(head -n 1 out)
	[[ $path == "$TMPDIR"/zipmap.??????/0/0.0-m0.txt ]] || fail "$path"
	printf '%s\n' "$path" 0.0-m0.txt "${path%/*}" "${path%.txt}" 0.0-m0 {} x0.0-m0.txty{.} | cmp - out
}

@test "-x: the command ends at a semicolon, and others may follow" {
	make_lines d 2 3
	zipmap -x sh -c 'test -s "$1" && echo one' sh {} \; -x cat \; d
	expect_good
	"$PYTHON" "$tools/commands.py" lines d | sed 's/^/one\n/' | cmp - out
	# The next one is run only if the one before has not failed.
	zipmap d -x sh -c 'echo one; test "$ZIPMAP_MEMBER" != m1.txt' \; -x cat
	expect_status 1
	expect_lines err 2
	expect_lines out 10
	expect_no_file
}

@test "-x: the rest of a record is in the environment" {
	"$PYTHON" - <<-'END'
		import numpy, zipfile
		numpy.savez_compressed("a b.npz", x=numpy.ones((3, 4), "<f4"), y=numpy.array(7, ">i2"))
		with zipfile.ZipFile("c.zip", "w") as archive:
		    archive.writestr("dir/it's \"q\" $HOME.txt", "x" * 1000)
	END
	ZIPMAP_SHAPE=old zipmap "a b.npz" c.zip -x sh -c 'env | grep -E "^ZIPMAP_(ARCHIVE|MEMBER|SIZE|CRC32|OFFSET|DTYPE|SHAPE)=" | sort'
	expect_good
	"$PYTHON" "$tools/commands.py" environment "a b.npz" c.zip | cmp - out
}

@test "-x: a command begins as if zipmap were not there" {
	make_lines d 1 1
	umask 027
	# The shell of the test may have left descriptors open: they are the command's as well.
	(
		trap '' USR2
		grep -E '^Sig(Blk|Ign)' /proc/self/status >ours
		zipmap d -x sh -c 'umask; readlink /proc/$$/fd/0; grep -E "^Sig(Blk|Ign)" /proc/$$/status
			ls -l /proc/$$/fd | grep -c -E "zipmap\.|socket|signalfd|inotify|memfd"; true'
		expect_good
	)
	{
		printf '%s\n' 0027 /dev/null
		cat ours
		echo 0
	} | cmp - out
}

@test "-x: output of any length is never mixed, and memory stays bounded" {
	make_lines d 4 10
	zipmap --stats -j 8 d -x sh -c 'yes "$ZIPMAP_ARCHIVE $ZIPMAP_MEMBER" | head -c 1000000; echo'
	expect_status 0
	"$PYTHON" - <<-'END' || fail "mixed"
		import glob, re
		text = open("out", "rb").read()
		for archive in sorted(glob.glob("d/*")):
		    for member in range(10):
		        line = f"{archive} m{member}.txt\n".encode()
		        expected = (line * 100000)[:1000000] + b"\n"
		        assert text.startswith(expected), line
		        text = text[len(expected):]
		assert not text
	END
	expect_no_file
	skip_under_sanitizer
	memory=$(sed -n 's/^.*parent[^0-9]*\([0-9.]* .iB\) private.*/\1/p' err)
	echo "$memory"
}

@test "-x: each stream of a command goes to its own" {
	make_lines d 2 5
	zipmap d -x sh -c 'cat "$1"; cat "$1" >&2' sh
	expect_status 0
	expect_all_lines d
	cmp out err
}

@test "-x: a command that fails is a failure, all others are run, and its file is removed" {
	make_lines d 1 5
	zipmap d -x sh -c 'cat "$1"; test "$ZIPMAP_MEMBER" != m2.txt || exit 3' sh
	expect_status 1
	expect_all_lines d
	expect_message "d/0000.zip: m2.txt: command failed (exit status 3)"
	expect_no_file
	zipmap d -x sh -c 'test "$ZIPMAP_MEMBER" != m2.txt || kill -KILL $$'
	expect_status 1
	expect_message "d/0000.zip: m2.txt: command failed (killed by signal 9, Killed)"
	expect_no_file
}

@test "-x --json and --printf: a record comes after the output of its command" {
	make_lines d 1 3
	zipmap --json d -x sh -c 'cat "$1"; test "$ZIPMAP_MEMBER" != m1.txt' sh
	expect_status 1
	[[ "$(sed -n '1p;3p;5p' out)" == $'0 0\n0 1\n0 2' ]] || fail "output of the commands"
	[[ "$(sed -n 2p out | jq -r .member)" == m0.txt ]]
	[[ "$(sed -n 4p out | jq -r '.member + " " + .error')" == "m1.txt command-failed" ]]
	[[ "$(sed -n 6p out | jq -r .crc32)" == "$(printf '0 2\n' | gzip -c | tail -c 8 | od -A n -t x4 -N 4 | tr -d ' ')" ]]
	zipmap --printf='%m %s\n' d -x cat
	expect_good
	printf '%s\n' '0 0' 'm0.txt 4' '0 1' 'm1.txt 4' '0 2' 'm2.txt 4' | cmp - out
}

@test "-x: a file is gone once its command has ended, whatever the archive" {
	make_lines d 6 1
	mkfifo go
	# The last command lets the first go once all files but those two are gone.
	zipmap -j 2 d -x sh -c 'case $ZIPMAP_ARCHIVE in
		d/0000.zip) cat go ;;
		d/0005.zip) for try in $(seq 600); do
				[ "$(find "$TMPDIR" -name "*m0*" | wc -l)" -le 2 ] && break
				sleep 0.1
			done
			find "$TMPDIR" -name "*m0*" | sed "s,.*/,," | sort >left
			echo >go ;;
		esac' sh
	expect_good
	[[ "$(cut -d- -f1 left | tr '\n' ' ')" == "0.0 5.0 " ]] || fail "left: $(cat left)"
	expect_no_file
}

@test "-x and -X --json: the path of a record has the numbers of its archive and member" {
	make_lines d 3 2
	for option in -x -X; do
		zipmap d --json $option true
		expect_good
		[[ "$(grep -o '[0-9]*[.][0-9]*-m' out | tr '\n' ' ')" == \
			"0.0-m 0.1-m 1.0-m 1.1-m 2.0-m 2.1-m " ]] || fail "$option: $(cat out)"
	done
}

@test "-x --fail-fast: no command is started after a failure" {
	make_lines d 1 200
	zipmap -j 1 --fail-fast d -x sh -c 'echo "$ZIPMAP_MEMBER"; test "$ZIPMAP_MEMBER" != m3.txt'
	expect_status 1
	expect_lines err 1
	expect_lines out 4
	expect_no_file
}

@test "a command that cannot be started ends the run, with status 127 or 126, and is said once" {
	make_lines d 3 50
	for option in -x -X; do
		zipmap d $option zipmap-no-such-command
		expect_status 127
		expect_message "cannot run zipmap-no-such-command: No such file or directory"
		expect_nothing
		zipmap d $option /tmp
		expect_status 126
		expect_message "cannot run /tmp: Permission denied"
		expect_nothing
	done
}

@test "members that fail have their turn among the commands" {
	make_lines d 1 3
	make_archive bad_crc d/0001.zip
	make_lines e 1 1
	zipmap --json d e -x true
	expect_status 1
	jq -R -r 'fromjson? | select(type == "object") | .error // .member' out >words
	printf '%s\n' m0.txt m1.txt m2.txt >expected
	"$ZIPMAP" --json d/0001.zip 2>/dev/null | jq -r '.error // .member' >>expected
	rm -r "${TMPDIR:?}"/*
	echo m0.txt >>expected
	cmp words expected
}

@test "-X runs one command for all files, in the order of the input" {
	make_lines d 5 40
	zipmap d -X sh -c 'echo $#; cat "$@"' sh
	expect_good
	[[ "$(head -n 1 out)" == 200 ]] || fail "not all at once"
	sed -i 1d out
	expect_all_lines d
	expect_no_file
	zipmap d -X printf '%s\n' first {/} last
	expect_good
	expect_lines out 202
	[[ "$(sed -n '1p;2p;202p' out)" == $'first\n0.0-m0.txt\nlast' ]]
}

@test "-X runs as often as the system's limit on arguments asks for" {
	make_lines d 5 1000
	(
		ulimit -s 512 # a quarter of it is for arguments
		zipmap -j 1 d -X sh -c 'echo $# >>counts; cat "$@"' sh
	)
	expect_all_lines d
	expect_no_file
	"$PYTHON" -c '
counts = [int(line) for line in open("counts")]
assert sum(counts) == 5000 and len(counts) > 2, counts
# All but the last are about as long as the limit, 128 KiB.
size = max(counts)
assert all(count > 0.9 * size for count in counts[:-1]), counts' || fail "$(cat counts)"
}

@test "-x and -X: --stats counts the members, printed or not" {
	make_lines d 2 5
	for option in -x -X; do
		for print in "" --json; do
			"$ZIPMAP" --stats=json $print d $option true >out 2>err
			[[ $("$PYTHON" -c 'import json, sys; print(json.loads(sys.stdin.readlines()[-1])["members"])' <err) == 10 ]] ||
				fail "$option $print: $(cat err)"
		done
	done
}

@test "-X: a command that fails is one failure, and the files are removed" {
	make_lines d 2 5
	zipmap d -X sh -c 'cat "$@"; exit 9' sh
	expect_status 1
	expect_all_lines d
	expect_message "command failed (exit status 9)"
	expect_no_file
	zipmap --json d -X sh -c 'exit 9'
	expect_status 1
	[[ "$(jq -r .error out)" == command-failed ]]
}

@test "-X --json: the records come after the command's output" {
	make_lines d 2 5
	zipmap --json d -X sh -c 'echo "$#"' sh
	expect_good
	[[ "$(head -n 1 out)" == 10 ]]
	sed 1d out | jq -r '.member' >members
	printf 'm%d.txt\n' 0 1 2 3 4 0 1 2 3 4 | cmp - members
}

@test "-X: several commands get the same files one after the other" {
	make_lines d 2 5
	zipmap d -X sh -c 'echo $#' sh \; -X cat
	expect_good
	[[ "$(head -n 1 out)" == 10 ]]
	sed -i 1d out
	expect_all_lines d
}

@test "nothing matches: -x and -X run nothing" {
	make_lines d 1 3
	for option in -x -X; do
		zipmap d --include='*.none' $option echo no
		expect_status 0
		expect_nothing
	done
}

@test "-x --in-place: members that are stored are given as they are, and the archive stays" {
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("-a.zip", "w") as archive:
		    archive.writestr("stored", "in place\n")
		    archive.writestr("deflated", "unzipped\n", zipfile.ZIP_DEFLATED)
	END
	zipmap --in-place -x sh -c 'tail -c +$((ZIPMAP_OFFSET + 1)) "$1" | head -c "$ZIPMAP_SIZE"' sh {} \; -- -a.zip
	expect_good
	printf 'in place\nunzipped\n' | cmp - out
	[[ -f ./-a.zip ]]
	expect_no_file
}

# A run whose commands wait, in the background; $run is its process.
start_waiting() { # ARGUMENT...
	rm -f started pids
	"$ZIPMAP" "$@" >out 2>err 3>&- &
	run=$!
	wait_until test -s pids
}

no_process() { # PID...
	local pid
	for pid; do
		! kill -0 "$pid" 2>/dev/null || return 1
	done
}

@test "INT, TERM and HUP go to the commands, which get a while to end; nothing is left" {
	make_lines d 2 20
	for signal in INT TERM HUP; do
		for option in -x -X; do
			rm -f caught
			# An interactive shell would not ignore INT of a process in the background.
			"$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$ZIPMAP" d $option sh -c \
				"trap 'echo $signal >>caught; exit' $signal; echo \$\$ >>pids; while :; do sleep 0.05; done" \
				>out 2>err 3>&- &
			run=$!
			wait_until test -s pids
			kill -"$signal" "$run"
			status=0
			wait "$run" || status=$?
			((status == 128 + $(kill -l "$signal"))) || fail "status $status after $signal"
			grep -q "$signal" caught || fail "no command got $signal"
			mapfile -t pids <pids
			no_process "${pids[@]}" || fail "a command is left"
			rm pids
			expect_no_file
		done
	done
}

@test "commands that do not end when they are told to are killed, at once after a second signal" {
	make_lines d 1 4
	start_waiting d -x sh -c 'trap "" TERM; echo $$ >>pids; while :; do sleep 0.05; done'
	kill -TERM "$run"
	sleep 0.2
	kill -0 "$run" || fail "it has not waited"
	kill -TERM "$run"
	status=0
	wait "$run" || status=$?
	((status == 143)) || fail "status $status"
	mapfile -t pids <pids
	no_process "${pids[@]}" || fail "a command is left"
	expect_no_file
}

@test "after SIGKILL its commands end too, and --gc leaves nothing" {
	make_lines d 1 4
	for option in -x -X; do
		rm -f pids
		start_waiting d $option sh -c 'echo $$ >>pids; exec sleep 100'
		kill -KILL "$run"
		wait "$run" || true
		mapfile -t pids <pids
		wait_until no_process "${pids[@]}"
		"$ZIPMAP" --gc
		expect_no_file
	done
}

@test "-x: a reader that goes ends the run, and nothing is left" {
	make_lines d 2 200
	for option in -x -X; do
		statuses=$(
			set +e +o pipefail
			"$ZIPMAP" d $option yes 2>err 3>&- | head -1 >out
			echo "${PIPESTATUS[0]}"
		)
		[[ $statuses == 141 || $statuses == 1 ]] || fail "status $statuses"
		expect_no_file
	done
}

@test "-x: what memory and disk have no room for waits in its pipe, and is printed in its turn" {
	need_mount
	make_lines d 1 6
	mkdir small
	status=0
	timeout "$bound" unshare -m sh -c 'mount -t tmpfs -o size=1m none small && shift &&
		exec "$0" -j 6 --tmpdir=small d -x sh -c "yes \$ZIPMAP_MEMBER | head -c 3000000"' \
		"$ZIPMAP" x >out 2>err 3>&- || status=$?
	expect_good
	for i in {0..5}; do yes m$i.txt | head -c 3000000; done | cmp - out
}
