#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Check what `zipmap --printf '%p\\t%o\\t%s\\t%c\\t%a\\t%m\\n'` wrote to ./out.

usage: verify_packed.py --tmpdir=DIR [OPTION]... ARCHIVE...

  --missing=A.M   this member must not be printed
  --subset        members may be missing
  --more-files    files that no line names may be there (their lines were not read)
"""

import argparse
import os
import sys
import zipfile


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tmpdir", required=True)
    parser.add_argument("--missing", action="append", default=[])
    parser.add_argument("--subset", action="store_true")
    parser.add_argument("--more-files", action="store_true")
    parser.add_argument("archives", nargs="+")
    options = parser.parse_args()

    wanted = []
    for number, name in enumerate(options.archives):
        archive = zipfile.ZipFile(name)
        for index, info in enumerate(archive.infolist()):
            if not info.is_dir() and "%d.%d" % (number, index) not in options.missing:
                wanted.append((name, archive, info))
    with open("out", encoding="utf-8") as file:
        lines = file.read().splitlines()
    place = 0
    used = {}
    for line in lines:
        path, offset, size, crc, name, member = line.split("\t")
        offset, size = int(offset), int(size)
        while options.subset and (name, member) != (wanted[place][0], wanted[place][2].filename):
            place += 1
        assert place < len(wanted), "printed too often: %r" % line
        expected, archive, info = wanted[place]
        place += 1
        assert (name, member) == (expected, info.filename), "out of order: %r" % line
        assert size == info.file_size and int(crc, 16) == info.CRC, line
        assert offset % 64 == 0, "not aligned: %r" % line
        packed = path.endswith("-pack")
        assert packed == (size < 1 << 20), "packed? %r" % line
        with open(path, "rb") as file:
            file.seek(offset)
            assert file.read(size) == archive.read(info), "other bytes: %r" % line
        begin, end = used.get(path, (0, 0))
        assert offset >= end and offset - end < 64, "a hole or an overlap: %r" % line
        used[path] = (begin, offset + size)
    assert options.subset or place == len(wanted), "%d of %d" % (place, len(wanted))

    for directory, _, names in os.walk(options.tmpdir):
        for name in names:
            path = os.path.join(directory, name)
            if path not in used:
                assert options.more_files, "not printed: %r" % path
            elif not options.more_files:
                assert os.path.getsize(path) - used[path][1] < 64, "more bytes: %r" % path


sys.exit(main())
