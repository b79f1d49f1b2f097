# SPDX-License-Identifier: MIT
"""
usage: make_sparse_member.py

Write a.zip, which has one stored member, "z", of 4 GiB and one byte. Its zeros are a hole, so
it takes no room on the disk. All of its sizes and offsets are in zip64 fields.
"""

import struct
import zlib

size = (1 << 32) + 1
crc = 0
for _ in range(64):
    crc = zlib.crc32(bytes(1 << 26), crc)
crc = zlib.crc32(b"\0", crc)
extra = struct.pack("<HHQQ", 1, 16, size, size)
local = struct.pack("<4s5H3I2H", b"PK\3\4", 45, 0, 0, 0, 33, crc, 0xFFFFFFFF,
                    0xFFFFFFFF, 1, len(extra)) + b"z" + extra
central = struct.pack("<4s6H3I5H2I", b"PK\1\2", 45, 45, 0, 0, 0, 33, crc, 0xFFFFFFFF,
                      0xFFFFFFFF, 1, len(extra), 0, 0, 0, 0, 0) + b"z" + extra
at = len(local) + size
end = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(central), at)
end += struct.pack("<4sIQI", b"PK\6\7", 0, at + len(central), 1)
end += struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
with open("a.zip", "wb") as file:
    file.write(local)
    file.seek(at)
    file.write(central + end)
