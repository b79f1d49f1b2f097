#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Methods other than stored and DEFLATE. Which there are depends on the libraries of the build.

load helpers

need_method() {
	"$ZIPMAP" -V | grep -qE "(^|, )$1 by " || skip "this build has no $1"
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

need_7zz() {
	command -v 7zz || skip "7zz is not there"
}

# Files to be packed: nothing, one byte, text, zeros, noise, numbers.
make_contents() {
	"$PYTHON" - <<-'END'
		import random, struct
		random.seed(64)
		words = [b"lorem", b"ipsum", b"dolor", b"sit", b"amet", b"consectetur", b"adipiscing"]
		open("empty", "wb")
		open("byte", "wb").write(b"x")
		open("lorem", "wb").write(b" ".join(random.choices(words, k=400000)))
		open("zeros", "wb").write(bytes(3000000))
		open("noise", "wb").write(random.randbytes(500000))
		# Repeats as far back as the window reaches, and further.
		block = random.randbytes(65536)
		open("far", "wb").write(block + block + b"x" + block + random.randbytes(70000) + block)
		wave = (int(1000 * (i % 997) ** 0.5) + random.randrange(4) for i in range(400000))
		open("numbers", "wb").write(b"".join(struct.pack("<H", w & 0xffff) for w in wave))
	END
}

# What was printed are all the named files, byte by byte.
expect_contents() {
	local name path
	expect_good
	expect_lines out $#
	for name; do
		path=$(grep -- "-$name\$" out) || fail "not printed: $name"
		cmp "$name" "$path" || fail "other bytes: $name"
	done
}

@test "Deflate64 as 7-Zip writes it, at each level" {
	need_7zz
	make_contents
	for level in 1 5 9; do
		rm -f a.zip
		7zz a -tzip -mm=Deflate64 -mx=$level a.zip byte lorem zeros noise far numbers
		"$ZIPMAP" --list a.zip >list
		(("$(grep -c Deflate64 list)" >= 4)) || fail "not Deflate64: $(cat list)"
		unzip -tq a.zip || fail "unzip refuses it"
		zipmap -j2 a.zip
		expect_contents byte far lorem noise numbers zeros
	done
}

@test "Deflate64 of some hundred MB, and of one byte or none that does not save anything" {
	need_7zz
	make_contents
	: >large
	for ((i = 0; i < 18; i++)); do
		cat numbers lorem far >>large
		truncate -s +8M large
	done
	7zz a -tzip -mm=Deflate64 -mx=1 a.zip large
	zipmap a.zip
	expect_contents large
	7zz a -tzip -mm=Deflate64 b.zip empty byte
	zipmap b.zip
	expect_contents byte empty
}

@test "Deflate64 is checked, listed, encrypted and described like the others" {
	need_7zz
	make_contents
	7zz a -tzip -mm=Deflate64 -mem=AES256 -psecret a.zip lorem far
	echo secret >right
	zipmap --password-file=right a.zip
	expect_contents far lorem
	zipmap --password-file=right --test a.zip
	expect_good
	zipmap --list --json a.zip
	(("$(grep -c '"method":"Deflate64"' out)" == 2)) || fail "not named"
	"$ZIPMAP" -V | grep -q 'Deflate64 by ' || fail "not in --version"
}

@test "a damaged Deflate64 member fails alone" {
	need_7zz
	make_contents
	7zz a -tzip -mm=Deflate64 a.zip byte lorem numbers
	for how in data crc size-1 size+1; do
		"$PYTHON" - $how <<-'END'
			import os, shutil, sys
			sys.path.insert(0, os.environ["TOOLS"])
			import make_archives, zipread
			shutil.copy("a.zip", "bad.zip")
			how = sys.argv[1]
			if how == "crc":
			    make_archives._spoil("bad.zip", "crc", lambda crc: crc ^ 1, index=1)
			elif how.startswith("size"):
			    make_archives._spoil("bad.zip", "size", lambda size: size + int(how[4:]), index=1)
			else:
			    entry = zipread.read_directory("bad.zip")[1]
			    with open("bad.zip", "r+b") as file:
			        file.seek(entry.local_offset + 1000)
			        file.write(bytes(100))
		END
		zipmap bad.zip
		expect_status 1
		expect_message "zipmap: bad.zip: lorem: "
		expect_names 0.0-byte 0.2-numbers
	done
}

@test "methods that are not there are named with their number" {
	make_archive bad_method a.zip 10
	zipmap a.zip
	expect_status 1
	expect_message "unsupported compression method 10 (PKWARE DCL Implode)"
	make_archive bad_method a.zip 98
	zipmap a.zip
	expect_message "unsupported compression method 98 (PPMd)"
}
