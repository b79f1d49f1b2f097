#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The sandbox of the workers, as the user sees it. What it forbids is tried in test_sandbox.c.

load helpers

setup_file() {
	case $(uname -m) in
	x86_64) echo 317 ;;
	aarch64) echo 277 ;;
	esac >"$BATS_FILE_TMPDIR/seccomp" # the number of seccomp(2); landlock's are 444 everywhere
}

# Run as on a kernel without the system calls of the numbers $1.
zipmap_lacking() {
	local numbers=$1
	shift
	rm -rf "${TMPDIR:?}"/*
	status=0
	timeout --foreground -k 5 "$bound" "$PYTHON" "$tools/lacking.py" "$numbers" "$ZIPMAP" "$@" \
		>out 2>err 3>&- || status=$?
}

skip_without_landlock_in_workers() {
	[ "$ZIPMAP_VARIANT" != coverage ] || skip 'where lines are counted workers have no sandbox'
}

skip_without_seccomp_in_workers() {
	[ "$ZIPMAP_VARIANT" = release ] || skip 'under sanitizers workers have no seccomp'
	"$ZIPMAP" --require-sandbox --help >/dev/null
}

@test "-v names the parts of the sandbox, and that it is off" {
	make_archive simple a.zip
	zipmap -v a.zip
	[ "$status" -eq 0 ]
	grep -qE '^zipmap: .*sandbox of the workers: (Landlock|seccomp|none)' err
	zipmap -v --no-sandbox a.zip
	[ "$status" -eq 0 ]
	grep -qE 'sandbox of the workers: off' err
	verify a.zip
}

@test "each worker is under no-new-privileges, Landlock and seccomp" {
	skip_without_seccomp_in_workers
	make_archive simple a.zip
	strace -f -qq -o trace -e trace=prctl,landlock_restrict_self,seccomp,recvmsg \
		"$ZIPMAP" -j1 --tmpdir="$TMPDIR" a.zip >out
	# In the worker's own order: all three before the first archive can arrive.
	awk '/PR_SET_NO_NEW_PRIVS, 1/ { worker = $1; if (!privs++) print "privs" }
		$1 == worker && /landlock_restrict_self.*= 0/ { print "landlock" }
		$1 == worker && /SECCOMP_SET_MODE_FILTER.*= 0/ { print "seccomp" }
		$1 == worker && /recvmsg/ { print "recvmsg"; exit }' trace >order
	[ "$(tr '\n' ' ' <order)" = 'privs landlock seccomp recvmsg ' ] ||
		fail "$(cat order)"
}

@test "a kernel without Landlock: one warning, and all is unzipped" {
	skip_without_landlock_in_workers
	make_archive simple a.zip
	make_archive simple b.zip
	zipmap_lacking 444,445,446 a.zip b.zip
	[ "$status" -eq 0 ]
	expect_lines err 1
	grep -q 'lacks.*: Landlock' err
	verify a.zip b.zip
}

@test "a kernel without seccomp: one warning, and all is unzipped" {
	skip_without_seccomp_in_workers
	number=$(cat "$BATS_FILE_TMPDIR/seccomp")
	[ -n "$number" ] || skip 'the number of seccomp(2) is not known here'
	make_archive simple a.zip
	zipmap_lacking "$number" a.zip
	[ "$status" -eq 0 ]
	expect_lines err 1
	grep -q 'lacks.*: seccomp' err
	verify a.zip
}

@test "--require-sandbox on a kernel without Landlock: status 2, nothing done" {
	skip_without_landlock_in_workers
	make_archive simple a.zip
	zipmap_lacking 444,445,446 --require-sandbox a.zip
	[ "$status" -eq 2 ]
	[ ! -s out ]
	expect_lines err 1
	grep -q 'lacks.*: Landlock' err
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "--no-sandbox is silent where Landlock is lacking" {
	make_archive simple a.zip
	zipmap_lacking 444,445,446 --no-sandbox a.zip
	[ "$status" -eq 0 ]
	[ ! -s err ]
	verify a.zip
}
