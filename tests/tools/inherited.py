#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Look at a worker in the middle of its work: is anything of the parent's in it?

usage: inherited.py TMPDIR

ZIPMAP is the program. Reads all memory of the worker, its arguments, its environment and what its
descriptors are. Fails at the first thing that is not as it should be; status 77: may not look.
"""

import os
import shutil
import signal
import sys
import uuid
import zipfile

import processes
import verify

SIZE = 192 << 20
TRIES = 50


def make_archive(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("zeros.dat", "w") as member:
            for _ in range(SIZE >> 20):
                member.write(bytes(1 << 20))


def memory(pid):
    """All readable memory of a process, map by map."""
    with open("/proc/%d/maps" % pid, encoding="utf-8") as maps, \
            open("/proc/%d/mem" % pid, "rb", buffering=0) as bytes_of:
        for line in maps:
            fields = line.split()
            if not fields[1].startswith("r") or fields[-1] in ("[vvar]", "[vsyscall]"):
                continue
            begin, end = (int(part, 16) for part in fields[0].split("-"))
            try:
                bytes_of.seek(begin)
                yield line.strip(), bytes_of.read(end - begin)
            except OSError:
                continue  # past the end of a file


def found_in(pid, canary):
    return [name for name, data in memory(pid) if canary in data]


def content(pid, name):
    with open("/proc/%d/%s" % (pid, name), "rb") as file:
        return file.read()


def check(condition, *words):
    if not condition:
        raise verify.Wrong(" ".join(str(word) for word in words))


def check_descriptors(pid, archive, tmpdir):
    links = {}
    for name in os.listdir("/proc/%d/fd" % pid):
        links[int(name)] = os.readlink("/proc/%d/fd/%s" % (pid, name))
    check(links.pop(0) == "/dev/null" and links.pop(1) == "/dev/null", "standard streams", links)
    stderr = links.pop(2)
    check(stderr == "/dev/null" or stderr.startswith("/memfd:"), "stderr is", stderr)
    check(links.pop(3).startswith("socket:"), "no channel", links)
    check(os.path.dirname(os.path.dirname(links[4])) == os.path.realpath(tmpdir), "not its directory:", links[4])
    own = links.pop(4)
    for fd, link in links.items():
        check(link == os.path.realpath(archive) or os.path.dirname(link) == own,
              "descriptor", fd, "is", link)


def caught_at_work(run):
    """A worker of @run that is stopped in the middle of the member, or None: it was done before."""
    def begun():
        return run.process.poll() is not None or any(
            os.path.getsize(path) > 0 for path in processes.files(run.tmpdir))

    processes.until(begun, "a file")
    workers = run.workers()
    if not workers:
        return None
    os.kill(workers[0], signal.SIGSTOP)
    processes.until(lambda: processes.state(workers[0]) in ("T", "Z", None), "the worker's halt")
    paths = processes.files(run.tmpdir)
    if processes.state(workers[0]) == "T" and paths and 0 < os.path.getsize(paths[0]) < SIZE:
        return workers[0]
    return None


def look(worker, run, canaries, archive):
    for canary in canaries:
        check(found_in(run.pid, canary), "the parent itself does not have", canary)
        maps = found_in(worker, canary)
        check(not maps, canary, "is in the worker's memory:", maps)
        for name in ("environ", "cmdline"):
            check(canary not in content(worker, name), canary, "is in", name)
    check(content(worker, "comm") == b"zipmap\n", "its name is", content(worker, "comm"))
    check_descriptors(worker, archive, run.tmpdir)


def main(tmpdir):
    word = uuid.uuid4().hex
    archive = "archive-%s.zip" % word
    other = "operand-%s.zip" % word  # which is not there: no worker is handed it
    canaries = [name.encode() for name in (archive, other, "environment-" + word)]
    make_archive(archive)
    os.environ["CANARY"] = "environment-" + word
    for number in range(TRIES):
        run = processes.Run(["-j1", archive, other], "%s%d" % (tmpdir, number))
        try:
            worker = caught_at_work(run)
            if worker:
                look(worker, run, canaries, archive)
                return 0
        finally:
            run.end()
            shutil.rmtree(run.tmpdir)
    raise verify.Wrong("no worker was caught in the middle of the member")


try:
    sys.exit(main(*sys.argv[1:]))
except PermissionError as error:
    print("may not look into the worker:", error)
    sys.exit(77)
except verify.Wrong as wrong:
    sys.exit("inherited.py: %s" % wrong)
