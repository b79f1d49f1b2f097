#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make each call of a small job fail, one run for each, and judge how the run ends.

usage: faults.py [OPTION]... FAULTS.SO

  --job=NAME       only this job (may be repeated); the names are those of JOBS below
  --function=NAME  only this function (may be repeated)
  --most=N         at most N of the calls of one function, spread evenly (default: all)
  --kill           kill the parent instead, at each call; then --gc is to remove all that is left
  --one=FAULT      only this fault, as FAULTS in tests/faults/faults.c; show what came out
  --counts         say how often each function is called, and by whom
  --compare        hold that against what strace sees of a job

ZIPMAP is the program. Works in a new directory below $TMPDIR. Expected bytes are those of Python's
zipfile. A run is in order where it ends, by itself and not by a signal, with
- status 0 and the whole list, or
- status 1, a message, and a list that lacks something or nothing, or
- status 2, a message, nothing printed and nothing left;
where each printed file is right, no other file, lock or empty run directory is left, and no process.
"""

import argparse
import collections
import concurrent.futures
import errno
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile

import make_archives

TABLE_BYTES = 4096
ROW = struct.Struct("24sII")
BOUND_S = 60  # a run that takes longer hangs

# How the calls of a function fail where they do: errno names, `short` (half of it), `end` (nothing
# of it), and with a + all calls from the n-th on.
HOWS = {
    "malloc": "ENOMEM ENOMEM+",
    "open": "EMFILE ENFILE EINTR ENOMEM EMFILE+",
    "openat": "EMFILE ENFILE ENOSPC EACCES EMFILE+",
    "opendir": "EMFILE ENOMEM",
    "fdopendir": "ENOMEM",
    "readdir": "EIO",
    "getdents64": "EIO",
    "fopen": "EMFILE",
    "close": "EIO EINTR",
    "close_range": "ENOMEM",
    "dup2": "EMFILE",
    "fcntl": "EMFILE ENOLCK EAGAIN",
    "lseek": "ESPIPE",
    "read": "EIO EINTR EAGAIN short",
    "pread": "EIO EINTR short end EIO+",
    "write": "ENOSPC EINTR EAGAIN EPIPE short EPIPE+ ENOSPC+",
    "pwrite": "ENOSPC EIO EINTR short ENOSPC+",
    "ftruncate": "EIO",
    "fstat": "EIO ENOMEM",
    "fstatat": "EIO",
    "stat": "EACCES ENOMEM",
    "lstat": "EACCES ENOENT",
    "fchmod": "EPERM",
    "mkdir": "ENOSPC EACCES",
    "mkdirat": "ENOSPC EMLINK ENOSPC+",
    "readlinkat": "EIO EACCES",
    "mkostemp": "ENOSPC",
    "unlinkat": "EIO EINTR",
    "unlink": "EIO",
    "rmdir": "EIO",
    "renameat": "EIO ENOSPC EINVAL",
    "linkat": "EIO EPERM",
    "utimensat": "EPERM",
    "futimens": "EPERM",
    "mmap": "ENOMEM EMFILE ENOMEM+",
    "munmap": "ENOMEM",
    "socketpair": "EMFILE ENFILE ENOBUFS EMFILE+",
    "shutdown": "ENOTCONN",
    "sendmsg": "EINTR EAGAIN ENOBUFS ETOOMANYREFS EPIPE",
    "recvmsg": "EINTR EAGAIN ENOMEM ECONNRESET end ENOMEM+",
    "poll": "EINTR ENOMEM ENOMEM+",
    "fork": "EAGAIN ENOMEM EAGAIN+",
    "clone": "EAGAIN ENOMEM EAGAIN+",
    "execve": "ENOENT EACCES ENOMEM EACCES+",
    "memfd_create": "ENOSYS EMFILE EMFILE+",
    "posix_fallocate": "ENOSPC EINTR",
    "fallocate": "EOPNOTSUPP EINTR ENOSPC",
    "getsockopt": "EPERM",
    "waitpid": "EINTR",
    "getrlimit": "EPERM",
    "setrlimit": "EPERM",
    "signalfd": "EMFILE ENOMEM",
    "sigprocmask": "EINVAL",
    "sigaction": "EINVAL",
    "prctl": "EPERM EINVAL",
    "syscall": "ENOSYS EPERM ENOMEM",
}

Job = collections.namedtuple("Job", "arguments archives stdin before")
Result = collections.namedtuple("Result", "status out err left calls injected processes")


class Wrong(Exception):
    pass


def is_named(path):
    """Whether it is, or is below, a directory of --directory, and none of the run's own."""
    return "/target" in path and "/.zipmap" not in path


