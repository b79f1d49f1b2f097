#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Hold the lease of `zipmap --hold DIRECTORY`, and end it in one way or another.

    lease.py ends KIND DIRECTORY            the holder closes it
    lease.py writes KIND DIRECTORY          the holder writes to it first
    lease.py holder_killed KIND DIRECTORY   the holder is killed
    lease.py signal KIND DIRECTORY NAME     zipmap gets that signal instead
    lease.py reader_goes KIND DIRECTORY     nobody reads the list to its end

KIND is pipe, socket or fifo. Checks that the files are there while the lease lasts, that what is in
them is right, and that zipmap ends as it should. What is left in $TMPDIR is for the caller to see.
"""

import glob
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile

BOUND = 60


def make_lease(kind):
    """Both ends: zipmap's and the holder's."""
    if kind == "pipe":
        return os.pipe()
    if kind == "socket":
        return tuple(end.detach() for end in socket.socketpair())
    os.mkfifo("lease")
    reader = os.open("lease", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open("lease", os.O_WRONLY)
    os.unlink("lease")
    return reader, writer


def start(kind, directory):
    theirs, ours = make_lease(kind)
    run = subprocess.Popen([os.environ["ZIPMAP"], "--hold", directory], stdin=theirs,
                           stdout=subprocess.PIPE, restore_signals=True)
    os.close(theirs)
    return run, ours


def expected(directory):
    contents = []
    for path in sorted(glob.glob(directory + "/*.zip")):
        with zipfile.ZipFile(path) as archive:
            contents += [archive.read(info) for info in archive.infolist()]
    return contents


def check_files(run, directory):
    """Read the list to its end, and every file, while zipmap goes on."""
    paths = run.stdout.read().decode().splitlines()
    contents = []
    for path in paths:
        with open(path, "rb") as file:
            contents.append(file.read())
    assert contents == expected(directory), "other contents"
    assert run.poll() is None, "it has not held them"
    return paths


def check_end(run, paths, status=0):
    assert run.wait(BOUND) == status, run.returncode
    assert not any(map(os.path.exists, paths)), "files are left"


def ends(kind, directory):
    run, lease = start(kind, directory)
    paths = check_files(run, directory)
    os.close(lease)
    check_end(run, paths)


def writes(kind, directory):
    run, lease = start(kind, directory)
    os.write(lease, b"still here\n")
    paths = check_files(run, directory)
    time.sleep(0.2)  # what was written could have ended it by now
    assert run.poll() is None and all(map(os.path.exists, paths)), "it has ended"
    os.close(lease)
    check_end(run, paths)


def holder_killed(kind, directory):
    run, lease = start(kind, directory)
    holder = os.fork()
    if holder == 0:
        while True:
            signal.pause()
    os.close(lease)
    paths = check_files(run, directory)
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    check_end(run, paths)


def by_signal(kind, directory, name):
    number = getattr(signal, "SIG" + name)
    run, _lease = start(kind, directory)
    paths = check_files(run, directory)
    run.send_signal(number)
    check_end(run, paths, -number)


def reader_goes(kind, directory):
    run, _lease = start(kind, directory)
    path = run.stdout.readline().decode().rstrip("\n")
    run.stdout.close()
    check_end(run, [path], -signal.SIGPIPE)


if __name__ == "__main__":
    ways = {"ends": ends, "writes": writes, "holder_killed": holder_killed, "signal": by_signal,
            "reader_goes": reader_goes}
    ways[sys.argv[1]](*sys.argv[2:])
