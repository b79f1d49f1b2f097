#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Methods other than stored and DEFLATE. Which there are depends on the libraries of the build.

load helpers

need_method() {
	"$ZIPMAP" -V | grep -q "^bzip2 by .* $1 by " || skip "this build has no $1"
}

# What was printed has the bytes of ./first.dat, ./middle.dat and ./last.dat.
expect_three() {
	expect_good
	expect_names 0.0-first.dat 0.1-middle.dat 0.2-last.dat
	local name path
	for name in first middle last; do
		path=$(grep -- "-$name.dat\$" out)
		cmp "$name.dat" "$path" || fail "other bytes: $name"
	done
}

@test "bzip2 and LZMA as Python writes them" {
	for method in bzip2 lzma; do
		[[ $method == bzip2 ]] || need_method LZMA
		make_archive sizes a.zip $method
		zipmap -j2 a.zip
		expect_good
		verify a.zip
	done
}

@test "XZ" {
	need_method XZ
	make_archive wrapped a.zip xz
	zipmap a.zip
	expect_three
}

@test "Zstandard, of one frame and of several, also by the number that it had first" {
	need_method Zstandard
	command -v zstd || skip "zstd is not there"
	for method in zstd zstd-frames zstd-first; do
		make_archive wrapped a.zip $method
		zipmap a.zip
		expect_three
	done
}

@test "a window of more than 128 MiB is refused, one of 128 MiB is not" {
	need_method Zstandard
	command -v zstd || skip "zstd is not there"
	make_archive wrapped a.zip zstd-27
	zipmap a.zip
	expect_three
	make_archive wrapped a.zip zstd-28
	zipmap a.zip
	expect_status 1
	expect_lines err 3
	grep -q "a window of more than 128 MiB" err
	expect_nothing
}

@test "damaged streams of each method fail alone" {
	for method in xz zstd; do
		if [[ $method == xz ]]; then need_method XZ; else need_method Zstandard; fi
		[[ $method == xz ]] || command -v zstd || skip "zstd is not there"
		for how in crc size cut bit; do
			make_archive wrapped_bad a.zip $method $how
			zipmap a.zip
			expect_status 1
			expect_message "zipmap: a.zip: middle.dat: "
			expect_names 0.0-first.dat 0.2-last.dat
		done
	done
}

@test "Deflate64 and others are named with their number" {
	make_archive bad_method a.zip 9
	zipmap a.zip
	expect_status 1
	expect_message "unsupported compression method 9 (Deflate64)"
	make_archive bad_method a.zip 98
	zipmap a.zip
	expect_message "unsupported compression method 98 (PPMd)"
}
