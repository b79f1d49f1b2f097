# SPDX-License-Identifier: MIT
"""For --memfd -X: of each file, whether it can be changed, its size and its CRC-32."""

import os
import sys
import zlib

for path in sys.argv[1:]:
    with open(path, "r+b", buffering=0) as file:
        content = file.read()
        changed = []
        for change in (lambda: os.pwrite(file.fileno(), b"x", 0),
                       lambda: os.ftruncate(file.fileno(), len(content) // 2),
                       lambda: os.ftruncate(file.fileno(), len(content) + 1)):
            try:
                change()
            except PermissionError:
                continue
            # Of an empty file, nothing can be cut off.
            changed.append(content or os.fstat(file.fileno()).st_size)
    print("FILE", path, "changed" if any(changed) else "sealed", len(content), zlib.crc32(content))
