# SPDX-License-Identifier: MIT
"""The machine in words: what a reader needs to judge the figures, and nothing that names it."""

import os
import platform
import re
import subprocess


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def file_system(path):
    found = subprocess.run(["df", "--output=fstype", path], stdout=subprocess.PIPE, check=True)
    return found.stdout.decode().split()[-1]


def distribution():
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', read("/etc/os-release"), re.M)
    return found.group(1) if found else "unknown"


def processor():
    text = read("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.*)$", text, re.M)
    name = found.group(1).strip() if found else platform.machine()
    virtual = re.search(r"^flags\s*:.*\bhypervisor\b", text, re.M)
    return name + (", in a virtual machine" if virtual else "")


def memory():
    found = re.search(r"^MemTotal: *(\d+) kB", read("/proc/meminfo"), re.M)
    return "%.0f GiB" % (int(found.group(1)) / 1048576) if found else "unknown"


def describe(tmpfs, disk):
    """(what, figure) pairs. The kernel's version is given without what its builder added."""
    return [
        ("processor", processor()),
        ("cores used", "%d" % len(os.sched_getaffinity(0))),
        ("memory", memory()),
        ("kernel", "Linux " + re.match(r"[\d.]*", platform.release()).group(0)),
        ("distribution", distribution()),
        ("file systems", "%s (the cases to tmpfs), %s (archives, and the case to disk)"
         % (file_system(tmpfs), file_system(disk))),
    ]
