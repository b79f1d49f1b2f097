# SPDX-License-Identifier: MIT
"""Start zipmap, look at its processes from outside, and see what a run leaves."""

import os
import signal
import subprocess
import time

import verify

BOUND_S = 180  # a run that takes longer hangs


class Run:
    """zipmap with @arguments, its processes in a session of their own so that none can hide.

    stdin, stdout: as for subprocess.Popen; stderr too, else it goes to a file for messages()."""

    def __init__(self, arguments, tmpdir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                 stderr=None, before=()):
        self.tmpdir = tmpdir
        self.error_path = tmpdir + ".err"
        os.makedirs(tmpdir, exist_ok=True)
        environment = dict(os.environ, TMPDIR=tmpdir)
        self.error = open(self.error_path, "w+b")
        self.process = subprocess.Popen(
            [*before, os.environ["ZIPMAP"], *arguments], stdin=stdin, stdout=stdout,
            stderr=self.error if stderr is None else stderr, env=environment, preexec_fn=_default_signals,
            start_new_session=True)
        self.pid = self.process.pid

    def wait(self):
        """The status as Popen has it: -N where signal N ended it."""
        return self.process.wait(timeout=BOUND_S)

    def send(self, number):
        self.process.send_signal(number)

    def workers(self):
        return children(self.pid)

    def messages(self):
        self.error.seek(0)
        return self.error.read().split(b"\n")[:-1]

    def left(self):
        """Processes of this run that still exist."""
        return session(self.pid)

    def end(self):
        """For when a test fails: leave nothing behind."""
        for pid in self.left():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.process.kill()
        self.process.wait()


def _default_signals():
    """A shell that runs us in the background has INT ignored; the program must see the default."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


def session(leader):
    """The processes of @leader's session that still exist, but for those that only wait to be seen."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] not in (b"Z", b"X"):
            found.append(int(name))
    return found


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def until(condition, what):
    """Poll for @condition; returns what it returned. The bound is for a broken program only."""
    end = time.monotonic() + BOUND_S
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise verify.Wrong("waited in vain: " + what)
        time.sleep(0.001)


def state(pid):
    """The state letter of a process, or None where it is gone."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].split()[0].decode()
    except OSError:
        return None


def memory(pid):
    """Bytes of private (anonymous) memory of a process now, or None where it is gone."""
    try:
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
            for line in file:
                if line.startswith("Anonymous:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return None
    return None


def files(tmpdir):
    """All member files of all runs below @tmpdir."""
    found = []
    for directory, _, names in os.walk(tmpdir):
        found += [os.path.join(directory, name) for name in names if "-" in name]
    return found
