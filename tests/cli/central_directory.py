# SPDX-License-Identifier: MIT
"""
usage: central_directory.py ARCHIVE EXPRESSION

Print a Python expression about the central directory of ARCHIVE, which is read without zipfile.
In it, d is the bytes of the file, and e the entries: dicts of the fields of APPNOTE 4.3.12.
"""

import struct
import sys

d = open(sys.argv[1], "rb").read()
end = d.rindex(b"PK\5\6")
count, size, at = struct.unpack("<H2I", d[end + 10:end + 20])
if count == 0xffff:
    at = struct.unpack("<Q", d[d.rindex(b"PK\6\6") + 48:][:8])[0]
    count = struct.unpack("<Q", d[d.rindex(b"PK\6\6") + 32:][:8])[0]
e = []
fields = (
    "signature by version flags method time date crc csize size name_size extra comment disk"
    " internal external offset"
)
for _ in range(count):
    f = dict(zip(fields.split(), struct.unpack("<I6H3I5H2I", d[at:at + 46])))
    f["name"] = d[at + 46:at + 46 + f["name_size"]]
    at += 46 + f["name_size"] + f["extra"] + f["comment"]
    e.append(f)
print(eval(sys.argv[2]))
