#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --in-place: stored members stay in their archive, whose path and an offset are printed.

load helpers

# Check ./out, from --json, against Python's reading of the archives: each member's bytes are at
# its place, all members are there, in order. Stored members are in their archives, all others in
# files under $TMPDIR, which hold nothing else. Arguments: the archives; --unchecked: no CRC-32 is
# checked; --missing=A.M: this member is not there; --out=NAME: of that file.
verify_in_place() {
	"$PYTHON" "$BATS_TEST_DIRNAME/check_in_place.py" "$@" || { show_run; return 1; }
}

# a.zip: stored and deflated members in turn, of many sizes.
make_mixed() {
	"$PYTHON" - "$@" <<-'END'
		import random, sys, zipfile
		random.seed(7)
		for name in sys.argv[1:]:
		    with zipfile.ZipFile(name, "w") as archive:
		        for number, size in enumerate([1, 0, 100, 65536, 3000000, 1048576, 5, 0, 262144]):
		            for method in zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED:
		                archive.writestr("d/m%d.%d" % (number, method), random.randbytes(size), method)
	END
}

@test "stored members stay where they are, all others are unzipped" {
	make_mixed a.zip b.zip
	for options in -j1 -j3; do
		zipmap $options --in-place --json a.zip ./b.zip
		expect_good
		verify_in_place a.zip ./b.zip
	done
}

@test "with --pack: small members share files, and the stored ones stay" {
	make_mixed a.zip
	zipmap --in-place --pack --json a.zip
	expect_good
	"$PYTHON" "$BATS_TEST_DIRNAME/check_in_place_pack.py"
}

