# SPDX-License-Identifier: MIT
"""
usage: check_npy_files.py

Check ./out, from --json --npy for the members of raw.zip, which hold >i4 of shape (-1, 2, 2):
numpy.load maps each file to the array of its member, and the record says the same.
"""

import json
import os
import zipfile

import numpy as np

records = [json.loads(line) for line in open("out")]
archive = zipfile.ZipFile("raw.zip")
assert [r["member"] for r in records] == archive.namelist()
for record in records:
    data = archive.read(record["member"])
    expected = np.frombuffer(data, ">i4").reshape(-1, 2, 2)
    array = np.load(record["path"], mmap_mode="r")
    assert isinstance(array, np.memmap) and array._mmap is not None
    assert array.dtype.str == record["dtype"] == ">i4"
    assert list(array.shape) == record["shape"] and record["fortran_order"] is False
    assert (array == expected).all() and array.shape == expected.shape
    assert record["size"] == len(data) and record["crc32"] == "%08x" % zipfile.crc32(data)
    assert record["offset"] % 64 == 0
    assert os.path.getsize(record["path"]) == record["offset"] + len(data)
    assert record["path"].endswith(".npy")
