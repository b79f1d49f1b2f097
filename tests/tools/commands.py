#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Archives for commands, and what their commands have to print.

    commands.py make DIR ARCHIVES MEMBERS   archives whose members hold a line each, their own name
    commands.py lines DIR                   all of these lines, in the order of the input
    commands.py environment ARCHIVE...      the variables of each member's command, by zipfile and
                                            numpy, as `env` prints them, sorted
"""

import glob
import io
import os
import sys
import zipfile

import numpy


def make(directory, archives, members):
    os.makedirs(directory)
    for number in range(int(archives)):
        with zipfile.ZipFile(f"{directory}/{number:04}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for member in range(int(members)):
                archive.writestr(f"m{member}.txt", f"{number} {member}\n")


def lines(directory):
    for path in sorted(glob.glob(directory + "/*.zip")):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                sys.stdout.write(archive.read(info).decode())


def variables(path, archive, info):
    yield "ARCHIVE", path
    yield "MEMBER", info.filename
    yield "SIZE", info.file_size
    yield "CRC32", f"{info.CRC:08x}"
    data = io.BytesIO(archive.read(info))
    if not info.filename.endswith(".npy"):
        yield "OFFSET", 0
        return
    array = numpy.load(data)
    data.seek(0)
    numpy.lib.format.read_magic(data)
    numpy.lib.format.read_array_header_1_0(data)
    yield "OFFSET", data.tell()
    yield "DTYPE", array.dtype.str
    yield "SHAPE", ",".join(map(str, array.shape))


def environment(*paths):
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                for name, value in sorted(variables(path, archive, info)):
                    print(f"ZIPMAP_{name}={value}")


if __name__ == "__main__":
    {"make": make, "lines": lines, "environment": environment}[sys.argv[1]](*sys.argv[2:])
