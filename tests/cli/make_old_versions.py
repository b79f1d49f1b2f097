# SPDX-License-Identifier: MIT
"""
usage: make_old_versions.py

Write a.npz, whose headers are of versions 1, 2 and 3 of the format, and as Python 2 wrote them.
"""

import io
import warnings
import zipfile

import numpy as np

warnings.simplefilter("ignore")
array = np.arange(6, dtype="<i4").reshape(2, 3)
with zipfile.ZipFile("a.npz", "w") as archive:
    for version in ((1, 0), (2, 0), (3, 0)):
        file = io.BytesIO()
        np.lib.format.write_array(file, array, version)
        archive.writestr("v%d.npy" % version[0], file.getvalue())
    old = b"{'descr': '<i4', 'fortran_order': False, 'shape': (2L, 3L), }".ljust(117) + b"\n"
    header = b"\x93NUMPY\1\0" + len(old).to_bytes(2, "little") + old
    archive.writestr("old.npy", header + array.tobytes())
