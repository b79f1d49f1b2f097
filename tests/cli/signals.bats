#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A run that is ended: by a signal, or because its reader goes. It is ended by that signal, no process
# is left, no file that was not printed, no run directory without files, and what was printed is
# whole. tests/tools/disturb.py says what is done; ZIPMAP_TEST_SEED repeats its random choices.

load helpers

disturb() {
	"$PYTHON" "$tools/disturb.py" "$@"
}

@test "INT, TERM, HUP at random moments" {
	disturb signals 21
}

@test "INT, TERM, HUP at random moments of an unordered run" {
	disturb signals 9 -u
}

@test "a second signal while the first is dealt with" {
	disturb signal_twice
}

@test "INT to the whole process group, as a terminal sends it" {
	disturb signal_to_group
}

@test "a signal while the pipe is full and nobody reads" {
	disturb stalled_reader
}

@test "a signal while the pipe of the messages is full and nobody reads" {
	disturb stalled_errors
}

@test "a reader that goes after some lines" {
	disturb reader_goes
}

@test "a reader that goes after some lines of an unordered run" {
	disturb reader_goes -u
}

@test "zipmap | head -1: ended by SIGPIPE, nothing left but what fitted in the pipe" {
	make_archive many_simple d 8000
	for _ in {1..3}; do
		local statuses
		# head closes the pipe; what it had not read by then was announced all the same.
		statuses=$(
			set +e +o pipefail
			"$ZIPMAP" d 2>err 3>&- | head -1 >out
			echo "${PIPESTATUS[0]}"
		)
		[[ $statuses == 141 ]] || fail "status $statuses, expected 141"
		expect_lines out 1
		[[ -f $(cat out) ]]
		(("$(find tmp -type f | wc -l)" < 4000)) || fail "too many files are left"
		[[ -z "$(find tmp -name '*lock*')" ]] || fail "a lock file is left"
		rm -rf tmp/*
	done
}

@test "kill -9 of the parent ends its workers" {
	disturb parent_killed
}

@test "stdout that is closed from the start: no file is left" {
	make_archive many_simple d 100
	status=0
	"$ZIPMAP" d >&- 2>err 3>&- || status=$?
	((status != 0)) || fail "status 0"
	[[ -z "$(ls -A tmp)" ]] || fail "left behind"
}

@test "stdout to a full device: a message, status 1, no file is left" {
	make_archive many_simple d 3000
	for _ in {1..3}; do
		status=0
		"$ZIPMAP" d >/dev/full 2>err 3>&- || status=$?
		expect_status 1
		expect_message "No space left on device"
		[[ -z "$(ls -A tmp)" ]] || fail "left behind"
	done
}

@test "a run under nohup goes on after HUP" {
	make_archive many_simple d 50
	mkfifo list
	(
		trap '' HUP
		exec "$ZIPMAP" -T list >out 2>err 3>&-
	) &
	local pid=$!
	exec 8>list
	echo d/a000000.zip >&8
	wait_until test -s out
	kill -HUP $pid
	ls d/a00000[1-9].zip >&8
	exec 8>&-
	wait $pid || status=$?
	expect_lines out 10
}

@test "TERM ends a run whose list is endless and has no path in it" {
	for option in -T -0T; do
		status=0
		timeout -s TERM -k 60 1 "$ZIPMAP" $option /dev/zero >out 2>err || status=$?
		((status == 124)) || fail "not ended by TERM" # 137 if only KILL did
		expect_nothing
	done
}
