#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Check what zipmap printed against what the archives hold, as other readers see it.

usage: verify.py [OPTION]... ARCHIVE...

  --paths=FILE      what zipmap wrote to stdout (default: ./out)
  --null            paths end in NUL
  --list=FILE       archives, one a line, before those on the command line
  --unordered       paths may come in any order
  --subset          paths may be missing (but each must be right and in order)
  --missing=A[.M]   archive number A (or only its member M) must not be printed
  --tmpdir=DIR      nothing else is under DIR: each file of a run is printed, no run directory is
                    without files
  --loose           members that no reader can read may be printed if size and CRC-32 are as stated
  --lenient         an archive that no reader can open has no members
"""

import argparse
import os
import re
import stat
import sys
import zlib
import hashlib

import zipread

PATH = re.compile(rb"(?s)(.*/zipmap\.[A-Za-z0-9]{6})/(0|[1-9][0-9]*)/"
                  rb"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)-([A-Za-z0-9._-]{1,100})")


class Wrong(Exception):
    pass


def split_paths(data, null=False):
    end = b"\0" if null else b"\n"
    if data and not data.endswith(end):
        raise Wrong("the last path has no end: %r" % data[-80:])
    return data.split(end)[:-1]


def parse(path):
    """(run directory, worker, archive, member, base name) of a printed path."""
    match = PATH.fullmatch(path)
    if not match:
        raise Wrong("not a path as designed: %r" % path)
    run, worker, archive, member, base = match.groups()
    return run, int(worker), int(archive), int(member), base


def digest_file(path):
    digest = hashlib.sha256()
    crc = 0
    size = 0
    with open(path, "rb") as file:
        while True:
            chunk = file.read(zipread.CHUNK)
            if not chunk:
                return size, crc, digest.hexdigest()
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
            digest.update(chunk)


def check_file(path, member, loose=False):
    """That the file @path is the member, whole, private and on its own."""
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        raise Wrong("not a regular file: %r" % path)
    if stat.S_IMODE(status.st_mode) != 0o600 or status.st_nlink != 1 \
            or status.st_uid != os.geteuid():
        raise Wrong("mode %o, %d links, owner %d: %r" % (
            stat.S_IMODE(status.st_mode), status.st_nlink, status.st_uid, path))
    size, crc, sha256 = digest_file(path)
    if size != member.size:
        raise Wrong("%d bytes, expected %d: %r" % (size, member.size, path))
    if member.sha256 is None:
        if not loose:
            raise Wrong("printed, but no other reader can read it (%s): %r" % (member.why, path))
        if crc != member.crc:
            raise Wrong("CRC-32 %08x, stated %08x: %r" % (crc, member.crc, path))
    elif sha256 != member.sha256:
        raise Wrong("other bytes than expected: %r" % path)


def check_directory(path):
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode) or stat.S_IMODE(status.st_mode) != 0o700:
        raise Wrong("mode %o: %r" % (status.st_mode, path))


def check_left(tmpdir, paths):
    """That @tmpdir holds the files of @paths and nothing more."""
    printed = {os.path.realpath(path) for path in paths}
    tmpdir = os.path.realpath(os.fsencode(tmpdir))
    for top in os.listdir(tmpdir):
        run = os.path.join(tmpdir, top)
        files = 0
        if not os.path.isdir(run):
            raise Wrong("left behind: %r" % run)
        for directory, _, names in os.walk(run):
            for name in names:
                files += 1
                if os.path.join(directory, name) not in printed:
                    raise Wrong("a file that was not printed: %r" %
                                os.path.join(directory, name))
        if files == 0:
            raise Wrong("a run directory without files: %r" % run)


def expectation(archives, missing=(), lenient=False):
    """[(archive, Member)] of all that should be printed, and the set of pairs that may not."""
    wanted = []
    for number, archive in enumerate(archives):
        if str(number) in missing:
            continue
        try:
            members = zipread.members(archive)
        except (zipread.Unreadable, OSError):
            if not lenient:
                raise
            continue
        for member in members:
            if not member.directory and "%d.%d" % (number, member.index) not in missing:
                wanted.append((number, member))
    return wanted


def check(wanted, paths, unordered=False, subset=False, loose=False):
    """That @paths are the files of @wanted."""
    members = {(number, member.index): (place, member)
               for place, (number, member) in enumerate(wanted)}
    runs = set()
    seen = set()
    last = -1
    for path in paths:
        run, worker, number, index, base = parse(path)
        runs.add(run)
        key = (number, index)
        if key not in members:
            raise Wrong("should not be printed: %r" % path)
        if key in seen:
            raise Wrong("printed twice: %r" % path)
        place, member = members[key]
        if not unordered:
            if place <= last:
                raise Wrong("out of order: %r" % path)
            last = place
        if not any(zipread.base_fits(name, base)
                   for name in (member.name, member.unicode_name) if name is not None):
            raise Wrong("%r is not how %r is called" % (base, member.name))
        check_file(path, member, loose)
        if (run, worker) not in seen:
            check_directory(os.path.join(run, b"%d" % worker))
            seen.add((run, worker))
        seen.add(key)
    if len(runs) > 1:
        raise Wrong("more than one run directory: %r" % runs)
    for run in runs:
        check_directory(run)
    if not subset:
        for key in members:
            if key not in seen and not (loose and members[key][1].sha256 is None):
                raise Wrong("not printed: member %d of archive %d" % (key[1], key[0]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--paths", default="out")
    parser.add_argument("--null", action="store_true")
    parser.add_argument("--list")
    parser.add_argument("--unordered", action="store_true")
    parser.add_argument("--subset", action="store_true")
    parser.add_argument("--missing", action="append", default=[])
    parser.add_argument("--tmpdir")
    parser.add_argument("--loose", action="store_true")
    parser.add_argument("--lenient", action="store_true")
    parser.add_argument("archives", nargs="*")
    arguments = parser.parse_args()

    archives = []
    if arguments.list:
        with open(arguments.list, "rb") as file:
            archives += split_paths(file.read())
    archives += arguments.archives
    try:
        with open(arguments.paths, "rb") as file:
            paths = split_paths(file.read(), arguments.null)
        wanted = expectation(archives, set(arguments.missing), arguments.lenient)
        check(wanted, paths, arguments.unordered, arguments.subset, arguments.loose)
        if arguments.tmpdir:
            check_left(arguments.tmpdir, paths)
    except (Wrong, zipread.Unreadable, OSError) as wrong:
        print("verify:", wrong, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
