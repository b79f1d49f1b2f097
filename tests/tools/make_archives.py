#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make archives for tests, good and broken, with Python's zipfile.

usage: make_archives.py RECIPE PATH [ARGUMENT]...

Each function below whose name begins with `recipe_` is a recipe. What is broken is broken on
purpose in the bytes that zipfile wrote.
"""

import io
import lzma
import os
import random
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib

import zipread

warnings.simplefilter("ignore")  # zipfile's, about names that come twice

METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}
SIZES = (0, 1, 2, 511, 512, 4095, 4096, 4097, 32767, 32768, 32769, 65535, 65536, 65537, 131071,
         131072, 131073, 262143, 262144, 262145, 524287, 524288, 524289, 1048575, 1048576, 1048577)


def noise(size, seed):
    """Bytes that no method makes smaller."""
    return random.Random(seed).randbytes(size)


def text(size, seed):
    """Bytes that compress about as text does."""
    chooser = random.Random(seed)
    words = [b"%d," % chooser.randrange(10 ** chooser.randrange(1, 7)) for _ in range(500)]
    line = b"".join(words)
    data = bytearray()
    while len(data) < size:
        at = chooser.randrange(len(line))
        data += line[at:at + chooser.randrange(1, 90)] + b"\n"
    return bytes(data[:size])


def zeros(size, _seed):
    return bytes(size)


KINDS = {"noise": noise, "text": text, "zeros": zeros}


# A deflate block that holds nothing: final bit 0, stored, length 0.
EMPTY_BLOCK = b"\0\0\0\xff\xff"


class Unseekable(io.RawIOBase):
    """A file that can only be appended to, so that zipfile must write data descriptors."""

    def __init__(self, path):
        self.file = open(path, "wb", buffering=0)

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)

    def close(self):
        self.file.close()
        super().close()


def recipe_simple(path, content="hello\n", name="a.dat"):
    """One deflated member of the given content."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, os.fsencode(content))


def recipe_many_simple(directory, count, prefix="a"):
    """@count archives a000000.zip ... of one small member."""
    os.makedirs(directory, exist_ok=True)
    for number in range(int(count)):
        recipe_simple("%s/%s%06d.zip" % (directory, prefix, number), "content %d\n" % number,
                      "m%d.txt" % number)


def recipe_members(path, count, size, kind="text", method="deflate"):
    """One archive of @count members of @size bytes each."""
    with zipfile.ZipFile(path, "w", METHODS[method]) as archive:
        for number in range(int(count)):
            archive.writestr("d%d/m%d.bin" % (number % 7, number), KINDS[kind](int(size), number))


def recipe_sizes(path, method):
    """Members whose sizes lie at and around the sizes of buffers, of three kinds of data."""
    with zipfile.ZipFile(path, "w", METHODS[method]) as archive:
        for kind, make in KINDS.items():
            for size in SIZES:
                archive.writestr("%s-%d.bin" % (kind, size), make(size, size))


def recipe_levels(path):
    """The same data at every level of deflate; 0 is stored blocks inside a deflate stream."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for level in range(10):
            for kind, make in KINDS.items():
                archive.writestr("%s-%d.bin" % (kind, level), make(300001, level),
                                 compresslevel=level)


def recipe_streamed(path, method="deflate"):
    """Written to a pipe: sizes and CRC-32 stand behind the data, in data descriptors."""
    stream = Unseekable(path)
    with zipfile.ZipFile(stream, "w", METHODS[method]) as archive:
        for number, size in enumerate((0, 1, 70000, 300000, 5)):
            archive.writestr("m%d.bin" % number, text(size, number))
    stream.close()
    if not any(entry.flags & 8 for entry in zipread.read_directory(path)):
        raise SystemExit("no data descriptors were written")


def recipe_zip64_members(path):
    """Sizes in zip64 extra fields, though they are small."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, size in enumerate((0, 3, 100000)):
            info = zipfile.ZipInfo("m%d.bin" % number)
            info.compress_type = zipfile.ZIP_DEFLATED if number else zipfile.ZIP_STORED
            with archive.open(info, "w", force_zip64=True) as stream:
                stream.write(text(size, number))


