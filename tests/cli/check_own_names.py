#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Hold what zipmap -d makes of archives against what unzip -d makes of them, and see what hostile
names come to.

usage: check_own_names.py good ARCHIVE...
       check_own_names.py hostile ARCHIVE...

The binary is $ZIPMAP. Works in new directories below $TMPDIR. With `good`, names, kinds and bytes are
the same as those of unzip. With `hostile`, whatever the archive: nothing outside the directory is
made or changed, nothing in it is a link, each printed file is there once, and each member that
Python's zipfile reads, and which got no file, has a failure.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile

LIMIT_S = 60


def contents(directory):
    """What is below @directory: paths to bytes, or None for a directory, or the text of a link."""
    found = {}
    for here, directories, files in os.walk(directory):
        for name in directories + files:
            path = os.path.join(here, name)
            key = os.path.relpath(path, directory)
            if os.path.islink(path):
                found[key] = "link to " + os.readlink(path)
            elif os.path.isdir(path):
                found[key] = None
            else:
                with open(path, "rb") as file:
                    found[key] = file.read()
    return found


def state(directory):
    """Everything of it that a stranger could change."""
    found = {}
    for here, directories, files in os.walk(directory):
        for name in directories + files:
            path = os.path.join(here, name)
            status = os.lstat(path)
            found[path] = (status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns)
    return found


def unzip(archive, target):
    subprocess.run(["unzip", "-q", "-o", archive, "-d", target], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def zipmap(archive, target, *options):
    return subprocess.run([os.environ["ZIPMAP"], "-d", target, "--json", *options, archive],
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=LIMIT_S,
                          check=False)


def check_good(archive, scratch):
    theirs = os.path.join(scratch, "theirs")
    ours = os.path.join(scratch, "ours")
    os.mkdir(theirs)
    unzip(archive, theirs)
    done = zipmap(archive, ours, "--flat")
    if done.returncode != 0:
        return "status %d: %s" % (done.returncode, done.stderr.decode(errors="replace"))
    expected = contents(theirs)
    got = contents(ours)
    if expected != got:
        return "unzip has %s, zipmap has %s" % (
            {key: value for key, value in expected.items() if got.get(key, 0) != value},
            {key: value for key, value in got.items() if expected.get(key, 0) != value})
    return None


def is_directory(info):
    """By its name; those of MS-DOS may have backslashes."""
    dos = info.create_system == 0 and "/" not in info.filename and info.file_size == 0
    return info.filename.endswith("/") or (dos and info.filename.endswith("\\"))


def members_of(archive):
    """What Python reads of it, as far as it can."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return [info for info in opened.infolist() if not is_directory(info)]
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return None


def check_hostile(archive, scratch):
    around = os.path.join(scratch, "around")
    target = os.path.join(around, "out", "in")
    os.makedirs(os.path.join(around, "other"))
    with open(os.path.join(around, "victim"), "w", encoding="ascii") as file:
        file.write("untouched")
    os.makedirs(target)
    before = {path: seen for path, seen in state(around).items() if not path.startswith(target)}
    done = zipmap(archive, target, "--max-total=100M", "--max-member=50M")
    after = {path: seen for path, seen in state(around).items() if not path.startswith(target)}
    if done.returncode not in (0, 1):
        return "status %d: %s" % (done.returncode, done.stderr.decode(errors="replace"))
    if before != after:
        return "changed outside: %s" % (set(before.items()) ^ set(after.items()))
    below = contents(target)
    if any(isinstance(value, str) for value in below.values()):
        return "a link was made: %s" % below
    files = {os.path.join(target, key) for key, value in below.items() if value is not None}
    records = [json.loads(line) for line in done.stdout.splitlines()]
    printed = [os.fsdecode(bytes.fromhex(record["path_bytes"])) if "path_bytes" in record
               else record["path"] for record in records if "path" in record]
    if sorted(printed) != sorted(files):
        return "printed %s, but there are %s" % (sorted(printed), sorted(files))
    failures = [record for record in records if "error" in record]
    if failures and done.returncode != 1:
        return "failures without a status"
    members = members_of(archive)
    whole = any("member" not in failure for failure in failures)
    if members is not None and not whole and len(members) > len(printed) + len(failures):
        return "%d members, %d printed, %d failures" % (
            len(members), len(printed), len(failures))
    return None


def main():
    check = {"good": check_good, "hostile": check_hostile}[sys.argv[1]]
    wrongs = 0
    for archive in sys.argv[2:]:
        with tempfile.TemporaryDirectory() as scratch:
            wrong = check(os.path.abspath(archive), scratch)
        if wrong:
            wrongs += 1
            print("%s: %s" % (archive, wrong[:2000]))
    print("%d archives, %d are wrong" % (len(sys.argv) - 2, wrongs))
    sys.exit(1 if wrongs else 0)


if __name__ == "__main__":
    main()
