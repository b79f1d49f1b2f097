#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""End runs that own their files in each way at random moments, and check that nothing is left.

    ends.py COUNT WAY DIRECTORY

WAY is exec, batch or hold, or one of them with -memfd behind; COUNT is how often each end comes.
ZIPMAP is the program, and TMPDIR an empty directory for the files of DIRECTORY's archives.
"""

import os
import random
import signal
import subprocess
import sys
import time

import processes
import verify

COMMAND = ["sh", "-c", "sleep 0.01; wc -c <\"$1\"; exit $FAILS", "sh", "{}"]
SIGNALS = {"INT": signal.SIGINT, "TERM": signal.SIGTERM, "HUP": signal.SIGHUP}


def check(condition, *words):
    if not condition:
        raise verify.Wrong(" ".join(map(str, words)))


class Lease:
    """A process that holds a pipe, and whoever reads the list there is."""

    def __init__(self):
        self.theirs, ours = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.theirs)
            while True:
                signal.pause()
        os.close(ours)

    def end(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


class Ending:
    """A run of @way, in which something ends at some moment."""

    def __init__(self, way, directory, fails):
        self.way, _, memory = way.partition("-")
        self.in_memory = bool(memory)
        self.lease = Lease() if self.way == "hold" else None
        options = {"exec": ["-x", *COMMAND], "batch": ["-X", *COMMAND], "hold": ["--hold"]}[self.way]
        os.environ["FAILS"] = str(int(fails))
        self.run = processes.Run(
            ["-j2", directory, *(["--memfd"] if memory else []), *options],
            os.environ["TMPDIR"], stdin=self.lease.theirs if self.lease else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self.way != "hold" else subprocess.PIPE)
        if self.lease:
            os.close(self.lease.theirs)

    def of_workers(self, workers):
        """The processes of the run that are workers, or those that are neither, nor itself."""
        found = processes.children(self.run.pid)
        names = {pid: _arguments(pid) for pid in found}
        return [pid for pid, name in names.items() if (b"internal" in name) == workers and name]

    def kill(self, pids):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def finish(self):
        """Let it come to its end by itself. Its status."""
        if self.lease:
            self.run.process.stdout.read()
            self.lease.end()
        return self.run.wait()

    def expect_nothing(self, killed):
        """No process of it is there, and no file either: if it was killed itself, after --gc."""
        processes.until(lambda: not self.run.left(), "processes are left")
        if killed and not self.in_memory:
            subprocess.run([os.environ["ZIPMAP"], "--gc"], check=True)
        left = os.listdir(os.environ["TMPDIR"])
        check(not left, "left behind:", left)


def _arguments(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return file.read()
    except OSError:
        return b""


def end(ending, event):
    """The event comes, and what follows from it. Whether zipmap itself was killed."""
    if event in SIGNALS:
        ending.run.send(SIGNALS[event])
    elif event == "zipmap":
        ending.kill([ending.run.pid])
    elif event == "worker":
        ending.kill(ending.of_workers(True)[:1])
    elif event == "command":
        ending.kill(ending.of_workers(False)[:1])
    elif event == "holder" and ending.lease:
        ending.lease.end()
    elif event == "all":
        if ending.lease:
            ending.lease.end()
        ending.kill([ending.run.pid, *ending.run.left()])
    return event in ("zipmap", "all")


def statuses(event):
    """What the run may end with; it may also have been over before."""
    if event in SIGNALS:
        return {0, -SIGNALS[event]}
    if event == "zipmap":
        return {0, -signal.SIGKILL}
    if event == "all":
        return {0, 1, -signal.SIGKILL}  # it may see the others go first
    return {"normal": {0}, "failing": {1}}.get(event, {0, 1})


def events(way):
    own = {"hold": ["holder"]}.get(way.partition("-")[0], ["command", "failing"])
    return ["normal", *SIGNALS, "zipmap", "worker", "all", *own]


def try_once(way, directory, event, most_s):
    ending = Ending(way, directory, event == "failing")
    try:
        if event not in ("normal", "failing"):
            time.sleep(random.uniform(0, most_s))
        killed = end(ending, event)
        status = ending.finish()
        check(status in statuses(event), "status", status, ending.run.messages())
        ending.expect_nothing(killed)
    finally:
        if ending.lease:
            ending.lease.end()
        ending.run.end()
    return status


def main(count, way, directory):
    begin = time.monotonic()
    try_once(way, directory, "normal", 0)
    most_s = time.monotonic() - begin
    for event in events(way):
        seen = {}
        for number in range(count):
            try:
                status = try_once(way, directory, event, most_s)
            except (verify.Wrong, subprocess.SubprocessError) as error:
                sys.exit("ends.py: %s, %s, number %d: %s" % (way, event, number, error))
            seen[status] = seen.get(status, 0) + 1
        print("%s, %s: %s" % (way, event, ", ".join(
            "%d with status %d" % (seen[status], status) for status in sorted(seen))))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
