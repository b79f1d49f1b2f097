# SPDX-License-Identifier: MIT
"""
Zip archives as memory-mapped arrays, without copies between processes.

    import zipmap

    with zipmap.open("data/", dtype="<f4", shape=(-1, 4)) as run:
        for record in run:                      # in input order, while the rest is unzipped
            print(record.member, record.array().mean())
    # here the files are gone

    arrays = zipmap.load("arrays.npz")          # names to read-only maps, as numpy.load has them
    arrays["pressure"].sum()                    # the files live as long as any of their arrays

The command ``zipmap`` unzips in sandboxed worker processes into temporary files, and this module
maps them. A map of the class :class:`memmap` is pickled as the place that it shows, not as its data,
so it can be sent to a process pool or returned from one for a few hundred bytes.

The files belong to a lease: a pipe whose one end this process holds. When the block is left, the
last array is gone, or this process ends in any way, the pipe ends, and ``zipmap`` removes the files.

This module needs NumPy and the command ``zipmap``, which is looked for as ``$ZIPMAP``, then in
``$PATH``.
"""

from __future__ import annotations

import ast
import builtins
import collections.abc
import itertools
import json
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import weakref
from typing import Any, BinaryIO, Iterable, Iterator, Mapping, NamedTuple, Optional, Sequence, Union

import numpy as np

__all__ = [
    "CopyOnWriteWarning",
    "Errors",
    "Failure",
    "FailureWarning",
    "Record",
    "Run",
    "StaleMap",
    "ZipmapError",
    "load",
    "memmap",
    "open",
]

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
Inputs = Union[Path, Iterable[Path]]


class ZipmapError(Exception):
    """The command ``zipmap`` could not be started, was used wrongly, or ended before its time."""


class StaleMap(ZipmapError):
    """A map was unpickled whose file is gone, or is not the file any more that was mapped."""


class Failure(ZipmapError):
    """
    One archive or member that could not be unzipped.

    Attributes: ``archive`` and ``member`` (None: all of the archive), ``error`` (a fixed word, such
    as ``"crc-mismatch"``; the manual of ``zipmap`` lists them) and ``message`` (for people).
    """

    def __init__(self, archive: Optional[str], member: Optional[str], error: str, message: str):
        super().__init__(archive, member, error, message)
        self.archive = archive
        self.member = member
        self.error = error
        self.message = message

    def __str__(self) -> str:
        return ": ".join(part for part in (self.archive, self.member, self.message) if part)


_Group: Any = getattr(builtins, "ExceptionGroup", ZipmapError)


class Errors(_Group):
    """
    All failures of a run, in ``exceptions``. From Python 3.11 on it is an ``ExceptionGroup``, so
    ``except*`` works.
    """

    exceptions: Sequence[Failure]

    def __new__(cls, message: str, failures: Sequence[Failure]) -> "Errors":
        if _Group is ZipmapError:
            return super().__new__(cls, message)
        return super().__new__(cls, message, failures)

    def __init__(self, message: str, failures: Sequence[Failure]):
        if _Group is ZipmapError:
            super().__init__(message, failures)
            self.exceptions = tuple(failures)
        self._message = message

    def derive(self, failures: Sequence[Failure]) -> "Errors":
        return Errors(self._message, failures)

    def __str__(self) -> str:
        return "\n".join([self._message, *(f"  {failure}" for failure in self.exceptions)])


class FailureWarning(UserWarning):
    """A failure of a run with ``errors="warn"``."""


class CopyOnWriteWarning(UserWarning):
    """A map in mode "c" was pickled: what was written to it stays behind."""


# --- maps ------------------------------------------------------------------------------------------


class _Mapping(mmap.mmap):
    """
    A mapped file. It is the base of every array that shows it, views and plain ndarrays too, so
    what hangs on it lives as long as any of them.
    """

    lease: Optional["_Lease"] = None


class _Place(NamedTuple):
    """A file that is mapped: where it is, and how to know it again."""

    path: Union[str, bytes]
    device: int
    inode: int
    size: int  # bytes
    changed: Optional[int]  # time of the last change in nanoseconds; None: it may be written to


class _Shown(NamedTuple):
    """What a map needs to know of its mapping: the file, and where the mapping begins in both."""

    place: _Place
    address: int  # of the first byte of the mapping, in memory
    offset: int  # of that byte, in the file


