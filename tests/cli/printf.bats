#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --printf, and --pack, whose members only --printf can tell of.

load helpers

# Check ./out, lines of "%p\t%o\t%s\t%c\t%a\t%m", against Python's reading of the archives; the
# numbers of those that may not be there (A.M) are given with --missing. Files hold nothing else
# than members and zeros between them.
verify_packed() {
	"$PYTHON" "$tools/verify_packed.py" --tmpdir="$TMPDIR" "$@" || {
		show_run
		return 1
	}
}

fields='%p\t%o\t%s\t%c\t%a\t%m\n'

@test "each directive and escape prints what the manual says" {
	make_archive simple a.zip
	zipmap --printf '%%|%s|%o|%a|\\|\t|\n' a.zip
	expect_good
	"$PYTHON" - a.zip >want <<-'END'
		import sys, zipfile
		for info in zipfile.ZipFile(sys.argv[1]).infolist():
		    if not info.is_dir():
		        print("%%|%d|0|a.zip|\\|\t|" % info.file_size)
	END
	cmp want out
}

@test "%M is the name of each member, safe as the name of a file, and %m is raw" {
	"$PYTHON" "$BATS_TEST_DIRNAME/check_safe_names.py" make
	zipmap --list --printf '%M\0' odd.zip
	expect_good
	"$PYTHON" "$BATS_TEST_DIRNAME/check_safe_names.py" check
	mv out listed
	zipmap --printf '%M\0' odd.zip
	expect_good
	cmp listed out

	zipmap --printf '%m\0' odd.zip
	expect_good
	"$PYTHON" - <<-'END'
		import zipfile
		names = zipfile.ZipFile("odd.zip").namelist()
		assert open("out", "rb").read().decode() == "".join(name + "\0" for name in names)
	END
}

@test "%M has an underscore for each byte of a name that is not UTF-8" {
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    archive.writestr("xxxx.da", b"1")
		data = open("a.zip", "rb").read()
		open("a.zip", "wb").write(data.replace(b"xxxx.da", b"\xff\xc3x\xc0.da"))
	END
	zipmap --encoding=ASCII --printf '%M\n' a.zip
	expect_good
	[[ "$(cat out)" == __x_.da ]] || fail "$(cat out)"
}

@test "a format without a newline prints none" {
	make_archive simple a.zip
	zipmap --printf x a.zip
	expect_good
	[[ "$(tr -d x <out | wc -c)" == 0 && -s out ]]
}

@test "a bad format is an error of usage before anything is done" {
	make_archive simple a.zip
	for format in '%' '%x' '%5s' '\x' '%p\'; do
		zipmap --printf="$format" a.zip
		expect_status 2
		expect_nothing
	done
}

@test "--pack needs --printf" {
	make_archive simple a.zip
	zipmap --pack a.zip
	expect_status 2
	expect_nothing
}

@test "packed members are whole, aligned, in order, and in few files" {
	"$TESTDATA_GEN" --members=3000 --archives=3 --size=1001 data
	zipmap -j3 --pack --printf "$fields" data
	expect_good
	verify_packed data/file_*.zip
	(($(cut -f1 out | sort -u | wc -l) <= 3 * 7)) || fail "too many files"
}

@test "members of all sizes around the limits of packing" {
	"$PYTHON" - <<-'END'
		import random, zipfile
		random.seed(4)
		sizes = [0, 1, 63, 64, 65, 0, 262143, 262144, 262145, 1048575, 1048576, 1048577, 5, 3000000, 0, 7]
		for method in zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2:
		    with zipfile.ZipFile("m%d.zip" % method, "w", method) as archive:
		        for number, size in enumerate(sizes):
		            archive.writestr("m%d" % number, random.randbytes(size))
	END
	for j in 1 4; do
		zipmap -j$j --pack --printf "$fields" m0.zip m8.zip m12.zip
		expect_good
		verify_packed m0.zip m8.zip m12.zip
	done
}

@test "a damaged member among packed ones fails alone and leaves nothing" {
	for kind in crc data data-invalid data-short size-short size-long method encrypted local-header; do
		rm -rf broken
		"$TESTDATA_GEN" --broken=$kind --size=5000 --members=9 broken
		zipmap --pack --printf "$fields" broken/$kind.zip
		expect_status 1
		expect_message $kind.zip
		verify_packed --missing=0.4 broken/$kind.zip
	done
}

@test "an archive whose every member is damaged leaves no pack" {
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    for number in range(50):
		        archive.writestr("m%d" % number, b"payload!" * 100)
		data = open("a.zip", "rb").read().replace(b"payload!", b"pAyload!")
		open("a.zip", "wb").write(data)
	END
	zipmap --pack --printf "$fields" a.zip
	expect_status 1
	expect_lines err 50
	expect_nothing
}

@test "what fits on a full disk is packed and right, the rest fails with the reason" {
	[[ $EUID == 0 ]] || skip "needs root to mount a small tmpfs"
	mkdir small
	mount -t tmpfs -o size=3m none small || skip "cannot mount a tmpfs"
	"$TESTDATA_GEN" --members=900 --archives=1 --size=8K data
	TMPDIR=$PWD/small
	zipmap -j1 --pack --printf "$fields" data
	lines=$(wc -l <out)
	errors=$(wc -l <err)
	verified=0
	verify_packed --subset data/file_1.zip || verified=1
	rm -rf small/*
	umount small
	expect_status 1
	((verified == 0))
	((lines > 200 && lines + errors == 900)) || fail "$lines printed, $errors failed"
	grep -q "No space left on device" err
}

@test "a reader that goes away leaves no pack of which nothing was printed" {
	"$TESTDATA_GEN" --members=5000 --archives=2 --size=500 data
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rm -rf "${TMPDIR:?}"/*
		"$ZIPMAP" --pack --printf "$fields" data 2>err | head -c 20000 >out || true
		# What head had read is there and right; the last line may be cut.
		sed -i '$d' out
		verify_packed --subset --more-files data/file_*.zip
	done
}