def make_inputs(here):
    """Two good archives, a damaged one, one in a directory, a list of it."""
    old = os.getcwd()
    os.chdir(here)
    make_archives.recipe_members("good.zip", 3, 3000)
    make_archives.recipe_bad_crc("bad.zip", "stored")
    make_archives.recipe_members("large.zip", 1, 1500000, "zeros")
    os.mkdir("d")
    make_archives.recipe_simple("d/last.zip")
    with open("list", "w", encoding="ascii") as file:
        file.write("d\nnowhere.zip\n")
    os.chdir(old)


COMMON = ["good.zip", "bad.zip", "large.zip", "d/last.zip"]
TARGET = "{tmp}/target"
UMASK = os.umask(0)
os.umask(UMASK)
FORMAT = "--printf=%a\\t%m\\t%p\\t%o\\t%s\\n"
JOBS = {
    # How many CPUs there are is read only without -j, and by stdio, which `compare` does not see.
    # Plain paths, in the order of the input; archives by operands and a directory.
    "plain": Job(["-j1", "good.zip", "bad.zip", "large.zip", "d"], COMMON, None, None),
    "two": Job(["-j2", FORMAT, "good.zip", "bad.zip", "large.zip", "d"], COMMON, None, None),
    "packed": Job(["-j1", "--pack", FORMAT, "good.zip", "bad.zip", "large.zip", "d"],
                  COMMON, None, None),
    "streams": Job(["-j1", "-u", FORMAT, "-r", "-", "-T", "list"], ["-", "d/last.zip"], "good.zip",
                   None),
    "first": Job(["--fail-fast", "--no-sandbox", "good.zip", "bad.zip", "large.zip"],
                 COMMON[:2], None, None),
    # Names of their own: that of one member is taken already.
    "named": Job(["-j1", "-d", TARGET, "--umask", FORMAT, "good.zip", "bad.zip", "large.zip", "d"],
                 COMMON, None, None),
    "replaced": Job(["-j2", "-d", TARGET, "--overwrite", FORMAT, "good.zip", "large.zip"],
                    ["good.zip", "large.zip"], None, "named"),
    "reused": Job(["-j2", "-d", TARGET, "--reuse", "--overwrite", FORMAT, "good.zip", "large.zip"],
                  ["good.zip", "large.zip"], None, "named"),
    "gc": Job(["--gc", "-j1"], [], None, "killed"),
}


def table_of(path):
    with open(path, "rb") as file:
        data = file.read()
    injected, rows = struct.unpack_from("II", data)
    calls = {}
    for row in range(rows):
        name, parent, workers = ROW.unpack_from(data, 8 + row * ROW.size)
        name = name.rstrip(b"\0").decode()
        calls["parent", name] = parent
        calls["workers", name] = workers
    return calls, injected


