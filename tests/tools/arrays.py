#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Arrays in .npz archives, made and loaded by NumPy, against what `zipmap --json` says of them.

usage: arrays.py make COUNT     random arrays: to stored.npz and deflated.npz, the same in both
       arrays.py broken         broken.npz: headers that are damaged in many ways
       arrays.py codes          codes.npz: a member for each code of a type that NumPy might take
       arrays.py verify-codes   ./out is what --json printed of it: as numpy.dtype has it
       arrays.py headers        headers.npz: long headers, of many fields or much padding
       arrays.py verify NPZ...  ./out is what --json printed of NPZ...: all arrays are mapped, by
                                numpy.load where a file has one array, and equal to numpy.load(NPZ);
                                what has failed NumPy cannot read either
"""

import ast
import io
import json
import random
import string
import sys
import warnings
import zipfile

import numpy as np

LONGEST = 1024 * 1024  # of a header

SIMPLE = ["?", "i1", "u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8",
          ">u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<f16", "<c8", ">c8", "<c16", ">c16", "<c32",
          "S1", "S7", "S0", "<U1", ">U3", "V1", "V5", "<M8[ns]", ">M8[D]", "<M8[25s]", "<M8",
          "<m8[ms]", "<m8"]


def random_type(rng, depth=0):
    if depth > 2 or rng.random() < 0.75:
        # NumPy takes no arrays of items without bytes in records.
        return np.dtype(rng.choice([name for name in SIMPLE if depth == 0 or name != "S0"]))
    fields = []
    for number in range(rng.randint(1, 4)):
        name = rng.choice(["a", "b c", "\u00e9", "x'y", 'q"w', "\\n", "\u540d", "\U0001f600"])
        field = (name + str(number), random_type(rng, depth + 1))
        if rng.random() < 0.4:
            field += (tuple(rng.randint(1, 3) for _ in range(rng.randint(1, 2))),)
        fields.append(field)
    return np.dtype(fields, align=rng.random() < 0.3)


def random_array(rng):
    shape = tuple(rng.choice([0, 1, 2, 3, 5, 7]) for _ in range(rng.randint(0, 5)))
    order = rng.choice("CF")
    array = np.empty(shape, random_type(rng), order=order)
    if array.nbytes > 0:
        raw = np.frombuffer(rng.randbytes(array.nbytes), "u1") % 64
        flat = array.reshape(-1, order=order)
        flat[...] = raw.view(array.dtype)
    return array


def do_make(count):
    warnings.simplefilter("ignore")
    rng = random.Random(5976)
    arrays = {"array_%d" % number: random_array(rng) for number in range(int(count))}
    np.savez("stored.npz", **arrays)
    np.savez_compressed("deflated.npz", **arrays)


def header(literal, data=bytes(48), version=1, size=0):
    """A file with the header of @literal, padded to @size bytes in all if that is more."""
    prefix = b"\x93NUMPY" + bytes([version, 0])
    digits = 2 if version == 1 else 4
    literal = literal.ljust(max(117, size - len(prefix) - digits - 1)) + b"\n"
    return prefix + len(literal).to_bytes(digits, "little") + literal + data


def do_broken():
    file = io.BytesIO()
    np.save(file, np.arange(12, dtype="<f4").reshape(3, 4))
    good = file.getvalue()
    text = good[10:128].rstrip()

    broken = {
        "empty": b"", "short": good[:9], "magic": b"\x93NUMPX" + good[6:], "version": good[:6] + b"\4" + good[7:],
        "minor": good[:7] + b"\1" + good[8:], "cut": good[:100], "less": good[:-1],
        "long": good[:8] + b"\xff\xff" + good[10:],
        "call": header(text.replace(b"False", b"print(1)")),
        "number": header(text.replace(b"False", b"0")),
        "negative": header(text.replace(b"(3, 4)", b"(-3, -4)")),
        "sum": header(text.replace(b"(3, 4)", b"(3, 2+2)")),
        "no-tuple": header(text.replace(b"(3, 4)", b"(12)")),
        "list": header(text.replace(b"(3, 4)", b"[3, 4]")),
        "overflow": header(text.replace(b"(3, 4)", b"(4294967296, 4294967296, 4)")),
        "huge": header(text.replace(b"(3, 4)", b"(99999999999999999999999, 4)")),
        "type": header(text.replace(b"<f4", b"<f5")),
        "key": header(text.replace(b"'shape'", b"'chape'")),
        "missing": header(b"{'descr': '<f4', 'shape': (3, 4)}"),
        "extra": header(text.replace(b"}", b"'a': 1}")),
        "behind": header(text + b" x"),
        "deep": header(b"{'descr': " + b"[('a'," * 15),
    }
    with zipfile.ZipFile("broken.npz", "w") as archive:
        for name, content in broken.items():
            archive.writestr(name + ".npy", content)
        archive.writestr("good.npy", good)


def codes():
    orders = ["", "<", ">", "=", "|"]
    sizes = ["", "0", "1", "2", "3", "4", "8", "16", "32"]
    names = """bool bool_ byte ubyte short ushort intc uintc int uint long ulong longlong ulonglong intp uintp half single
        double longdouble csingle cdouble clongdouble float complex int8 int16 int32 int64 uint8 uint16 uint32 uint64
        float16 float32 float64 float128 complex64 complex128 complex256 datetime64 timedelta64 datetime64[ns] M8[25s]
        >m8[ms] M[ns] str str_ bytes bytes_ void object object_""".split()
    letters = [letter for letter in string.ascii_letters + "?" if letter != "T"]  # strings of NumPy 2
    return names + [order + letter + size for order in orders for letter in letters for size in sizes]


def dtype_of_code(code):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.dtype(code)
        except TypeError:
            return None


def do_codes():
    with zipfile.ZipFile("codes.npz", "w") as archive:
        for number, code in enumerate(codes()):
            dtype = dtype_of_code(code)
            data = bytes(2 * dtype.itemsize if dtype else 16)
            literal = "{'descr': %r, 'fortran_order': False, 'shape': (2,)}" % code
            archive.writestr("%d.npy" % number, header(literal.encode(), data))


def do_verify_codes():
    records = [json.loads(line) for line in open("out", encoding="utf-8")]
    taken = 0
    assert len(records) == len(codes())
    for code, record in zip(codes(), records):
        dtype = dtype_of_code(code)
        if dtype is None:
            # NumPy 1 takes "a" for "S" and sizes of objects, NumPy 2 takes "n" and "N".
            assert code.lstrip("<>=|")[0] in "aOnN" or record["warning"] == "npy-damaged", (code, record)
        elif dtype.hasobject:
            assert record["warning"] == "npy-objects", (code, record)
        else:
            assert record.get("dtype") == dtype.str and "warning" not in record, (code, record)
            taken += 1
    print(taken)


def do_headers():
    few = [("f%04d" % number, "<f8") for number in range(3000)]
    many = [("a field with a number, %06d" % number, "|u1") for number in range(9000)]
    literal = b"{'descr': '>i2', 'fortran_order': False, 'shape': (3,)}"
    files = {
        "v1.npy": header(literal, b"abcdef", 1, 65535 + 10),
        "v2.npy": header(literal, b"abcdef", 2, LONGEST),
        "v3.npy": header(literal, b"abcdef", 3, LONGEST),
        "above.npy": header(literal, b"abcdef", 3, LONGEST + 1),
        "behind.npy": header(literal, b"abcdefg", 2, LONGEST),
        "cut.npy": header(literal, b"", 2, LONGEST)[:-1],
    }
    with zipfile.ZipFile("headers.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for name, fields in ("few.npy", few), ("many.npy", many):
            file = io.BytesIO()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                array = np.frombuffer(bytes(i % 251 for i in range(2 * np.dtype(fields).itemsize)), fields)
                np.lib.format.write_array(file, array)
            archive.writestr(name, file.getvalue())


def type_of(record):
    text = record["dtype"]
    if not text.startswith("["):
        return np.dtype(text)
    return np.lib.format.descr_to_dtype(ast.literal_eval(text))


def content(array):
    """The bytes of @array but those of padding, which NumPy does not copy."""
    if array.dtype.names is None:
        return array.tobytes()
    return b"".join(content(array[name]) for name in array.dtype.names)


def same(left, right):
    return (left.dtype == right.dtype and left.shape == right.shape and
            left.flags.f_contiguous == right.flags.f_contiguous and
            left.flags.c_contiguous == right.flags.c_contiguous and content(left) == content(right))


def check(record, wanted, raw):
    """@wanted: by numpy.load; None for what is no array. @raw: the member's bytes."""
    with open(record["path"], "rb") as file:
        start = file.read()
    if "-pack" not in record["path"]:
        assert start == raw, record
    if wanted is not None and record.get("warning") == "npy-long-dtype":
        assert "dtype" not in record and tuple(record["shape"]) == wanted.shape, record
        assert "-pack" in record["path"] or same(
            np.load(record["path"], mmap_mode="r", max_header_size=LONGEST - 12), wanted), record
        return 1
    if wanted is None:
        packed = "-pack" in record["path"]
        assert "dtype" not in record and (packed or record["offset"] == 0), record
        return 0
    dtype = type_of(record)
    assert dtype == wanted.dtype and tuple(record["shape"]) == wanted.shape, (record, wanted.dtype)
    if not record["dtype"].startswith("["):
        assert record["dtype"] == wanted.dtype.str, record
    only_c = wanted.flags.c_contiguous and not wanted.flags.f_contiguous
    only_f = wanted.flags.f_contiguous and not wanted.flags.c_contiguous
    assert not (record["fortran_order"] and only_c or not record["fortran_order"] and only_f), record
    if wanted.nbytes == 0:
        return 0
    mapped = np.memmap(record["path"], dtype, "r", record["offset"], tuple(record["shape"]),
                       "F" if record["fortran_order"] else "C")
    assert mapped._mmap is not None and same(mapped, wanted), record
    if "-pack" not in record["path"]:
        mapped = np.load(record["path"], mmap_mode="r", max_header_size=LONGEST - 12)
        assert mapped._mmap is not None and same(mapped, wanted), record
    return 1


def raises(read, *arguments):
    try:
        read(*arguments)
    except Exception:  # pylint: disable=broad-except  # whatever is wrong with it
        return True
    return False


def verify_member(loaded, info, record):
    if "error" in record:
        assert raises(loaded.zip.read, info), record
        return 0
    try:
        wanted = loaded[info.filename]
    except ValueError:
        wanted = None  # Python objects, or no .npy header that NumPy takes
    if not isinstance(wanted, np.ndarray):
        wanted = None
    return check(record, wanted, loaded.zip.read(info))


def do_verify(*names):
    records = iter([json.loads(line) for line in open("out", encoding="utf-8")])
    mapped = 0
    for name in names:
        if raises(np.load, name):
            record = next(records)
            assert "error" in record and "member" not in record, record
            continue
        loaded = np.load(name, allow_pickle=False, max_header_size=LONGEST - 12)
        for info in loaded.zip.infolist():
            if info.is_dir():
                continue
            record = next(records)
            assert (record["archive"], record["member"]) == (name, info.filename), record
            mapped += verify_member(loaded, info, record)
    assert next(records, None) is None
    print(mapped)


if __name__ == "__main__":
    globals()["do_" + sys.argv[1].replace("-", "_")](*sys.argv[2:])
