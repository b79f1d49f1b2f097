#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The program that zipmap comes from, with two lines changed.

load helpers

@test "a pool that returns maps: the parent has no copy of 480 MB, however processes are started" {
	skip_under_sanitizer
	"$TESTDATA_GEN" --values=sensor data >/dev/null
	read -r count sum private < <("$PYTHON" "$BATS_TEST_DIRNAME/question.py" before fork)
	((count == 15 && private > 450000000)) || fail "before: $count $private"
	for method in fork spawn forkserver; do
		read -r count after private < <("$PYTHON" "$BATS_TEST_DIRNAME/question.py" after $method)
		((count == 15)) && [[ $after == "$sum" ]] || fail "$method: $count $after, not $sum"
		((private <= 25000000)) || fail "$method: $private bytes are private"
		echo "$method: $private bytes" >&2
	done
	# The socket of Python's own fork server may take a moment to go.
	left=$(find "$TMPDIR" -type f)
	[[ -z $left ]] || fail "left behind: $left"
}
