# SPDX-License-Identifier: MIT
"""
usage: make_pt.py

Write model.pt as torch.save() lays it out: stored, with the data of each record at a multiple
of 64 bytes, for which there is an extra field "FB" in its local header.
"""

import random
import zipfile

random.seed(3)
records = [("data.pkl", random.randbytes(371)), ("byteorder", b"little")]
records += [("data/%d" % n, random.randbytes(n * 40000 + 4)) for n in range(9)]
records += [("version", b"3\n"), (".data/serialization_id", b"0" * 40)]
with zipfile.ZipFile("model.pt", "w") as archive:
    for name, data in records:
        info = zipfile.ZipInfo("archive/" + name, (1980, 0, 0, 0, 0, 0))
        pad = -(archive.fp.tell() + 30 + len(info.filename) + 4) % 64
        info.extra = b"FB" + pad.to_bytes(2, "little") + b"Z" * pad
        archive.writestr(info, data)
