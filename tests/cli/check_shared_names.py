# SPDX-License-Identifier: MIT
"""
usage: check_shared_names.py

Compare the names that zipmap --list shows for the archives of $SHARED_ARCHIVES with those that
the same rules give in Python: the Unicode Path field, UTF-8, else code page 437.
"""

import glob
import os
import struct
import subprocess
import zipfile
import zlib

def name_of(info, raw):
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        body, extra = extra[4:4 + size], extra[4 + size:]
        if kind == 0x7075 and body[0] == 1 and body[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
            return body[5:].decode()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp437")

checked = converted = 0
folders = [os.environ["SHARED_ARCHIVES"] + "/" + folder for folder in ("good", "odd", "real")]
for path in sorted(path for folder in folders for path in glob.glob(folder + "/*.zip")):
    try:
        infos = zipfile.ZipFile(path).infolist()
    except Exception:
        continue
    command = [os.environ["ZIPMAP"], "--list", r"--printf=%m\0", path]
    run = subprocess.run(command, capture_output=True)
    if run.returncode != 0 or any("\0" in info.orig_filename for info in infos):
        continue
    raws = [
        info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437") for info in infos
    ]
    names = [name_of(info, raw) for info, raw in zip(infos, raws)]
    names = [name for name in names if not name.endswith("/")]
    got = run.stdout.decode().split("\0")[:-1]
    assert got == names, (path, got, names)
    checked += 1
    converted += any(raw.decode("latin-1") != name_of(info, raw) for info, raw in zip(infos, raws))
print(checked, converted)
assert checked >= 50 and converted >= 10, (checked, converted)
