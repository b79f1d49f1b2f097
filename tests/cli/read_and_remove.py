# SPDX-License-Identifier: MIT
"""
usage: read_and_remove.py

Run $ZIPMAP on data/ from Python, map the three files that it prints, and remove them. The maps
must still hold the arrays.
"""

import os
import subprocess

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
