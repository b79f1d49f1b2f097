# SPDX-License-Identifier: MIT
"""
usage: make_empty_blocks.py

Make few.zip and many.zip, of 50 and 100 entries for the same data: stored blocks of no bytes,
which give nothing but take their time.
"""

import struct

packed = b"\0\0\0\xff\xff" * 20000 + b"\1\0\0\xff\xff" # stored blocks of no bytes
sizes = struct.pack("<III", 0, len(packed), 0)
local = struct.pack("<IHHHHH", 0x04034B50, 20, 0, 8, 0, 33) + sizes
local += struct.pack("<HH", 1, 0) + b"a" + packed
entry = struct.pack("<IHHHHHH", 0x02014B50, 20, 20, 0, 8, 0, 33) + sizes
entry += struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0) + b"a"
for name, entries in ("few", 50), ("many", 100):
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, entries, entries, len(entry) * entries,
                      len(local), 0)
    open(name + ".zip", "wb").write(local + entry * entries + end)
