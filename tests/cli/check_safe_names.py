# SPDX-License-Identifier: MIT
"""
usage: check_safe_names.py make
       check_safe_names.py check

make: write odd.zip, whose members have names of all kinds. check: ./out, from zipmap --printf='%M\\0'
of that archive, has the safe form of each, and a file of that name can be made in ./made.
"""

import os
import sys
import unicodedata
import zipfile

NAMES = [
    "plain.dat", "a/b/c.nc", "../../etc/passwd", "/abs", ".", "..", "a/..", ".rc", "-rf", "--", "back\\slash\\x",
    "tab\tnew\nline", "\x1b[31mred", "del\x7f", "c1\x9b", "Größe 日本 😀.csv", "rtl\u202etad.exe", "line\u2028two",
    "arabic\u061cmark", "$(reboot) `x` '\";*?~", "x" * 255, "x" * 256, "ä" * 400 + ".dat", "dir/" * 90 + "last.nc",
    "😀" * 64, "a" + "😀" * 64 + ".x", "-" * 300, "e" * 60000 + ".dat",
]  # fmt: skip
DIRECTION = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def is_safe(character):
    return (
        character not in "/\\"
        and unicodedata.category(character) not in ("Cc", "Zl", "Zp")
        and unicodedata.bidirectional(character) not in DIRECTION
        and character not in "\u061c\u200e\u200f"
    )


def safe(name):
    text = "".join(character if is_safe(character) else "_" for character in name)
    while len(text.encode()) > 255:
        text = text[1:]
    if not text or text[0] in ".-":
        text = "_" + text[1:]
    return text


if sys.argv[1] == "make":
    with zipfile.ZipFile("odd.zip", "w") as archive:
        for name in NAMES:
            archive.writestr(zipfile.ZipInfo(name), b"1")
else:
    printed = open("out", "rb").read().split(b"\0")
    assert printed.pop() == b""
    assert [name.decode() for name in printed] == [safe(name) for name in NAMES]
    os.mkdir("made")
    for name in set(printed):
        open(b"made/" + name, "x").close()
    assert set(os.listdir(b"made")) == set(printed)
