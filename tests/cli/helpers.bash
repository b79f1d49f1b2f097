# SPDX-License-Identifier: MIT
# What the tests of the program share. Loaded with `load helpers`.
#
# The driver sets ZIPMAP (the binary), TESTDATA_GEN (the generator), PYTHON (one that has numpy),
# SHARED_ARCHIVES (may be absent) and ZIPMAP_VARIANT; for a single file by hand there are defaults.

bats_require_minimum_version 1.5.0

here=$(cd "$BATS_TEST_DIRNAME" && pwd)
tools=$here/../tools
TOOLS=$tools
: "${ZIPMAP_VARIANT:=release}"
: "${ZIPMAP:=$here/../../build/$ZIPMAP_VARIANT/zipmap}"
: "${TESTDATA_GEN:=$here/../../build/$ZIPMAP_VARIANT/testdata-gen}"
: "${PYTHON:=/usr/bin/python3}"
: "${SHARED_ARCHIVES:=$here/../../../shared/archives}"
: "${SHARED_CASES:=$here/../../../shared/cases}"
export TOOLS ZIPMAP TESTDATA_GEN PYTHON SHARED_ARCHIVES SHARED_CASES ZIPMAP_VARIANT
export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8

# How long one run may take before it counts as hung, in seconds. Far more than it needs.
bound=120

# Debian 13 calls 7-Zip 7z, Debian 12 calls it 7zz.
if ! command -v 7zz >/dev/null && command -v 7z >/dev/null; then
	7zz() { 7z "$@"; }
fi

setup() {
	prepare
}

prepare() {
	cd "$BATS_TEST_TMPDIR" || return
	umask 022
	mkdir tmp
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
}

teardown() {
	cd / || return
	chmod -R u+rwX "$BATS_TEST_TMPDIR"
	rm -rf "${BATS_TEST_TMPDIR:?}"/*
}

# Run the program with nothing under $TMPDIR: its stdout goes to ./out, its stderr to ./err, its
# status to $status.
zipmap() {
	rm -rf "${TMPDIR:?}"/*
	status=0
	timeout --foreground -k 5 "$bound" "$ZIPMAP" "$@" >out 2>err 3>&- || status=$?
}

make_archive() {
	"$PYTHON" "$tools/make_archives.py" "$@"
}

# Check ./out against the archives; see tests/tools/verify.py. Nothing else may be under $TMPDIR.
verify() {
	"$PYTHON" "$tools/verify.py" --tmpdir="$TMPDIR" "$@" || {
		show_run
		return 1
	}
}

show_run() {
	echo "status: ${status-}"
	echo "stderr: $(head -c 3000 err | cat -v)"
	echo "stdout: $(head -c 1000 out | cat -v)"
}

fail() {
	echo "$*"
	show_run
	return 1
}

expect_status() {
	((status == $1)) || fail "expected status $1"
}

# Status 0 and not a word on stderr.
expect_good() {
	expect_status 0
	[[ ! -s err ]] || fail "expected no message"
}

expect_lines() { # FILE COUNT
	local count
	count=$(wc -l <"$1")
	((count == $2)) || fail "expected $2 lines in $1, not $count"
}

# Exactly one line on stderr, and it has each of the given texts in it.
expect_message() {
	expect_lines err 1
	local text
	for text; do
		grep -qF -e "$text" err || fail "expected in the message: $text"
	done
	grep -q '^zipmap: ' err || fail "expected the program's name"
}

# The printed files without their directories, one a line: 0.0-a.dat
printed_names() {
	sed 's,.*/,,' out
}

expect_names() {
	[[ "$(printed_names)" == "$(printf '%s\n' "$@")" ]] || fail "expected: $*"
}

# Nothing was printed, and nothing is left.
expect_nothing() {
	[[ ! -s out ]] || fail "expected no path"
	[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left behind: $(find "$TMPDIR")"
}

# Wait until the given command succeeds; the bound only keeps a broken program from hanging us.
wait_until() {
	local end=$((SECONDS + bound))
	until "$@"; do
		((SECONDS < end)) || fail "waited in vain for: $*"
		sleep 0.01
	done
}

# An emulator's memory and time are not the program's either.
skip_under_sanitizer() {
	[[ -z ${ZIPMAP_EMULATED-} ]] || skip "under $ZIPMAP_EMULATED"
	case $ZIPMAP_VARIANT in
	*asan* | *ubsan* | *tsan* | *debug* | *cov*) skip "${1:-figures mean nothing} in the $ZIPMAP_VARIANT build" ;;
	esac
}

need_root() {
	((EUID == 0)) || skip "needs root"
}

need_strace() {
	[[ -z ${ZIPMAP_EMULATED-} ]] || skip "strace would see $ZIPMAP_EMULATED"
	strace -f -o /dev/null true 2>/dev/null || skip "strace is not there or not permitted"
}

need_mount() {
	need_root
	unshare -m sh -c 'mount -t tmpfs none /mnt' 2>/dev/null || skip "may not mount a tmpfs"
}