def _byte_bounds(array: np.ndarray) -> "tuple[int, int]":
    """The addresses of the first byte of @array, which has items, and of the one behind its last."""
    low = high = array.__array_interface__["data"][0]
    for length, stride in zip(array.shape, array.strides):
        if stride < 0:
            low += (length - 1) * stride
        else:
            high += (length - 1) * stride
    return low, high + array.itemsize


def _place_of(file: BinaryIO, path: Union[str, bytes], mode: str) -> _Place:
    status = os.fstat(file.fileno())
    changed = None if mode == "r+" else status.st_mtime_ns
    return _Place(path, status.st_dev, status.st_ino, status.st_size, changed)


def _open_place(place: _Place, mode: str) -> BinaryIO:
    """The file of @place, open. StaleMap if it is gone or another one."""
    try:
        file = builtins.open(place.path, "r+b" if mode == "r+" else "rb")
    except OSError as error:
        raise StaleMap(f"{os.fsdecode(place.path)}: the mapped file is gone: {error.strerror}") from error
    if _place_of(file, place.path, "r+" if place.changed is None else mode) != place:
        file.close()
        raise StaleMap(f"{os.fsdecode(place.path)}: not the file any more that was mapped")
    return file


class memmap(np.memmap):
    """
    A :class:`numpy.memmap` that is pickled as its place in the file, not as its data.

    The arguments are those of ``numpy.memmap``: ``memmap(filename, dtype, mode, offset, shape,
    order)``, with offset in bytes; mode is "r" unless another is given. *filename* must be a path.

    Pickled are the path, the place in the file, dtype, shape, strides and mode, and the device,
    inode, size and time of the file. Whoever unpickles it maps the same file, and gets
    :class:`StaleMap` if that is gone or is another one. So are its views: slices, transposes, fields,
    and reshapes that need no copy. Anything else, such as the result of arithmetic, is a plain
    ``ndarray``, which is pickled as data.

    Mode "c" (copy on write) is pickled as what is in the file: what was written to the map is in
    this process alone, stays behind, and a :class:`CopyOnWriteWarning` says so.
    """

    _shown: Optional[_Shown]

    def __new__(
        cls,
        filename: Path,
        dtype: Any = np.uint8,
        mode: str = "r",
        offset: int = 0,
        shape: "Union[int, Sequence[int], None]" = None,
        order: str = "C",
    ) -> "memmap":
        mode = {"readonly": "r", "readwrite": "r+", "copyonwrite": "c", "write": "w+"}.get(mode, mode)
        if mode == "w+":
            np.memmap(filename, dtype, mode, offset, shape, order)  # make the file as NumPy does
            mode = "r+"
        if mode not in ("r", "r+", "c"):
            raise ValueError(f"mode must be 'r', 'r+', 'c' or 'w+', not {mode!r}")
        dtype = np.dtype(dtype)
        path = os.path.abspath(os.fspath(filename))
        with builtins.open(path, "r+b" if mode == "r+" else "rb") as file:
            place = _place_of(file, path, mode)
            if shape is None:
                count, rest = divmod(place.size - offset, dtype.itemsize)
                if rest or count < 0:
                    raise ValueError(
                        f"{os.fsdecode(path)}: {place.size - offset} bytes from offset {offset} on "
                        f"are no multiple of the {dtype.itemsize} bytes of an item"
                    )
                shape = (count,)
            shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
            strides = _strides(shape, dtype, order)
            return cls._map(file, place, mode, dtype, shape, strides, offset, None)

    @classmethod
    def _map(
        cls,
        file: BinaryIO,
        place: _Place,
        mode: str,
        dtype: np.dtype,
        shape: "tuple[int, ...]",
        strides: "tuple[int, ...]",
        offset: int,
        lease: Optional["_Lease"],
    ) -> "memmap":
        """The array whose first item is at @offset of @file."""
        reach = [(length - 1) * stride for length, stride in zip(shape, strides)]
        first = offset + sum(step for step in reach if step < 0)
        end = offset + sum(step for step in reach if step > 0) + dtype.itemsize
        if 0 in shape or dtype.itemsize == 0:
            first, end = offset, offset
        if first < 0 or end > place.size:
            raise ValueError(
                f"{os.fsdecode(place.path)}: bytes {first} to {end} are asked for, of {place.size}"
            )
        start = first - first % mmap.ALLOCATIONGRANULARITY
        access = {"r": mmap.ACCESS_READ, "r+": mmap.ACCESS_WRITE, "c": mmap.ACCESS_COPY}[mode]
        if end == start:  # mmap(2) refuses a length of 0
            self = np.ndarray.__new__(cls, shape, dtype, strides=None)
            address = 0
            mapping = None
        else:
            mapping = _Mapping(file.fileno(), end - start, access=access, offset=start)
            mapping.lease = lease
            self = np.ndarray.__new__(cls, shape, dtype, mapping, offset - start, strides)
            address = np.frombuffer(mapping, np.uint8).__array_interface__["data"][0]
        self._mmap = mapping
        self.filename = place.path
        self.offset = offset
        self.mode = mode
        self._shown = _Shown(place, address, start)
        return self

    def __array_finalize__(self, source: Any) -> None:
        super().__array_finalize__(source)
        shown = getattr(source, "_shown", None)
        if self._mmap is None and self.size == 0 and shown is not None:
            # Without items nothing is shared, as NumPy sees it. It is a view all the same.
            self._mmap, self.filename = source._mmap, source.filename
            self.offset, self.mode = source.offset, source.mode
            self._shown = shown
        else:
            self._shown = shown if self._mmap is not None else None

    def __array_wrap__(self, array: np.ndarray, context: Any = None, return_scalar: bool = False) -> Any:
        if array is self:
            return array
        if return_scalar or array.shape == ():
            return array[()]
        return array.view(np.ndarray)

    def __getitem__(self, index: Any) -> Any:
        result = np.ndarray.__getitem__(self, index)
        if type(result) is type(self) and result._shown is None:
            return result.view(np.ndarray)
        return result

    def _file_offset(self) -> Optional[int]:
        """Where the first item is in the file; None: this array shows no file."""
        shown = self._shown
        if shown is None or self.dtype.hasobject:
            return None
        if self.size == 0 or self.itemsize == 0:
            return shown.offset
        low, high = _byte_bounds(self)
        if low < shown.address or high > shown.address + len(self._mmap):
            return None
        return shown.offset + self.__array_interface__["data"][0] - shown.address

    def __reduce_ex__(self, protocol: Any) -> Any:
        offset = self._file_offset()
        if offset is None:
            return self.view(np.ndarray).__reduce_ex__(protocol)
        assert self._shown is not None
        if self.mode == "c":
            warnings.warn(
                f"{os.fsdecode(self._shown.place.path)}: a map in mode 'c' is pickled as what is in the "
                "file, without what was written to it",
                CopyOnWriteWarning,
                stacklevel=2,
            )
        state = (tuple(self._shown.place), self.mode, self.dtype, self.shape, self.strides, offset)
        return _unpickle, (type(self), *state)

    def __reduce__(self) -> Any:
        return self.__reduce_ex__(2)

    def __copy__(self) -> np.ndarray:
        return np.array(self, copy=True, subok=False)

    def __deepcopy__(self, memo: Any) -> np.ndarray:
        return np.array(self, copy=True, subok=False)


