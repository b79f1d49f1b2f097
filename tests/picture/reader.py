# SPDX-License-Identifier: MIT
"""A reader of zipmap's list: it maps each file as its path comes, and reads all of it.

usage: zipmap ... | reader.py
"""

import sys

import numpy as np

arrays = []
total = 0.0
for path in map(str.rstrip, sys.stdin):
    arrays.append(np.memmap(path, "<f4", "r", shape=(2_000_000, 4)))
    total += float(arrays[-1].sum(dtype="f8"))
print(total)
