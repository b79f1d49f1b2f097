#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make archives whose members have names of all kinds.

usage: make_own_names.py good | hostile | twice PATH

`good`: any unzip makes the same of it. `hostile`: names that lead out, with the word that tells what
is wrong in their content. `twice`: names that are in each other's way.
"""

import sys
import warnings
import zipfile

warnings.simplefilter("ignore")  # names that come twice

UNIX = 3
DOS = 0


def add(archive, name, content, host=UNIX):
    info = zipfile.ZipInfo("x", (2020, 1, 2, 3, 4, 6))
    info.filename = name
    info.create_system = host
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def good(archive):
    for name in ("a.txt", "d/e/f.txt", "d/g", "./h", "i//j", "-k", ".l", "m n", "back\\slash",
                 "Größe 日本.csv", "..x", "y..", "...", "q" * 255, "$(x) `y` \"'*?"):
        add(archive, name, name.encode() * 3)
    add(archive, "empty", b"")
    add(archive, "new/", b"")
    add(archive, "new/er/", b"")
    add(archive, "win\\dir\\file.txt", b"of Windows", DOS)
    add(archive, "mixed/a\\b", b"not separated", DOS)


def hostile(archive):
    add(archive, "good", b"good")
    for name in ("/absolute", "//absolute", "../victim", "a/../../victim", "a/..", "..", "a/../b/../..",
                 "C:\\victim", "c:victim", "", ".", "a/.", "n" * 256, "p/" * 2100 + "long",
                 "/", "../", "x/../../"):
        add(archive, name, b"hostile")
    for name in ("..\\victim", "\\absolute", "a\\..\\..\\victim"):
        add(archive, name, b"hostile", DOS)


def twice(archive):
    add(archive, "same", b"first")
    add(archive, "same", b"second")
    add(archive, "./same", b"third")
    add(archive, "same/below", b"below a file")
    add(archive, "same/", b"")
    add(archive, "d/x", b"in a directory")
    add(archive, "d", b"has its name")
    add(archive, "a\nb", b"first")
    add(archive, "a\tb", b"the same once it is made safe")


def main():
    kind, path = sys.argv[1:]
    with zipfile.ZipFile(path, "w") as archive:
        {"good": good, "hostile": hostile, "twice": twice}[kind](archive)


if __name__ == "__main__":
    main()
