# SPDX-License-Identifier: MIT
"""Running one command: how long it took, and whether what it left is right."""

import hashlib
import os
import re
import signal
import statistics
import subprocess
import time

CHUNK = 1 << 20


class Failed(Exception):
    """A command failed, or its output is wrong."""


class Sample:
    """The figures of one run."""

    def __init__(self, wall_s, cpu_s, own_cpu_s):
        self.wall_s = wall_s
        self.cpu_s = cpu_s  # of the process and of all that it waited for
        self.own_cpu_s = own_cpu_s  # of the process alone; None: the kernel does not say


class Samples:
    """The figures of all rounds."""

    def __init__(self, samples):
        self.walls_s = [sample.wall_s for sample in samples]
        self.median_s = statistics.median(self.walls_s)
        self.min_s = min(self.walls_s)
        self.max_s = max(self.walls_s)
        self.cpu_s = statistics.median(sample.cpu_s for sample in samples)
        self.owns_s = [sample.own_cpu_s for sample in samples if sample.own_cpu_s is not None]
        self.own_cpu_s = statistics.median(self.owns_s) if self.owns_s else None


def own_cpu_s(pid):
    """The processor time of a process that has ended and was not waited for: its one thread's, to
    the nanosecond (proc_pid_schedstat). None: this kernel does not say."""
    try:
        with open("/proc/%d/schedstat" % pid, encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9
    except (OSError, IndexError):
        return None


def wait_for(process, start, until=None):
    """The sample of a process from @start to @until, or to its end."""
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    end = until or time.perf_counter()
    own = own_cpu_s(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Sample(end - start, usage.ru_utime + usage.ru_stime, own)


def why_failed(process, errors):
    with open(errors, "rb") as err:
        said = err.read(65536).decode(errors="replace").strip().splitlines()
    return Failed("status %d%s" % (process.returncode, ": " + said[-1] if said else ""))


def run(command, output, errors):
    """Run @command with its stdout and stderr in these files. A session of its own, so that all
    processes of the command can be ended when the benchmark is."""
    with open(output, "wb") as out, open(errors, "wb") as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   start_new_session=True)
        try:
            sample = wait_for(process, start)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode != 0:
        raise why_failed(process, errors)
    return sample


def run_to_first_line(command, output, errors):
    """As run(), but the wall time is that to the first line of stdout, which goes to @output. Then
    the command is ended."""
    with open(errors, "wb") as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=err, start_new_session=True)
        try:
            line = process.stdout.readline()
            first = time.perf_counter()
            os.kill(process.pid, signal.SIGTERM)  # terminate() would wait for one that has ended
            process.stdout.close()
            sample = wait_for(process, start, first)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if not line.endswith(b"\n"):
        raise why_failed(process, errors)
    with open(output, "wb") as out:
        out.write(line)
    return sample


# --- what was unzipped ----------------------------------------------------------------------------


def digest(chunks):
    """(size, SHA-256) of the bytes in @chunks."""
    sha = hashlib.sha256()
    size = 0
    for chunk in chunks:
        sha.update(chunk)
        size += len(chunk)
    return size, sha.digest()


def read_chunks(file, size=None):
    while size is None or size > 0:
        chunk = file.read(CHUNK if size is None else min(CHUNK, size))
        if not chunk:
            return
        if size is not None:
            size -= len(chunk)
        yield chunk


def summary(digests):
    """What several members are together, in whatever order and under whatever names."""
    digests = sorted(digests)
    together = hashlib.sha256(b"".join(sha for _, sha in digests)).hexdigest()
    return {"count": len(digests), "bytes": sum(size for size, _ in digests), "sha256": together}


def names_summary(names):
    """What the names of members are together, in whatever order."""
    names = sorted(names)
    return {"names": len(names), "names_sha256": hashlib.sha256(b"\n".join(names)).hexdigest()}


def digest_file(path, offset=0, size=None):
    with open(path, "rb") as file:
        file.seek(offset)
        return digest(read_chunks(file, size))


def files_under(directory):
    """For tools that say nothing: each file that they left."""
    for place, _, names in os.walk(directory):
        for name in names:
            yield digest_file(os.path.join(place, name))


def printed_paths(output):
    """For `zipmap`: each file whose path was printed."""
    with open(output, "rb") as lines:
        for line in lines:
            yield digest_file(line.rstrip(b"\n"))


def printed_ranges(output):
    """For `zipmap --pack`: lines of path, offset, size."""
    with open(output, "rb") as lines:
        for line in lines:
            path, offset, size = line.rstrip(b"\n").split(b"\t")
            found = digest_file(path, int(offset), int(size))
            if found[0] != int(size):
                raise Failed("a record reaches beyond the end of its file")
            yield found


# --- what zipmap --stats says ---------------------------------------------------------------------


def read_stats(errors):
    """The figures of a report of --stats. Bytes of memory are None where not measured."""
    with open(errors, encoding="utf-8") as file:
        lines = dict(line.split(":", 1) for line in file if re.match(r"[a-z][a-z, -]*:", line))

    def bytes_of(key):
        found = re.search(r"\((\d+) bytes?\)", lines.get(key, ""))
        return int(found.group(1)) if found else None

    def messages_in(key):
        found = re.search(r" in (\d+) messages?", lines.get(key, ""))
        return int(found.group(1)) if found else 0

    traffic = [bytes_of("received by the parent"), bytes_of("sent to workers")]
    members = int(lines.get("members", "0"))
    return {
        "parent": bytes_of("private memory, parent"),
        "worker": bytes_of("private memory, worker"),
        "traffic": sum(traffic) / members if members and None not in traffic else None,
        "messages": messages_in("received by the parent") + messages_in("sent to workers"),
    }
