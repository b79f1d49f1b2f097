#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Arrays: what is said of .npy members is what NumPy says, and maps what NumPy loads.

load helpers

arrays() {
	"$PYTHON" "$tools/arrays.py" "$@"
}

@test "500 random arrays, stored and deflated: type, shape, order and values are NumPy's, mapped" {
	arrays make 500
	for name in stored.npz deflated.npz; do
		zipmap --json $name
		expect_good
		[[ "$(arrays verify $name)" -gt 200 ]]
		zipmap --json --pack $name
		expect_good
		grep -q -e '-pack"' out
		[[ "$(arrays verify $name)" -gt 200 ]]
	done
}

@test "in whatever order, they are told in that of the input" {
	arrays make 100
	zipmap --json -j 3 stored.npz deflated.npz stored.npz
	expect_good
	[[ "$(arrays verify stored.npz deflated.npz stored.npz)" -gt 100 ]]
}

@test "a damaged header is a warning, and the member stays plain bytes" {
	arrays broken
	zipmap --json broken.npz
	expect_status 0
	"$PYTHON" "$BATS_TEST_DIRNAME/check_damaged_arrays.py"
	grep -q -x 'zipmap: broken.npz: empty.npy: no .npy header that fits the file: taken as plain bytes' err
	zipmap -q broken.npz
	expect_good
}

@test "arrays of objects are plain bytes with a warning, whole or in records" {
	"$PYTHON" - <<-'END'
		import numpy as np
		objects = np.array([1, "a", None], object)
		records = np.array([(1, [])], [("a", "i4"), ("b", "O")])
		np.savez("objects.npz", objects=objects, records=records, plain=np.arange(3))
	END
	for how in '' --pack; do
		zipmap --json $how objects.npz
		expect_status 0
		[[ "$(jq -r '.warning // "-"' out | xargs)" == 'npy-objects npy-objects -' ]]
		expect_lines err 2
		grep -q -F 'objects.npy: an array of Python objects, which cannot be mapped' err
		[[ "$(arrays verify objects.npz)" == 1 ]]
	done
}

