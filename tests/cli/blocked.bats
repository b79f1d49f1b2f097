#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Kernels and containers that refuse a system call, as an old Docker does: a run works, or it ends
# with status 2 and the cause in one line. No archive is said to be at fault.

load helpers

setup_file() {
	# The numbers of the others are the same everywhere.
	case $(uname -m) in
	x86_64) echo prctl=157 memfd_create=319 seccomp=317 ;;
	aarch64) echo prctl=167 memfd_create=279 seccomp=277 ;;
	*) skip 'the numbers of the system calls are not known here' ;;
	esac >"$BATS_FILE_TMPDIR/numbers"
}

# $1: calls as lacking.py takes them, =ERRNO left out; run with each errno, check by $2..., a
# function and its arguments.
with_each_errno() {
	local error
	for error in ENOSYS EPERM EINVAL; do
		with_errno "$error" "$@"
	done
}

with_errno() {
	local error=$1 call=$2
	shift 2
	echo "# $call=$error"
	rm -rf "${TMPDIR:?}"/*
	status=0
	timeout --foreground -k 5 "$bound" "$PYTHON" "$tools/lacking.py" "${call//,/=$error,}=$error" \
		"$ZIPMAP" "${options[@]}" a.zip b.zip >out 2>err 3>&- || status=$?
	"$@"
}

works_silently() {
	expect_good
	verify a.zip b.zip
}

works_with_warning() { # TEXT
	expect_status 0
	expect_message 'the sandbox of the workers lacks' "$1"
	verify a.zip b.zip
}

cannot_start() { # TEXT
	expect_status 2
	grep -qE ': (Function not implemented|Operation not permitted|Invalid argument)$|lacks what this kernel' err ||
		fail 'expected the reason'
	expect_message "$1"
	expect_nothing
}

skip_without_parts() { # PART
	case $ZIPMAP_VARIANT,$1 in
	release,*) ;;
	asan,Landlock) ;;
	*) skip "workers have no $1 in the $ZIPMAP_VARIANT build" ;;
	esac
	make_archive simple c.zip
	zipmap -v c.zip
	grep -q "sandbox of the workers: .*$1" err || skip "this kernel has no $1"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir tmp
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	make_archive simple a.zip
	make_archive simple b.zip
	options=(-j2)
	read -r -a numbers <"$BATS_FILE_TMPDIR/numbers"
	local -g "${numbers[@]}"
}

@test "close_range: descriptors are closed one by one" {
	with_each_errno 436 works_silently
}

@test "close_range and no /proc: still" {
	need_mount
	skip_under_sanitizer 'a sanitizer needs /proc'
	options=(-j2 --no-sandbox)
	for error in ENOSYS EPERM EINVAL; do
		rm -rf "${TMPDIR:?}"/*
		status=0
		unshare -m sh -c 'umount -l /proc && exec "$@"' sh "$PYTHON" "$tools/lacking.py" \
			"436=$error" "$ZIPMAP" "${options[@]}" a.zip b.zip >out 2>err || status=$?
		works_silently
	done
}

@test "memfd_create: the crash note is an unlinked file" {
	with_each_errno "$memfd_create" works_silently
	options=(--list)
	with_each_errno "$memfd_create" expect_good
}

@test "prctl(PR_SET_PDEATHSIG): cannot start" {
	with_each_errno "$prctl@1" cannot_start 'cannot start a worker process: prctl(PR_SET_PDEATHSIG): '
}

@test "prctl(PR_SET_NAME): nobody minds" {
	with_each_errno "$prctl@15" works_silently
}

@test "prctl(PR_SET_NO_NEW_PRIVS): cannot start" {
	skip_without_parts Landlock
	with_each_errno "$prctl@38" cannot_start 'cannot start a worker process: prctl(PR_SET_NO_NEW_PRIVS): '
	options=(--no-sandbox)
	with_each_errno "$prctl@38" works_silently
}

@test "prctl(PR_SET_DUMPABLE): cannot start with a password" {
	with_each_errno "$prctl@4" works_silently
	echo secret >password
	options=(--password-file=password)
	with_each_errno "$prctl@4" cannot_start 'cannot start a worker process: prctl(PR_SET_DUMPABLE): '
}

@test "prctl, all of it: cannot start" {
	with_each_errno "$prctl" cannot_start 'cannot start a worker process: prctl('
}

@test "Landlock's calls, all and each: one warning; status 2 if it is required" {
	skip_without_parts Landlock
	for call in 444,445,446 444 445 446; do
		options=(-j2)
		with_each_errno "$call" works_with_warning 'Landlock'
		options=(-j2 --require-sandbox)
		with_errno EPERM "$call" cannot_start 'Landlock'
	done
	options=(-j2 --no-sandbox)
	with_errno EPERM 444,445,446 works_silently
}

@test "seccomp, and its filters alone: one warning; status 2 if it is required" {
	skip_without_parts seccomp
	for call in "$seccomp" "$seccomp@1"; do
		options=(-j2)
		with_each_errno "$call" works_with_warning 'seccomp'
		options=(-j2 --require-sandbox)
		with_errno EINVAL "$call" cannot_start 'seccomp'
	done
	options=(-j2 --no-sandbox)
	with_errno EINVAL "$seccomp" works_silently
}
