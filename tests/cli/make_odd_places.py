# SPDX-License-Identifier: MIT
"""
usage: make_odd_places.py

Make archives whose data do not begin where one might expect: behind extra fields (extra.zip),
in zip64 (zip64.zip), and with something before the archive, which offsets do not count
(before.zip, of a.zip) or count (counted.zip).
"""

import shutil
import zipfile

with zipfile.ZipFile("extra.zip", "w") as archive:
    for size in range(0, 200, 7):
        info = zipfile.ZipInfo("x%d" % size)
        info.extra = b"ZM" + size.to_bytes(2, "little") + bytes(size)
        archive.writestr(info, b"data of %d" % size)
with zipfile.ZipFile("zip64.zip", "w") as archive:
    with archive.open("x", "w", force_zip64=True) as file:
        file.write(b"some bytes" * 10000)
with open("before.zip", "wb") as out:
    out.write(b"#!/bin/sh\nexit\n" * 100)
    shutil.copyfileobj(open("a.zip", "rb"), out)
# The same, and offsets count what is before: as zipfile appends to a file.
with open("counted.zip", "wb") as out:
    out.write(b"#!/bin/sh\nexit\n" * 100)
with zipfile.ZipFile("counted.zip", "a") as archive:
    archive.writestr("x", b"some bytes" * 10000)
