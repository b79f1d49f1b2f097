#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each call of a small job is made to fail, and the run is in order all the same: tests/tools/faults.py
# says what that is, and what fails how. FAULTS_MOST: at most so many calls of each function, 0 for
# all; the default is a sample that takes half a minute.

load helpers

faults() {
	skip_under_sanitizer "its malloc and ours cannot both stand before libc's"
	"$PYTHON" "$tools/faults.py" --most="${FAULTS_MOST-3}" "$@" "$(dirname "$ZIPMAP")/faults.so" ||
		fail "not in order"
}

@test "what fails in a run of paths from one worker" {
	faults --job=plain
}

@test "what fails in a run of two workers" {
	faults --job=two
}

@test "what fails in a run that packs" {
	faults --job=packed
}

@test "what fails in a run from a list and standard input" {
	faults --job=streams
}

@test "what fails in a run that stops at the first failure" {
	faults --job=first
}

@test "what fails in a run that gives files names of their own" {
	faults --job=named
}

@test "what fails in a run that replaces files" {
	faults --job=replaced
}

@test "what fails in a run that uses files again" {
	faults --job=reused
}

@test "what fails in --gc" {
	faults --job=gc
}

@test "kill -9 of the parent in place of each call: no process lives, --gc leaves nothing" {
	faults --kill
}

@test "the faults reach every system call that a job makes, but for those of starting" {
	skip_under_sanitizer "its malloc and ours cannot both stand before libc's"
	need_strace
	"$PYTHON" "$tools/faults.py" --compare "$(dirname "$ZIPMAP")/faults.so"
}