def _strides(shape: "Sequence[int]", dtype: np.dtype, order: str) -> "tuple[int, ...]":
    """The strides in bytes of a contiguous array, in order "C" or "F"."""
    lengths = shape if order == "F" else shape[::-1]
    strides = list(itertools.accumulate((dtype.itemsize, *lengths[:-1]), lambda a, b: a * max(b, 1)))
    strides = strides[: len(shape)]
    return tuple(strides if order == "F" else strides[::-1])


def _unpickle(
    cls: type,
    place: tuple,
    mode: str,
    dtype: np.dtype,
    shape: "tuple[int, ...]",
    strides: "tuple[int, ...]",
    offset: int,
) -> memmap:
    """The other end of memmap.__reduce_ex__()."""
    known = _Place(*place)
    with _open_place(known, mode) as file:
        return cls._map(file, known, mode, dtype, shape, strides, offset, None)


# --- runs ------------------------------------------------------------------------------------------


def _dtype_of(text: str) -> np.dtype:
    """The type that a record names: as numpy.dtype.str has it, or the list of fields of a .npy header."""
    if text.startswith("["):
        return np.lib.format.descr_to_dtype(ast.literal_eval(text))
    return np.dtype(text)


class Record(NamedTuple):
    """One member that was unzipped."""

    archive: str  #: the archive, as it was given
    member: str  #: the member's name in it
    path: str  #: the file that holds its bytes
    size: int  #: bytes of the member
    crc32: int  #: CRC-32 of the member
    offset: int  #: where in the file its data begin, in bytes; of an array those behind its header
    dtype: Optional[np.dtype]  #: of an array; else None
    shape: "Optional[tuple[int, ...]]"  #: of an array; else None
    order: str  #: "C" or "F"
    lease: Any  #: what keeps the file

    def __reduce__(self) -> Any:
        return Record, (*self[:-1], None)  # another process has no part in the lease

    def array(self, dtype: Any = None, shape: Any = None, mode: str = "r") -> memmap:
        """
        Map the member.

        dtype, shape: what it holds, if the record does not say it; without them an array of bytes.
        One length of *shape* may be -1. mode: "r", or "c" for a map that can be written to without
        the file being changed.
        """
        if self.dtype is not None and dtype is None and shape is None:
            dtype, shape, order = self.dtype, self.shape, self.order
        else:
            dtype, order = np.dtype(np.uint8 if dtype is None else dtype), "C"
            shape = (-1,) if shape is None else np.atleast_1d(shape).tolist()
            known = int(np.prod([length for length in shape if length != -1])) * dtype.itemsize
            shape = tuple(self.size // known if length == -1 and known else length for length in shape)
        with builtins.open(self.path, "rb") as file:
            place = _place_of(file, self.path, mode)
            strides = _strides(shape, dtype, order)
            return memmap._map(file, place, mode, dtype, shape, strides, self.offset, self.lease)


def _record_of(line: Mapping[str, Any], lease: "_Lease") -> Record:
    dtype = line.get("dtype")
    return Record(
        archive=_name_of(line, "archive"),
        member=_name_of(line, "member"),
        path=os.path.abspath(_name_of(line, "path")),
        size=line["size"],
        crc32=int(line["crc32"], 16),
        offset=line["offset"],
        dtype=None if dtype is None else _dtype_of(dtype),
        shape=tuple(line["shape"]) if "shape" in line else None,
        order="F" if line.get("fortran_order") else "C",
        lease=lease,
    )


def _name_of(line: Mapping[str, Any], key: str) -> Optional[str]:
    """A name of a record; bytes that are not UTF-8 as os.fsdecode() has them."""
    exact = line.get(f"{key}_bytes")
    return line.get(key) if exact is None else os.fsdecode(bytes.fromhex(exact))


class _Lease:
    """
    The process ``zipmap --hold``, and the pipe that keeps its files. A forked child has no part in
    it: it closes its end of the pipe, so that the files go with this process.
    """

    def __init__(self, arguments: Sequence[str], descriptors: Sequence[int]):
        self.errors: BinaryIO = tempfile.TemporaryFile()
        try:
            self.process = subprocess.Popen(
                [*_command(), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                pass_fds=descriptors,
            )
        except OSError as error:
            self.errors.close()
            raise ZipmapError(f"cannot start zipmap: {error}") from error
        self.output = self.process.stdout
        self._end = weakref.finalize(self, _end_process, self.process, os.getpid())
        _leases.add(self)

    def end(self) -> None:
        """End the lease, and wait until the files are gone."""
        self._end()

    def status_if_ended(self) -> Optional[int]:
        """The status of the process, if it ends at once now that its output has ended; else None."""
        for _ in range(5):
            if self.process.poll() is not None:
                break
            time.sleep(0.0005)
        return self.process.returncode

    def complaint(self) -> str:
        """What zipmap has said on standard error."""
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace").strip()


_leases: "weakref.WeakSet[_Lease]" = weakref.WeakSet()


def _end_process(process: "subprocess.Popen[bytes]", owner: int) -> None:
    if os.getpid() != owner:
        return
    assert process.stdin and process.stdout
    process.stdin.close()
    process.stdout.close()  # it may still be unzipping: nobody reads on
    process.wait()


def _drop_leases() -> None:
    """In a forked child: the leases are the parent's."""
    for lease in list(_leases):
        for stream in (lease.process.stdin, lease.process.stdout):
            if stream and not stream.closed:
                # Not close(): another thread of the parent may have held the lock of the stream.
                os.close(stream.fileno())
                null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
                if null != stream.fileno():
                    os.dup2(null, stream.fileno(), inheritable=False)
                    os.close(null)


os.register_at_fork(after_in_child=_drop_leases)


def _command() -> "list[str]":
    program = os.environ.get("ZIPMAP") or shutil.which("zipmap")
    if not program:
        raise ZipmapError("the command 'zipmap' is not in $PATH")
    return [program]


class Run(collections.abc.Iterator):
    """What :func:`open` returns: an iterator over records, and a context manager."""

    #: Failures so far, a list of :class:`Failure`.
    failures: "list[Failure]"

    def __init__(self, arguments: "list[str]", inputs: Inputs, password: Optional[str], errors: str):
        if errors not in ("raise", "collect", "warn"):
            raise ValueError(f"errors must be 'raise', 'collect' or 'warn', not {errors!r}")
        self.failures = []
        self._on_error = errors
        self._ended = False
        self._feeder: Optional[threading.Thread] = None
        with _Descriptors() as descriptors:
            if password is not None:
                secret = descriptors.file(password.encode() + b"\n")
                arguments.append(f"--password-file=/dev/fd/{secret}")
            write_end = None
            if isinstance(inputs, (str, bytes, os.PathLike)):
                operands = descriptors.file(os.fsencode(inputs) + b"\0")
            elif isinstance(inputs, collections.abc.Sequence):
                operands = descriptors.file(b"".join(os.fsencode(path) + b"\0" for path in inputs))
            else:
                operands, write_end = descriptors.pipe()
            arguments.append(f"--files-from=/dev/fd/{operands}")
            try:
                self._lease = _Lease(arguments, descriptors.numbers)
            except BaseException:
                if write_end is not None:
                    os.close(write_end)
                raise
        if write_end is not None:
            self._feeder = threading.Thread(target=_feed, args=(iter(inputs), write_end), daemon=True)
            self._feeder.start()
        self._records = self._read()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        concluded = self._ended
        self.close()
        status = self._lease.process.returncode
        if concluded and kind is None and status not in (0, 1):
            raise ZipmapError(self._lease.complaint() or f"zipmap ended with status {status}")

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        return next(self._records)

    def close(self) -> None:
        """End the lease: what is still being unzipped is given up, and all files are removed."""
        self._ended = True
        self._lease.end()

    def _read(self) -> Iterator[Record]:
        output = self._lease.output
        rest = b""
        while not self._ended:
            piece = os.read(output.fileno(), 65536)
            if not piece:
                break
            *lines, rest = (rest + piece).split(b"\n")
            for line in map(json.loads, lines):
                if "error" in line:
                    self._fail(line)
                else:
                    yield _record_of(line, self._lease)
        if not self._ended:
            self._conclude()

    def _fail(self, line: Mapping[str, Any]) -> None:
        failure = Failure(
            _name_of(line, "archive"), _name_of(line, "member"), line["error"], line["message"]
        )
        self.failures.append(failure)
        if self._on_error == "warn":
            warnings.warn(str(failure), FailureWarning, stacklevel=4)

    def _conclude(self) -> None:
        """All records are here. A process that has ended by now has not waited for its lease."""
        self._ended = True
        status = self._lease.status_if_ended()
        if status is not None and (status not in (0, 1) or status == 1 and not self.failures):
            raise ZipmapError(self._lease.complaint() or f"zipmap ended with status {status}")
        if self.failures and self._on_error == "raise":
            count = len(self.failures)
            raise Errors(f"{count} failure{'s' if count > 1 else ''} of zipmap", self.failures)


class _Descriptors:
    """Descriptors that a command inherits, and that are closed here once it has started."""

    def __init__(self) -> None:
        self.numbers: "list[int]" = []

    def __enter__(self) -> "_Descriptors":
        return self

    def __exit__(self, *_: Any) -> None:
        for number in self.numbers:
            os.close(number)

    def file(self, data: bytes) -> int:
        """A file without a name that holds @data, to be read from its beginning."""
        number = os.memfd_create("zipmap")
        self.numbers.append(number)
        with builtins.open(number, "wb", closefd=False) as file:
            file.write(data)
        os.lseek(number, 0, os.SEEK_SET)
        return number

    def pipe(self) -> "tuple[int, int]":
        read_end, write_end = os.pipe()
        self.numbers.append(read_end)
        return read_end, write_end


def _feed(paths: Iterator[Path], write_end: int) -> None:
    """Write paths to the list of a run as they come."""
    try:
        with builtins.open(write_end, "wb", buffering=0) as file:
            for path in paths:
                file.write(os.fsencode(path) + b"\0")
    except BrokenPipeError:
        pass  # the run was given up


def _globs(option: str, globs: "Union[str, Sequence[str], None]") -> "list[str]":
    globs = [globs] if isinstance(globs, str) else globs or []
    return [f"--{option}={glob}" for glob in globs]


def open(  # noqa: A001: zipmap.open() reads as what it is
    inputs: Inputs,
    *,
    dtype: Any = None,
    shape: "Union[int, Sequence[int], None]" = None,
    include: "Union[str, Sequence[str], None]" = None,
    exclude: "Union[str, Sequence[str], None]" = None,
    jobs: Optional[int] = None,
    ordered: bool = True,
    memfd: bool = False,
    cache: Optional[Path] = None,
    tmpdir: Optional[Path] = None,
    password: Optional[str] = None,
    errors: str = "raise",
) -> Run:
    """
    Unzip archives, and iterate over records of their members as they come.

    inputs: a path of an archive or of a directory of archives, or several of them; an iterator is
    read as it goes, while archives are being unzipped.
    dtype, shape: what members hold that do not say it (``--dtype``, ``--shape``); one length may be -1.
    include, exclude: globs of members' names.
    jobs: worker processes; default: the CPUs that this process may use.
    ordered: records in input order; else as they are finished.
    memfd: sealed files in memory instead of files in *tmpdir*.
    tmpdir: where the files go; default: ``$TMPDIR``, else ``/tmp``.
    password: for encrypted members.
    errors: what becomes of failures. "raise": the iterator ends with :class:`Errors`, which has all of
    them, after the last record. "collect": they are in ``failures``. "warn": each is a warning.

    Returns a :class:`Run`, for ``with``. Leaving the block removes the files; what is mapped by then
    stays valid. Raises ZipmapError if the command cannot be started or is used wrongly.
    """
    if cache is not None:
        raise ValueError("cache: kept files and a lease exclude each other")
    arguments = ["--json", "--hold", "--quiet", "--null"]
    if dtype is not None:
        arguments.append(f"--dtype={np.dtype(dtype).str}")
    if shape is not None:
        lengths = [shape] if isinstance(shape, (int, np.integer)) else shape
        arguments.append("--shape=" + ",".join(map(str, map(int, lengths))))
    arguments += _globs("include", include) + _globs("exclude", exclude)
    if jobs is not None:
        arguments.append(f"--jobs={int(jobs)}")
    if not ordered:
        arguments.append("--unordered")
    if memfd:
        arguments.append("--memfd")
    if tmpdir is not None:
        arguments.append(f"--tmpdir={os.fsdecode(tmpdir)}")
    return Run(arguments, inputs, password, errors)


def _array_name(member: str) -> str:
    return member[: -len(".npy")] if member.endswith(".npy") else member


class _Loaded(collections.abc.Mapping):
    """Names to maps, of one archive."""

    def __init__(self, records: "dict[str, Record]"):
        self._records = records

    def __getitem__(self, name: str) -> memmap:
        if name not in self._records and name.endswith(".npy"):
            name = name[: -len(".npy")]
        return self._records[name].array()

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        return f"<zipmap.load: {', '.join(self._records)}>"


def load(path: Path, **options: Any) -> Mapping[str, memmap]:
    """
    Unzip one archive, above all an ``.npz``, and return a mapping of names to read-only maps.

    Names are as ``numpy.load`` has them: those of members, without ``.npy``. What is no array is
    mapped as bytes. The files live as long as the mapping or any of its arrays, views included.
    Options are those of :func:`open`. With ``errors="raise"``, Errors is raised before anything is returned.
    """
    run = open([path], **options)
    try:
        return _Loaded({_array_name(record.member): record for record in run})
    except BaseException:
        run.close()
        raise


if __name__ == "__main__":
    sys.exit("zipmap: a module for Python programs; see help(zipmap)")
