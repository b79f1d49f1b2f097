#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is printed is right: paths, order, bytes, names, modes.

load helpers

@test "the data set: 15 paths in input order, bytes as zipfile reads them" {
	"$TESTDATA_GEN" --archives=15 --rows=20000 data
	local archives=()
	for n in {1..15}; do archives+=("data/file_$n.zip"); done
	zipmap "${archives[@]}"
	expect_good
	expect_lines out 15
	verify "${archives[@]}"
	expect_names "$(for n in {1..15}; do echo "$((n - 1)).0-file_$n.dat"; done)"
}

@test "a path names its run, its worker, the archive, the member" {
	make_archive members a.zip 3 100
	zipmap a.zip
	expect_good
	grep -qE "^$TMPDIR/zipmap\.[A-Za-z0-9]{6}/[0-9]+/0\.0-m0\.bin$" out
	expect_names 0.0-m0.bin 0.1-m1.bin 0.2-m2.bin
	verify a.zip
}

@test "files are 0600 and directories 0700 whatever the umask" {
	make_archive members a.zip 20 100
	for mask in 000 022 077 0777; do
		(
			umask $mask
			exec "$ZIPMAP" a.zip >out.$mask 2>err 3>&-
		)
		[[ ! -s err ]]
		cp out.$mask out
		verify a.zip || fail "umask $mask"
		rm -r tmp/*
	done
}

@test "what is printed is read-write for its owner and maps" {
	make_archive simple a.zip
	zipmap a.zip
	expect_good
	"$PYTHON" - "$(cat out)" <<-'END'
		import mmap, sys
		with open(sys.argv[1], "r+b") as file:
		    assert mmap.mmap(file.fileno(), 0)[:] == b"hello\n"
	END
}

@test "stored members of every size around a buffer's" {
	make_archive sizes a.zip stored
	zipmap a.zip
	expect_good
	verify a.zip
}

@test "deflated members of every size around a buffer's" {
	make_archive sizes a.zip deflate
	zipmap a.zip
	expect_good
	verify a.zip
}

@test "deflate at every level, stored blocks too" {
	make_archive levels a.zip
	zipmap a.zip
	expect_good
	verify a.zip
}

@test "bzip2 members, where this libzip has bzip2" {
	make_archive members a.zip 5 70000 text bzip2
	zipmap a.zip
	if grep -q 'unsupported compression method 12' err; then
		skip "libzip was built without bzip2"
	fi
	expect_good
	verify a.zip
}

@test "lzma members, where this libzip has lzma" {
	make_archive sizes a.zip lzma
	zipmap a.zip
	if grep -q 'unsupported compression method 14' err; then
		skip "libzip was built without lzma"
	fi
	expect_good
	verify a.zip
}

@test "bzip2 members of every size around a buffer's, where libzip has bzip2" {
	make_archive sizes a.zip bzip2
	zipmap a.zip
	if grep -q 'unsupported compression method 12' err; then
		skip "libzip was built without bzip2"
	fi
	expect_good
	verify a.zip
}

@test "an empty member has a path and an empty file" {
	make_archive members a.zip 3 0
	make_archive members b.zip 3 0 text stored
	zipmap a.zip b.zip
	expect_good
	verify a.zip b.zip
	expect_lines out 6
	while read -r path; do [[ -f $path && ! -s $path ]]; done <out
}

@test "one archive of 300 members of changing size" {
	"$PYTHON" - <<-'END'
		import random, zipfile
		chooser = random.Random(7)
		with zipfile.ZipFile("a.zip", "w") as archive:
		    for n in range(300):
		        data = chooser.randbytes(chooser.randrange(100)) * chooser.randrange(5000)
		        archive.writestr("m%d" % n, data, n % 2 * 8)
	END
	zipmap -j 4 a.zip
	expect_good
	verify a.zip
	zipmap -j 1 a.zip
	expect_good
	verify a.zip
}

@test "order is that of the input though small archives finish before large ones" {
	"$TESTDATA_GEN" --archives=1 --rows=1000000 large
	make_archive many_simple small 200
	zipmap -j 4 large small
	expect_good
	verify large/*.zip small/*.zip
}

@test "two runs print the same list but for the run's own directory and its workers" {
	make_archive many_simple small 300
	make_archive members m.zip 200 3000
	zipmap -j 4 small m.zip
	expect_good
	printed_names >first
	zipmap -j 4 small m.zip
	expect_good
	printed_names | cmp - first
}

@test "the same archive twice is two archives" {
	make_archive members a.zip 3 1000
	zipmap a.zip a.zip ./a.zip
	expect_good
	verify a.zip a.zip a.zip
	expect_lines out 9
}

@test "names never become paths: ../, absolute, newlines, too long, twice the same" {
	make_archive names a.zip
	zipmap a.zip
	expect_good
	verify a.zip
	[[ -z "$(find . -newer a.zip -name 'escape*' -not -path './tmp/*')" ]]
	[[ ! -e ../escape.txt && ! -e ../../escape.txt ]]
}

@test "a member that says it is a link or a device is a plain file" {
	make_archive symlink a.zip
	zipmap a.zip
	expect_good
	verify a.zip
}

@test "a member without a name has a path all the same" {
	make_archive empty_name a.zip
	zipmap a.zip
	expect_good
	verify a.zip
	expect_names 0.0-_
}

@test "a long name is cut to 100 bytes and keeps its extension" {
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    archive.writestr("n" * 300 + ".arr", "x")
	END
	zipmap a.zip
	expect_good
	expect_names "0.0-$(printf 'n%.0s' {1..96}).arr"
}
