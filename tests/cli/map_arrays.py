# SPDX-License-Identifier: MIT
"""
usage: map_arrays.py

Check ./out, from --json, against the arrays of a.npz: each is mapped at its place. Print for
each its name, whether it stays in the archive, and whether it is aligned there.
"""

import json

import numpy

arrays = numpy.load("a.npz")
for line in open("out"):
    record = json.loads(line)
    want = arrays[record["member"].removesuffix(".npy")]
    dtype = numpy.dtype(record["dtype"])
    assert dtype == want.dtype and record["shape"] == list(want.shape), record
    order = "F" if record["fortran_order"] else "C"
    rows = numpy.memmap(record["path"], dtype, "r", record["offset"], want.shape, order)
    assert numpy.array_equal(rows, want), record
    stays = record.get("in_place", False)
    assert stays == (record["path"] == "a.npz")
    assert (record.get("aligned") == (record["offset"] % dtype.itemsize == 0)) == stays
    print(record["member"], stays, record.get("aligned"))
