# SPDX-License-Identifier: MIT
"""What is in an archive, by readers that have nothing in common with zipmap.

Python's zipfile reads each member. Where it refuses one, a small reader of our own tries, with the
decoders of Python's standard library. A member that neither can read has no expected bytes.
"""

import bz2
import hashlib
import lzma
import os
import struct
import subprocess
import zipfile
import zlib

CHUNK = 1 << 20


class Unreadable(Exception):
    """An archive or a member that the readers cannot make sense of."""


class Entry:
    """One entry of a central directory, as stored."""

    def __init__(self, name, flags, method, crc, stored_size, size, local_offset, where,
                 unicode_name):
        self.name = name
        self.flags = flags
        self.method = method
        self.crc = crc
        self.stored_size = stored_size
        self.size = size
        self.local_offset = local_offset  # in the file, a prefix included
        self.where = where  # of this entry in the file
        self.unicode_name = unicode_name  # APPNOTE 4.6.9; it may stand for the name


def read_directory(path):
    """The entries of the central directory, in its order (APPNOTE 4.3.12 and later)."""
    with open(path, "rb") as file:
        file_size = file.seek(0, os.SEEK_END)
        tail_at = max(0, file_size - 22 - 65535 - 4096)
        file.seek(tail_at)
        tail = file.read()
        at = tail.rfind(b"PK\5\6")
        while at >= 0 and at + 22 > len(tail):
            at = tail.rfind(b"PK\5\6", 0, at)
        if at < 0:
            raise Unreadable("no end of central directory")
        count, size, offset = struct.unpack_from("<HII", tail, at + 10)
        end = tail_at + at
        locator = tail[at - 20:at] if at >= 20 else b""
        if locator[:4] == b"PK\6\7":
            for place in (struct.unpack_from("<Q", locator, 8)[0], end - 20 - 56):
                if not 0 <= place < file_size:
                    continue
                file.seek(place)
                record = file.read(56)
                if record[:4] == b"PK\6\6":
                    count, size, offset = struct.unpack_from("<QQQ", record, 32)
                    end = place
                    break
        start = end - size
        if start < 0:
            raise Unreadable("central directory out of bounds")
        prefix = start - offset
        if prefix > 0:
            # Where a directory is at the very place that is stated, there is no prefix but a gap.
            file.seek(offset)
            if file.read(4) == b"PK\1\2":
                start, prefix = offset, 0
        file.seek(start)
        block = file.read(size)
    entries = []
    at = 0
    while len(entries) < count:
        if block[at:at + 4] != b"PK\1\2" or at + 46 > len(block):
            raise Unreadable("no central header %d" % len(entries))
        flags, method = struct.unpack_from("<HH", block, at + 8)
        crc, stored, unzipped = struct.unpack_from("<III", block, at + 16)
        name_size, extra_size, comment_size = struct.unpack_from("<HHH", block, at + 28)
        local, = struct.unpack_from("<I", block, at + 42)
        name = block[at + 46:at + 46 + name_size]
        extra = block[at + 46 + name_size:at + 46 + name_size + extra_size]
        unicode_name = None
        while len(extra) >= 4:
            kind, length = struct.unpack_from("<HH", extra)
            if kind == 1:
                body = extra[4:4 + length]
                if unzipped == 0xFFFFFFFF and len(body) >= 8:
                    unzipped, = struct.unpack_from("<Q", body)
                    body = body[8:]
                if stored == 0xFFFFFFFF and len(body) >= 8:
                    stored, = struct.unpack_from("<Q", body)
                    body = body[8:]
                if local == 0xFFFFFFFF and len(body) >= 8:
                    local, = struct.unpack_from("<Q", body)
            if kind == 0x7075 and length > 5 and extra[5:9] == struct.pack("<I", zlib.crc32(name)):
                unicode_name = extra[9:4 + length]
            extra = extra[4 + length:]
        name = name.split(b"\0")[0]  # what is behind a NUL is no part of it
        entries.append(Entry(name, flags, method, crc, stored, unzipped, prefix + local,
                             start + at, unicode_name))
        at += 46 + name_size + extra_size + comment_size
    return entries


