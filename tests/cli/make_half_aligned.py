# SPDX-License-Identifier: MIT
"""
usage: make_half_aligned.py

Write a.npz, whose 40 arrays are stored. The data of every second one begin at a multiple of 64.
"""

import io
import zipfile

import numpy

with zipfile.ZipFile("a.npz", "w") as archive:
    for number in range(40):
        rows = numpy.arange(number * 100.0)[1:] if number else numpy.arange(5.0)
        file = io.BytesIO()
        numpy.save(file, rows)
        info = zipfile.ZipInfo("m%d.npy" % number)
        if number % 2: # so that the data begin at a multiple of 64
            at = archive.fp.tell() + 30 + len(info.filename) + 4
            pad = -at % 64
            info.extra = b"ZM" + pad.to_bytes(2, "little") + bytes(pad)
        archive.writestr(info, file.getvalue())
