# SPDX-License-Identifier: MIT
"""How one would do it in Python: a ProcessPoolExecutor unzips, the parent collects what comes back.

usage: pool.py maps|names JOBS LIST DIRECTORY

"maps": each worker returns numpy.memmap objects, which arrive as copies in the parent's private
memory. "names": it returns the names of the files. LIST holds archives' paths, each with NUL at
its end. Prints "private BYTES", the parent's private memory with all results in hand.
"""

import functools
import re
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor

import numpy

PORTIONS_PER_JOB = 16
PORTION_MAX = 1000  # of members, so that a worker never has too many maps


@functools.lru_cache(maxsize=1)
def opened(path):
    archive = zipfile.ZipFile(path)
    return archive, archive.infolist()


def unzip(what, directory, task):
    """Unzip members @first to @last of an archive."""
    path, first, last = task
    archive, members = opened(path)
    names = [archive.extract(member, directory) for member in members[first:last]]
    if what == "names":
        return names
    return [numpy.memmap(name, dtype="u1", mode="r") for name in names]


def tasks_of(archives, jobs):
    """An archive is a task; where there is only one, portions of its members are."""
    if len(archives) > 1:
        return [(archive, 0, None) for archive in archives]
    # Not opened(): workers are forked, and would share a descriptor with its one offset.
    with zipfile.ZipFile(archives[0]) as archive:
        count = len(archive.infolist())
    portion = max(1, min(PORTION_MAX, count // (jobs * PORTIONS_PER_JOB)))
    return [(archives[0], first, first + portion) for first in range(0, count, portion)]


def private_bytes():
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Anonymous: *(\d+) kB", file.read(), re.M).group(1)) * 1024


def main():
    what, jobs, list_path, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    with open(list_path, encoding="utf-8") as file:
        archives = file.read().split("\0")[:-1]
    tasks = tasks_of(archives, jobs)
    # Small tasks travel together; a few large ones must not.
    chunk = max(1, min(64, len(tasks) // (jobs * PORTIONS_PER_JOB)))
    with ProcessPoolExecutor(jobs) as pool:
        work = functools.partial(unzip, what, directory)
        results = [result for part in pool.map(work, tasks, chunksize=chunk) for result in part]
        print("private", private_bytes())
    return 0 if results else 1


if __name__ == "__main__":
    sys.exit(main())
