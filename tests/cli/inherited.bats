#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A worker is a process of its own making: nothing of the parent's is in it.

load helpers

@test "a worker at work has neither paths nor environment of the parent, and no descriptor but its own" {
	skip_under_sanitizer 'a sanitizer maps terabytes'
	status=0
	"$PYTHON" "$tools/inherited.py" "$TMPDIR/t" || status=$?
	[ "$status" -ne 77 ] || skip 'may not read the memory of a process'
	[ "$status" -eq 0 ]
}

@test "a password is in neither arguments nor environment of a worker" {
	need_strace
	make_archive simple a.zip
	printf 'a very secret word\n' >password
	# Neither filters nor the password, whatever they are.
	# The search for leaks does not work under strace.
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -f -qq -s 200 -v -o trace -e trace=execve \
		"$ZIPMAP" -j1 --password-file=password --include='*' a.zip >out
	[ "$(grep -c execve trace)" -eq 2 ]
	grep 'execve("/proc/self/exe", \["zipmap", "--internal-worker"\]' trace
	if grep -q 'very secret' trace; then fail "the password is in an argument"; fi
	verify a.zip
}

@test "the argument of workers is refused politely if a user gives it" {
	zipmap --internal-worker
	expect_status 2
	expect_message "'--internal-worker' is for zipmap's own use"
	expect_nothing
	# With something else there than the channel, too.
	zipmap --internal-worker 3</dev/null
	expect_status 2
	expect_message "'--internal-worker' is for zipmap's own use"
}

@test "more filters than a packet or the channel holds reach the workers" {
	make_archive members a.zip 3 1000
	filters=()
	for ((i = 0; i < 8000; i++)); do
		filters+=("--exclude=none-is-called-like-this-and-the-list-of-them-is-long-$i")
	done
	zipmap -j2 "${filters[@]}" a.zip
	expect_good
	verify a.zip
}

@test "without /proc workers are forked, which is said once" {
	skip_under_sanitizer 'a sanitizer needs /proc'
	need_mount
	make_archive simple a.zip
	make_archive simple b.zip
	status=0
	unshare -m sh -c 'umount -l /proc && exec "$@"' sh "$ZIPMAP" -j2 a.zip b.zip >out 2>err || status=$?
	expect_status 0
	expect_message 'the sandbox of the workers lacks processes of their own making' \
		'/proc/self/exe' 'No such file or directory'
	verify a.zip b.zip
}

@test "without /proc --require-sandbox refuses with status 2, --no-sandbox says nothing" {
	skip_under_sanitizer 'a sanitizer needs /proc'
	need_mount
	make_archive simple a.zip
	status=0
	unshare -m sh -c 'umount -l /proc && exec "$@"' sh "$ZIPMAP" --require-sandbox a.zip >out 2>err || status=$?
	expect_status 2
	expect_message 'cannot start a worker process' '/proc/self/exe' 'No such file or directory'
	expect_nothing
	status=0
	unshare -m sh -c 'umount -l /proc && exec "$@"' sh "$ZIPMAP" --no-sandbox a.zip >out 2>err || status=$?
	expect_good
	verify a.zip
}

@test "without /dev/null a worker cannot start: status 2 and the step" {
	need_mount
	make_archive simple a.zip
	status=0
	unshare -m sh -c 'mount -t tmpfs none /dev && exec "$@"' sh "$ZIPMAP" -j2 a.zip a.zip >out 2>err || status=$?
	expect_status 2
	expect_message 'cannot start a worker process: open(/dev/null): No such file or directory'
	expect_nothing
}

@test "a signal that the shell ignores is a worker's as for any program" {
	make_archive members a.zip 2 100000
	(
		trap '' HUP INT VTALRM PIPE
		"$ZIPMAP" -j1 a.zip >out 2>err
	)
	status=$?
	expect_good
	verify a.zip
}

# Run with a fault: $1 as tests/faults/faults.c has it.
zipmap_with_fault() {
	local fault=$1
	shift
	skip_under_sanitizer "its malloc and ours cannot both stand before libc's"
	head -c 4096 /dev/zero >table
	status=0
	LD_PRELOAD=$(dirname "$ZIPMAP")/faults.so FAULTS_TABLE=$PWD/table FAULTS=$fault \
		timeout --foreground -k 5 "$bound" "$ZIPMAP" "$@" >out 2>err 3>&- || status=$?
}

@test "a worker that is killed before it was ready: nothing is to blame, and all is printed" {
	make_archive simple a.zip
	make_archive simple b.zip
	zipmap_with_fault workers:getsockopt:1:kill -j1 a.zip b.zip
	expect_good
	verify a.zip b.zip
}

@test "workers that are all killed before they were ready end the run, and no archive is blamed" {
	make_archive simple a.zip
	zipmap_with_fault workers:getsockopt:1+:kill -j1 a.zip
	expect_status 1
	expect_message 'giving up: 100 worker processes were lost'
	expect_nothing
}

@test "if a later worker cannot be started the run goes on with those that there are" {
	make_archive members a.zip 3 100000
	make_archive members b.zip 3 100000
	zipmap_with_fault parent:clone:2+:11 -j2 a.zip b.zip
	expect_good
	verify a.zip b.zip
}

@test "a worker that cannot be executed anew any more is forked, which is said once" {
	make_archive members a.zip 3 100000
	make_archive members b.zip 3 100000
	zipmap_with_fault workers:execve:1+:13 -j2 a.zip b.zip
	expect_status 0
	expect_message 'lacks processes of their own making' 'Permission denied'
	verify a.zip b.zip
	zipmap_with_fault workers:execve:1+:13 -j2 --require-sandbox a.zip b.zip
	expect_status 2
	expect_message 'cannot start a worker process: execve(/proc/self/exe): Permission denied'
}

@test "no memory for a worker to begin with: status 2 and the step" {
	make_archive simple a.zip
	zipmap_with_fault workers:malloc:1+:12 -j1 a.zip
	expect_status 2
	grep -q '^zipmap: cannot start a worker process: ' err || fail 'expected the step'
	expect_nothing
}
