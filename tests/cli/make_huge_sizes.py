# SPDX-License-Identifier: MIT
"""
usage: make_huge_sizes.py

Write huge.zip, whose members state sizes of 64 bits that no file has.
"""

import struct

SIZES = [(2**63, 2**63 + 1), (2**64 - 2, 1), (2**63 - 1, 2**64 - 3)]

local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 0, 0, 33, 0, 0, 0, 2, 0) + b"m0"
directory = b""
for i, (size, compressed_size) in enumerate(SIZES):
    name = b"m%d" % i
    extra = struct.pack("<HHQQ", 1, 16, size, compressed_size)
    directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 33, 0, 0xFFFFFFFF,
                             0xFFFFFFFF, len(name), len(extra), 0, 0, 0, 0, 0) + name + extra
with open("huge.zip", "wb") as file:
    file.write(local + directory)
    file.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(SIZES), len(SIZES), len(directory),
                           len(local), 0))
