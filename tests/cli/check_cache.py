# SPDX-License-Identifier: MIT
"""Kept files (--cache), used as they should not be. Works in the current directory.

usage: check_cache.py stale | manifest | together
       check_cache.py kills | faults FAULTS.SO

stale     archives and kept files are changed in every way: each run gives the bytes of now
manifest  manifests are cut, and lie: the same
together  twenty runs at once, with prunes and kills among them: all are right
faults    a call of the parent fails at each of those steps, and of finding an entry
kills     the parent is killed at each step of making an entry: nothing is used of it, and it goes

Expected bytes are those of Python's zipfile. ZIPMAP is the program.
"""

import glob
import hashlib
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
import zipfile

FORMAT = "--printf=%a\\t%m\\t%p\\t%o\\t%s\\n"
ZIPMAP = os.environ["ZIPMAP"]


def make(path, seed, members=2, size=5000):
    """An archive whose size does not depend on the seed."""
    rng = random.Random(seed)
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(members):
            archive.writestr("d/m%d.dat" % index, rng.randbytes(size))


def age(*paths):
    """Wait until the archives are old enough to be kept."""
    newest = max(os.stat(path).st_ctime for path in paths)
    while time.time() < newest + 2.1:
        time.sleep(0.05)


def content(path):
    with zipfile.ZipFile(path) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def run(*arguments, **more):
    return subprocess.run([ZIPMAP, "--cache=kept", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120, check=False, **more)


def expect(archives, what, *options, warning=None):
    """A run over the archives is right, and warns of that alone. Returns its list."""
    result = run(FORMAT, *options, *archives)
    assert result.returncode == 0, (what, result)
    assert result.stderr == "" if not warning else warning in result.stderr, (what, result)
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    wanted = [(path, *member) for path in archives for member in content(path)]
    assert [(line[0], line[1]) for line in lines] == [want[:2] for want in wanted], (what, lines)
    for line, want in zip(lines, wanted):
        with open(line[2], "rb") as file:
            file.seek(int(line[3]))
            data = file.read(int(line[4]))
        assert data == want[2], "%s: wrong bytes in %s" % (what, line[2])
    return result.stdout


def expect_hit(archives, what):
    """So it is, and no worker is started."""
    result = run("--stats=json", FORMAT, *archives)
    stats = json.loads(result.stderr.splitlines()[-1])
    assert stats["workers"] == 0, (what, stats)
    return expect(archives, what)


# --- stale --------------------------------------------------------------------------------------


def replaced(path):
    """Another one of the same size and time in its place."""
    before = os.stat(path)
    make("new", path + "replaced")
    os.utime("new", ns=(before.st_atime_ns, before.st_mtime_ns))
    os.rename("new", path)


def copied(path):
    """cp -p of one of the same size and time."""
    before = os.stat(path)
    make("new", path + "copied")
    os.utime("new", ns=(before.st_atime_ns, before.st_mtime_ns))
    subprocess.run(["cp", "-p", "new", path], check=True)


def written(path):
    """Other bytes in the same file, and its time put back."""
    before = os.stat(path)
    make("new", path + "written")
    with open("new", "rb") as new, open(path, "r+b") as file:
        file.write(new.read())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def cut(path):
    os.truncate(path, os.stat(path).st_size - 1)


def grown(path):
    with open(path, "ab") as file:
        file.write(b"x")


def changed(path):
    with open(path, "r+b") as file:
        file.write(b"changed")


def changed_back(path):
    """With its time put back."""
    before = os.stat(path)
    changed(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def another(path):
    before = os.stat(path)
    with open("new", "wb") as file:
        file.write(bytes(before.st_size))
    os.utime("new", ns=(before.st_atime_ns, before.st_mtime_ns))
    os.rename("new", path)


def linked(path):
    os.link(path, "link%d" % os.stat(path).st_ino)


def unreadable(path):
    os.chmod(path, 0)


def behind_link(path):
    os.rename(path, "moved%d" % os.stat(path).st_ino)
    os.symlink(glob.glob(os.getcwd() + "/moved*")[-1], path)


def directory(path):
    os.remove(path)
    os.mkdir(path)


def stale():
    archive_ways = [replaced, copied, written]
    file_ways = [cut, grown, changed, changed_back, another, linked, unreadable, behind_link,
                 os.remove, os.utime]
    names = ["%02d.zip" % i for i in range(len(archive_ways) + len(file_ways))]
    for name in names:
        make(name, name)
    age(*names)
    first = expect(names, "first")
    assert expect_hit(names, "second") == first
    for name, way in zip(names, archive_ways):
        way(name)
    paths = {line.split("\t")[0]: line.split("\t")[2] for line in first.splitlines()}
    for name, way in zip(names[len(archive_ways):], file_ways):
        way(paths[name])
    for name, way in zip(names, archive_ways + file_ways):
        expect([name], way.__name__)
    age(*names)
    for name, way in zip(names, archive_ways + file_ways):
        expect([name], way.__name__ + ", older")
    expect_hit(names, "in the end")
    # What cannot be removed, since it is none of ours, is not used either.
    directory(expect(names[:1], "directory").split("\t")[2])
    expect(names[:1], "directory", warning="cannot keep the files of %s in kept/" % names[0])


# --- manifest -----------------------------------------------------------------------------------


def manifest_of(name):
    path = expect([name], "manifest").split("\t")[2]
    return os.path.dirname(path) + "/manifest"


def seal(data):
    """The manifest with a sum that is right."""
    begin = data.index(b'"sha256":"') + len(b'"sha256":"')
    rest = data[begin + 64:]
    return data[:begin] + hashlib.sha256(rest).hexdigest().encode() + rest


def lies(data):
    """Manifests that are sealed, and wrong."""
    head, line, rest = data.split(b"\n", 2)
    record = json.loads(line)

    def told(**fields):
        kept = {**record["kept"], **fields.pop("kept", {})}
        changed_record = {**record, "kept": kept, **fields}
        return b"\n".join([head, json.dumps(changed_record).encode(), rest])

    yield told(path="../" + record["path"])
    yield told(path="manifest")
    yield told(path=1)
    for size in (record["size"] - 1, record["size"] + 1, -1, 2**63 - 1, "5", None, 1.5, 2**70):
        yield told(size=size)
    for offset in (1, -1, 2**63 - 1, None):
        yield told(offset=offset)
    for crc32 in ("", "0000000g", "000000000", 5):
        yield told(crc32=crc32)
    yield told(member=None)
    yield told(member="x" * 70000)
    yield told(member="d/\0")
    yield told(member_bytes="zz")
    yield told(member_bytes="612")
    yield told(warning="none such")
    yield told(in_place=1)
    yield told(dtype="<f8")
    yield told(dtype="<f8", shape=[2**62, 2**62], fortran_order=False)
    yield told(dtype="<f8", shape=[-1], fortran_order=False)
    yield told(dtype="<f8", shape=[1] * 70, fortran_order=False)
    yield told(shape=[1], kept={"data_offset": 2**62, "item_size": 8})
    for index in (1, 2, -1, 2**63 - 1, None):
        yield told(kept={"index": index})
    for key in ("inode", "mtime", "ctime"):
        yield told(kept={key: record["kept"][key] + 1})
        yield told(kept={key: None})
    yield told(kept={"npy_header": True})
    yield told(kept={"base": "2f"})
    yield told(kept={"base": ""})
    yield told(kept={"pack": 0})
    yield b"\n".join([head, line, line, rest])  # one member twice
    yield b"\n".join([head, rest, line])
    yield data + b"\n"
    yield data + b"{}\n"
    yield data + b"null\n"
    yield data + b"[" * 100000 + b"\n"
    yield data.replace(b'"entries":2', b'"entries":1')
    yield data.replace(b'"entries":2', b'"entries":-1')
    yield data.replace(b'"entries":2', b'"entries":"2"')


def damage(path, data):
    # The manifest of an entry is never written to, but replaced.
    with open(path + ".x", "wb") as file:
        file.write(data)
    os.rename(path + ".x", path)


def expect_void(path, data, what):
    """With such a manifest, the entry is made anew."""
    damage(path, data)
    expect(["a.zip"], what)
    with open(path, "rb") as file:
        assert file.read() != data, "believed: " + what


def manifest():
    make("a.zip", 1)
    age("a.zip")
    path = manifest_of("a.zip")
    with open(path, "rb") as file:
        data = file.read()
    # The unit tests of the manifest cut it at each byte; CACHE_STEP=1 does so here.
    for size in range(0, len(data), int(os.environ.get("CACHE_STEP", "13"))):
        with open(path, "rb") as file:
            data = file.read()
        expect_void(path, data[:size], "cut at %d" % size)
    for number, lie in enumerate(lies(data)):
        with open(path, "rb") as file:
            data = file.read()
        lie = list(lies(data))[number]
        expect_void(path, seal(lie), "lie %d: %r" % (number, lie[:2000]))
    with open(path, "rb") as file:
        data = file.read()
    assert seal(data) == data  # or all of this would prove nothing
    for other in (data.replace(b'"version":1', b'"version":2'), data.replace(b"m0.dat", b"m9.dat"),
                  seal(data.replace(b'"version":1', b'"version":2')), b"", b"\n", b"\0" * 5000):
        expect_void(path, other, "other: %r" % other[:100])
    expect_hit(["a.zip"], "in the end")


# --- together -----------------------------------------------------------------------------------


def together():
    names = ["%02d.zip" % i for i in range(6)]
    for name in names:
        make(name, name, size=30000)
    age(*names)
    wanted = "".join("%s  -\n" % hashlib.sha256(data).hexdigest()
                     for name in names for _, data in content(name))
    rng = random.Random(os.environ.get("CACHE_SEED", "1"))
    command = ["-x", "sh", "-c", 'sha256sum <"$1"', "sh", "{}", ";"]
    for turn in range(int(os.environ.get("CACHE_ROUNDS", "1"))):
        runs = []
        for number in range(20):
            options = rng.choice([[], ["--cache-max=1"], ["--cache-max=300K"], ["-j1"]])
            what = ["--gc"] if number % 7 == 3 else ["-j2", *command, *names]
            runs.append((number, what, subprocess.Popen(
                [ZIPMAP, "--cache=kept", *what[:1], *options, *what[1:]], stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True)))
        for number, what, process in runs:
            if number % 6 == 5:
                time.sleep(rng.random() * 0.2)
                process.send_signal(signal.SIGKILL)
            out, err = process.communicate(timeout=120)
            if process.returncode == -signal.SIGKILL or what[0] == "--gc":
                continue
            assert process.returncode == 0 and out == wanted, (turn, number, out, err)
    expect(names, "in the end")
    expect_hit(names, "then")
    gc = run("--gc", "--cache-max=1")
    assert gc.returncode == 0 and gc.stderr == "", gc
    assert sorted(os.listdir("kept")) == ["CACHEDIR.TAG", "lock"], os.listdir("kept")


# --- kills --------------------------------------------------------------------------------------


NAMES = ["0.zip", "1.zip"]


def start(shim, fault):
    """A run with a fault, whose calls go to ./table."""
    with open("table", "wb") as file:
        file.write(bytes(4096))
    return run("-j1", FORMAT, *NAMES, env={**os.environ, "LD_PRELOAD": os.path.abspath(shim),
                                           "FAULTS": fault,
                                           "FAULTS_TABLE": os.path.abspath("table")})


def count_calls(shim):
    """How often the parent calls each function."""
    assert start(shim, "parent:poll:1000000:kill").returncode == 0
    with open("table", "rb") as file:
        data = file.read()
    row = struct.Struct("24sII")
    calls = {}
    for number in range(struct.unpack_from("II", data)[1]):
        name, parent, _ = row.unpack_from(data, 8 + number * row.size)
        calls[name.rstrip(b"\0").decode()] = parent
    return calls


def make_names():
    for name in NAMES:
        make(name, name)
    age(*NAMES)


def kills(shim):
    make_names()
    calls = count_calls(shim)
    steps = [(function, number) for function in (
        "mkdir", "mkdirat", "openat", "renameat", "utimensat", "fstatat", "fstat", "close", "fcntl",
        "unlinkat", "read", "sendmsg", "recvmsg", "getdents64")
        for number in range(1, calls[function] + 1)]
    assert calls["mkdirat"] > 3 and calls["renameat"] > 4 and calls["utimensat"] >= 4, calls
    killed = 0
    for function, number in steps:
        shutil.rmtree("kept", ignore_errors=True)
        result = start(shim, "parent:%s:%d:kill" % (function, number))
        killed += result.returncode == -signal.SIGKILL
        step = "%s %d" % (function, number)
        if os.path.exists("kept/CACHEDIR.TAG"):
            gc = run("--gc")
            assert gc.returncode == 0 and gc.stderr == "", (step, gc)
            for entry in glob.glob("kept/??/*"):
                assert os.path.exists(entry + "/manifest"), (step, entry)
            assert not glob.glob("kept/*zipmap.*"), (step, os.listdir("kept"))
        expect(NAMES, step)
        expect_hit(NAMES, step)
    assert killed > len(steps) * 3 / 4, (killed, len(steps))


def faults(shim):
    make_names()
    for found in False, True:
        calls = count_calls(shim)
        for function, error in (("mkdir", 13), ("mkdirat", 28), ("openat", 24), ("renameat", 28),
                                ("utimensat", 1), ("fstatat", 5), ("fcntl", 11), ("fcntl", 37),
                                ("unlinkat", 5), ("read", 5), ("getdents64", 5), ("lseek", 29)):
            for number in range(1, calls[function] + 1):
                if not found:
                    shutil.rmtree("kept", ignore_errors=True)
                step = "%s %d %d %s" % (function, number, error, "found" if found else "made")
                result = start(shim, "parent:%s:%d:%d" % (function, number, error))
                assert result.returncode in (0, 1, 2), (step, result)
                assert result.returncode == 0 or result.stderr, (step, result)
                for line in result.stdout.splitlines():
                    archive, member, path, _, _ = line.split("\t")
                    with open(path, "rb") as file:
                        assert file.read() == dict(content(archive))[member], step
                if result.returncode == 0:
                    assert len(result.stdout.splitlines()) == 4, (step, result)
                expect(NAMES, step)
                expect_hit(NAMES, step)


if __name__ == "__main__":
    {"stale": stale, "manifest": manifest, "together": together, "kills": kills,
     "faults": faults}[sys.argv[1]](
        *sys.argv[2:])
