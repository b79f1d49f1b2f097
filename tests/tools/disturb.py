#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Disturb runs of zipmap, and check what they printed and left.

usage: disturb.py WHAT [ARGUMENT]...

WHAT is the name of one of the functions below that begin with `do_`. Files are made in the current
directory. Prints what was wrong, and fails then.
"""

import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import make_archives
import processes
import verify
import zipread

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
chooser = random.Random()


def _inputs():
    """A few hundred small archives, some of many members, some large ones."""
    if not os.path.exists("in"):
        os.mkdir("in")
        for number in range(300):
            make_archives.recipe_simple("in/a%04d.zip" % number, "content %d\n" % number, "m.txt")
        for number in range(4):
            make_archives.recipe_members("in/b%04d.zip" % number, 200, 3000)
        for number in range(6):
            make_archives.recipe_members("in/a%04d-big.zip" % (number * 40), 3, 3000000, "zeros")
    return ["in/" + name for name in sorted(os.listdir("in"))]


def _check_ended(run, wanted, out, where, unordered=False):
    """What must hold whenever a run has ended by itself or by a signal."""
    if run.left():
        raise verify.Wrong("%s: processes are left" % where)
    # A path whose last byte was not written was not announced.
    out = out[:out.rfind(b"\n") + 1]
    paths = verify.split_paths(out)
    try:
        verify.check(wanted, paths, subset=True, unordered=unordered)
        verify.check_left(run.tmpdir, paths)
    except verify.Wrong as wrong:
        raise verify.Wrong("%s: %s" % (where, wrong))
    return paths


def _feed(run, archives):
    """Write a list to the run's stdin; the pipe stays open, so that the run cannot end."""
    def feed():
        try:
            run.process.stdin.write(b"".join(os.fsencode(path) + b"\n" for path in archives))
            run.process.stdin.flush()
        except OSError:
            pass
    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    return thread


def _read_all(stream, into):
    thread = threading.Thread(target=lambda: into.append(stream.read()), daemon=True)
    thread.start()
    return thread


def _full_time(archives):
    """How long an undisturbed run takes, and that it is right."""
    begin = time.monotonic()
    run = processes.Run(["-j3", *archives], os.path.abspath("t-full"))
    out = run.process.stdout.read()
    if run.wait() != 0:
        raise verify.Wrong("an undisturbed run fails: %r" % run.messages())
    took = time.monotonic() - begin
    if out.count(b"\n") < len(archives):
        raise verify.Wrong("an undisturbed run prints too little")
    shutil.rmtree("t-full")
    return took


def do_signals(tries="20", *options):
    """INT, TERM and HUP at random moments: before the first path, between paths, while it waits."""
    archives = _inputs()
    wanted = verify.expectation(archives)
    took = _full_time(archives)
    printed = []
    for turn in range(int(tries)):
        number = SIGNALS[turn % 3]
        run = processes.Run(["-j3", *options, "-T", "-"], os.path.abspath("t%d" % turn),
                            stdin=subprocess.PIPE)
        try:
            feeder = _feed(run, archives)
            got = []
            if turn % 4 < 2:
                # At a moment that is a fraction of a whole run; everything printed is read.
                reader = _read_all(run.process.stdout, got)
                time.sleep(chooser.random() * took * 1.1)
                where = "%s at a random time" % number.name
            else:
                # When a random number of paths was read; the rest is read after the end.
                count = chooser.randrange(len(wanted))
                got.append(b"".join(run.process.stdout.readline() for _ in range(count)))
                reader = None
                where = "%s after %d paths" % (number.name, count)
            run.send(number)
            status = run.wait()
            if reader:
                reader.join()
            else:
                got.append(run.process.stdout.read())
            feeder.join()
            if status != -number:
                raise verify.Wrong("%s: status %d, not that signal" % (where, status))
            paths = _check_ended(run, wanted, b"".join(got), where, "-u" in options)
            printed.append(len(paths))
            noise = [line for line in run.messages() if b"died" in line]
            if noise:
                raise verify.Wrong("%s: %r" % (where, noise))
        finally:
            run.end()
        shutil.rmtree(run.tmpdir)
    if max(printed) == 0:
        raise verify.Wrong("no try printed a path: the moments are too early")


