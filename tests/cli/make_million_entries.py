# SPDX-License-Identifier: MIT
"""
usage: make_million_entries.py

Write million.zip, whose central directory has 1,000,000 entries of directories.
"""

import struct

count = 1000000
local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a"
with open("million.zip", "wb") as file:
    file.write(local)
    size = 0
    for i in range(count):
        name = b"d/%07d/" % i
        size += file.write(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 33,
                                       0, 0, 0, len(name), 0, 0, 0, 0, 0, 0) + name)
    file.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size,
                           len(local)))
    file.write(struct.pack("<IIQI", 0x07064B50, 0, len(local) + size, 1))
    file.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF,
                           0xFFFFFFFF, 0))
