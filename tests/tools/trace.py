#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Read what `strace -f -y` wrote about a run of zipmap.

usage: trace.py LOG

Prints the bytes that the parent received and sent on sockets, the calls of the parent that touch the
bytes of an archive (there should be none), and how many such calls the workers made.
"""

import re
import sys

LINE = re.compile(r"(\d+) +(.*)")
CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)(?:<.*)?(?: .*)?$")
TOUCHES = {"read", "pread64", "readv", "preadv", "preadv2", "mmap", "sendfile", "splice",
           "copy_file_range", "vmsplice", "process_vm_readv", "io_uring_enter"}
OPENS = {"open", "openat", "openat2"}


def calls(path):
    """(pid, name, arguments, result); calls that were interrupted by others are put together."""
    begun = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = LINE.match(line)
            if not match:
                continue
            pid, text = match.groups()
            if text.endswith("<unfinished ...>"):
                begun[pid] = text[:-len("<unfinished ...>")].rstrip()
                continue
            resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
            if resumed:
                text = begun.pop(pid, "") + resumed.group(1)
            match = CALL.match(text)
            if match:
                yield pid, match.group(1), match.group(2), int(match.group(3))


def main():
    parent = None
    received = sent = opened = by_workers = 0
    touched = []
    for pid, name, arguments, result in calls(sys.argv[1]):
        parent = parent or pid
        archive = re.search(r"<[^<>]*\.zip>", arguments)
        if name in TOUCHES and archive:
            if pid == parent:
                touched.append("%s(%s)" % (name, arguments))
            else:
                by_workers += 1
        if pid != parent:
            continue
        if name in OPENS and '.zip"' in arguments and result >= 0:
            opened += 1
        if result > 0 and name in ("recvmsg", "recvfrom", "recv"):
            received += result
        if result > 0 and name in ("sendmsg", "sendto", "send"):
            sent += result
        if result > 0 and name in ("read", "readv", "write", "writev") and "socket:" in arguments:
            if name.startswith("r"):
                received += result
            else:
                sent += result
        if name in ("recvmmsg", "sendmmsg"):
            raise SystemExit("trace.py: does not count " + name)
    print("received", received)
    print("sent", sent)
    print("opened", opened)
    print("touched", len(touched), *touched[:3])
    print("by-workers", by_workers)


if __name__ == "__main__":
    main()
