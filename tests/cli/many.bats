#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Many archives, many members, and lists that are streams.

load helpers

@test "20,000 archives through -T - under ulimit -n 256" {
	"$TESTDATA_GEN" --archives=20000 --size=64 data
	find data -name '*.zip' | LC_ALL=C sort >list
	expect_lines list 20000
	status=0
	(
		ulimit -n 256
		exec "$ZIPMAP" -T - >out 2>err 3>&-
	) < <(cat list) || status=$?
	expect_good
	expect_lines out 20000
	verify --list=list
}

@test "one archive of 100,000 members" {
	"$TESTDATA_GEN" --archives=1 --members=100000 --size=64 data
	zipmap data
	expect_good
	expect_lines out 100000
	verify data/file_1.zip
}

@test "the first path is answered while the writer keeps the pipe open" {
	make_archive members a.zip 3 1000
	make_archive members b.zip 2 1000
	for option in -T -0T -uT "-j 1 -T"; do
		rm -rf tmp/* in out.fifo
		mkfifo in out.fifo
		local end=$'\n'
		[[ $option != -0T ]] || end=
		# shellcheck disable=SC2086
		"$ZIPMAP" $option - <in >out.fifo 2>err 3>&- &
		local pid=$!
		exec 8>in 9<out.fifo
		: >out
		for archive in a.zip b.zip a.zip; do
			printf '%s\0' "$archive" | { [[ -z $end ]] && cat || tr '\0' '\n'; } >&8
			local count=3
			[[ $archive == a.zip ]] || count=2
			for ((n = 0; n < count; n++)); do
				IFS= read -r -t "$bound" -d "$end" path <&9 || fail "no answer to $archive ($option)"
				[[ -f $path ]] || fail "not a file: $path"
				printf '%s\n' "$path" >>out
			done
		done
		exec 8>&-
		status=0
		wait $pid || status=$?
		! read -r -t "$bound" -d "$end" path <&9 || fail "one more: $path"
		exec 9<&-
		expect_good
		verify --unordered a.zip b.zip a.zip
	done
}

@test "a line that comes in pieces is one line" {
	make_archive simple a-rather-long-name.zip
	rm -f in
	mkfifo in
	"$ZIPMAP" -T - <in >out 2>err 3>&- &
	local pid=$!
	exec 8>in
	for piece in a-ra ther -long -name .zip; do
		printf '%s' "$piece" >&8
	done
	printf '\n\na-rather-' >&8
	wait_until test -s out
	printf 'long-name.zip' >&8
	exec 8>&-
	status=0
	wait $pid || status=$?
	expect_good
	verify a-rather-long-name.zip a-rather-long-name.zip
}

@test "an open pipe that brings nothing costs no processor time and ends with it" {
	rm -f in
	mkfifo in
	"$ZIPMAP" -T - <in >out 2>err 3>&- &
	local pid=$!
	exec 8>in
	wait_until grep -q '^State:.*S' /proc/$pid/status
	local before after
	before=$(cut -d' ' -f14-15 /proc/$pid/stat)
	for _ in {1..50}; do
		sleep 0.01
	done
	after=$(cut -d' ' -f14-15 /proc/$pid/stat)
	[[ $before == "$after" ]] || fail "spins: $before, $after"
	exec 8>&-
	status=0
	wait $pid || status=$?
	expect_status 0
	[[ "$(cat err)" == "zipmap: standard input names no archive" ]]
	expect_nothing
}

@test "1000 archives under ulimit -n 32" {
	"$TESTDATA_GEN" --archives=1000 --size=64 data
	(
		ulimit -n 32
		exec "$ZIPMAP" -j 2 data >out 2>err 3>&-
	) || status=$?
	expect_good
	verify --list=<(find data -name '*.zip' | LC_ALL=C sort)
}

@test "archives that are large, small and broken, from a list, many times over" {
	make_archive members many.zip 400 500
	make_archive simple one.zip
	make_archive bad_crc bad.zip
	make_archive members big.zip 2 2000000
	make_archive no_members none.zip
	local missing=() list=() n
	for ((n = 0; n < 100; n += 5)); do
		list+=(one.zip many.zip bad.zip big.zip none.zip)
		missing+=("--missing=$((n + 2)).1")
	done
	for jobs in 1 2 5; do
		zipmap -q -j $jobs -T <(printf '%s\n' "${list[@]}")
		expect_status 1
		expect_lines err 20
		verify "${missing[@]}" "${list[@]}"
	done
}

@test "as many workers as the limit on descriptors, and few descriptors" {
	"$TESTDATA_GEN" --archives=30 --size=1000 data
	for limits in '16 8' '20 20' '64 62' '256 300'; do
		read -r descriptors jobs <<<"$limits"
		rm -rf "${TMPDIR:?}"/*
		status=0
		(
			ulimit -n "$descriptors"
			exec timeout "$bound" "$ZIPMAP" -j "$jobs" data >out 2>err 3>&-
		) || status=$?
		expect_good
		expect_lines out 30
	done
	(
		ulimit -n 10
		exec timeout "$bound" "$ZIPMAP" data >out 2>err 3>&-
	) || status=$?
	expect_status 2
	expect_message "Too many open files"
}

# run_with_descriptors COUNT ARGUMENT...: zipmap, which inherits descriptors 0 to 2 alone and may have
# COUNT.
run_with_descriptors()
{
	local count=$1 fd
	shift
	status=0
	(
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			[[ $fd -le 2 || $fd -eq 255 ]] || eval "exec $fd>&-"
		done
		ulimit -n "$count"
		exec timeout "$bound" "$ZIPMAP" "$@" >out 2>err
	) || status=$?
}

@test "few descriptors are enough for commands; that fewer are not is said" {
	"$TESTDATA_GEN" --archives=30 --size=1000 data
	local how count
	for how in -x -X; do
		for count in {20..8}; do
			run_with_descriptors "$count" -j 8 "$how" cat {} \; data
			# 126: there were enough for a worker, and not for a command.
			if [[ $status -ne 0 && $count -lt 18 ]]; then
				[[ $status -eq 126 ]] || expect_status 2
				expect_message "Too many open files"
			else
				expect_good
				cmp out <(find data -name '*.zip' | LC_ALL=C sort | xargs -n 1 unzip -p)
			fi
			[[ -z "$(ls -A "$TMPDIR")" ]]
		done
		[[ $status -ne 0 ]]
	done
}