def recipe_zip64_directory(path):
    """The end of the central directory as zip64 states it (APPNOTE 4.3.14, 4.3.15)."""
    recipe_members(path, 5, 5000)
    with open(path, "rb") as file:
        data = file.read()
    end = data.rindex(b"PK\5\6")
    count, size, offset = struct.unpack_from("<HII", data, end + 10)
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    last = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    with open(path, "wb") as file:
        file.write(data[:end] + record + locator + last)


def recipe_comments(path, size=300):
    """An archive comment, member comments and extra fields."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"c" * int(size)
        for number in range(3):
            info = zipfile.ZipInfo("m%d.txt" % number)
            info.comment = b"about %d" % number
            info.extra = struct.pack("<HHI", 0x6375, 4, number)
            archive.writestr(info, text(5000, number), zipfile.ZIP_DEFLATED)


SCRIPT = b"#!/bin/sh\nexec unzip \"$0\"\n" + b"# padding\n" * 700


def recipe_prefix_adjusted(path):
    """A zip behind a script, its offsets counted from the start of the file."""
    with open(path, "wb") as file:
        file.write(SCRIPT)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr("m%d.txt" % number, text(5000, number))


def recipe_prefix_unadjusted(path):
    """A zip behind a script, put there with cat: its offsets count from where the zip begins."""
    recipe_members(path, 3, 5000)
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(SCRIPT + data)


def recipe_directories(path):
    """Entries for directories, between and around the members in them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a/", "a/b/", "a/b/one.txt", "c/", "two.txt", "a/empty/"):
            archive.writestr(name, "" if name.endswith("/") else "in " + name)


NAMES = ("../../escape.txt", "/etc/passwd", "a/../../b.txt", "..", ".", "dir/..", "dir/.", "-rf",
         "sp ace.txt", "new\nline.txt", "esc\x1b[31mred.txt", "caf\u00e9.dat", "\u65e5\u672c.dat",
         "*?.txt", "x" * 101, "x" * 300 + ".dat", "y" * 99 + ".arr", "z" * 95 + ".arr",
         "z" * 96 + ".arr", "w" * 90 + "." + "e" * 60, "." + "h" * 120, "~root", "CON", "a;b|c.txt",
         "same.txt", "same.txt", "other/same.txt", "tab\t.txt", "'quote\".txt", "trailing.",
         "tar.gz", "..\u00e9..", "\\windows\\path.txt", "c:\\x.txt")


def recipe_slow(path, blocks="20000000"):
    """Small members, and among them one that takes long: its deflate stream is @blocks empty blocks
    and a last one of 1000 bytes."""
    plain = text(1000, 1)
    stream = EMPTY_BLOCK * int(blocks) + b"\1" + struct.pack("<HH", 1000, 1000 ^ 0xFFFF) + plain
    with zipfile.ZipFile(path, "w") as archive:
        for name, size in (("a.bin", 1000), ("b.bin", 70000), ("slow.bin", None), ("d.bin", 5000),
                           ("e.bin", 0), ("f.bin", 70000)):
            archive.writestr(name, stream if size is None else text(size, size))
    _spoil(path, "method", 8, index=2)
    _spoil(path, "size", len(plain), index=2)
    _spoil(path, "crc", zipfile.crc32(plain), index=2)


