# SPDX-License-Identifier: MIT
"""
usage: make_raw.py

Make raw.zip with a member for each type and shape, and saved/NAME.npy, which numpy.save made of
the same array. The file "kinds" has the type, the shape and the names of each, a line each.
"""

import os
import zipfile

import numpy as np

rng = np.random.default_rng(7)
types = "<f4 >f4 <f8 <i2 >i2 |u1 |i1 <u8 <c8 >c16 |b1 <f2 |S5 <U3 |V7 <M8[ns] <m8[25s] <f16".split()
shapes = [(6,), (3, 4), (2, 3, 5), (0,), (0, 3), (1000, 1), (1, 2, 3, 4, 5, 1, 1, 2),
          (100000,), (1,) * 20 + (3,)]
os.mkdir("saved")
count = 0
with zipfile.ZipFile("raw.zip", "w") as archive, open("kinds", "w") as kinds:
    for dtype in types:
        for shape in shapes:
            items = int(np.prod(shape))
            most = 2 if dtype == "|b1" else 256
            bits = rng.integers(0, most, items * np.dtype(dtype).itemsize, "u1")
            if dtype == "<U3":
                bits = rng.integers(65, 91, items * 3, "<u4").view("u1")
            array = np.frombuffer(bits.tobytes(), dtype).reshape(shape)
            np.save(f"saved/{count}.npy", array)
            archive.writestr(f"m{count}.raw", array.tobytes(), count % 2 * zipfile.ZIP_DEFLATED)
            dimensions = ",".join(map(str, shape))
            print(dtype, dimensions, f"m{count}.raw", f"saved/{count}.npy", file=kinds)
            count += 1