def do_signal_twice():
    """A second signal while the first is dealt with changes nothing."""
    archives = _inputs()
    wanted = verify.expectation(archives)
    for turn in range(10):
        run = processes.Run(["-j3", "-T", "-"], os.path.abspath("t%d" % turn),
                            stdin=subprocess.PIPE)
        try:
            feeder = _feed(run, archives)
            out = [run.process.stdout.readline() for _ in range(turn * 10)]
            first, second = chooser.sample(SIGNALS, 2)
            run.send(first)
            run.send(second)
            status = run.wait()
            out.append(run.process.stdout.read())
            feeder.join()
            if status not in (-first, -second):
                raise verify.Wrong("status %d" % status)
            _check_ended(run, wanted, b"".join(out), "two signals")
        finally:
            run.end()


def do_signal_to_group():
    """Ctrl-C reaches the workers as well as the parent."""
    archives = _inputs()
    wanted = verify.expectation(archives)
    for turn in range(12):
        run = processes.Run(["-j3", "-T", "-"], os.path.abspath("t%d" % turn),
                            stdin=subprocess.PIPE)
        try:
            feeder = _feed(run, archives)
            out = [run.process.stdout.readline() for _ in range(1 + turn * 20)]
            os.killpg(run.pid, signal.SIGINT)
            status = run.wait()
            out.append(run.process.stdout.read())
            feeder.join()
            if status != -signal.SIGINT:
                raise verify.Wrong("status %d" % status)
            _check_ended(run, wanted, b"".join(out), "INT to the group")
            if any(b"died" in line for line in run.messages()):
                raise verify.Wrong("the workers' end is said: %r" % run.messages())
        finally:
            run.end()


def _is_full(pid, fd=1):
    """Whether the pipe that is a descriptor of the process takes no more."""
    end = os.open("/proc/%d/fd/%d" % (pid, fd), os.O_WRONLY | os.O_NONBLOCK)
    try:
        return not select.select([], [end], [], 0)[1]
    finally:
        os.close(end)


