#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run zipmap -d again and again while somebody swaps directories for links.

usage: race_directory.py [RUNS [--reuse]]

The binary is $ZIPMAP. Works in a new directory below $TMPDIR. A process moves each directory that
appears below the one of -d away, puts a symbolic link to a directory outside in its place, and takes
that back, as fast as it can; another one does so with the names of files. Whatever becomes of the
members, nothing outside may be made, removed or changed. With --reuse, files outside have the sizes
and times of members: one that was announced would have another ctime then.
"""

import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile

LIMIT_S = 60
DATE = (2020, 1, 2, 3, 4, 6)
TREES = 4
FILES = 12


def make_archive(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(FILES):
            for tree in range(TREES):
                for name in ("d%d/e/f/%d", "d%d/victim%d"):
                    archive.writestr(zipfile.ZipInfo(name % (tree, number), DATE), b"unzipped")
        archive.writestr("d0/new/", b"")


def make_outside(path):
    """What the links lead to looks like a part of the archive, with files that could be hit."""
    os.makedirs(path + "/e/f")
    time_s = time.mktime(DATE + (0, 0, -1))
    for number in range(FILES):
        for name in ("/victim%d", "/e/f/%d"):
            with open(path + name % number, "wb") as file:
                file.write(b"the same")
            os.utime(path + name % number, (1, time_s))
    os.utime(path + "/e/f", (1, 1))
    os.utime(path + "/e", (1, 1))
    os.utime(path, (1, 1))


def state(directory):
    """All that is in @directory, as it is."""
    found = {}
    for here, directories, files in os.walk(directory):
        for name in directories + files + ["."]:
            path = os.path.join(here, name)
            status = os.lstat(path)
            content = None
            if name in files:
                with open(path, "rb") as file:
                    content = file.read()
            # That of a directory changes with links in it, and not by us.
            ctime_ns = status.st_ctime_ns if name in files else None
            found[path] = (status.st_ino, status.st_mode, status.st_nlink, status.st_mtime_ns,
                           ctime_ns, content)
    return found


def swap_directories(root, outside, swapped):
    chooser = random.Random(os.getpid())
    names = ["a"] + ["a/d%d%s" % (tree, rest) for tree in range(TREES)
                     for rest in ("", "/e", "/e/f", "/new")]
    inner = {"e": outside + "/e", "f": outside + "/e/f"}
    while True:
        name = chooser.choice(names)
        path = os.path.join(root, name)
        link = inner.get(os.path.basename(path), outside)
        try:
            os.rename(path, path + ".moved")
        except OSError:
            continue
        try:
            os.symlink(link, path)
            swapped.value += 1
        except OSError:
            pass
        try:
            os.unlink(path)
            os.rename(path + ".moved", path)
        except OSError:
            pass


def open_below(root, names):
    """The directory, entered as zipmap does: what the other process swaps is not followed."""
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for name in names:
        try:
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd


def swap_files(root, outside, swapped):
    chooser = random.Random(os.getpid())
    while True:
        name = "victim%d" % chooser.randrange(FILES)
        try:
            fd = open_below(root, ["a", "d%d" % chooser.randrange(TREES)])
        except OSError:
            continue
        try:
            os.symlink(os.path.join(outside, name), name, dir_fd=fd)
            swapped.value += 1
        except OSError:
            pass
        try:
            os.unlink(name, dir_fd=fd)
        except OSError:
            pass
        os.close(fd)


def remove_all(root):
    subprocess.run(["rm", "-rf", root], check=False, stderr=subprocess.DEVNULL)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    reuse = sys.argv[2:] == ["--reuse"]
    with tempfile.TemporaryDirectory() as scratch:
        archive, outside, root = (os.path.join(scratch, name) for name in (
            "a.zip", "outside", "root"))
        make_archive(archive)
        make_outside(outside)
        before = state(outside)
        directories = multiprocessing.Value("L")
        files = multiprocessing.Value("L")
        racers = [multiprocessing.Process(target=swap_directories, args=(root, outside, directories)),
                  multiprocessing.Process(target=swap_files, args=(root, outside, files))]
        for racer in racers:
            racer.start()
        try:
            printed = failed = 0
            for run in range(runs):
                options = ["--overwrite"] if run % 3 == 0 else []
                if reuse:
                    options.append("--reuse=unchecked" if run % 2 else "--reuse")
                done = subprocess.run(
                    [os.environ["ZIPMAP"], "-j2", "-d", root, *options, archive],
                    stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=False)
                printed += done.stdout.count(b"\n")
                failed += done.stderr.count(b"\n")
                if done.returncode not in (0, 1, 2):
                    sys.exit("run %d: status %d: %s" % (run, done.returncode, done.stderr))
                if run % 4 if not reuse else run % 4 == 0:
                    remove_all(root)
                if state(outside) != before:
                    sys.exit("run %d: changed outside: %s" % (
                        run, set(state(outside).items()) ^ set(before.items())))
        finally:
            for racer in racers:
                racer.kill()
                racer.join()
        remove_all(root)
        print("%d runs: %d printed, %d failed; %d directories and %d files were swapped" % (
            runs, printed, failed, directories.value, files.value))
        if runs >= 20 and (directories.value == 0 or printed == 0):
            sys.exit("nothing was raced")


if __name__ == "__main__":
    main()
