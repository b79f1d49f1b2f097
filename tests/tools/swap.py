#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A user who plays foul in a directory where zipmap makes that of its run.

usage: swap.py DIRECTORY VICTIM UID PREFIX...

As user UID, until standard input has something: whatever appears in DIRECTORY under a name that
begins with a PREFIX is moved away, and a symbolic link to VICTIM, an empty directory, or another
directory of DIRECTORY is put in its place. Prints how often that worked. Nothing is ever put into
one of these directories but the file "mine".
"""

import itertools
import os
import select
import sys


def swap(directory, name, victim, number):
    os.rename(f"{directory}/{name}", f"{directory}/taken.{number}")
    place = f"{directory}/{name}"
    kind = number % 3
    if kind == 0:
        os.symlink(victim, place)
    elif kind == 1:
        os.mkdir(place, 0o777)
    else:
        os.rename(f"{directory}/other", place)


def is_own(path):
    """Whether we have put it there."""
    try:
        return os.lstat(path).st_uid == os.geteuid()
    except OSError:
        return True  # it is gone


def main():
    directory, victim, user, *prefixes = sys.argv[1:]
    os.setgroups([])
    os.setresgid(int(user), int(user), int(user))
    os.setresuid(int(user), int(user), int(user))
    swapped = 0
    print("ready", flush=True)
    for number in itertools.count():
        if number % 64 == 0 and select.select([0], [], [], 0)[0]:
            break
        for name in os.listdir(directory):
            if not name.startswith(tuple(prefixes)) or is_own(f"{directory}/{name}"):
                continue
            try:
                swap(directory, name, victim, number)
                swapped += 1
            except OSError:
                pass  # it is too late, or there is no other directory any more
    print(swapped)


if __name__ == "__main__":
    main()
