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
	"$PYTHON" - <<-'END'
		import os, subprocess
		import numpy as np
		run = subprocess.run([os.environ["ZIPMAP"], "-0", "data"], stdout=subprocess.PIPE,
		                     check=True)
		paths = run.stdout.split(b"\0")[:-1]
		arrays = [np.memmap(os.fsdecode(path), "f4", "r", shape=(1000, 4)) for path in paths]
		for path in paths:
		    os.unlink(path)
		assert len(arrays) == 3
		assert all(array.shape == (1000, 4) for array in arrays)
		assert len({array.tobytes() for array in arrays}) == 3
	END
	[[ "$(find tmp -type f | wc -l)" == 0 ]]
}
