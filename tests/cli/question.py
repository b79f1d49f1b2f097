#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The program that zipmap comes from: a pool of processes unzips arrays, and returns maps of them.

    question.py before|after fork|spawn|forkserver

Before, what a worker returns is a numpy.memmap; after, a zipmap.memmap: the lines that differ are
marked. Prints the sum of all values, and how much private memory the parent had then.
"""

import glob
import multiprocessing
import os
import sys
import tempfile
import zipfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/python"))

import zipmap  # noqa: E402: the first line that is new


def download_file(path, directory):
    with zipfile.ZipFile(path) as archive:
        name = archive.extract(archive.namelist()[0], directory)
    if os.environ["QUESTION"] == "before":
        return np.memmap(name, dtype=np.float32, mode="r").reshape(-1, 4)
    return zipmap.memmap(name, dtype=np.float32, mode="r").reshape(-1, 4)  # and the second


def download_files(directory):
    paths = sorted(glob.glob("data/*.zip"))
    with multiprocessing.Pool(2) as pool:
        return pool.starmap(download_file, [(path, directory) for path in paths])


def private_bytes():
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Anonymous:"))


def main(which, method):
    os.environ["QUESTION"] = which
    multiprocessing.set_start_method(method)
    with tempfile.TemporaryDirectory() as directory:
        arrays = download_files(directory)
        print(len(arrays), sum(float(array.sum(dtype="f8")) for array in arrays), private_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
