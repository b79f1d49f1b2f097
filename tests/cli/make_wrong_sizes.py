# SPDX-License-Identifier: MIT
"""
usage: make_wrong_sizes.py

Make archives of three stored members of which "bad", the second, is wrong: the central
directory states one byte more (more.zip) or less (less.zip), or there is no local header
(header.zip).
"""

import zipfile

def make(name):
    with zipfile.ZipFile(name, "w") as archive:
        archive.writestr("good1", b"1" * 50)
        archive.writestr("bad", b"2" * 50)
        archive.writestr("good2", b"3" * 50)
    return bytearray(open(name, "rb").read())
for name, size in ("more.zip", 51), ("less.zip", 49):
    data = make(name)
    entry = data.index(b"bad", data.index(b"PK\1\2")) - 46
    data[entry + 24:entry + 28] = size.to_bytes(4, "little")
    open(name, "wb").write(data)
data = make("header.zip")
at = data.index(b"bad") - 30
data[at:at + 4] = b"XXXX"
open("header.zip", "wb").write(data)
