#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A file system that fills up: the partial file is gone, the message says which directory is full,
# what fits is announced and right. Needs root, for a small tmpfs in a mount name space of its own.

load helpers

# in_tmpfs OPTIONS ARGUMENT...: run zipmap with ./full being a tmpfs with these options. What it left is
# copied, with its modes, to ./left; then the paths in ./out are changed to lead there.
in_tmpfs() {
	local options=$1
	shift
	mkdir -p full
	rm -rf left
	status=0
	timeout -k 5 "$bound" unshare -m bash -s "$options" "$@" <<-'END' 3>&- || status=$?
		mount -t tmpfs -o "$1" none full || exit 99
		shift
		"$ZIPMAP" --tmpdir="$PWD/full" "$@" >out 2>err
		status=$?
		cp -a full left
		exit $status
	END
	((status != 99)) || fail "no tmpfs"
	sed -i "s,^$PWD/full/,$PWD/left/," out
}

@test "members that do not fit fail, each with the directory's name; what fits is printed" {
	need_mount
	# 3 MB each: two fit in 8 MiB. The small one at the end fits again.
	make_archive members a.zip 4 3000000 noise
	make_archive members b.zip 1 1000
	for jobs in 1 3; do
		in_tmpfs size=8m -j $jobs a.zip b.zip
		expect_status 1
		"$PYTHON" "$tools/verify.py" --tmpdir=left --subset a.zip b.zip || fail "-j $jobs"
		local printed said
		printed=$(wc -l <out)
		said=$(wc -l <err)
		((printed >= 1 && said >= 1 && printed + said == 5)) || fail "$printed printed, $said said"
		! grep -qvE "^zipmap: [ab]\.zip: .*$PWD/full(: No space left|.* bytes are needed)" err || fail "message"
	done
}

@test "one member larger than the disk: nothing is left" {
	need_mount
	make_archive members a.zip 1 30000000 zeros
	in_tmpfs size=4m a.zip
	expect_status 1
	expect_message a.zip m0.bin "not enough room in $PWD/full: 30000000 bytes are needed"
	expect_lines out 0
	[[ -z "$(ls -A left)" ]] || fail "left: $(find left)"
}

@test "members of every method fail alike" {
	need_mount
	for method in stored deflate bzip2 lzma; do
		make_archive members $method.zip 1 30000000 zeros $method
	done
	in_tmpfs size=4m stored.zip deflate.zip bzip2.zip lzma.zip
	expect_status 1
	expect_lines err 4
	expect_lines out 0
	[[ "$(grep -c 'not enough room in\|unsupported compression method' err)" == 4 ]] ||
		fail "message"
	[[ -z "$(ls -A left)" ]] || fail "left: $(find left)"
}

@test "a file system without inodes: all are said, none is lost in silence" {
	need_mount
	make_archive members a.zip 30 1000
	in_tmpfs size=8m,nr_inodes=16 -j 2 a.zip
	expect_status 1
	"$PYTHON" "$tools/verify.py" --tmpdir=left --subset a.zip
	(("$(wc -l <out)" + "$(wc -l <err)" == 30)) || fail "not each once"
	(("$(wc -l <out)" >= 1)) || fail "nothing fitted"
	grep -q "not enough inodes in $PWD/full\|$PWD/full: No space left on device" err || fail "message"
}

@test "no room for the run directory itself: status 2, one line that names it" {
	need_mount
	make_archive members a.zip 3 1000
	in_tmpfs size=1m,nr_inodes=1 a.zip
	expect_status 2
	expect_message "$PWD/full" "No space left on device"
	expect_lines out 0
}

@test "standard input that does not fit in the scratch directory" {
	need_mount
	make_archive members a.zip 3 3000000 noise
	make_archive members b.zip 3 1000
	mkdir -p full
	status=0
	cat a.zip | timeout -k 5 "$bound" unshare -m bash -c '
		mount -t tmpfs -o size=2m none full || exit 99
		"$ZIPMAP" --tmpdir="$PWD/full" - b.zip >out 2>err
		status=$?
		cp -a full left
		exit $status' 3>&- || status=$?
	expect_status 1
	expect_message "$PWD/full" "No space left on device"
	expect_lines out 3
}

@test "a read-only file system: status 2, one line that names it" {
	need_mount
	make_archive members a.zip 3 1000
	in_tmpfs ro a.zip
	expect_status 2
	expect_message "$PWD/full" "Read-only file system"
	expect_lines out 0
}

@test "a limit on the size of files that the list itself meets: a message, and nothing is left" {
	"$TESTDATA_GEN" --archives=800 --size=100 data
	status=0
	(
		ulimit -f 32 # KiB
		exec timeout "$bound" "$ZIPMAP" data >out 2>err
	) || status=$?
	expect_status 1
	grep -q "cannot write to standard output: File too large" err
	[[ -z "$(tail -c 1 out)" ]] || sed -i '$d' out # a line that was cut was not printed
	verify --subset $(ls data/*.zip | LC_ALL=C sort)
}

@test "more data than the file system has room for: what fits is right, the rest is said, no partial file" {
	need_mount
	skip_under_sanitizer "480 MB"
	"$TESTDATA_GEN" --archives=15 --size=32000000 --values=zeros --level=1 data
	local archives=(data/*.zip)
	for jobs in 1 2 4; do
		in_tmpfs size=100m -j $jobs data
		expect_status 1
		expect_lines out 3
		expect_lines err 12
		! grep -qv "^zipmap: data/file_[0-9]*\.zip: file_[0-9]*\.dat: not enough room in \
$PWD/full: 32000000 bytes are needed, [0-9]* are free$\|$PWD/full: No space left on device" err ||
			fail "message"
		"$PYTHON" "$tools/verify.py" --tmpdir=left --subset \
			$(printf '%s\n' "${archives[@]}" | LC_ALL=C sort) || fail "-j $jobs"
		rm -rf left
	done
}

@test "a run leaves some of the file system free" {
	need_mount
	make_archive members a.zip 500 20000 noise
	mkdir -p full
	status=0
	timeout -k 5 "$bound" unshare -m bash -c '
		mount -t tmpfs -o size=8m none full || exit 99
		"$ZIPMAP" -j 1 --tmpdir="$PWD/full" a.zip >out 2>err
		status=$?
		stat -f -c "%a %S %b" full >room
		exit $status' 3>&- || status=$?
	expect_status 1
	read -r free block all <room
	# A 64th, and no more than what one more member takes beside it.
	((free * block >= all * block / 64 && free * block < all * block / 64 + 2 * 20480)) ||
		fail "$free of $all blocks of $block are free"
}
