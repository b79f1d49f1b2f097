# SPDX-License-Identifier: MIT
"""
usage: make_shared_data.py ARCHIVE ENTRIES STEP SIZE KIND

Make ARCHIVE, whose directory has ENTRIES entries for the same local header and data. They
differ only in their CRC-32, to which STEP is added for each. The data are SIZE bytes of zeros,
or of noise if KIND is "noise".
"""

import os
import struct
import sys
import zlib

path, entries, step, size, kind = sys.argv[1:]
data = os.urandom(int(size)) if kind == "noise" else bytes(int(size))
squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
packed = squeeze.compress(data) + squeeze.flush()
crc = zlib.crc32(data)
local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, crc, len(packed),
                    len(data), 1, 0) + b"a" + packed
central = b"".join(
    struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0,
                crc + int(step) * i & 0xFFFFFFFF, len(packed), len(data), 1, 0, 0, 0, 0,
                0, 0) + b"a" for i in range(int(entries)))
end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, int(entries), int(entries), len(central),
                  len(local), 0)
open(path, "wb").write(local + central + end)
