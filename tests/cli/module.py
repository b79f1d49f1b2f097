# SPDX-License-Identifier: MIT
"""The module for Python: what records, maps, pickles and leases have to be.

usage: module.py NAME     runs one check in the current directory; $ZIPMAP names the program, $TMPDIR
                          is a directory of the test
"""

import gc
import glob
import os
import pickle
import signal
import subprocess
import sys
import warnings

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/python"))

import zipmap  # noqa: E402: it is found by now


def left():
    """The run directories that are there."""
    return glob.glob(os.path.join(os.environ["TMPDIR"], "zipmap.*"))


def save():
    values = {"x": np.arange(60000.0), "y": np.asfortranarray([[1, 2], [3, 4]]), "z": np.array(5)}
    np.savez_compressed("a.npz", **values)
    return values


def check_records():
    values = save()
    with zipmap.open(["a.npz", "a.npz"]) as run:
        records = list(run)
        for record in records:
            array = record.array()
            assert type(array) is zipmap.memmap
            assert np.array_equal(array, values[record.member[:-4]])
            assert os.path.exists(record.path)
        assert [record.member for record in records] == ["x.npy", "y.npy", "z.npy"] * 2
    assert not left()


def check_load():
    values = save()
    loaded = zipmap.load("a.npz")
    assert list(loaded) == list(np.load("a.npz"))
    for name, value in values.items():
        assert np.array_equal(loaded[name], value)
    view = loaded["x"][5:10][::-1]
    plain = np.asarray(loaded["x"][3:])
    del loaded
    gc.collect()
    assert left() and view[0] == 9
    del view
    gc.collect()
    assert left() and plain[0] == 3
    del plain
    gc.collect()
    assert not left()


def check_failures():
    save()
    with open("b.zip", "wb") as file:
        file.write(b"no archive")
    try:
        with zipmap.open(["a.npz", "missing.zip", "b.zip"]) as run:
            assert len([next(run) for _ in range(3)]) == 3
            next(run)
        raise AssertionError("no failure")
    except zipmap.Errors as errors:
        assert [failure.error for failure in errors.exceptions] == ["cannot-open", "not-a-zip"]
        assert errors.exceptions[0].archive == "missing.zip"
    with zipmap.open(["missing.zip"], errors="collect") as run:
        assert list(run) == [] and run.failures[0].error == "cannot-open"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with zipmap.open(["missing.zip"], errors="warn") as run:
            assert list(run) == []
        categories = [warning.category for warning in caught]
        assert categories.count(zipmap.FailureWarning) == 1
    try:
        with zipmap.open("a.npz", tmpdir="/nonexistent") as run:
            list(run)
        raise AssertionError("no error")
    except zipmap.ZipmapError as error:
        assert "/nonexistent" in str(error)
    assert not left()


def check_leases():
    """A block that is left early, an exception, a fork, and a process that is killed."""
    save()
    try:
        with zipmap.open(["a.npz"] * 20) as run:
            next(run)
            raise KeyError
    except KeyError:
        assert not left()
    with zipmap.open("a.npz") as run:
        record = next(run)
        child = os.fork()
        if child == 0:
            sys.exit(0)
        os.waitpid(child, 0)
        assert os.path.exists(record.path)
    assert not left()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        run = zipmap.open("a.npz")
        os.write(writer, b"%d" % run._lease.process.pid if next(run) else b"")
        signal.pause()
    pid = int(os.read(reader, 20))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    subprocess.run(["tail", f"--pid={pid}", "-f", "/dev/null"], check=True)
    assert not left()


DTYPES = ["<f4", ">f8", "u1", "<i2", "<c16", "?", "S5", "<U3", "<M8[s]", "V7",
          [("a", "<i4"), ("b", "S5")], [("x", "<f8", (2,)), ("y", ">i2")]]


def some_view(array, random):
    if array.dtype.names and random.random() < 0.3:
        return array[array.dtype.names[0]]
    if array.ndim and random.random() < 0.8:
        slices = [slice(None, None, -1), slice(None, None, 2), slice(1, None), slice(None)]
        return array[tuple(slices[random.integers(4)] for _ in range(array.ndim))]
    return array.T


def check_pickles():
    random = np.random.default_rng(1)
    for number in range(200):
        dtype = np.dtype(DTYPES[number % len(DTYPES)])
        shape = tuple(int(length) for length in random.integers(0, 6, random.integers(0, 4)))
        order, offset = "CF"[number % 2], int(random.choice([0, 3, 64, 4100]))
        data = random.bytes(int(np.prod(shape)) * dtype.itemsize)
        if dtype.kind == "U":
            data = "x".encode("utf-32-le") * (len(data) // 4)
        with open("data", "wb") as file:
            file.write(b"p" * offset + data + b"p")
        view = zipmap.memmap("data", dtype, "r", offset, shape, order)
        assert view.tobytes(order) == data
        for _ in range(5):
            pickled = pickle.dumps(view)
            other = pickle.loads(pickled)
            assert len(pickled) <= 1024
            assert type(other) is zipmap.memmap or view.dtype.hasobject
            assert (other.dtype, other.shape) == (view.dtype, view.shape)
            assert other.tobytes() == view.tobytes()
            view = some_view(view, random)
            if not isinstance(view, np.ndarray):
                break


def check_stale():
    np.arange(1000.0).tofile("data")
    array = zipmap.memmap("data", "f8")
    assert type(array + 1) is np.ndarray and type(array[[1, 2]]) is np.ndarray
    assert type(array.sum()) is np.float64
    pickled = pickle.dumps(array)
    for spoil in (lambda: os.utime("data", (1, 1)), lambda: os.unlink("data")):
        spoil()
        try:
            pickle.loads(pickled)
            raise AssertionError("not stale")
        except zipmap.StaleMap:
            pass
    np.arange(10.0).tofile("data")
    array = zipmap.memmap("data", "f8", "c")
    array[0] = 99
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert pickle.loads(pickle.dumps(array))[0] == 0
        categories = [warning.category for warning in caught]
        assert categories.count(zipmap.CopyOnWriteWarning) == 1


if __name__ == "__main__":
    globals()["check_" + sys.argv[1]]()
