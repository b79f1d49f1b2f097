# SPDX-License-Identifier: MIT
"""
usage: make_hollow_directory.py COUNT

Write hollow.zip, which states COUNT entries in a zip64 record. Its central directory has one, and
behind that is a hole of the file.
"""

import struct
import sys

count = int(sys.argv[1])
size = 50 * count
with open("hollow.zip", "wb") as file:
    file.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a")
    place = file.tell()
    file.write(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0,
                           0, 0, 0) + b"a")
    file.seek(place + size)
    file.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, place))
    file.write(struct.pack("<IIQI", 0x07064B50, 0, place + size, 1))
    file.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))
