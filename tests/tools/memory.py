#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sample the private memory of zipmap and its workers while it runs.

usage: memory.py run ARGUMENT...       run zipmap, its stdout to ./out, its stderr to ./err
       memory.py waiting ARGUMENT...   the parent, while nobody reads what it prints
       memory.py blocked COUNT         the parent, while the first of COUNT archives takes for ever
       memory.py behind names|types    the parent, while one member of an archive takes for ever,
                                       and those behind it have long names, or long types

Prints "parent BYTES", "worker BYTES" (the largest), "samples N", "status N". Private memory is the
line Anonymous of /proc/PID/smaps_rollup.
"""

import os
import signal
import struct
import subprocess
import sys
import time
import zipfile

import disturb
import make_archives
import processes
import verify


def sample(pid, peaks, counts):
    for process in [pid, *processes.children(pid)]:
        size = processes.memory(process)
        # A worker that was forked a moment ago still has the parent's pages, and so it should.
        if size is not None:
            peaks[process] = max(peaks.get(process, 0), size)
            counts[process] = counts.get(process, 0) + 1


def report(pid, peaks, counts, status):
    workers = [peak for process, peak in peaks.items() if process != pid]
    print("parent", peaks.get(pid, 0))
    print("worker", max(workers, default=0))
    print("workers", len(workers))
    print("samples", min(counts.values(), default=0))
    print("status", status)


def do_run(arguments):
    with open("out", "wb") as out, open("err", "wb") as err:
        process = subprocess.Popen([os.environ["ZIPMAP"], *arguments], stdout=out, stderr=err)
        peaks, counts = {}, {}
        end = time.monotonic() + processes.BOUND_S
        while process.poll() is None and time.monotonic() < end:
            sample(process.pid, peaks, counts)
        process.kill()
        report(process.pid, peaks, counts, process.wait())


def stands_still(run, peaks, counts, least=100):
    """Whether nothing happens any more, as far as can be seen from outside, and at least so many
    files are made."""
    sample(run.pid, peaks, counts)
    seen = []
    for _ in range(20):
        with open("/proc/%d/schedstat" % run.pid, encoding="ascii") as file:
            seen.append((file.read().split()[2], len(processes.files(run.tmpdir))))
        time.sleep(0.005)
    return len(set(seen)) == 1 and seen[0][1] > least


def stopped(arguments, tmpdir, least):
    """Run zipmap, and stop the worker on the third member of the first archive, which takes long:
    the records of all others must wait. The parent is looked at when nothing happens any more.
    Returns False if the moment was missed."""
    with open("out", "wb") as out:
        run = processes.Run(arguments, os.path.abspath(tmpdir), stdout=out)
        try:
            peaks, counts = {}, {}
            worker = disturb.stop_worker_at(run, 0, 2)
            if worker is None:
                return False
            processes.until(lambda: stands_still(run, peaks, counts, least), "a stand-still")
            sample(run.pid, peaks, counts)
            files = len(processes.files(run.tmpdir))
            try:
                os.kill(worker, signal.SIGCONT)
            except ProcessLookupError:  # it was stopped for too long, and has been replaced
                return False
            print("files", files)
            status = run.wait()
            report(run.pid, peaks, counts, status)
            return True
        finally:
            run.end()


def stopped_at_last(arguments, tmpdir, least):
    """The same; the moment can be missed if this process does not get to run."""
    if not any(stopped(arguments, tmpdir + str(turn), least) for turn in range(10)):
        raise verify.Wrong("missed the slow member")


def do_blocked(arguments):
    make_archives.recipe_slow("slow.zip")
    make_archives.recipe_members("small.zip", 3, 10)
    count = int(arguments[0])
    with open("list", "wb") as file:
        file.write(os.fsencode(os.path.abspath("slow.zip")) + b"\n")
        file.write((os.fsencode(os.path.abspath("small.zip")) + b"\n") * (count - 1))
    stopped_at_last(["-j2", "-T", "list"], "blocked", 100)


def make_behind(path, what):
    """A member that takes long, and so many behind it that their records fill 20 MB and more."""
    make_archives.recipe_slow(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        if what == "names":
            for number in range(100000):
                archive.writestr("%0200d" % number, b"")
        else:
            header = b"{'descr': [('%s', '<f4')], 'fortran_order': False, 'shape': (0,), }\n"
            header %= b"a" * 16000
            for number in range(1600):
                archive.writestr("%d.npy" % number, b"\x93NUMPY\1\0" +
                                 struct.pack("<H", len(header)) + header)


def do_behind(arguments):
    make_behind("behind.zip", arguments[0])
    stopped_at_last(["-j2", "--json", "behind.zip"], "behind", 20)


def do_waiting(arguments):
    """Nobody reads. When the run has stopped by itself the parent is looked at; then the reader
    takes some and looks again."""
    run = processes.Run(arguments, os.path.abspath("waiting"))
    try:
        peaks, counts = {}, {}

        for _ in range(5):
            processes.until(lambda: stands_still(run, peaks, counts), "a stand-still")
            sample(run.pid, peaks, counts)
            got = 0
            while got < 200000:
                got += len(os.read(run.process.stdout.fileno(), 65536))
        print("files", len(processes.files(run.tmpdir)))
        run.process.stdout.close()
        status = run.wait()
        if status != -signal.SIGPIPE:
            raise verify.Wrong("status %d" % status)
        report(run.pid, peaks, counts, status)
    finally:
        run.end()


def main():
    what = globals().get("do_" + (sys.argv[1] if len(sys.argv) > 1 else ""))
    if not what:
        print(__doc__)
        return 2
    try:
        what(sys.argv[2:])
    except verify.Wrong as wrong:
        print("memory.py:", wrong, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