def _inflate_lzma(data):
    """Method 14: a version, the size of the properties, the properties, a raw stream."""
    size, = struct.unpack_from("<H", data, 2)
    filters = [lzma._decode_filter_properties(lzma.FILTER_LZMA1, data[4:4 + size])]
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters).decompress(data[4 + size:])


def _unzstd(data):
    return subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=True).stdout


DECODERS = {
    0: lambda data: data,
    8: lambda data: zlib.decompressobj(-15).decompress(data),
    12: bz2.decompress,
    14: _inflate_lzma,
    20: _unzstd,
    93: _unzstd,
    95: lzma.decompress,
}


def read_plainly(path, entry):
    """The bytes of a member by our own reader; raises Unreadable."""
    if entry.flags & 1:
        raise Unreadable("encrypted")
    if entry.method not in DECODERS:
        raise Unreadable("method %d" % entry.method)
    with open(path, "rb") as file:
        if entry.local_offset < 0:
            raise Unreadable("local header out of bounds")
        file.seek(min(entry.local_offset, os.path.getsize(path)))
        header = file.read(30)
        if len(header) < 30 or header[:4] != b"PK\3\4":
            raise Unreadable("no local header")
        name_size, extra_size = struct.unpack_from("<HH", header, 26)
        file.seek(entry.local_offset + 30 + name_size + extra_size)
        if entry.stored_size > os.path.getsize(path):
            raise Unreadable("truncated")
        data = file.read(entry.stored_size)
    try:
        plain = DECODERS[entry.method](data)
    except Exception as error:
        raise Unreadable(str(error))
    if len(plain) != entry.size:
        raise Unreadable("size %d, stated %d" % (len(plain), entry.size))
    if zlib.crc32(plain) != entry.crc:
        raise Unreadable("CRC-32")
    return plain


class Member:
    """A member that should be printed (or, with `why`, one that no reader here can read)."""

    def __init__(self, index, name, size, crc):
        self.index = index
        self.name = name
        self.unicode_name = None
        self.size = size
        self.crc = crc
        self.sha256 = None
        self.why = None
        self.directory = name.endswith(b"/")


def _raw_name(info):
    name = info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
    return name.split(b"\0")[0]


def _hash_zipfile(archive, info):
    digest = hashlib.sha256()
    size = 0
    with archive.open(info) as stream:
        while True:
            chunk = stream.read(CHUNK)
            if not chunk:
                break
            size += len(chunk)
            digest.update(chunk)
    if size != info.file_size:
        raise Unreadable("size")
    return digest.hexdigest()


def members(path):
    """All members of the archive @path, directories too; raises Unreadable."""
    try:
        entries = read_directory(path)
    except Unreadable:
        entries = None
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:
        archive = None
        if entries is None:
            raise Unreadable("%s: %s" % (path, error))
    found = []
    infos = archive.infolist() if archive else [None] * len(entries)
    if entries is not None and len(entries) != len(infos):
        entries = None
    for index, info in enumerate(infos):
        entry = entries[index] if entries else None
        member = Member(index, entry.name if entry else _raw_name(info),
                        entry.size if entry else info.file_size, entry.crc if entry else info.CRC)
        if entry:
            member.unicode_name = entry.unicode_name
        if not member.directory:
            try:
                if info is None:
                    raise Unreadable("not by zipfile")
                member.sha256 = _hash_zipfile(archive, info)
            except Exception as error:
                member.why = str(error) or type(error).__name__
                if entry:
                    try:
                        plain = read_plainly(path, entry)
                        member.sha256 = hashlib.sha256(plain).hexdigest()
                        member.why = None
                    except Unreadable as second:
                        member.why = str(second)
        found.append(member)
    if archive:
        archive.close()
    return found


PORTABLE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


def clean_base(name):
    """The base name as it appears in a printed path, cut short of nothing."""
    base = name.rsplit(b"/", 1)[-1]
    return bytes(byte if byte in PORTABLE else 0x5F for byte in base) or b"_"


def base_fits(name, shown):
    """Whether @shown is how the member @name may be called: cleaned, cut to 100 bytes."""
    full = clean_base(name)
    if len(full) <= 100:
        return shown == full
    if len(shown) != 100:
        return False
    stem, dot, extension = full.rpartition(b".")
    if dot and len(extension) < 16:
        return shown.endswith(dot + extension) and full.startswith(shown[:99 - len(extension)])
    return full.startswith(shown)
