# SPDX-License-Identifier: MIT
"""What a contender is, and what it is given to do."""

import os
import zipfile

import measure


class Task:
    """What is to be unzipped, and where to."""

    def __init__(self, inputs, out, jobs):
        self.directory = inputs.directory
        self.list = inputs.list  # a file: the archives' paths, each with NUL at its end
        self.archives = inputs.archives
        self.plain = inputs.plain  # a directory of the members as files, or None
        self.out = out
        self.prepared = out + ".prepared"  # a file: the stdout of what was run before
        self.jobs = str(jobs)

    def xargs(self, jobs, *command):
        """One process for each archive, '{}' in its command."""
        return ["xargs", "-0", "-P", str(jobs), "-I{}", "-a", self.list, *command]

    def gzip(self):
        """The one member's compressed stream as a .gz. It is made the first time."""
        path = self.list + ".gz"
        if not os.path.exists(path):
            write_gzip(self.archives[0], path)
        return path


def write_gzip(archive, path):
    """Put the stream of an archive's one member between a head and an end of gzip (RFC 1952)."""
    with zipfile.ZipFile(archive) as opened:
        member, = opened.infolist()
        if member.compress_type != zipfile.ZIP_DEFLATED:
            raise measure.Failed("the member is not deflated")
    with open(archive, "rb") as file, open(path + ".part", "wb") as out:
        file.seek(member.header_offset)
        header = file.read(30)
        file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"),
                  os.SEEK_CUR)
        out.write(b"\x1f\x8b\x08" + bytes(6) + b"\xff")
        out.writelines(measure.read_chunks(file, member.compress_size))
        out.write(member.CRC.to_bytes(4, "little"))
        out.write((member.file_size % (1 << 32)).to_bytes(4, "little"))
    os.rename(path + ".part", path)


class Contender:
    """It has one or more forms: "alone" is the program by itself, on one archive after the other if
    it takes only one; "xargs" is as many of it at once as zipmap has workers. The form that is
    faster in the warm-up is the one that is measured."""

    def __init__(self, name, forms, version=None, missing=None, *, ours=False, outputs=None,
                 by_archive=True, prepare=None, first_line=False):
        self.name = name
        self.forms = forms  # by name: Task -> command
        self.version = version  # says it; or None: another one says it
        self.missing = missing  # why it cannot run here, or None
        self.ours = ours
        self.by_archive = by_archive  # "xargs" makes sense for several archives only
        # (directory, file with its stdout) -> (size, SHA-256) of each member, or a dictionary
        # of what the case expects
        self.outputs = outputs or (lambda out, printed: measure.files_under(out))
        self.prepare = prepare  # Task -> a command that is run before, and not timed; or None
        self.first_line = first_line  # timed to the first line that it prints, and ended then