def recipe_names(path):
    """Names that attack, that are long, and that come twice."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(NAMES):
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            archive.writestr(info, "content of %d\n" % number)


def recipe_symlink(path):
    """A member that says it is a symbolic link: its bytes are the name that it points to."""
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.create_system = 3
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
        info = zipfile.ZipInfo("device")
        info.create_system = 3
        info.external_attr = 0o020666 << 16
        archive.writestr(info, "x")


def recipe_empty_name(path):
    """A member without a name, made by cutting the name from a hand-made archive."""
    data = b"no name\n"
    crc = zipfile.crc32(data)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 33, crc, len(data), len(data), 0, 0)
    central = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 33, crc, len(data),
                          len(data), 0, 0, 0, 0, 0, 0, 0)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local) + len(data), 0)
    with open(path, "wb") as file:
        file.write(local + data + central + end)


def recipe_no_members(path):
    with zipfile.ZipFile(path, "w"):
        pass


def recipe_only_directories(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/", "")


def recipe_filters(path):
    """Names for patterns: at the top, below, twice the same base, hidden."""
    names = ("a.dat", "b.txt", "sub/a.dat", "sub/c.arr", "sub/deep/d.dat", "other/b.txt",
             ".hidden.dat", "sub/.hidden.txt", "README", "x[1].dat", "UPPER.DAT")
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)


def recipe_arrays(path, count="3"):
    """An .npz and raw arrays: what numpy maps. Needs numpy."""
    import numpy
    rng = numpy.random.default_rng(1)
    if path.endswith(".npz"):
        numpy.savez_compressed(path, x=rng.random((100, 7)), y=numpy.arange(1000, dtype="i4"))
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(int(count)):
            array = rng.random((20000, 4)).astype("<f4")
            archive.writestr("array_%d.dat" % number, array.tobytes())


def _compress(data, form):
    """@data by another method, and the number of that."""
    if form == "xz":
        return 95, lzma.compress(data)
    frames = [data]
    options = ["-q", "-c"]
    method = 93
    if form == "zstd-frames":
        frames = [data[:7000], b"", data[7000:]]
    elif form == "zstd-first":
        method = 20
    elif form.startswith("zstd-"):
        options.append("--long=" + form[5:])
    return method, b"".join(
        subprocess.run(["zstd", *options], input=frame, stdout=subprocess.PIPE, check=True).stdout
        for frame in frames)


def recipe_wrapped(path, form):
    """Three members of a method that zipfile does not know; their bytes go beside @path."""
    plain = {name: text(20000, len(name)) for name in ("first.dat", "middle.dat", "last.dat")}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in plain.items():
            with open(os.path.join(os.path.dirname(path), name), "wb") as file:
                file.write(data)
            method, stream = _compress(data, form)
            archive.writestr(name, stream)
    for index, data in enumerate(plain.values()):
        _spoil(path, "method", method, index=index)
        _spoil(path, "crc", zlib.crc32(data), index=index)
        _spoil(path, "size", len(data), index=index)


def recipe_wrapped_bad(path, form, how):
    """The same, the middle one spoilt: its crc or size, its stream's end cut, or a bit in it."""
    recipe_wrapped(path, form)
    if how == "crc":
        _spoil(path, "crc", lambda crc: crc ^ 1)
    elif how == "size":
        _spoil(path, "size", lambda size: size + 1)
    elif how == "cut":
        _spoil(path, "stored_size", lambda size: size // 2)
    else:
        recipe_flip(path)


def recipe_flip(path, index="1"):
    """Flip one bit in the middle of a member's data."""
    at, entry = _data_at(path, int(index))
    with open(path, "r+b") as file:
        file.seek(at + entry.stored_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 0x10]))


# --- broken on purpose: three members, the middle one is spoilt ---


def _spoil(path, field, value, local=True, central=True, index=1):
    """Write @value into @field of the headers of member @index."""
    places = {"flags": (6, 8, "<H"), "method": (8, 10, "<H"), "crc": (14, 16, "<I"),
              "stored_size": (18, 20, "<I"), "size": (22, 24, "<I"), "version": (4, 6, "<H")}
    in_local, in_central, form = places[field]
    entry = zipread.read_directory(path)[index]
    old = getattr(entry, field, 0)
    new = value(old) if callable(value) else value
    with open(path, "r+b") as file:
        if local:
            file.seek(entry.local_offset + in_local)
            file.write(struct.pack(form, new))
        if central:
            file.seek(entry.where + in_central)
            file.write(struct.pack(form, new))


