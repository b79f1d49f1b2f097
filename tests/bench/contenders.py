# SPDX-License-Identifier: MIT
"""Who runs: zipmap and its peers, as commands.

A contender has one or more forms: "alone" is the program by itself, on one archive after the other
where it takes only one; "xargs -P N" is as many of it at once as zipmap has workers. The faster one
in the warm-up is the one that is measured.
"""

import os
import re
import shutil
import subprocess

import measure

HERE = os.path.dirname(os.path.abspath(__file__))


class Task:
    """What is to be unzipped, and where to."""

    def __init__(self, inputs, out, jobs):
        self.directory = inputs.directory
        self.list = inputs.list  # a file: the archives' paths, each with NUL at its end
        self.archives = inputs.archives
        self.plain = inputs.plain  # a directory of the members as files, or None
        self.out = out
        self.jobs = str(jobs)

    def xargs(self, jobs, *command):
        """One process for each archive, '{}' in its command."""
        return ["xargs", "-0", "-P", str(jobs), "-I{}", "-a", self.list, *command]


class Contender:
    def __init__(self, name, forms, version=None, missing=None, ours=False, outputs=None,
                 by_archive=True):
        self.name = name
        self.forms = forms  # by name: Task -> command
        self.version = version or (lambda: None)
        self.missing = missing  # why it cannot run here, or None
        self.ours = ours
        self.by_archive = by_archive  # "xargs" makes sense for several archives only
        # (directory, file with its stdout) -> (size, SHA-256) of each member
        self.outputs = outputs or (lambda out, printed: measure.files_under(out))


def first_line(*command):
    """What a program says about itself."""
    try:
        said = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False).stdout
    except OSError:
        return ""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines()]
    return next((line for line in lines if line), "")


def not_installed(*programs):
    return None if all(map(shutil.which, programs)) else "not installed"


def find_numpy():
    """A Python that has numpy: the system's own first."""
    for python in ("/usr/bin/python3", shutil.which("python3")):
        if python and subprocess.run([python, "-c", "import numpy"], stderr=subprocess.DEVNULL,
                                     check=False).returncode == 0:
            return python
    return None


def one_at_a_time(name, version, *command):
    """A peer that takes one archive. '{}' in @command is the archive, '{out}' the directory."""
    def words(task, archive):
        return [word.replace("{out}", task.out).replace("{}", archive) for word in command]

    def alone(task):
        if len(task.archives) == 1:
            return words(task, task.archives[0])
        return task.xargs(1, *words(task, "{}"))

    return Contender(name, {
        "alone": alone,
        "xargs": lambda task: task.xargs(task.jobs, *words(task, "{}")),
    }, version, not_installed(command[0], "xargs"))


def many_at_once(name, version, *command):
    """A peer that takes a wildcard as well."""
    peer = one_at_a_time(name, version, *command)
    peer.forms["alone"] = lambda task: [
        word.replace("{out}", task.out)
        .replace("{}", task.archives[0] if len(task.archives) == 1 else task.directory + "/*.zip")
        for word in command]
    return peer


# zipmap chooses for each member; these decode all of them alone.
DECODERS = ["--decoder=twin", "--decoder=isal", "--decoder=zlib"]


def decoder_missing(zipmap, option):
    tried = subprocess.run([zipmap, option, "-T", "/dev/null"], stderr=subprocess.DEVNULL,
                           check=False)
    return "not in this build, or not for this CPU" if tried.returncode == 2 else None


def zipmaps(build):
    """zipmap in its forms, and with each decoder."""
    zipmap = os.path.join(build, "zipmap")
    text = subprocess.run([zipmap, "--help"], stdout=subprocess.PIPE, check=True).stdout.decode()
    absent = [option for option in ("--pack", "--printf") if option not in text]

    def command(program, *options):
        return lambda task: [program, "-j", task.jobs, "--tmpdir=" + task.out, *options,
                             task.directory]

    def printed_paths(_, printed):
        return measure.printed_paths(printed)

    def printed_ranges(_, printed):
        return measure.printed_ranges(printed)

    def version(program):
        said = subprocess.run([program, "--version"], stdout=subprocess.PIPE, check=True).stdout
        return ", ".join(said.decode().strip().splitlines()[:2])

    return [
        Contender("zipmap", {"alone": command(zipmap)}, lambda: version(zipmap), ours=True,
                  outputs=printed_paths),
        Contender("zipmap --pack", {"alone": command(zipmap, "--pack", r"--printf=%p\t%o\t%s\n")},
                  missing="this zipmap has no " + " and no ".join(absent) if absent else None,
                  ours=True, outputs=printed_ranges),
        *(Contender("zipmap " + option, {"alone": command(zipmap, option)},
                    missing=decoder_missing(zipmap, option), outputs=printed_paths)
          for option in DECODERS),
    ]


def pools():
    python = find_numpy()
    missing = None if python else "no python3 with numpy"

    def command(what):
        return lambda task: [python, os.path.join(HERE, "pool.py"), what, task.jobs, task.list,
                             task.out]

    def version():
        return first_line(python, "-c", "import numpy, sys; print('Python %d.%d.%d, numpy %s' % "
                                        "(*sys.version_info[:3], numpy.__version__))")

    return [
        Contender("Python pool, maps", {"alone": command("maps")}, version, missing),
        Contender("Python pool, names", {"alone": command("names")}, None, missing),
    ]


def copy():
    """cp of the same bytes, from files that hold the members."""
    def xargs(task):
        files = sorted(os.listdir(task.plain))
        portion = max(1, len(files) // (4 * int(task.jobs)))
        with open(task.list + ".plain", "wb") as file:
            file.writelines(os.fsencode(os.path.join(task.plain, name)) + b"\0" for name in files)
        return ["xargs", "-0", "-P", task.jobs, "-n", str(portion), "-a", task.list + ".plain",
                "cp", "-t", task.out]

    return Contender("cp", {
        "alone": lambda task: ["cp", "-R", task.plain + "/.", task.out],
        "xargs": xargs,
    }, lambda: first_line("cp", "--version"), by_archive=False)


def roofline(build):
    program = os.path.join(build, "roofline")

    def outputs(_, printed):
        """It writes nothing and has checked each CRC-32 itself."""
        with open(printed, encoding="ascii") as lines:
            return {key: int(value) for key, value in (line.split() for line in lines)}

    return Contender("roofline", {"alone": lambda task: [program, task.jobs, task.list]},
                     missing=None if os.path.exists(program) else "not built", outputs=outputs)


def ripunzip_version():
    return first_line("ripunzip", "--version")


def unzip_version():
    return re.sub(r" of .*", "", first_line("unzip", "-v"))


def every(build):
    """All contenders by name."""
    unzip_each = one_at_a_time("unzip, each", None, "unzip", "-qq", "-o", "{}", "-d", "{out}")
    del unzip_each.forms["alone"]
    peers = [
        *zipmaps(build),
        roofline(build),
        many_at_once("unzip", unzip_version, "unzip", "-qq", "-o", "{}", "-d", "{out}"),
        unzip_each,
        one_at_a_time("bsdtar", lambda: first_line("bsdtar", "--version"),
                      "bsdtar", "-x", "-f", "{}", "-C", "{out}"),
        many_at_once("7zz", lambda: re.sub(r" :.*", "", first_line("7zz")),
                     "7zz", "x", "-y", "-bso0", "-bsp0", "-o{out}", "{}"),
        one_at_a_time("ripunzip", ripunzip_version,
                      "ripunzip", "unzip-file", "-d", "{out}", "{}"),
        *pools(),
        copy(),
    ]
    return {peer.name: peer for peer in peers}
