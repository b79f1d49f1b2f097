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
	"$PYTHON" - <<-'END'
		import json, zipfile
		archive = zipfile.ZipFile("broken.npz")
		records = [json.loads(line) for line in open("out")]
		assert len(records) == len(archive.infolist()) > 20
		for record in records:
		    good = record["member"] == "good.npy"
		    assert record.get("warning") == (None if good else "npy-damaged"), record
		    assert ("dtype" in record) == good and record["offset"] == (128 if good else 0), record
		    assert open(record["path"], "rb").read() == archive.read(record["member"])
		warned = [line.split(": ")[2] for line in open("err")]
		assert warned == [record["member"] for record in records if record["member"] != "good.npy"]
	END
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
	"$PYTHON" - <<-'END'
		import io, warnings, zipfile
		import numpy as np
		warnings.simplefilter("ignore")
		array = np.arange(6, dtype="<i4").reshape(2, 3)
		with zipfile.ZipFile("a.npz", "w") as archive:
		    for version in ((1, 0), (2, 0), (3, 0)):
		        file = io.BytesIO()
		        np.lib.format.write_array(file, array, version)
		        archive.writestr("v%d.npy" % version[0], file.getvalue())
		    old = b"{'descr': '<i4', 'fortran_order': False, 'shape': (2L, 3L), }".ljust(117) + b"\n"
		    archive.writestr("old.npy", b"\x93NUMPY\1\0" + len(old).to_bytes(2, "little") + old + array.tobytes())
	END
	zipmap --json a.npz
	expect_good
	[[ "$(arrays verify a.npz 2>/dev/null)" == 4 ]]
	[[ "$(jq -c .shape out | sort -u)" == '[2,3]' ]]
}

@test "every .npz of others, and of Debian's scipy and numpy: equal to numpy.load, mapped" {
	local count=0
	while IFS= read -r -d '' archive; do
		zipmap --json "$archive"
		((status <= 1)) || fail "$archive"
		arrays verify "$archive" >/dev/null || fail "$archive"
		count=$((count + 1))
	done < <(find "$SHARED_ARCHIVES" /usr/lib/python3/dist-packages/{numpy,scipy} \
		\( -name '*.npz' -o -name '*.npz.zip' \) -print0 2>/dev/null)
	((count > 0)) || skip "no .npz of others here"
	echo "# $count archives" >&3
}
