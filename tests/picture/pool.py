# SPDX-License-Identifier: MIT
"""The program that zipmap is the answer to: a process pool unzips archives, the parent maps the arrays.

usage: pool.py maps|names JOBS ARCHIVES DIRECTORY

"maps": each task returns a numpy.memmap, which is pickled as a copy of its data. "names": it returns
the name of the file, which the parent maps. Both then read all of every array.
"""

import pathlib
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor

import numpy as np


def unzip(archive, directory):
    with zipfile.ZipFile(archive) as opened:
        return opened.extract(opened.infolist()[0], directory)


def mapped(name):
    return np.memmap(name, "<f4", "r", shape=(2_000_000, 4))


def unzip_and_map(archive, directory):
    return mapped(unzip(archive, directory))


def main():
    what, jobs, archives, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    paths = sorted(pathlib.Path(archives).glob("*.zip"))
    with ProcessPoolExecutor(jobs) as pool:
        if what == "maps":
            arrays = list(pool.map(unzip_and_map, paths, [directory] * len(paths)))
        else:
            arrays = [mapped(name) for name in pool.map(unzip, paths, [directory] * len(paths))]
    print(sum(float(array.sum(dtype="f8")) for array in arrays))


if __name__ == "__main__":
    main()
