# SPDX-License-Identifier: MIT
"""
usage: check_scratch.py MOST COUNT < LIST

Remove each file of the list once its path has come, which a tab may end. At each path, the files in $TMPDIR must have
MOST bytes or fewer together. COUNT paths must come.
"""

import os
import sys

most, count = map(int, sys.argv[1:])


def bytes_there():
    total = 0
    for directory, _, files in os.walk(os.environ["TMPDIR"]):
        for file in files:
            try:
                total += os.stat(os.path.join(directory, file)).st_size
            except FileNotFoundError:
                pass
    return total


got = 0
for line in sys.stdin:
    there = bytes_there()
    assert there <= most, f"{there} bytes are there"
    try:
        os.unlink(line.rstrip("\n").split("\t")[0])
    except FileNotFoundError:
        pass  # several members of one pack
    got += 1
assert got == count, f"{got} paths"
