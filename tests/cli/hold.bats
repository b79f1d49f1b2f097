#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --hold: files live as long as somebody keeps the other end of a descriptor. tests/tools/lease.py
# is that somebody.

load helpers

make_lines() { # DIRECTORY ARCHIVES MEMBERS
	"$PYTHON" "$tools/commands.py" make "$@"
}

expect_no_file() {
	[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left behind: $(find "$TMPDIR" | head)"
}

lease() {
	"$PYTHON" "$tools/lease.py" "$@"
}

@test "the list ends, the files live until the lease does, and then nothing is left" {
	make_lines d 3 20
	for kind in pipe socket fifo; do
		lease ends "$kind" d
		expect_no_file
	done
}

@test "what a holder writes does not end the lease" {
	make_lines d 1 3
	lease writes pipe d
	expect_no_file
}

@test "a holder that is killed leaves nothing" {
	make_lines d 3 20
	lease holder_killed pipe d
	expect_no_file
}

@test "a lease that ends before all is printed ends the run, with status 1" {
	make_lines d 1 3
	mkfifo list keep
	exec 8<>list
	"$ZIPMAP" --hold -T list <keep >out 2>err 3>&- 8>&- &
	run=$!
	exec 7>keep
	echo d >&8
	wait_until test -s out
	exec 7>&-
	status=0
	wait "$run" || status=$?
	exec 8>&-
	expect_status 1
	expect_message "the descriptor of --hold ended before all was printed"
	expect_no_file
}

@test "files that cannot be removed when the lease ends are said to be left, status 1" {
	skip_under_sanitizer "its malloc and ours cannot both stand before libc's"
	make_lines d 1 3
	mkfifo keep
	head -c 4096 /dev/zero >table
	# unlinkat() fails for good (EIO).
	LD_PRELOAD=$(dirname "$ZIPMAP")/faults.so FAULTS_TABLE=$PWD/table FAULTS=parent:unlinkat:1+:5 \
		"$ZIPMAP" --hold d <keep >out 2>err 3>&- &
	run=$!
	exec 7>keep
	three_printed() { [[ $(wc -l <out) -eq 3 ]]; }
	wait_until three_printed
	exec 7>&-
	status=0
	wait "$run" || status=$?
	expect_status 1
	expect_lines err 1
	grep -q "^zipmap: cannot remove all that was not printed from .*: Input/output error$" err
	[[ $(find "$TMPDIR" -name '0.*' | wc -l) -eq 3 ]]
}

@test "INT, TERM and HUP end a run that holds, and nothing is left" {
	make_lines d 2 10
	for signal in INT TERM HUP; do
		lease signal pipe d "$signal"
		expect_no_file
	done
}

@test "a reader of the list that goes early leaves nothing" {
	make_lines d 2 2000
	lease reader_goes pipe d
	expect_no_file
}

@test "--hold=FD holds by another descriptor, so that standard input can be a list" {
	make_lines d 2 5
	mkfifo keep
	find d -name '*.zip' -print0 | sort -z >list
	"$ZIPMAP" --null=in --hold=9 -T - <list >out 2>err 9<keep 3>&- &
	run=$!
	exec 7>keep
	wait_until grep -q 1.4-m4 out
	xargs cat <out | sort >lines
	"$PYTHON" "$tools/commands.py" lines d | sort | cmp - lines
	kill -0 "$run"
	exec 7>&-
	status=0
	wait "$run" || status=$?
	expect_good
	expect_no_file
}

@test "what nobody can end is an error of usage" {
	make_lines d 1 1
	zipmap --hold d </dev/null
	expect_status 2
	expect_message "option '--hold': descriptor 0 is a device, which nobody ends"
	zipmap --hold=8 d 8<d/0000.zip
	expect_status 2
	expect_message "descriptor 8 is a regular file, which nobody ends"
	zipmap --hold=99 d
	expect_status 2
	expect_message "descriptor 99 is not open"
	status=0
	script -qec "'$ZIPMAP' --hold d" /dev/null >out </dev/null || status=$?
	expect_status 2
	grep -q "descriptor 0 is a terminal, which nobody ends" out
	expect_no_file
}

@test "SIGKILL of a run that holds: --gc leaves nothing" {
	make_lines d 1 5
	mkfifo keep
	"$ZIPMAP" --hold d <keep >out 2>err 3>&- &
	run=$!
	exec 7>keep
	wait_until grep -q m4 out
	kill -KILL "$run"
	wait "$run" || true
	exec 7>&-
	"$ZIPMAP" --gc
	expect_no_file
}