def group_is_there(pid):
    """Whether a process of the group lives; one that is dead may wait for init(1) to see that."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % name, encoding="latin-1") as file:
                state, _, group = file.read().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(group) == pid and state not in "ZX":
            return True
    return False


# What strace calls it, and the functions that make it: each call of these is one of it.
SYSTEM_CALLS = {
    "openat": "open openat opendir fopen", "close": "close", "read": "read", "pread64": "pread",
    "write": "write", "pwrite64": "pwrite", "ftruncate": "ftruncate", "lseek": "lseek",
    "newfstatat": "fstat fstatat stat lstat opendir fdopendir", "fchmod": "fchmod",
    "fcntl": "fcntl fdopendir fdopendir", "mkdir": "mkdir", "dup2": "dup2",
    "close_range": "close_range",
    "mkdirat": "mkdirat", "readlinkat": "readlinkat", "unlinkat": "unlinkat", "unlink": "unlink",
    "rmdir": "rmdir", "renameat": "renameat", "renameat2": "renameat", "linkat": "linkat",
    "utimensat": "utimensat futimens",
    "mmap": "mmap", "munmap": "munmap", "socketpair": "socketpair", "shutdown": "shutdown",
    "sendmsg": "sendmsg", "recvmsg": "recvmsg", "poll": "poll",
    "clone": "fork clone", "execve": "execve", "memfd_create": "memfd_create",
    "fallocate": "posix_fallocate fallocate", "getsockopt": "getsockopt",
    "wait4": "waitpid", "prlimit64": "getrlimit setrlimit", "signalfd4": "signalfd",
    "rt_sigprocmask": "sigprocmask", "rt_sigaction": "sigaction", "prctl": "prctl",
    "seccomp": "syscall", "landlock_create_ruleset": "syscall", "landlock_add_rule": "syscall",
    "landlock_restrict_self": "syscall", "capset": "syscall", "fstat": "syscall",
}
# A call of readdir(3) is not always one of the kernel.
UNCOUNTED = {"getdents64"}
# What libc may do besides in each of two processes: the one of Debian 13 blocks signals in fork(2).
LIBC_MORE = {"mmap": 2, "rt_sigprocmask": 4}
# The allocator's own, behind functions that are made to fail; what cannot fail; and what libc does
# in fork(2).
UNREACHED = {"brk", "mprotect", "madvise", "mremap", "futex", "getrandom", "getpid", "gettid",
             "getppid", "umask", "geteuid", "kill", "exit_group", "set_robust_list", "rseq",
             "sysinfo", "rt_sigreturn", "restart_syscall"}


def traced(path):
    """(who, system call) -> how often, from the time on when the table is mapped. Memory of the
    allocator's, private and anonymous, is left out."""
    counts = collections.Counter()
    parent = None
    ready = collections.Counter()  # by process: a worker is executed anew, and maps the table itself
    allocated = set()
    cut = set()  # processes in an mmap() of the allocator's that another's call divides in the log
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            pid, _, text = line.partition(" ")
            text = text.strip()
            parent = parent or pid
            name = text.partition("(")[0]
            if pid != parent and pid not in ready:
                ready[pid] = 2
            if ready[pid] < 2:
                # FAULTS_TABLE is opened, mapped, and closed.
                ready[pid] += "/table" in text or (ready[pid] == 1 and name == "close")
                continue
            if name == "execve":
                ready[pid] = 0
            if "= ? ERESTART" in text:  # the kernel makes the same call once more
                if text.startswith("<..."):
                    counts["parent" if pid == parent else "workers", text.split()[1]] -= 1
                continue
            if text.startswith("<... mmap resumed>") and pid in cut:
                cut.remove(pid)
                allocated.add(text.rpartition(" ")[2])
            if text.startswith(("+++", "---", "<...")):
                continue
            if name == "mmap" and "MAP_PRIVATE" in text and "MAP_ANONYMOUS" in text:
                if text.endswith("<unfinished ...>"):
                    cut.add(pid)
                allocated.add(text.rpartition(" ")[2])
                continue
            if name == "openat" and "/zoneinfo/" in text:
                continue  # tzset(3)'s own
            if name == "munmap" and text.partition("(")[2].partition(",")[0] in allocated:
                continue
            counts["parent" if pid == parent else "workers", name] += 1
    return counts