def do_stalled_reader():
    """A signal while nobody reads and the pipe is full; what is in the pipe is announced."""
    archives = _inputs() * 40
    wanted = verify.expectation(archives[:len(archives) // 40])
    count = len(archives) // 40
    wanted = [(number + turn * count, member) for turn in range(40) for number, member in wanted]
    for number in SIGNALS:
        run = processes.Run(["-j3", "-T", "-"], os.path.abspath("t%d" % number),
                            stdin=subprocess.PIPE)
        try:
            feeder = _feed(run, archives)
            processes.until(lambda: _is_full(run.process.pid), "a full pipe")
            run.send(number)
            if run.wait() != -number:
                raise verify.Wrong("not ended by %s" % number.name)
            out = run.process.stdout.read()
            feeder.join()
            paths = _check_ended(run, wanted, out, "%s with a full pipe" % number.name)
            if not paths:
                raise verify.Wrong("nothing was printed")
        finally:
            run.end()
        shutil.rmtree(run.tmpdir)


def do_stalled_errors():
    """A signal while nobody reads stderr and its pipe is full."""
    archives = ["nowhere%d.zip" % number for number in range(3000)]
    for number in SIGNALS:
        ours, theirs = os.pipe()
        run = processes.Run(["-j3", "-T", "-"], os.path.abspath("t%d" % number),
                            stdin=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        try:
            feeder = _feed(run, archives)
            processes.until(lambda: _is_full(run.process.pid, 2), "a full pipe")
            run.send(number)
            if run.wait() != -number:
                raise verify.Wrong("not ended by %s" % number.name)
            feeder.join()
            _check_ended(run, [], run.process.stdout.read(), "%s, stderr full" % number.name)
        finally:
            os.close(ours)
            run.end()
        shutil.rmtree(run.tmpdir)


def do_reader_goes(*options):
    """The reader takes some lines and goes. A socket, unlike a pipe, lets us see what was written
    and never read."""
    archives = _inputs() * 8
    count = len(archives) // 8
    base = verify.expectation(archives[:count])
    wanted = [(number + turn * count, member) for turn in range(8) for number, member in base]
    for turn in range(12):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        # A small buffer: the program must be writing when the reader goes.
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        run = processes.Run(["-j3", *options, *archives], os.path.abspath("t%d" % turn),
                            stdout=theirs.fileno())
        try:
            theirs.close()
            lines = [1, 0, 2, 500, chooser.randrange(1000)][turn % 5]
            out = b""
            while out.count(b"\n") < lines:
                out += ours.recv(4096)
            # Both ways: of a reader that has only half gone, a full socket's poll(2) is not told.
            ours.shutdown(socket.SHUT_RDWR)
            status = run.wait()
            while True:
                rest = ours.recv(65536)
                if not rest:
                    break
                out += rest
            ours.close()
            if status != -signal.SIGPIPE:
                raise verify.Wrong("status %d, not SIGPIPE" % status)
            paths = _check_ended(run, wanted, out, "the reader went after %d lines" % lines,
                                 "-u" in options)
            if len(paths) == len(wanted):
                raise verify.Wrong("the reader did not go early")
        finally:
            run.end()
        shutil.rmtree(run.tmpdir)


def do_parent_killed():
    """kill -9 of the parent: its workers end too. (Its files stay: nobody is left to remove them.)"""
    archives = _inputs()
    for turn in range(6):
        run = processes.Run(["-j3", "-T", "-"], os.path.abspath("t%d" % turn),
                            stdin=subprocess.PIPE)
        try:
            feeder = _feed(run, archives)
            for _ in range(1 + turn * 100):
                run.process.stdout.readline()
            run.send(signal.SIGKILL)
            run.wait()
            run.process.stdout.read()
            feeder.join()
            processes.until(lambda: not run.left(), "the workers' end")
        finally:
            run.end()


def stop_worker_at(run, archive, member):
    """Wait until a worker is in the middle of this member, and stop it. Returns its process id, or
    None where the moment was missed.

    The workers' descriptors show it, however many files the run has made by then."""
    prefix = "%d.%d-" % (archive, member)

    def writes(worker):
        try:
            directory = "/proc/%d/fd" % worker
            return any(os.path.basename(os.readlink(os.path.join(directory, name)))
                       .startswith(prefix) for name in os.listdir(directory))
        except OSError:
            return False

    def find():
        if run.process.poll() is not None:
            return True
        for worker in run.workers():
            if writes(worker):
                return worker
        return None

    worker = processes.until(find, "the member's file")
    if worker is True:
        return None
    try:
        os.kill(worker, signal.SIGSTOP)
        processes.until(lambda: processes.state(worker) in ("T", "Z", None), "a stop")
        if writes(worker):
            return worker
        os.kill(worker, signal.SIGCONT)
    except OSError:
        pass
    return None


def do_worker_killed(jobs="1"):
    """kill -9 of the worker that is in the middle of a certain member, others around it."""
    make_archives.recipe_members("small.zip", 3, 1000)
    make_archives.recipe_slow("slow.zip")
    archives = ["small.zip", "slow.zip", "small.zip"]
    wanted = verify.expectation(archives, {"1.2"})
    for turn in range(20):
        run = processes.Run(["-j" + jobs, *archives], os.path.abspath("t%d" % turn))
        try:
            # Whoever comes to that member dies of it; the program may try it again.
            got = []
            reader = _read_all(run.process.stdout, got)
            kills = 0
            while True:
                worker = stop_worker_at(run, 1, 2)
                if worker is None:
                    break
                os.kill(worker, signal.SIGKILL)
                kills += 1
                processes.until(lambda w=worker: processes.state(w) in ("Z", None), "a death")
                processes.until(lambda w=worker: processes.state(w) is None, "a funeral")
                if kills > 10:
                    raise verify.Wrong("the member is tried for ever")
            if run.wait() != 1 and kills == 0:
                continue
            reader.join()
            out = got[0]
            status = run.wait()
            if status != 1:
                raise verify.Wrong("status %d" % status)
            messages = run.messages()
            if len(messages) != 1 or b"slow.zip: slow.bin: worker died" not in messages[0] \
                    or b"killed by signal 9" not in messages[0]:
                raise verify.Wrong("not the message that it should be: %r" % messages)
            paths = verify.split_paths(out)
            verify.check(wanted, paths)
            verify.check_left(run.tmpdir, paths)
            if run.left():
                raise verify.Wrong("processes are left")
            return
        finally:
            run.end()
            shutil.rmtree(run.tmpdir, ignore_errors=True)
    raise verify.Wrong("never met the worker in the middle of the member")


def _judge_losses(archives, wanted, run, out, status, kills, unordered=False):
    """Each member that is missing is named by a message, or its archive is; nothing else is lost."""
    if run.left():
        raise verify.Wrong("processes are left")
    messages = run.messages()
    paths = verify.split_paths(out)
    verify.check(wanted, paths, subset=True, unordered=unordered)
    verify.check_left(run.tmpdir, paths)
    printed = {verify.parse(path)[2:4] for path in paths}
    lost = [(number, member) for number, member in wanted
            if (number, member.index) not in printed]
    if status != (1 if lost or messages else 0):
        raise verify.Wrong("status %d with %d lost and %r" % (status, len(lost), messages))
    if len(messages) > kills:
        raise verify.Wrong("%d messages for %d kills: %r" % (len(messages), kills, messages))
    for number, member in lost:
        whole = b"zipmap: %s: worker died" % os.fsencode(archives[number])
        one = b"zipmap: %s: %s: worker died" % (os.fsencode(archives[number]), member.name)
        if not any(line.startswith((whole, one)) for line in messages):
            raise verify.Wrong("lost in silence: member %d of %s (%r)" % (
                member.index, archives[number], messages))
    return len(lost), len(messages)


def do_workers_killed(tries="10", *options):
    """Workers are killed at random moments, again and again."""
    archives = _inputs()
    wanted = verify.expectation(archives)
    took = _full_time(archives)
    dead = 0
    for turn in range(int(tries)):
        run = processes.Run(["-j3", *options, *archives], os.path.abspath("t%d" % turn))
        try:
            got = []
            reader = _read_all(run.process.stdout, got)
            kills = 0
            for _ in range(chooser.randrange(1, 6)):
                time.sleep(chooser.random() * took / 4)
                workers = run.workers()
                if workers and run.process.poll() is None:
                    try:
                        os.kill(chooser.choice(workers), signal.SIGKILL)
                        kills += 1
                    except OSError:
                        pass
            status = run.wait()
            reader.join()
            _judge_losses(archives, wanted, run, got[0], status, kills, "-u" in options)
            dead += kills
        finally:
            run.end()
        shutil.rmtree(run.tmpdir)
    if dead == 0:
        raise verify.Wrong("no worker was met alive")


def do_all_workers_killed():
    """All workers at once, while they have work."""
    archives = _inputs()
    wanted = verify.expectation(archives)
    for turn in range(6):
        run = processes.Run(["-j3", *archives], os.path.abspath("t%d" % turn))
        try:
            first = b"".join(run.process.stdout.readline() for _ in range(1 + 30 * turn))
            workers = run.workers()
            for worker in workers:
                try:
                    os.kill(worker, signal.SIGKILL)
                except OSError:
                    pass
            out = first + run.process.stdout.read()
            _judge_losses(archives, wanted, run, out, run.wait(), len(workers))
        finally:
            run.end()
        shutil.rmtree(run.tmpdir)


def do_worker_killed_idle():
    """A worker that is killed while it has nothing to do costs nothing."""
    make_archives.recipe_members("a.zip", 3, 1000)
    wanted = verify.expectation(["a.zip", "a.zip"])
    run = processes.Run(["-j2", "-T", "-"], os.path.abspath("t-idle"), stdin=subprocess.PIPE)
    try:
        run.process.stdin.write(b"a.zip\n")
        run.process.stdin.flush()
        out = b"".join(run.process.stdout.readline() for _ in range(3))
        # All three are printed: the workers that there are wait.
        for worker in run.workers():
            os.kill(worker, signal.SIGKILL)
            processes.until(lambda w=worker: processes.state(w) in (None, "Z"), "a death")
        run.process.stdin.write(b"a.zip\n")
        run.process.stdin.close()
        out += run.process.stdout.read()
        status = run.wait()
        paths = verify.split_paths(out)
        verify.check(wanted, paths)
        verify.check_left(run.tmpdir, paths)
        if status != 0 and not run.messages():
            raise verify.Wrong("status %d without a message" % status)
        if run.left():
            raise verify.Wrong("processes are left")
    finally:
        run.end()


def do_shrink():
    """An archive is cut while the run reads it."""
    make_archives.recipe_members("good.zip", 3, 20000)
    make_archives.recipe_members("full.zip", 40, 1000000, "noise", "stored")
    archives = ["good.zip", "shrinks.zip", "good.zip"]
    wanted = verify.expectation(["good.zip", "full.zip", "good.zip"])
    for turn in range(6):
        shutil.copyfile("full.zip", "shrinks.zip")
        run = processes.Run(["-j%d" % (1 + turn % 2), *archives], os.path.abspath("t%d" % turn))
        try:
            out = b"".join(run.process.stdout.readline() for _ in range(3 + turn))
            os.truncate("shrinks.zip", chooser.randrange(30000000))
            out += run.process.stdout.read()
            status = run.wait()
            paths = verify.split_paths(out)
            verify.check(wanted, paths, subset=True)
            verify.check_left(run.tmpdir, paths)
            if status not in (0, 1) or (status == 1) != bool(run.messages()):
                raise verify.Wrong("status %d, %r" % (status, run.messages()))
            if any(b"died" in line for line in run.messages()):
                raise verify.Wrong("a worker crashed: %r" % run.messages())
            if len(paths) + len(run.messages()) < len(wanted) and status == 0:
                raise verify.Wrong("lost in silence")
            if not {(2, 0), (2, 1), (2, 2)} <= {verify.parse(path)[2:4] for path in paths}:
                raise verify.Wrong("the archive behind it is lost")
        finally:
            run.end()
        shutil.rmtree(run.tmpdir)


def do_rewrite():
    """An archive is written anew, with other members, while the run reads it."""
    make_archives.recipe_members("good.zip", 3, 20000)
    make_archives.recipe_members("many.zip", 3000, 5000)
    make_archives.recipe_members("few.zip", 700, 40000)
    with open("few.zip", "rb") as file:
        few = file.read()
    wanted = verify.expectation(["good.zip", "many.zip", "good.zip"])
    changes = 0
    for turn in range(30):
        shutil.copyfile("many.zip", "changes.zip")
        run = processes.Run(["-j4", "good.zip", "changes.zip", "good.zip"],
                            os.path.abspath("t%d" % turn))
        try:
            out = b"".join(run.process.stdout.readline() for _ in range(3 + turn % 3))
            with open("changes.zip", "r+b") as file:
                file.write(few)
                file.truncate()
            out += run.process.stdout.read()
            status = run.wait()
            messages = run.messages()
            if status not in (0, 1) or (status == 1) != bool(messages):
                raise verify.Wrong("status %d, %r" % (status, messages))
            if any(b"worker" in line for line in messages):
                raise verify.Wrong("a worker is said to be at fault: %r" % messages)
            changes += any(b"changed" in line for line in messages)
            paths = verify.split_paths(out)
            of_others = [path for path in paths if verify.parse(path)[2] != 1]
            verify.check(wanted, of_others, subset=True)
            if len(of_others) != 6:
                raise verify.Wrong("the archives beside it are lost")
            verify.check_left(run.tmpdir, paths)
        finally:
            run.end()
        shutil.rmtree(run.tmpdir)
    print("said to be changed: %d of 30 times" % changes)


def main():
    what = globals().get("do_" + (sys.argv[1] if len(sys.argv) > 1 else ""))
    if not what:
        print(*sorted(name[3:] for name in globals() if name.startswith("do_")))
        return 2
    seed = int(os.environ.get("ZIPMAP_TEST_SEED") or random.SystemRandom().randrange(1 << 30))
    chooser.seed(seed)
    try:
        what(*sys.argv[2:])
    except (verify.Wrong, zipread.Unreadable, subprocess.TimeoutExpired, OSError) as wrong:
        print("disturb.py %s (ZIPMAP_TEST_SEED=%d): %s: %s" % (
            sys.argv[1], seed, type(wrong).__name__, wrong))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
