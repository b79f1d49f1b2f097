# SPDX-License-Identifier: MIT
"""
usage: make_example_data.py

Make what the examples of the README and the manual read: data/, downloads/ and arrays.npz.
"""

import os
import zipfile

import numpy as np

os.mkdir("data")
for n in (1, 2, 3):
    rows = np.arange(4000, dtype="<f4").reshape(1000, 4) + 10000 * n
    with zipfile.ZipFile(f"data/file_{n}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"file_{n}.dat", rows.tobytes())

os.mkdir("downloads")
with zipfile.ZipFile("downloads/vendor.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("README.txt", "not wanted\n")
    archive.writestr("new/pressure.dat", bytes(16))
    archive.writestr("new/pressure.csv", "1,2\n")
    archive.writestr("old/pressure.dat", bytes(16))

np.savez_compressed("arrays.npz", time=np.arange(1.0, 5.0), pressure=np.arange(10.0, 50.0, 10.0))