def settle_fstat(seen, calls):
    """The fstat(2) of Debian 13's libc has a system call of its own: count it as Debian 12's."""
    for who in {who for who, _ in seen}:
        own = calls.get((who, "syscall"), 0) - sum(
            seen[who, call] for call, made in SYSTEM_CALLS.items() if made == "syscall" and call != "fstat")
        if seen[who, "fstat"] > own >= 0:
            seen[who, "newfstatat"] += seen[who, "fstat"] - own
            seen[who, "fstat"] = own


def compare(bench, name):
    """Whether the functions that are counted make all system calls that strace sees."""
    log = os.path.join(bench.here, "strace")
    result, _ = bench.run(JOBS[name], before=["strace", "-f", "-o", log])
    seen = traced(log)
    settle_fstat(seen, result.calls)
    wrongs = total = 0
    for (who, call), count in sorted(seen.items()):
        total += count
        if call in UNREACHED:
            continue
        if call in UNCOUNTED:
            continue
        functions = SYSTEM_CALLS.get(call, "").split()
        together = [other for other, made in SYSTEM_CALLS.items() if set(made.split()) == set(
            functions)]
        count = sum(seen[who, other] for other in together)
        counted = sum(result.calls.get((who, function), 0) for function in functions)
        if not counted <= count <= counted + LIBC_MORE.get(call, 0):
            wrongs += 1
            print("%s: %s: strace sees %d %s, the functions counted are %d %s" % (
                name, who, count, call, counted, functions))
    print("%s: strace sees %d calls of %d kinds, %d kinds are not reached" % (
        name, total, len(seen), wrongs))
    return wrongs == 0 and total > 40


