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

    def __init__(self, wall_s, cpu_s):
        self.wall_s = wall_s
        self.cpu_s = cpu_s  # of the process and of all that it waited for


class Samples:
    """The figures of all rounds."""

    def __init__(self, samples):
        self.walls_s = [sample.wall_s for sample in samples]
        self.median_s = statistics.median(self.walls_s)
        self.min_s = min(self.walls_s)
        self.max_s = max(self.walls_s)
        self.cpu_s = statistics.median(sample.cpu_s for sample in samples)


def run(command, output, errors):
    """Run @command with its stdout and stderr in these files. A session of its own, so that all
    processes of the command can be ended when the benchmark is."""
    with open(output, "wb") as out, open(errors, "wb") as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   start_new_session=True)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        with open(errors, "rb") as err:
            said = err.read(65536).decode(errors="replace").strip().splitlines()
        raise Failed("status %d%s" % (process.returncode, ": " + said[-1] if said else ""))
    return Sample(wall_s, usage.ru_utime + usage.ru_stime)


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

    traffic = [bytes_of("received by the parent"), bytes_of("sent to workers")]
    members = int(lines.get("members", "0"))
    return {
        "parent": bytes_of("private memory, parent"),
        "worker": bytes_of("private memory, worker"),
        "traffic": sum(traffic) / members if members and None not in traffic else None,
    }
