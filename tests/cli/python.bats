#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the files are for: numpy maps them.

load helpers

@test "numpy.memmap on printed paths gives the arrays" {
	make_archive arrays a.zip 5
	zipmap a.zip
	expect_good
	"$PYTHON" - <<-'END'
		import zipfile
		import numpy as np
		archive = zipfile.ZipFile("a.zip")
		paths = open("out").read().splitlines()
		assert len(paths) == 5
		for path, name in zip(paths, archive.namelist()):
		    mapped = np.memmap(path, dtype="<f4", mode="r").reshape(-1, 4)
		    wanted = np.frombuffer(archive.read(name), "<f4").reshape(-1, 4)
		    assert mapped.shape == (20000, 4)
		    assert np.array_equal(mapped, wanted)
	END
}

@test "the data set maps as 20000 x 4 float32" {
	"$TESTDATA_GEN" --archives=15 --rows=20000 data
	zipmap data
	expect_good
	"$PYTHON" - <<-'END'
		import os, zipfile
		import numpy as np
		names = sorted(os.listdir("data"))
		paths = open("out").read().splitlines()
		assert len(paths) == 15
		for path, name in zip(paths, names):
		    archive = zipfile.ZipFile("data/" + name)
		    wanted = np.frombuffer(archive.read(archive.namelist()[0]), "f4")
		    mapped = np.memmap(path, "f4", "r", shape=(20000, 4))
		    assert np.array_equal(mapped.ravel(), wanted, equal_nan=True)
	END
}

@test "the arrays of an .npz are mapped by numpy.load with mmap_mode" {
	make_archive arrays a.npz
	zipmap a.npz
	expect_good
	verify a.npz
	"$PYTHON" - <<-'END'
		import numpy as np
		wanted = np.load("a.npz")
		for path in open("out").read().splitlines():
		    mapped = np.load(path, mmap_mode="r")
		    assert isinstance(mapped, np.memmap)
		    name = path.rsplit("-", 1)[1][:-4]
		    assert np.array_equal(mapped, wanted[name])
	END
}

@test "from within Python: paths from a subprocess, files removed by their reader" {
	"$TESTDATA_GEN" --archives=3 --rows=1000 data
	"$PYTHON" "$BATS_TEST_DIRNAME/read_and_remove.py"
	[[ "$(find tmp -type f | wc -l)" == 0 ]]
}

# What the scripts below measure by: bytes that this process has for itself alone.
private_bytes='
def private():
    with open("/proc/self/smaps_rollup") as file:
        return [int(line.split()[1]) * 1024 for line in file if line.startswith("Anonymous:")][0]
'

@test "15 archives of 32 MB, mapped by what --json says and summed: less than 5 MB are private" {
	skip_under_sanitizer
	"$TESTDATA_GEN" --archives=15 data
	cat >script.py <<-END
		import json, os, subprocess, zlib
		import numpy as np
		$private_bytes
		warm = np.ones(1000, "f4").sum(dtype="f8")
		before = private()
		listing = subprocess.check_output([os.environ["ZIPMAP"], "--json", "data"])
		arrays = []
		for record in map(json.loads, listing.splitlines()):
		    array = np.memmap(record["path"], "<f4", "r", record["offset"], (record["size"] // 16, 4))
		    assert array._mmap is not None and array.shape == (2000000, 4)
		    arrays.append((array, record))
		total = sum(float(array.sum(dtype="f8")) for array, _ in arrays)
		grown = private() - before
		assert sum(array.nbytes for array, _ in arrays) == 480000000
		print(grown)
		assert grown < 5000000, grown
		for array, record in arrays: # the values are those of the archive
		    assert "%08x" % zlib.crc32(array) == record["crc32"]
	END
	"$PYTHON" script.py
}

@test "copy on write: reading costs nothing private, a byte written costs its page" {
	skip_under_sanitizer
	"$TESTDATA_GEN" --archives=1 data
	zipmap data
	expect_good
	cp "$(cat out)" before
	cat >script.py <<-END
		import numpy as np
		$private_bytes
		path = open("out").read().rstrip()
		array = np.memmap(path, "u1", "c")
		pages = len(array[::4096])
		array[:8192].sum(), array[::4096][:4].max()
		start = private()
		array.sum()
		read = private() - start
		assert read < 1000000, read
		array[::4096] = 1
		written = private() - start - read
		print(read, written, pages)
		assert pages * 4096 <= written < pages * 4096 + 1000000, (written, pages)
		assert array[4096] == 1
	END
	"$PYTHON" script.py
	cmp before "$(cat out)"
}
