#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Workers that die by themselves: reported with the member that they were on, nothing else is lost.

load helpers

disturb() {
	"$PYTHON" "$tools/disturb.py" "$@"
}

@test "a worker killed in the middle of a member: that member is named, the others are printed" {
	disturb worker_killed 1
}

@test "the same with two workers" {
	disturb worker_killed 2
}

@test "workers killed at random moments" {
	disturb workers_killed 12
}

@test "workers killed at random moments of an unordered run" {
	disturb workers_killed 6 -u
}

@test "all workers killed at once" {
	disturb all_workers_killed
}

@test "workers killed while they have nothing to do" {
	disturb worker_killed_idle
}

@test "a limit on the size of files: the large member fails, the others are printed" {
	make_archive members small.zip 5 1000
	make_archive members large.zip 1 3000000 zeros
	status=0
	(
		ulimit -f 1000 # KiB
		exec "$ZIPMAP" -j 2 small.zip large.zip small.zip >out 2>err 3>&-
	) || status=$?
	expect_status 1
	expect_message large.zip m0.bin
	verify --missing=1 small.zip large.zip small.zip
}

@test "a limit on processes: a clear end, or all is printed" {
	need_root
	make_archive many_simple d 20
	chmod 777 tmp . 2>/dev/null
	# As another user, whose limit counts.
	setpriv --reuid=61234 --clear-groups true 2>/dev/null || skip "cannot become another user"
	setpriv --reuid=61234 --clear-groups test -x "$ZIPMAP" -a -w "$TMPDIR" -a -r d ||
		skip "another user cannot get at the build"
	status=0
	(
		ulimit -u 1
		exec setpriv --reuid=61234 --clear-groups \
			timeout -k 5 60 "$ZIPMAP" -j 4 d >out 2>err 3>&-
	) || status=$?
	if ((status == 0)); then
		expect_lines out 20
	else
		((status == 1 || status == 2)) || fail "status $status"
		[[ -s err ]] || fail "no message"
	fi
}

# Whether a process has the directory open.
is_open() {
	local real
	real=$(realpath "$1")
	find /proc/[0-9]*/fd -lname "$real" 2>/dev/null | grep -q .
}

@test "--tasks-per-worker=1: when a path is printed, the worker that made its file is gone" {
	need_root # to see what other processes have open
	make_archive many_simple d 6
	make_archive members large.zip 3 9000000
	export -f is_open
	for order in "" -u; do
		zipmap $order -j 2 --tasks-per-worker=1 d large.zip \
			-x bash -c 'is_open "$1" && echo open; echo "$2"' bash {//} {/}
		expect_good
		! grep -q open out || fail "a worker lives that made a file"
		expect_lines out 9
	done
	# Otherwise some of them live.
	zipmap -j 2 d large.zip -x bash -c 'is_open "$1" && echo open; echo "$2"' bash {//} {/}
	expect_good
	grep -q open out || fail "nothing is seen of workers"
}

@test "--tasks-per-worker: the same list, in workers that are replaced" {
	make_archive many_simple d 7
	make_archive members large.zip 5 3000000
	for n in 1 2 3 100; do
		zipmap -j 2 --tasks-per-worker=$n d large.zip
		expect_good
		verify d/* large.zip
	done
	zipmap -j 1 --stats --tasks-per-worker=3 d
	expect_status 0
	grep -q ' 3 worker processes' err || fail "expected 3 workers for 7 archives"
}
