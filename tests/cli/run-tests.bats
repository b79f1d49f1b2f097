#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The test driver itself: a failure that it did not count would hide every other one.

setup()
{
	build=$BATS_TEST_TMPDIR/build
	tests=$BATS_TEST_TMPDIR/tests
	mkdir -p "$build/tests" "$tests/unit" "$tests/cli"
}

# unit NAME LINE...: a unit test program with these lines of shell.
unit()
{
	local name=$1
	shift
	: >"$tests/unit/test_$name.c"
	printf '%s\n' '#!/bin/sh' "$@" >"$build/tests/test_$name"
	chmod +x "$build/tests/test_$name"
}

# cli NAME LINE...: a bats file with these lines.
cli()
{
	local name=$1
	shift
	printf '%s\n' "$@" >"$tests/cli/$name.bats"
}

# The tests in it are run by a bats of their own, which must not take itself for this one. What this
# one has put first on the PATH is a part of it that does not run alone.
run_tests()
{
	local unset=() name path
	path=${PATH//"${BATS_LIBEXEC:-no such place}:"/}
	for name in $(compgen -e BATS_); do
		unset+=(-u "$name")
	done
	run env "${unset[@]}" "PATH=$path" "$ZIPMAP_SOURCE/tests/tools/run-tests" -t "$tests" "$build" "$@"
	counts=${lines[$((${#lines[@]} - 1))]}
}

@test "counts cases of Check and tests of bats, and succeeds where none failed" {
	unit a 'echo "100%: Checks: 7, Failures: 0, Errors: 0"'
	cli a '@test "one" { true; }' '@test "two" { skip "because"; }'
	run_tests
	[ "$status" -eq 0 ]
	[ "$counts" = '8 passed, 0 failed, 1 skipped' ]
	[ "$(cat "$build/test-counts")" = "$counts" ]
	[[ $output == *'# skip because'* ]]
}

@test "counts failures and errors of Check" {
	unit a 'echo "57%: Checks: 7, Failures: 1, Errors: 2"; exit 1'
	run_tests
	[ "$status" -eq 1 ]
	[ "$counts" = '4 passed, 3 failed, 0 skipped' ]
}

@test "a unit test that dies before its summary has failed" {
	unit a 'kill -ABRT $$'
	unit b 'echo "100%: Checks: 1, Failures: 0, Errors: 0"'
	run_tests
	[ "$status" -eq 1 ]
	[ "$counts" = '1 passed, 1 failed, 0 skipped' ]
}

@test "a unit test that ends badly after a good summary has failed" {
	unit a 'echo "100%: Checks: 2, Failures: 0, Errors: 0"; exit 99'
	run_tests
	[ "$status" -eq 1 ]
	[ "$counts" = '2 passed, 1 failed, 0 skipped' ]
}

@test "counts failures of bats, and shows what the test printed" {
	cli a '@test "one" { echo "what went wrong"; false; }' '@test "two" { true; }'
	run_tests
	[ "$status" -eq 1 ]
	[ "$counts" = '1 passed, 1 failed, 0 skipped' ]
	[[ $output == *'what went wrong'* ]]
}

@test "tests that did not run, because setup_file failed, have failed" {
	cli a 'setup_file() { false; }' '@test "one" { true; }' '@test "two" { true; }'
	run_tests
	[ "$status" -eq 1 ]
	[ "$counts" = '0 passed, 2 failed, 0 skipped' ]
}

@test "a bats file that cannot be read has failed" {
	cli a '@test "one" { if; }'
	run_tests
	[ "$status" -eq 1 ]
	[[ $counts == '0 passed, '[1-9]*' failed, 0 skipped' ]]
}

@test "fails where no test ran, or all were skipped" {
	run_tests
	[ "$status" -eq 1 ]
	[ "$counts" = '0 passed, 0 failed, 0 skipped' ]
	cli a '@test "one" { skip; }'
	run_tests
	[ "$status" -eq 1 ]
	[ "$counts" = '0 passed, 0 failed, 1 skipped' ]
}

@test "unit/SUBJECT and cli/SUBJECT run only the one or the other" {
	unit a 'echo "100%: Checks: 7, Failures: 0, Errors: 0"'
	cli a '@test "one" { true; }'
	cli b '@test "one" { true; }'
	run_tests unit/a
	[ "$counts" = '7 passed, 0 failed, 0 skipped' ]
	run_tests cli/a
	[ "$counts" = '1 passed, 0 failed, 0 skipped' ]
	run_tests unit/a cli/b
	[ "$counts" = '8 passed, 0 failed, 0 skipped' ]
	run_tests unit/b
	[ "$status" -eq 1 ]
	[[ $output == *'there is no'*'b'* ]]
}

@test "runs only the subjects named, and fails for one that is not there" {
	unit a 'echo "100%: Checks: 2, Failures: 0, Errors: 0"'
	unit b 'echo "50%: Checks: 2, Failures: 1, Errors: 0"; exit 1'
	cli a '@test "one" { true; }'
	cli b '@test "one" { false; }'
	run_tests a
	[ "$status" -eq 0 ]
	[ "$counts" = '3 passed, 0 failed, 0 skipped' ]
	run_tests a c
	[ "$status" -eq 1 ]
	[ "$counts" = '3 passed, 1 failed, 0 skipped' ]
}

@test "a program whose source is gone is not run" {
	unit a 'echo "100%: Checks: 2, Failures: 0, Errors: 0"'
	unit b 'exit 1'
	rm "$tests/unit/test_b.c"
	run_tests
	[ "$status" -eq 0 ]
	[ "$counts" = '2 passed, 0 failed, 0 skipped' ]
}

@test "a sanitizer's report of any process has failed" {
	local write='path=${ASAN_OPTIONS#*log_path=}; echo "heap-use-after-free" >"${path%%:*}.123"'
	cli a "@test 'one' { $write; }"
	run_tests
	[ "$status" -eq 1 ]
	[ "$counts" = '1 passed, 1 failed, 0 skipped' ]
	[[ $output == *heap-use-after-free* ]]
}

@test "leaves nothing of the tests behind" {
	cli a '@test "one" { mkdir "$TMPDIR/left"; chmod 0 "$TMPDIR/left"; echo "$TMPDIR" >"'"$build"'/where"; }'
	run_tests
	[ "$status" -eq 0 ]
	[ ! -e "$(cat "$build/where")" ]
	[ "$(cd "$build" && echo *)" = 'test-counts tests where' ]
	[ -z "$(find "$TMPDIR" -maxdepth 1 -name 't.*')" ]
}

@test "two run at a time, and what each prints is in one piece" {
	local meet="i=0; until [ -e $BATS_TEST_TMPDIR/b ] || [ \$i -gt 1000 ]; do sleep 0.01; i=\$((i + 1)); done"
	unit a 'echo a1' "$meet" "[ -e $BATS_TEST_TMPDIR/b ] || exit 1" 'echo a2' \
		'echo "100%: Checks: 1, Failures: 0, Errors: 0"'
	unit b 'echo b1' ": >$BATS_TEST_TMPDIR/b" 'echo b2' \
		'echo "100%: Checks: 1, Failures: 0, Errors: 0"'
	TEST_JOBS=2 run_tests
	[ "$status" -eq 0 ]
	[ "$counts" = '2 passed, 0 failed, 0 skipped' ]
	[[ $output == *'a1
a2'* ]]
	[[ $output == *'b1
b2'* ]]
}
