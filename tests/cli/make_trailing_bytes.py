# SPDX-License-Identifier: MIT
"""
usage: make_trailing_bytes.py

Write a.npz, in which another array (both.npy) or one byte (one.npy) follows the data of an
array, one byte is missing (less.npy), or all is right (right.npy).
"""

import io
import zipfile

import numpy as np

file = io.BytesIO()
np.save(file, np.arange(5, dtype="<f8"))
first = len(file.getvalue())
np.save(file, np.arange(3))
with zipfile.ZipFile("a.npz", "w") as archive:
    archive.writestr("both.npy", file.getvalue())
    archive.writestr("one.npy", file.getvalue()[:first + 1])
    archive.writestr("less.npy", file.getvalue()[:first - 1])
    archive.writestr("right.npy", file.getvalue()[:first])