@test "--printf: %t is the type, %d the shape, %o where the data begin; nothing of others" {
	"$PYTHON" - <<-'END'
		import numpy as np, zipfile
		np.savez("a.npz", x=np.zeros((3, 4), ">f8"), y=np.zeros((), "i1"), z=np.zeros((0, 2), "U3"))
		with zipfile.ZipFile("a.npz", "a") as archive:
		    archive.writestr("b.txt", b"1")
	END
	zipmap --printf '%m|%t|%d|%o|%s\n' a.npz
	expect_good
	[[ "$(cat out)" == 'x.npy|>f8|3,4|128|224
y.npy||i1||128|129
z.npy|<U3|0,2|128|128
b.txt|||0|1' ]]
}

@test "headers of versions 2 and 3, and of Python 2" {
	"$PYTHON" "$BATS_TEST_DIRNAME/make_old_versions.py"
	zipmap --json a.npz
	expect_good
	[[ "$(arrays verify a.npz 2>/dev/null)" == 4 ]]
	[[ "$(jq -c .shape out | sort -u)" == '[2,3]' ]]
}

@test "each code of a type that NumPy takes is told as numpy.dtype.str has it, and no other is taken" {
	arrays codes
	zipmap -q --json codes.npz
	expect_status 0
	[[ "$(arrays verify-codes)" -gt 300 ]]
}

@test "headers of up to 1 MiB are read, and a type that is too long to tell is left to its header" {
	arrays headers
	zipmap --json headers.npz
	expect_status 0
	arrays verify headers.npz
	[[ "$(jq -c '[.member, .warning, has("dtype"), .shape]' out)" == '["v1.npy",null,true,[3]]
["v2.npy",null,true,[3]]
["v3.npy",null,true,[3]]
["above.npy","npy-damaged",false,null]
["behind.npy","npy-trailing-bytes",true,[3]]
["cut.npy","npy-damaged",false,null]
["few.npy",null,true,[2]]
["many.npy","npy-long-dtype",false,[2]]' ]]
	grep -q -x 'zipmap: headers.npz: many.npy: the type of the array is too long to be told: its header has it' err
	zipmap -q --json --pack headers.npz
	expect_status 0
	arrays verify headers.npz
}

@test "long headers do not take a worker beyond its 4 MiB, one by one or two at a time" {
	skip_under_sanitizer
	arrays headers
	local how private
	cp headers.npz 2.npz
	for how in '' --pack --decoder=zlib; do
		zipmap -q --json --stats $how -j 1 headers.npz 2.npz
		expect_status 0
		private=$(sed -n 's/^private memory, worker:.*(\([0-9]*\) bytes).*/\1/p' err)
		echo "# $how: $private bytes" >&3
		((private > 0 && private <= 4 * 1024 * 1024))
	done
}

@test "a name that leaves no room for the type in a record goes before it" {
	"$PYTHON" - <<-'END'
		import io, warnings, zipfile
		import numpy as np
		warnings.simplefilter("ignore")
		array = np.zeros(2, [("f%04d" % number, "<f8") for number in range(2500)])
		file = io.BytesIO()
		np.lib.format.write_array(file, array)
		with zipfile.ZipFile("a.npz", "w") as archive:
		    archive.writestr("d/" * 30000 + "x.npy", file.getvalue())
		    archive.writestr("x.npy", file.getvalue())
	END
	zipmap -q --json a.npz
	expect_status 0
	arrays verify a.npz
	[[ "$(jq -c '[(.member | length), .warning, has("dtype"), .shape]' out)" == '[60005,"npy-long-dtype",false,[2]]
[5,null,true,[2]]' ]]
	zipmap --printf '%t\n' a.npz
	expect_good
	[[ "$(cut -c 1-20 out)" == $'[(\'f0000\', \'<f8\'), (\n[(\'f0000\', \'<f8\'), (' ]]
}

@test "bytes behind the data of an array are a warning, and it maps as NumPy reads it" {
	"$PYTHON" "$BATS_TEST_DIRNAME/make_trailing_bytes.py"
	local how
	for how in '' --pack; do
		zipmap --json $how a.npz
		expect_status 0
		[[ "$(jq -c '[.member, .warning, .dtype]' out)" == '["both.npy","npy-trailing-bytes","<f8"]
["one.npy","npy-trailing-bytes","<f8"]
["less.npy","npy-damaged",null]
["right.npy",null,"<f8"]' ]]
		[[ "$(arrays verify a.npz)" == 3 ]]
		grep -q -x 'zipmap: a.npz: one.npy: other bytes stand behind the data of the array' err
		expect_lines err 3
	done
	zipmap -q --json --in-place a.npz
	expect_status 0
	[[ "$(jq -c '[.dtype, .shape, .warning, .aligned != null]' out | head -n 1)" == \
		'["<f8",[5],"npy-trailing-bytes",true]' ]]
}

@test "what begins as an array is one, whatever its name; what does not is no array" {
	"$PYTHON" - <<-'END'
		import io, zipfile
		import numpy as np
		file = io.BytesIO()
		np.save(file, np.arange(6, dtype=">i4").reshape(2, 3))
		with zipfile.ZipFile("a.npz", "w") as archive:
		    archive.writestr("plain", file.getvalue())
		    archive.writestr("data.npy ", file.getvalue(), zipfile.ZIP_DEFLATED)
		    archive.writestr("text", b"\x93NUMP")
		    archive.writestr("broken", b"\x93NUMPY\1\0v\0{'descr'")
		    archive.writestr("empty", b"")
	END
	local how
	for how in '' --pack --in-place; do
		zipmap --json $how a.npz
		expect_status 0
		[[ "$(jq -c '[.member, .dtype, .shape, .warning]' out)" == '["plain",">i4",[2,3],null]
["data.npy ",">i4",[2,3],null]
["text",null,null,null]
["broken",null,null,"npy-damaged"]
["empty",null,null,null]' ]]
		expect_lines err 1
	done
	zipmap --json a.npz
	[[ "$(arrays verify a.npz)" == 2 ]]

	# What the user says of members that are not called .npy goes before what they say.
	zipmap -q --json --dtype=u1 a.npz
	expect_status 0
	[[ "$(jq -c '[.dtype, .shape]' out | head -n 1)" == '["|u1",[152]]' ]]
}

@test "every .npz of others, and of Debian's scipy and numpy: equal to numpy.load, mapped" {
	local count=0
	while IFS= read -r -d '' archive; do
		zipmap --json "$archive"
		((status <= 1)) || fail "$archive"
		arrays verify "$archive" >/dev/null || fail "$archive"
		count=$((count + 1))
	done < <(find "$SHARED_ARCHIVES" "$SHARED_ARCHIVES"/../cases /usr/lib/python3/dist-packages/{numpy,scipy} \
		\( -name '*.npz' -o -name '*.npz.zip' \) -print0 2>/dev/null)
	((count > 0)) || skip "no .npz of others here"
	echo "# $count archives" >&3
}
