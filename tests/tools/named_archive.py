#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make an archive whose members have any bytes as names, which zipfile would not write.

usage: named_archive.py ARCHIVE < MEMBERS

A line of MEMBERS is the name as a literal of Python's bytes, then words:

  utf8         bit 11 of the flags is set
  extra=HEX    an extra field of the central directory
  unicode=TEXT the Unicode Path extra field (0x7075) with TEXT; with bad-crc, for another name
  bad-crc
  broken       the CRC-32 of the data is wrong

The data of a member are the bytes of its name.
"""

import ast
import struct
import sys
import zlib


def unicode_path(name, text, bad_crc):
    body = struct.pack("<BL", 1, zlib.crc32(name) ^ bad_crc) + text.encode()
    return struct.pack("<HH", 0x7075, len(body)) + body


def main():
    data = b""
    directory = b""
    count = 0
    for line in sys.stdin:
        literal, *words = line.split()
        name = ast.literal_eval(literal)
        extra = b""
        for word in words:
            if word.startswith("extra="):
                extra += bytes.fromhex(word[6:])
            if word.startswith("unicode="):
                extra += unicode_path(name, word[8:], "bad-crc" in words)
        flags = 0x800 if "utf8" in words else 0
        fields = struct.pack("<HHHHHLLLHH", 20, flags, 0, 0, 0x5821,
                             zlib.crc32(name) ^ ("broken" in words), len(name), len(name),
                             len(name), len(extra))
        directory += (b"PK\1\2" + struct.pack("<H", 20) + fields
                      + struct.pack("<HHHLL", 0, 0, 0, 0, len(data)) + name + extra)
        data += b"PK\3\4" + fields[:-2] + b"\0\0" + name + name
        count += 1
    end = struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), len(data), 0)
    with open(sys.argv[1], "wb") as file:
        file.write(data + directory + b"PK\5\6" + end)


main()