@test "--printf tells the archive's path and the offset" {
	make_mixed a.zip
	zipmap --in-place --printf '%p\t%o\t%s\t%a\n' --include='*.0' a.zip
	expect_good
	expect_lines out 9
	"$PYTHON" - <<-'END'
		import zipfile
		archive = zipfile.ZipFile("a.zip")
		for line, info in zip(open("out"), archive.infolist()[::2], strict=True):
		    path, offset, size, name = line.rstrip("\n").split("\t")
		    assert path == name == "a.zip"
		    data = open(path, "rb").read()[int(offset):int(offset) + int(size)]
		    assert data == archive.read(info)
	END
	[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left: $(find "$TMPDIR")"
}

@test "where all members are stored nothing is written, and no directory stays" {
	"$PYTHON" -c 'import numpy; numpy.savez("a.npz", x=numpy.arange(300000.0), y=numpy.eye(3))'
	need_strace
	skip_under_sanitizer "the search for leaks does not work under strace"
	for how in '' =unchecked; do
		rm -rf "${TMPDIR:?}"/*
		strace -f -qq -e trace=openat,open,creat,mkdir,write,pwrite64,fallocate -o trace \
			"$ZIPMAP" --no-sandbox --in-place$how --json a.npz >out 2>err || fail "strace"
		# The only file that is made is the lock of the run.
		! grep O_CREAT trace | grep -v '"lock"' || fail "a file is made"
		# The crash note of a worker is a memory file of a page or more.
		! grep -E 'pwrite64|fallocate' trace | grep -v 'fallocate(.*, 0, 0, 4096)' ||
			fail "something is written"
		[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left: $(find "$TMPDIR")"
		verify_in_place a.npz ${how:+--unchecked}
	done
}

@test "raw members are mapped by numpy at their offset" {
	"$PYTHON" - <<-'END'
		import numpy, zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    for number in range(3):
		        rows = numpy.arange(number, 40000 + number, dtype="<f4")
		        archive.writestr("%d.dat" % number, rows.tobytes())
	END
	zipmap --in-place --json a.zip
	expect_good
	"$PYTHON" - <<-'END'
		import json, numpy
		for number, line in enumerate(open("out")):
		    record = json.loads(line)
		    rows = numpy.memmap(record["path"], "<f4", "r", record["offset"], (record["size"] // 4,))
		    assert numpy.array_equal(rows, numpy.arange(number, 40000 + number, dtype="<f4"))
	END
}

@test "data are found behind extra fields, in zip64, and with something before the archive" {
	make_mixed a.zip
	"$PYTHON" "$BATS_TEST_DIRNAME/make_odd_places.py"
	for name in extra zip64 before counted; do
		for how in '' =unchecked; do
			zipmap --in-place$how --json $name.zip
			expect_good
			verify_in_place $name.zip ${how:+--unchecked}
		done
	done
}

@test "a damaged member is found, and with unchecked it is not and says so" {
	make_mixed a.zip
	"$PYTHON" - <<-'END'
		import zipfile
		info = zipfile.ZipFile("a.zip").infolist()[8]
		assert info.file_size == 3000000 and info.compress_type == 0
		with open("a.zip", "r+b") as file:
		    file.seek(info.header_offset + 2000000)
		    byte = file.read(1)
		    file.seek(-1, 1)
		    file.write(bytes([byte[0] ^ 1]))
	END
	zipmap --in-place --json a.zip
	expect_status 1
	expect_message a.zip d/m4.0 "CRC-32 mismatch"
	verify_in_place --missing=0.8 a.zip
	[[ "$(jq -r 'select(.error) | .member + " " + .error' out)" == "d/m4.0 crc-mismatch" ]]

	zipmap -v --in-place=unchecked --json a.zip
	expect_status 0
	grep -q '^zipmap: .*not checked' err || fail "not said"
	[[ "$(jq -c 'select(.member == "d/m4.0") | [.in_place, .checked, .size]' out)" == "[true,false,3000000]" ]]
	[[ "$(jq -c 'select(.in_place) | .checked' out | sort -u)" == false ]]
}

@test "sizes that disagree and a header that is not there fail, checked or not" {
	"$PYTHON" "$BATS_TEST_DIRNAME/make_wrong_sizes.py"
	for name in more less header; do
		for how in '' =unchecked; do
			zipmap --in-place$how --json $name.zip
			expect_status 1
			[[ "$(jq -r 'select(.error | not) | .member' out | xargs)" == "good1 good2" ]] || fail "$name$how"
			[[ "$(jq -r 'select(.error) | .member' out)" == bad ]] || fail "$name$how"
		done
	done
}

@test "an archive from standard input has no path: its members are unzipped" {
	make_mixed a.zip
	status=0
	"$ZIPMAP" --in-place --json - <a.zip >out 2>err || status=$?
	expect_good
	[[ "$(jq -c 'select(.in_place or (.path == "-"))' out)" == "" ]]
	expect_lines out 18
	"$PYTHON" - <<-'END'
		import json, zipfile
		archive = zipfile.ZipFile("a.zip")
		for line, info in zip(open("out"), archive.infolist(), strict=True):
		    record = json.loads(line)
		    assert open(record["path"], "rb").read() == archive.read(info)
	END
}

@test "encrypted members are unzipped" {
	for kind in zipcrypto aes256; do
		"$TESTDATA_GEN" --archives=1 --members=2 --size=20K --method=store --encrypt=$kind $kind
	done
	printf 'secret\n' >password
	zipmap --password-file=password --in-place --json zipcrypto aes256
	expect_good
	expect_lines out 4
	[[ "$(jq -c 'select(.in_place)' out)" == "" ]] || fail "stays"
}

@test "--max-member is for members that stay, --max-total is not" {
	make_mixed a.zip
	zipmap --in-place --json --include='*.0' --max-total=1000 a.zip
	expect_good
	expect_lines out 9
	zipmap --in-place --json --include='*.0' --max-member=1M a.zip
	expect_status 1
	expect_message a.zip d/m4.0 "3000000 bytes unzipped, more than --max-member="
	[[ "$(jq -c 'select(.error | not)' out | wc -l)" == 8 ]]
}

@test "what does not say where members are is an error of usage" {
	make_mixed a.zip
	for options in '' --printf=%p --printf=%o '-l --json' -t '--in-place=x --json'; do
		# shellcheck disable=SC2086
		zipmap --in-place $options a.zip
		expect_status 2
		expect_nothing
	done
}

# Check ./out, from --json, against the arrays of ./a.npz: each is mapped at its place. Prints of
# each whether it stays, and whether that is aligned.
map_arrays() {
	"$PYTHON" "$BATS_TEST_DIRNAME/map_arrays.py" || { show_run; return 1; }
}

@test "arrays are mapped where they are, and one that is not aligned says so" {
	"$PYTHON" - <<-'END'
		import numpy
		numpy.savez("a.npz", b=numpy.arange(1001, dtype="u1"), f=numpy.asfortranarray(numpy.eye(70)),
		            x=numpy.arange(300000.0), s=numpy.arange(7, dtype="<i2"), c=numpy.ones(5, "c16"))
	END
	for how in '' =unchecked; do
		zipmap --in-place$how --json a.npz
		expect_good
		map_arrays >told
		(($(grep -c ' True ' told) == 5)) || fail "not all stay"
		grep -q 'b.npy True True' told
		grep -q 'True False' told || fail "all are aligned, which tests nothing"
	done
	zipmap --in-place --printf '%p %o %t %d\n' a.npz
	cut -d' ' -f3- out | cmp - <(printf '|u1 1001\n<f8 70,70\n<f8 300000\n<i2 7\n<c16 5\n')
}

@test "with aligned, arrays that are not are unzipped, and only those" {
	"$PYTHON" "$BATS_TEST_DIRNAME/make_half_aligned.py"
	for how in aligned unchecked,aligned; do
		zipmap -j2 --in-place=$how --json a.npz
		expect_good
		expect_lines out 40
		map_arrays >told
		! grep 'True False' told || fail "not aligned and left"
		(($(grep -c 'True True' told) >= 20)) || fail "aligned and unzipped"
		grep -q 'False None' told || fail "none is unzipped"
	done
}

@test "a damaged header is a warning, and the member stays as plain bytes" {
	"$PYTHON" - <<-'END'
		import numpy, zipfile
		numpy.savez("a.npz", x=numpy.arange(300.0), o=numpy.array([None, {}]))
		with zipfile.ZipFile("a.npz", "a") as archive:
		    archive.writestr("short.npy", b"\x93NUMPY")
	END
	for how in '' =aligned; do
		zipmap --in-place$how --json --include='[os]*' a.npz
		expect_status 0
		[[ "$(jq -c '[.member, .in_place, .warning, .dtype]' out | xargs -d'\n')" == \
			'["o.npy",true,"npy-objects",null] ["short.npy",true,"npy-damaged",null]' ]] || fail "records"
		grep -q 'a.npz: o.npy: .*Python objects' err || fail "no warning"
	done
}
