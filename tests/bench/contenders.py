# SPDX-License-Identifier: MIT
"""Who runs: zipmap in its forms, what it is held against, and its peers."""

import os
import shutil
import subprocess

import measure
import peers
from contender import Contender

HERE = os.path.dirname(os.path.abspath(__file__))

# zipmap chooses for each member; these decode all of them alone.
DECODERS = ["--decoder=twin", "--decoder=isal", "--decoder=zlib"]

PATHS_OF_PACKS = r"--printf=%p\t%o\t%s\n"


def decoder_missing(zipmap, option):
    tried = subprocess.run([zipmap, option, "-T", "/dev/null"], stderr=subprocess.DEVNULL,
                           check=False)
    return "not in this build, or not for this CPU" if tried.returncode == 2 else None


def printed_paths(_, printed):
    return measure.printed_paths(printed)


def printed_ranges(_, printed):
    return measure.printed_ranges(printed)


def no_files(out, _):
    """What commands are run on is removed."""
    if any(names for _, _, names in os.walk(out)):
        raise measure.Failed("left files")
    return {}


def one_path(_, printed):
    with open(printed, "rb") as lines:
        if [os.path.isfile(line.rstrip(b"\n")) for line in lines] != [True]:
            raise measure.Failed("did not print the path of a file")
    return {}


def zipmaps(build):
    """zipmap in its forms."""
    zipmap = os.path.join(build, "zipmap")

    def command(*options, jobs=None):
        return {"alone": lambda task: [zipmap, "-j", jobs or task.jobs, "--tmpdir=" + task.out,
                                       *options, task.directory]}

    def below(option, name):
        """An option whose value is a directory."""
        return lambda task: [zipmap, "-j", task.jobs, "--tmpdir=" + task.out,
                             option + "=" + os.path.join(task.out, name), task.directory]

    def version():
        said = subprocess.run([zipmap, "--version"], stdout=subprocess.PIPE, check=True).stdout
        return ", ".join(said.decode().strip().splitlines()[:2])

    def ours(name, forms, outputs=printed_paths, **more):
        return Contender("zipmap" + name, forms, outputs=outputs, **more)

    xargs_true = Contender(
        "xargs true, of a ready list",
        {"alone": lambda task: ["xargs", "-0", "-P", task.jobs, "-n", "1", "-a", task.prepared,
                                "true"]},
        outputs=lambda out, printed: {}, prepare=command("-0")["alone"])
    return [
        ours("", command(), version=version, ours=True),
        ours(" --pack", command("--pack", PATHS_OF_PACKS), printed_ranges, ours=True),
        ours(" -j1", command(jobs="1")),
        ours(" --parts=never", command("--parts=never")),
        ours(" -d", {"alone": below("--directory", "d")}),
        ours(" --cache, again", {"alone": below("--cache", "cache")},
             prepare=below("--cache", "cache")),
        ours(" --list", command("--list", r"--printf=%m\n"), peers.names_printed, ours=True),
        ours(", first path", command(), one_path, first_line=True),
        ours(" -x true", command("-x", "true", ";"), no_files, ours=True),
        xargs_true,
        *(ours(" " + option, command(option), missing=decoder_missing(zipmap, option))
          for option in DECODERS),
    ]


def find_numpy():
    """A Python that has numpy: the system's own first."""
    for python in ("/usr/bin/python3", shutil.which("python3")):
        if python and subprocess.run([python, "-c", "import numpy"], stderr=subprocess.DEVNULL,
                                     check=False).returncode == 0:
            return python
    return None


def pools():
    python = find_numpy()
    missing = None if python else "no python3 with numpy"

    def command(what):
        return lambda task: [python, os.path.join(HERE, "pool.py"), what, task.jobs, task.list,
                             task.out]

    def version():
        return peers.first_line(python, "-c", "import numpy, sys; "
                                "print('Python %d.%d.%d, numpy %s' % "
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
    }, lambda: peers.first_line("cp", "--version"), by_archive=False)


def rooflines(build):
    program = os.path.join(build, "roofline")

    def counted(_, printed):
        """It writes nothing, and has checked each CRC-32 itself."""
        with open(printed, encoding="ascii") as lines:
            said = {key: int(value) for key, value in map(str.split, lines)}
        return {"count": said["members"], "bytes": said["bytes"]}

    return [
        Contender("roofline", {"alone": lambda task: [program, task.jobs, task.list]},
                  outputs=counted),
        Contender("roofline, files",
                  {"alone": lambda task: [program, task.jobs, task.list, task.out]}),
    ]


def every(build):
    """All contenders by name."""
    found = [*zipmaps(build), *rooflines(build), *peers.every(), *pools(), copy()]
    return {contender.name: contender for contender in found}


def versions(every_one):
    """(name, version) of each program, and at the end what is not installed, named once."""
    rows = [(one.name, one.version()) for one in every_one.values()
            if one.version and not one.missing]
    absent = [one.name for one in every_one.values() if one.version and one.missing]
    return rows + [("not here", ", ".join(absent))] if absent else rows