def _data_at(path, index=1):
    entry = zipread.read_directory(path)[index]
    with open(path, "rb") as file:
        file.seek(entry.local_offset + 26)
        name_size, extra_size = struct.unpack("<HH", file.read(4))
    return entry.local_offset + 30 + name_size + extra_size, entry


def _three(path, method="deflate", size=20000):
    with zipfile.ZipFile(path, "w", METHODS[method]) as archive:
        for name in ("first.dat", "middle.dat", "last.dat"):
            archive.writestr(name, text(size, len(name)))


def recipe_bad_crc(path, method="deflate"):
    _three(path, method)
    _spoil(path, "crc", lambda crc: crc ^ 1)


def recipe_bad_data(path, method="deflate"):
    """The stream of the middle member is overwritten with ones."""
    _three(path, method)
    at, entry = _data_at(path)
    with open(path, "r+b") as file:
        file.seek(at + entry.stored_size // 3)
        file.write(b"\xff" * (entry.stored_size // 3))


def recipe_bad_bit(path, method="stored"):
    """One bit of the middle member's data is flipped."""
    _three(path, method)
    at, entry = _data_at(path)
    with open(path, "r+b") as file:
        file.seek(at + entry.stored_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 0x10]))


def recipe_size_too_small(path, by="1"):
    """The headers state fewer bytes than the stream holds."""
    _three(path)
    _spoil(path, "size", lambda size: size - int(by))


def recipe_size_too_large(path, by="1"):
    """The headers state more bytes than the stream holds."""
    _three(path)
    _spoil(path, "size", lambda size: size + int(by))


def recipe_bad_method(path, method="97"):
    _three(path)
    _spoil(path, "method", int(method))


def recipe_encrypted(path):
    """The middle member says it is encrypted (traditional PKWARE encryption)."""
    _three(path)
    _spoil(path, "flags", lambda flags: flags | 1)


def recipe_bad_local_header(path):
    _three(path)
    entry = zipread.read_directory(path)[1]
    with open(path, "r+b") as file:
        file.seek(entry.local_offset)
        file.write(b"XXXX")


def recipe_truncated(path, keep="0.6"):
    """The file ends early: no central directory is left."""
    _three(path)
    os.truncate(path, int(os.path.getsize(path) * float(keep)))


def recipe_cut_stream(path):
    """The middle member's stored size is cut by half: its stream has no end."""
    _three(path)
    _spoil(path, "stored_size", lambda size: size // 2)


def recipe_data_past_end(path):
    """The last member, a stored one, reaches far beyond the end of the file."""
    _three(path, "stored")
    _spoil(path, "stored_size", lambda size: size + 1000000, index=2)
    _spoil(path, "size", lambda size: size + 1000000, index=2)


def recipe_bad_names(path):
    """The middle member's CRC-32 is wrong, and its name would write on the terminal. The name is
    bytes without a stated encoding: where a name is said to be UTF-8, libzip takes no controls."""
    name = "red\x1b[31m\x1b]0;title\x07\nzipmap: second line\r\u202etxt\x7f.dat".encode()
    name += b"\xff\xfe\x9b31m"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.txt", "good")
        archive.writestr("N" * len(name), "bad")
        archive.writestr("fine.txt", "fine")
    with open(path, "r+b") as file:
        data = file.read().replace(b"N" * len(name), name)
        file.seek(0)
        file.write(data)
    _spoil(path, "crc", lambda crc: crc ^ 1)


def main():
    recipe = globals().get("recipe_" + (sys.argv[1] if len(sys.argv) > 1 else ""))
    if not recipe:
        known = sorted(name[7:] for name in globals() if name.startswith("recipe_"))
        print("make_archives.py: RECIPE is one of:", *known, file=sys.stderr)
        return 2
    recipe(*sys.argv[2:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