class Bench:
    """Where jobs are run, and what is known of them without faults."""

    def __init__(self, shim):
        self.shim = os.path.abspath(shim)
        self.here = tempfile.mkdtemp(prefix="faults.")
        make_inputs(self.here)
        self.content = {}
        for path in COMMON:
            with zipfile.ZipFile(os.path.join(self.here, path)) as archive:
                for index, info in enumerate(archive.infolist()):
                    try:
                        data = archive.read(info)
                    except zipfile.BadZipFile:
                        data = None
                    self.content[path, index] = (info.filename, data)
        for (path, index), member in list(self.content.items()):
            if path == "good.zip":
                self.content["-", index] = member

    def run(self, job, fault=None, before=()):
        scratch = tempfile.mkdtemp(dir=self.here)
        tmpdir = os.path.join(scratch, "tmp")
        os.mkdir(tmpdir)
        if job.before == "killed":
            self.leave_killed(tmpdir)
        if job.before == "named":
            self.leave_named(tmpdir)
        arguments = [argument.replace("{tmp}", tmpdir) for argument in job.arguments]
        table = os.path.join(scratch, "table")
        with open(table, "wb") as file:
            file.write(bytes(TABLE_BYTES))
        environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C", "TMPDIR": tmpdir, "TZ": "UTC0",
        }
        more = {"LD_PRELOAD": self.shim, "FAULTS_TABLE": table}
        if fault:
            more["FAULTS"] = fault
        if before:
            before = [*before, *("-E%s=%s" % pair for pair in more.items())]
        else:
            environment.update(more)
        # A pipe cannot be used where it lies, as a file can.
        stdin = subprocess.DEVNULL
        if job.stdin:
            stdin, end = os.pipe()
            with open(os.path.join(self.here, job.stdin), "rb") as file:
                os.write(end, file.read())
            os.close(end)
        process = subprocess.Popen(
            [*before, os.environ["ZIPMAP"], *arguments], cwd=self.here, env=environment, stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        if job.stdin:
            os.close(stdin)
        try:
            out, err = process.communicate(timeout=BOUND_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise Wrong("hangs") from None
        if fault and fault.endswith(":kill"):
            self.collect(process, tmpdir)
        processes = group_is_there(process.pid)
        if processes:
            os.killpg(process.pid, signal.SIGKILL)
        calls, injected = table_of(table)
        left = []
        for directory, directories, names in os.walk(tmpdir):
            left += [os.path.join(directory, name) for name in names]
            if not names and not directories and directory != tmpdir and not is_named(directory):
                left.append(directory + "/")
        result = Result(process.returncode, out.decode(), err.decode(), left, calls, injected,
                        processes)
        return result, scratch

    def collect(self, process, tmpdir):
        """After the parent was killed: its workers go too, and --gc removes what they left."""
        end = time.monotonic() + 2
        while group_is_there(process.pid) and time.monotonic() < end:
            time.sleep(0.001)
        for directory in (tmpdir, os.path.join(tmpdir, "target")):
            if not os.path.isdir(directory):
                continue
            done = subprocess.run([os.environ["ZIPMAP"], "--gc", "--tmpdir=" + directory],
                                  capture_output=True, check=False)
            if done.returncode != 0 or done.stdout or done.stderr:
                raise Wrong("--gc: status %d, %r" % (done.returncode, done.stderr))

    def leave_named(self, tmpdir):
        """Files that are to be replaced."""
        for (archive, _), (name, data) in self.content.items():
            path = os.path.join(tmpdir, "target", archive.removesuffix(".zip"), name)
            if data is None or os.path.exists(path):
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as made:
                made.write(b"old")
            os.chmod(path, 0o600)

    def other_files(self, result, printed):
        """What is left besides @printed, and should not be: whole files under their own names may
        have been named before the run was stopped, or were there before."""
        others = []
        whole = {data for _, data in self.content.values() if data is not None} | {b"old"}
        for path in set(result.left) - set(printed):
            if not is_named(path) or path.endswith("/"):
                others.append(path)
                continue
            with open(path, "rb") as file:
                if file.read() not in whole:
                    others.append(path)
        return sorted(others)

    def leave_killed(self, tmpdir):
        """What a killed run leaves: two files, a worker's directory, an unlocked lock; and what --gc
        is to leave alone: the same without a lock."""
        for name, files in (("zipmap.aaaaaa", ["lock", "0/0.0-m", "1/0.1-m"]),
                            ("zipmap.bbbbbb", ["0/0.0-m"])):
            for file in files:
                path = os.path.join(tmpdir, name, file)
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                with open(path, "wb") as made:
                    made.write(b"x")

    def printed(self, job, out):
        """(archive, index of the member, path, offset, size) of each line."""
        lines = out.split("\n")
        if lines.pop() != "":
            raise Wrong("the last line is cut")
        found = []
        for line in lines:
            if FORMAT not in job.arguments:
                archive, _, rest = os.path.basename(line).partition(".")
                index = int(rest.partition("-")[0])
                found.append((COMMON[int(archive)], index, line, 0, os.path.getsize(line)))
                continue
            archive, member, path, offset, size = line.split("\t")
            if archive == "d":
                raise Wrong("a directory is no archive")
            index = next((number for (name, number), (called, _) in self.content.items()
                          if name == archive and called == member), None)
            found.append((archive, index, path, int(offset), int(size)))
        return found

    def judge(self, job, result, fault=None):
        """Raises Wrong."""
        # A worker that cannot be spoken to any more is ended, whatever it was on.
        ended = fault and fault.startswith(("parent:sendmsg:", "parent:recvmsg:"))
        # One that does not take the answers that it has asked for breaks the protocol.
        refused = (fault and fault.startswith("parent:sendmsg:") and "--reuse" in job.arguments and
                   fault.endswith(":%d" % errno.EAGAIN))
        if result.processes:
            raise Wrong("processes are left")
        if result.status not in (0, 1, 2):
            raise Wrong("status %d" % result.status)
        for line in result.err.splitlines():
            if not line.startswith("zipmap: "):
                raise Wrong("a strange message: %r" % line)
            if "killed by signal 9," in line and ended:
                continue
            if "broke the protocol" in line and refused:
                continue
            if "killed by signal" in line or "broke the protocol" in line:
                raise Wrong("a worker crashed: %r" % line)
        if job.before == "killed":
            self.judge_gc(result)
            return
        if result.status == 2 and result.out:
            raise Wrong("status 2, but something is printed")
        found = self.printed(job, result.out)
        wanted = [(path, index) for path in job.archives for index in range(8)
                  if self.content.get((path, index), (None, None))[1] is not None]
        order = [line[:2] for line in found]
        if len(set(order)) != len(order):
            raise Wrong("printed twice")
        if not set(order) <= set(wanted):
            raise Wrong("should not be printed: %r" % (set(order) - set(wanted)))
        if "-u" not in job.arguments and order != [one for one in wanted if one in set(order)]:
            raise Wrong("out of order: %r" % order)
        if result.status == 0 and set(order) != set(wanted):
            raise Wrong("status 0, but missing: %r" % (set(wanted) - set(order)))
        if result.status == 0 and ("bad.zip" in job.archives or "streams" in job.arguments):
            raise Wrong("status 0, but something failed")
        if result.status != 0 and not result.err:
            raise Wrong("status %d without a message" % result.status)
        for archive, index, path, offset, size in found:
            with open(path, "rb") as file:
                file.seek(offset)
                if file.read(size) != self.content[archive, index][1]:
                    raise Wrong("other bytes: %r" % path)
            if os.stat(path).st_mode & 0o7777 != (0o666 & ~UMASK if "--umask" in job.arguments else 0o600):
                raise Wrong("mode %o" % os.stat(path).st_mode)
        others = self.other_files(result, [line[2] for line in found])
        if others:
            raise Wrong("left: %r" % others)

    def judge_killed(self, job, result):
        """Of a run whose parent was killed, and after --gc."""
        if result.processes:
            raise Wrong("processes are left")
        if result.status != -signal.SIGKILL:
            raise Wrong("status %d" % result.status)
        left = [path for path in result.left if "/zipmap.bbbbbb/" not in path]
        if TARGET in job.arguments:
            left = self.other_files(result, [])
        if job.before == "killed" and len(left) + 1 != len(result.left):
            raise Wrong("--gc took what it is not to: %r" % result.left)
        if left:
            # It had ended in order, but for its last breath.
            paths = [line[2] for line in self.printed(job, result.out)]
            if sorted(set(paths)) != sorted(left) or any("/." in path for path in left):
                raise Wrong("left: %r" % left)

    def judge_gc(self, result):
        killed = [path for path in result.left if "/zipmap.aaaaaa/" in path]
        others = [path for path in result.left if "/zipmap.bbbbbb/" in path]
        if len(others) != 1 or result.out or len(killed) + len(others) != len(result.left):
            raise Wrong("not what --gc is to leave: %r" % result.left)
        if result.status != 0 and not result.err:
            raise Wrong("status %d without a message" % result.status)
        if result.status == 0 and killed:
            raise Wrong("status 0, but left: %r" % killed)
        if killed and not any(path.endswith("/lock") for path in killed):
            raise Wrong("left, and no lock tells it: %r" % killed)

    def tidy(self):
        shutil.rmtree(self.here)


def spread(count, most):
    """The numbers from 1 to @count, or @most of them, the first and the last among them."""
    if not most or count <= most:
        return range(1, count + 1)
    return sorted({1 + round(step * (count - 1) / (most - 1)) for step in range(most)})


def plan(job, calls, options):
    """All the faults for a job whose calls are these."""
    for (who, function), count in sorted(calls.items()):
        if options.kill:
            if who == "parent" and (not options.function or function in options.function):
                for number in spread(count, options.most):
                    yield "parent:%s:%d:kill" % (function, number)
            continue
        if function not in HOWS or (options.function and function not in options.function):
            continue
        for how in HOWS[function].split():
            name = how.rstrip("+")
            value = name if name in ("short", "end") else getattr(errno, name)
            # `end` of a channel, or of what poll(2) said is there, are the other side's to do.
            for number in spread(count, options.most):
                yield "%s:%s:%d%s:%s" % (who, function, number, how[len(name):], value)


def excused(fault, job, result, wrong):
    """What cannot be otherwise, and is in order."""
    who, function, _, how = fault.split(":")
    if who == "workers" or how == "kill":
        return False
    # Where it is stderr itself that takes nothing, nobody is left to tell.
    if function == "write" and "without a message" in str(wrong):
        return True
    # Where no directory can be opened any more, to the end, what is left is said.
    if function == "openat" and fault.split(":")[2].endswith("+") and "left:" in str(wrong):
        return "cannot remove all that was not printed" in result.err
    # A lock that another process holds, and a directory that only another user may open, are just
    # what --gc leaves in silence.
    return job.before and result.status == 0 and (function, int(how)) in (
        ("fcntl", errno.EAGAIN), ("openat", errno.EACCES))


def try_one(bench, job, fault):
    """None, or what was wrong and what was said; and whether the fault came to pass."""
    scratch = None
    try:
        result, scratch = bench.run(job, fault)
    except Wrong as wrong:
        return "%s" % wrong, "", True
    try:
        # A reader that is gone ends the run as it ends any program.
        if result.status == -signal.SIGPIPE and ":write:" in fault:
            result = result._replace(status=1, err=result.err or "zipmap: ")
        if fault.endswith(":kill") and result.injected:
            bench.judge_killed(job, result)
        else:
            bench.judge(job, result, fault)
    except (Wrong, OSError, ValueError, KeyError) as wrong:
        if not excused(fault, job, result, wrong):
            return "%s: %s" % (type(wrong).__name__, wrong), result.err, result.injected > 0
    finally:
        shutil.rmtree(scratch)
    return None, result.err, result.injected > 0


def show(bench, job, fault):
    result, scratch = bench.run(job, fault)
    print("status %s, %d injected\n%s%s%s" % (
        result.status, result.injected, result.out, result.err, "\n".join(result.left)))
    bench.judge(job, result, fault)
    shutil.rmtree(scratch)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--job", action="append")
    parser.add_argument("--function", action="append")
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--one")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--counts", action="store_true")
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("shim")
    options = parser.parse_args()
    bench = Bench(options.shim)
    runs = wrongs = missed = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0)) + 1) as pool:
            for name in options.job or JOBS:
                job = JOBS[name]
                if options.compare and name == "first":
                    continue
                if options.compare:
                    wrongs += not compare(bench, name)
                    continue
                if options.one:
                    show(bench, job, options.one)
                    continue
                result, scratch = bench.run(job)
                bench.judge(job, result)
                shutil.rmtree(scratch)
                if options.counts:
                    for (who, function), count in sorted(result.calls.items()):
                        if count:
                            print(name, who, function, count, sep="\t")
                    continue
                faults = list(plan(job, result.calls, options))
                tried = pool.map(lambda fault, job=job: try_one(bench, job, fault), faults)
                for fault, (wrong, said, injected) in zip(faults, tried):
                    runs += 1
                    missed += not injected
                    if wrong:
                        wrongs += 1
                        print("%s %s: %s\n    %s" % (
                            name, fault, wrong, said.strip().replace("\n", "\n    ")), flush=True)
    except Wrong as wrong:
        print("faults.py:", wrong)
        return 1
    finally:
        bench.tidy()
    if options.one or options.counts or options.compare:
        return 1 if wrongs else 0
    print("%d runs with a fault, %d not in order, in %d the call did not come" % (
        runs, wrongs, missed))
    return 0 if runs and not wrongs else 1


if __name__ == "__main__":
    sys.exit(main())
