# SPDX-License-Identifier: MIT
"""Other programs that unzip, as contenders: those that are installed.

A program is looked for in PATH. A variable of the environment may name another one instead:

  UNZIP BSDTAR SEVENZZ RIPUNZIP UNZRIP FASTZIP MINIUNZIP MINIZIP RAPIDGZIP

FASTZIP is a program around the Go library of that name, which is called with an archive and a
directory. MINIUNZIP is that of zlib, MINIZIP that of minizip-ng. RAPIDGZIP unzips no archives: it
is given the one member as a .gz.
"""

import functools
import os
import re
import shutil
import subprocess

import measure
from contender import Contender


@functools.lru_cache(maxsize=None)
def find(variable, *programs):
    """The path of a program, or None. The variable is taken out of the environment: unzip takes
    what is in UNZIP for options."""
    named = os.environ.pop(variable, None)
    return shutil.which(named) if named else next(filter(None, map(shutil.which, programs)), None)


def first_line(*command):
    """What a program says about itself."""
    try:
        said = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False).stdout
    except OSError:
        return ""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines()]
    return next((line for line in lines if line), "")


class Peer(Contender):
    """A program that unzips one archive. In its command '{}' is the archive and '{out}' the
    directory. @asked is what it says its version by, and @tail what is cut from that. @many: it
    takes a wildcard as well."""

    def __init__(self, name, path, command, asked=("--version",), tail=None, many=False):
        self.path = path
        self.command = command
        self.asked = asked
        self.tail = tail
        forms = {"alone": self.wildcard if many else self.alone, "xargs": self.xargs}
        super().__init__(name, forms, self.say_version,
                         None if path and shutil.which("xargs") else "not installed")

    def words(self, task, archive):
        return [word.replace("{out}", task.out).replace("{}", archive)
                for word in [self.path, *self.command]]

    def alone(self, task):
        if len(task.archives) == 1:
            return self.words(task, task.archives[0])
        return task.xargs(1, *self.words(task, "{}"))

    def wildcard(self, task):
        only = task.archives[0] if len(task.archives) == 1 else task.directory + "/*.zip"
        return self.words(task, only)

    def xargs(self, task):
        return task.xargs(task.jobs, *self.words(task, "{}"))

    def say_version(self):
        said = first_line(self.path, *self.asked)
        return re.sub(self.tail, "", said) if self.tail else said


class UnzripPeer(Peer):
    """It unzips to where it is, and has no option that says its version."""

    def words(self, task, archive):
        return ["env", "-C", task.out, self.path, archive]

    def say_version(self):
        return "installed; it does not say its version"


def is_minizip_ng(path):
    """minizip of zlib has the same name, and only makes archives."""
    return path and "minizip-ng" in first_line(path)


def listing(name, path, *command):
    """A program that prints the names of one archive's members, one at the end of each line."""
    return Contender(name, {"alone": lambda task: [path, *command, task.archives[0]]},
                     missing=None if path else "not installed", outputs=names_printed)


def names_printed(_, printed):
    # Names of made archives have no blanks.
    with open(printed, "rb") as lines:
        return measure.names_summary(line.split()[-1] for line in lines)


def rapidgzip(path):
    def alone(task):
        return [path, "-d", "-f", "-P", task.jobs, "-o", os.path.join(task.out, "member"),
                task.gzip()]

    return Contender("rapidgzip", {"alone": alone}, lambda: first_line(path, "--version"),
                     None if path else "not installed")


def every():
    unzip = find("UNZIP", "unzip")
    bsdtar = find("BSDTAR", "bsdtar")
    seven = find("SEVENZZ", "7zz", "7z")
    minizip = find("MINIZIP", "minizip-ng", "minizip")
    unzip_words = ["-qq", "-o", "{}", "-d", "{out}"]
    unzip_each = Peer("unzip, each", unzip, unzip_words)
    del unzip_each.forms["alone"]
    unzip_each.version = None
    return [
        Peer("unzip", unzip, unzip_words, ["-v"], r" of .*", many=True),
        unzip_each,
        Peer("bsdtar", bsdtar, ["-x", "-f", "{}", "-C", "{out}"]),
        Peer("7zz", seven, ["x", "-y", "-bso0", "-bsp0", "-o{out}", "{}"], [], r" :.*", many=True),
        Peer("ripunzip", find("RIPUNZIP", "ripunzip"), ["unzip-file", "-d", "{out}", "{}"]),
        UnzripPeer("unzrip", find("UNZRIP", "unzrip"), []),
        Peer("fastzip", find("FASTZIP", "fastzip"), ["{}", "{out}"]),
        Peer("miniunzip", find("MINIUNZIP", "miniunzip", "miniunz"),
             ["-x", "-o", "{}", "-d", "{out}"], [], r",.*"),
        Peer("minizip-ng", minizip if is_minizip_ng(minizip) else None,
             ["-x", "-o", "-d", "{out}", "{}"], [], r" - .*"),
        rapidgzip(find("RAPIDGZIP", "rapidgzip")),
        listing("unzip -Z1", unzip, "-Z1"),
        listing("bsdtar -tf", bsdtar, "-tf"),
        listing("7zz l", seven, "l", "-ba"),
    ]
