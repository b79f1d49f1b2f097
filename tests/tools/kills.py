#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Kill runs, or workers of runs, at random moments, and check what is left.

usage: kills.py parents|workers COUNT TMPDIR ARCHIVE...

ZIPMAP is the program. Expected bytes are those of Python's zipfile. Says what is wrong and fails at
the first thing that is.
"""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
import zipfile

import processes

started = set()  # the leaders of the sessions that the runs are


def check(condition, *words):
    if not condition:
        sys.exit(" ".join(str(word) for word in ("kills.py:", *words)))


def start(tmpdir, *arguments, **more):
    """A run, told apart from all others by its session."""
    # The search for leaks at a program's end is a child of its own, which waits for ever if killed.
    sanitizer = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "detect_leaks=0"]))
    process = subprocess.Popen(
        [os.environ["ZIPMAP"], "--printf=%a\\t%m\\t%p\\n", "-j2", "--tmpdir=" + tmpdir, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "ASAN_OPTIONS": sanitizer}, start_new_session=True, **more)
    started.add(process.pid)
    return process


def marked():
    """The processes of all runs."""
    return [pid for leader in started for pid in processes.session(leader)]


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def expected(archives):
    """(archive, member) -> SHA-256."""
    found = {}
    for path in archives:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                found[path, member.filename] = hashlib.sha256(archive.read(member)).hexdigest()
    return found


def printed(out):
    """(archive, member) -> the path of its file."""
    found = {}
    for line in out.decode().splitlines():
        archive, member, path = line.split("\t")
        check((archive, member) not in found, "printed twice:", line)
        found[archive, member] = path
    return found


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def remove(paths):
    for path in paths:
        os.unlink(path)
    for place in {os.path.dirname(path) for path in paths}:
        os.rmdir(place)
        try:
            os.rmdir(os.path.dirname(place))
        except OSError:
            pass  # another worker's directory is still to come


def time_of_a_run(tmpdir, archives):
    begin = time.monotonic()
    out, _ = start(tmpdir, *archives).communicate()
    remove(printed(out).values())
    return time.monotonic() - begin


def kill_parents(count, tmpdir, archives):
    """Runs that are killed leave no process, and --gc finds what they left, and no more."""
    right = expected(archives)
    ended = start(tmpdir, archives[0])  # in order: its files are its caller's
    kept = printed(ended.communicate()[0])
    live = start(tmpdir, "-T", "-", stdin=subprocess.PIPE)
    live.stdin.write(os.fsencode(archives[0]) + b"\n")
    live.stdin.flush()
    first = live.stdout.readline()
    before = set(marked())
    longest = time_of_a_run(tmpdir, archives)
    for number in range(count):
        run = start(tmpdir, *archives)
        time.sleep(random.uniform(0, longest))
        os.kill(run.pid, signal.SIGKILL)
        # What has ended in order before, or but for its last breath, is its caller's.
        found = printed(run.communicate()[0])
        if len(found) == len(right):
            remove(found.values())
        deadline = time.monotonic() + 2
        while set(marked()) - before and time.monotonic() < deadline:
            time.sleep(0.01)
        check(not set(marked()) - before, "processes live on after kill", number)
    left = os.listdir(tmpdir)
    subprocess.run([os.environ["ZIPMAP"], "--gc", "--tmpdir=" + tmpdir], check=True)
    stay = {path.split("/")[-3] for path in [*kept.values(), first.decode().strip()]}
    check(set(os.listdir(tmpdir)) == stay, "of", left, "are left", os.listdir(tmpdir), "not", stay)
    out, _ = live.communicate()
    check(live.returncode == 0, "the run beside them ended with", live.returncode)
    for found in (kept, printed(first + out)):
        for key, path in found.items():
            check(digest(path) == right[key], "wrong bytes:", path)
        remove(found.values())
    check(not os.listdir(tmpdir), "left:", os.listdir(tmpdir))
    print("%d runs killed, %d of them had left something" % (count, len(left) - 2))


def kill_workers(count, tmpdir, archives):
    """Whatever a worker was on is reported; all else is printed, and right."""
    right = expected(archives)
    longest = time_of_a_run(tmpdir, archives)
    kills = failures = runs = 0
    while kills < count:
        run = start(tmpdir, *archives)
        runs += 1
        here = 0
        end = time.monotonic() + longest
        # Enough of a run is left to kill in it; not so often that one archive is given up.
        while run.poll() is None and time.monotonic() < end and here < 4:
            time.sleep(random.uniform(0, longest / 3))
            workers = children(run.pid)
            if workers:
                try:
                    os.kill(random.choice(workers), signal.SIGKILL)
                    here += 1
                except ProcessLookupError:
                    pass
        out, err = run.communicate(timeout=120)
        found = printed(out)
        said = [line for line in err.decode().splitlines() if line.startswith("zipmap: ")]
        check(len(found) + len(said) == len(right), "lost or more than once:", found, said)
        check(len(said) <= here, "more failures than kills:", said)
        check(run.returncode == (1 if said else 0), "status", run.returncode, said)
        for key, path in found.items():
            check(digest(path) == right[key], "wrong bytes:", path)
            os.chmod(path, 0o600)
        inside = sum(len(files) for _, _, files in os.walk(tmpdir))
        check(inside == len(found), inside, "files for", len(found), "paths")
        remove(found.values())
        check(not os.listdir(tmpdir), "left:", os.listdir(tmpdir))
        kills += here
        failures += len(said)
    check(not marked(), "processes live on")
    print("%d workers killed in %d runs, %d members failed" % (kills, runs, failures))


if __name__ == "__main__":
    {"parents": kill_parents, "workers": kill_workers}[sys.argv[1]](
        int(sys.argv[2]), sys.argv[3], sys.argv[4:])
