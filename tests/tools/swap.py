#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A user who plays foul in a directory where zipmap makes that of its run.

usage: swap.py DIRECTORY VICTIM UID

As user UID, until standard input ends: whatever appears in DIRECTORY under the first name of a run
directory is moved away, and a symbolic link to VICTIM, an empty directory, or another directory of
DIRECTORY is put in its place. Prints how often that worked.
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


def main():
    directory, victim, user = sys.argv[1:]
    os.setgroups([])
    os.setresgid(int(user), int(user), int(user))
    os.setresuid(int(user), int(user), int(user))
    swapped = 0
    print("ready", flush=True)
    for number in itertools.count():
        if number % 64 == 0 and select.select([0], [], [], 0)[0]:
            break
        for name in os.listdir(directory):
            if not name.startswith(".zipmap."):
                continue
            try:
                swap(directory, name, victim, number)
                swapped += 1
            except OSError:
                pass  # it is too late, or there is no other directory any more
    print(swapped)


if __name__ == "__main__":
    main()
