#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Members that do not say what they hold: --dtype, --shape and --npy, held against NumPy.

load helpers

# Make raw.zip with a member for each type and shape, and saved/NAME.npy, which numpy.save made of
# the same array. The file "kinds" has the type, the shape and the name of each, a line each.
make_raw() {
	"$PYTHON" "$BATS_TEST_DIRNAME/make_raw.py"
}

# raw.zip with the files whose names and sizes are given.
make_sizes() {
	"$PYTHON" -c '
import sys, zipfile
with zipfile.ZipFile("raw.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for word in sys.argv[1:]:
        name, size = word.split("=")
        archive.writestr(name, bytes(i % 251 for i in range(int(size))))
' "$@"
}

@test "--npy: the file is byte for byte what numpy.save makes, of each type and shape" {
	local dtype shape member saved count=0
	make_raw
	while read -r dtype shape member saved; do
		zipmap --dtype="$dtype" --shape="$shape" --npy --include="$member" raw.zip
		expect_good
		[[ "$(cat out)" == "$TMPDIR"/zipmap.*/0/0.*-"$member".npy ]]
		cmp "$(cat out)" "$saved"
		count=$((count + 1))
	done <kinds
	((count == 162))
}

@test "--npy: numpy.load maps each file, and the record says the same" {
	"$PYTHON" - <<-'END'
		import numpy as np, zipfile
		with zipfile.ZipFile("raw.zip", "w", zipfile.ZIP_DEFLATED) as archive:
		    archive.writestr("a.dat", np.arange(300000, dtype=">i4").tobytes())
		    archive.writestr("b", np.arange(12, dtype=">i4").tobytes(), zipfile.ZIP_STORED)
		    archive.writestr("c.bz2", np.arange(8, dtype=">i4").tobytes(), zipfile.ZIP_BZIP2)
	END
	local decoder
	for decoder in auto zlib; do
		zipmap --json --dtype='>i4' --shape=-1,2,2 --npy --decoder=$decoder raw.zip
		expect_good
		"$PYTHON" "$BATS_TEST_DIRNAME/check_npy_files.py"
	done
}

@test "--dtype alone: one dimension; with --shape, and packed, the record says what there is to map" {
	make_sizes a=4000 b=0 dir/c=64
	local how
	for how in '' --pack; do
		zipmap --json --dtype=complex64 $how raw.zip
		expect_good
		[[ "$(jq -c '[.member, .dtype, .shape, .fortran_order]' out)" == '["a","<c8",[500],false]
["b","<c8",[0],false]
["dir/c","<c8",[8],false]' ]]
		zipmap --json --dtype=u2 --shape=2,-1 $how raw.zip
		expect_good
		[[ "$(jq -c .shape out | xargs)" == '[2,1000] [2,0] [2,16]' ]]
		"$PYTHON" - <<-'END'
			import json, zipfile
			import numpy as np
			for record in map(json.loads, open("out")):
			    data = zipfile.ZipFile("raw.zip").read(record["member"])
			    if data:
			        array = np.memmap(record["path"], record["dtype"], "r", record["offset"], tuple(record["shape"]))
			        assert array.tobytes() == data
		END
	done
	zipmap --printf '%m|%t|%d|%o\n' --dtype=bool raw.zip
	expect_good
	[[ "$(cat out)" == $'a||b1|4000|0\nb||b1|0|0\ndir/c||b1|64|0' ]]
	zipmap --printf '%m|%t|%d|%o\n' --dtype='>f8' --shape=-1,1 --npy raw.zip
	expect_good
	[[ "$(cat out)" == $'a|>f8|500,1|128\nb|>f8|0,1|128\ndir/c|>f8|8,1|128' ]]
}

@test "left in place, a member is told of as the array that it is said to be" {
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("raw.zip", "w") as archive:
		    archive.writestr("x", bytes(range(48)))
		    archive.writestr("y", bytes(range(47)))
	END
	for how in --in-place --in-place=unchecked; do
		zipmap --json $how --dtype='>u2' --shape=-1,3 raw.zip
		expect_status 1
		[[ "$(cat err)" == 'zipmap: raw.zip: y: 47 bytes, which is no multiple of what --dtype and --shape make: 6' ]]
		"$PYTHON" - <<-'END'
			import json
			import numpy as np
			record = json.loads(open("out").readline())
			assert record["path"] == "raw.zip" and record["in_place"] is True
			array = np.memmap(record["path"], record["dtype"], "r", record["offset"], tuple(record["shape"]))
			assert array.tobytes() == bytes(range(48)) and array.shape == (8, 3)
			assert record["aligned"] == (record["offset"] % 2 == 0)
		END
	done
}

@test "a member that does not fit fails, and the message has both sizes; others are unzipped" {
	make_sizes a=48 b=52 c=0 d=47
	zipmap --dtype=f4 --shape=3,4 --npy raw.zip
	expect_status 1
	expect_lines out 1
	[[ "$(cat err)" == 'zipmap: raw.zip: b: 52 bytes, but an array of --dtype and --shape has 48
zipmap: raw.zip: c: 0 bytes, but an array of --dtype and --shape has 48
zipmap: raw.zip: d: 47 bytes, but an array of --dtype and --shape has 48' ]]
	[[ "$(find "$TMPDIR" -type f)" == "$(cat out)" ]]

	zipmap --json --dtype=f4 --shape=-1,4 raw.zip
	expect_status 1
	[[ "$(jq -r '.member + " " + (.error // "-") + " " + (.message // "-")' out)" == \
		'a - -
b shape-mismatch 52 bytes, which is no multiple of what --dtype and --shape make: 16
c - -
d shape-mismatch 47 bytes, which is no multiple of what --dtype and --shape make: 16' ]]

	zipmap --test --dtype=f4 raw.zip
	expect_status 1
	[[ "$(cat err)" == \
		'zipmap: raw.zip: d: 47 bytes, which is no multiple of what --dtype and --shape make: 4' ]]
}

@test "an .npy member is what it says, whatever --dtype, --shape and --npy say" {
	"$PYTHON" - <<-'END'
		import io, numpy as np, zipfile
		saved = io.BytesIO()
		np.save(saved, np.zeros((2, 3), "<i2"))
		open("saved.npy", "wb").write(saved.getvalue())
		with zipfile.ZipFile("raw.zip", "w") as archive:
		    archive.writestr("x.npy", saved.getvalue())
		    archive.writestr("broken.NPY", b"123")
		    archive.writestr("y", bytes(16))
	END
	zipmap --json --dtype=f4 --shape=4 --npy raw.zip
	expect_status 0
	[[ "$(jq -c '[.member, .dtype, .shape, .offset, .warning]' out)" == \
		'["x.npy","<i2",[2,3],128,null]
["broken.NPY",null,null,0,"npy-damaged"]
["y","<f4",[4],128,null]' ]]
	cmp "$(jq -r 'select(.member == "x.npy").path' out)" saved.npy
	[[ "$(jq -r .path out | sed 's/.*-//' | xargs)" == 'x.npy broken.NPY y.npy' ]]
}

@test "damage behind a header leaves no file" {
	make_sizes a=300000 b=16
	"$PYTHON" - <<-'END'
		data = bytearray(open("raw.zip", "rb").read())
		data[200] ^= 0xff
		open("raw.zip", "wb").write(data)
	END
	zipmap --dtype=u1 --npy raw.zip
	expect_status 1
	expect_lines err 1
	grep -q '^zipmap: raw.zip: a: ' err
	[[ "$(find "$TMPDIR" -type f)" == "$(cat out)" ]]
}

@test "a limit on members leaves room for the header" {
	make_sizes a=1024 b=1025
	zipmap --dtype=u1 --npy --max-member=1K raw.zip
	expect_status 1
	[[ "$(cat err)" == 'zipmap: raw.zip: b: 1025 bytes unzipped, more than --max-member=1024' ]]
	[[ "$(stat -c %s "$(cat out)")" == $((1024 + 128)) ]]
}

@test "data that refer to what is before them do not get the header" {
	"$PYTHON" - <<-'END'
		import zipfile, zlib
		# A fixed block: a match of 3 bytes, 4 bytes back, where nothing is; then the end.
		bits = "1" + "10" + "0000001" + "00011" + "0000000"
		bits += "0" * (-len(bits) % 8)
		data = bytes(int(bits[i:i + 8][::-1], 2) for i in range(0, len(bits), 8))
		for size in (3, 300000):
		    with zipfile.ZipFile(f"far{size}.zip", "w") as archive:
		        info = zipfile.ZipInfo("far.dat")
		        archive.writestr(info, data)
		        info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, size
	END
	local size decoder
	for size in 3 300000; do
		for decoder in auto zlib; do
			zipmap --dtype=u1 --npy --decoder=$decoder far$size.zip
			expect_status 1
			[[ "$(cat err)" == *'far.dat: invalid compressed data' ]] || fail "$size $decoder"
			[[ ! -s out && -z "$(find "$TMPDIR" -type f)" ]]
		done
	done
}

@test "with many workers, and in whatever order they come" {
	local i
	make_sizes a=4096 b=8 c=300000 d=16
	for i in 1 2 3 4 5 6; do cp raw.zip $i.zip; done
	rm raw.zip
	for how in '' -u; do
		zipmap --json $how -j 3 --dtype=f8 --npy .
		expect_good
		expect_lines out 24
		"$PYTHON" - <<-'END'
			import json, zipfile
			import numpy as np
			for record in map(json.loads, open("out")):
			    data = zipfile.ZipFile(record["archive"]).read(record["member"])
			    assert np.load(record["path"], mmap_mode="r").tobytes() == data
		END
	done
}
