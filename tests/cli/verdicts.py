# SPDX-License-Identifier: MIT
"""
usage: verdicts.py ARCHIVE

Print what becomes of each member of ARCHIVE when zipfile reads it: "NAME ok" or "NAME
EXCEPTION", one a line; or "archive EXCEPTION". zipfile does not look at sizes, so this does.
"""

import sys
import zipfile

try:
    z = zipfile.ZipFile(sys.argv[1])
except Exception as e:
    sys.exit(print("archive", type(e).__name__))
for i in z.infolist():
    try:
        size = len(z.read(i))
        print(i.filename, "ok" if size == i.file_size else f"size {size} {i.file_size}")
    except Exception as e:
        print(i.filename, type(e).__name__)
