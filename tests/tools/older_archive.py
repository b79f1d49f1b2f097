#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Files of two archives, the second of which is damaged: nothing of the first may be printed.

usage: older_archive.py [SEED]

The binary is $ZIPMAP. 200 files (40 under AddressSanitizer) are made of an older archive and a newer one behind it, or in its
comment, each with zip64 records or without, with offsets that count what stands before or do not.
In each file, every byte of the newer one's central directory and end record is damaged in turn, and
the newer one is cut off at every fifth place there: the damaged files go through few runs.
"""

import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib

# A sanitizer takes ten times as long.
FILES = 40 if "asan" in os.environ.get("ZIPMAP_VARIANT", "") else 200
PER_RUN = 4000  # archives

OLD = b"old! " * 20
NEW = b"new? " * 31


def make_archive(content, names, zip64):
    """An archive of these members, stored. Some are as long as those of the other archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 2, 3, 4, 6)), content)
    archive = file.getvalue()
    if zip64:
        at = archive.rindex(b"PK\5\6")
        count = int.from_bytes(archive[at + 10:at + 12], "little")
        size = int.from_bytes(archive[at + 12:at + 16], "little")
        offset = int.from_bytes(archive[at + 16:at + 20], "little")
        numbers = b"".join(number.to_bytes(8, "little") for number in (count, count, size, offset))
        archive = (archive[:at] + b"PK\6\6" + (44).to_bytes(8, "little") + b"\55\0\55\0" +
                   bytes(8) + numbers + b"PK\6\7" + bytes(4) + at.to_bytes(8, "little") +
                   b"\1\0\0\0" + archive[at:at + 8] + b"\377" * 12 + archive[at + 20:])
    return archive


def adjust(archive, before):
    """@archive with offsets that count @before bytes more. It has no zip64 records."""
    archive = bytearray(archive)

    def move(at):
        value = int.from_bytes(archive[at:at + 4], "little") + before
        archive[at:at + 4] = value.to_bytes(4, "little")

    end = archive.rindex(b"PK\5\6")
    at = int.from_bytes(archive[end + 16:end + 20], "little")
    move(end + 16)
    while archive[at:at + 4] == b"PK\1\2":
        move(at + 42)
        at += 46 + sum(int.from_bytes(archive[at + i:at + i + 2], "little") for i in (28, 30, 32))
    return bytes(archive)


def make_file(chance):
    """A file of two archives, and where the second one's directory begins in it."""
    names = ["a", "b", "c"][:chance.randint(1, 3)]
    zip64 = chance.random() < 0.3
    old = make_archive(OLD, names, chance.random() < 0.3)
    new = make_archive(NEW if chance.random() < 0.5 else NEW[:len(OLD)], names, zip64)
    directory = new.index(b"PK\1\2")
    if not zip64 and chance.random() < 0.5:
        new = adjust(new, len(old))
    if chance.random() < 0.3:  # in the comment
        old = old[:-2] + len(new).to_bytes(2, "little")
    return old + new, len(old) + directory


def damaged(file, directory, chance):
    for at in range(directory, len(file)):
        byte = file[at]
        value = chance.choice([0, 255, byte ^ 1, byte ^ 128, chance.randrange(256)])
        yield file[:at] + bytes([value]) + file[at + 1:]
        if at % 5 == 0:
            yield file[:at]


def run(archives, scratch):
    """The contents that zipmap prints of these archives."""
    for number, archive in enumerate(archives):
        with open(os.path.join(scratch, "in", "%06d.zip" % number), "wb") as file:
            file.write(archive)
    done = subprocess.run([os.environ["ZIPMAP"], "-q", "--tmpdir=" + scratch,
                           os.path.join(scratch, "in")], capture_output=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit("status %d: %r" % (done.returncode, done.stderr[-500:]))
    printed = done.stdout.splitlines()
    for path in printed:
        with open(path, "rb") as file:
            yield int(os.path.basename(path).split(b".")[0]), file.read()
        os.unlink(path)


def main():
    chance = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    assert zlib.crc32(OLD) != zlib.crc32(NEW[:len(OLD)])
    pending = []
    for _ in range(FILES):
        file, directory = make_file(chance)
        pending += damaged(file, directory, chance)
    newer = 0
    while pending:
        scratch = tempfile.mkdtemp()
        os.mkdir(os.path.join(scratch, "in"))
        part, pending = pending[:PER_RUN], pending[PER_RUN:]
        for number, content in run(part, scratch):
            newer += 1
            if content.startswith(OLD[:4]):
                with open("older.zip", "wb") as file:
                    file.write(part[number])
                sys.exit("a member of the older archive is printed: see older.zip")
        shutil.rmtree(scratch)
    if newer == 0:
        sys.exit("nothing is printed at all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
