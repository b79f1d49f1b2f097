#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run zipmap on the archives of SHARED_ARCHIVES and judge what it did.

usage: shared_archives.py [--table=FILE] accepted | all | entry-errors | rejected | unsupported |
                          bombs | encrypted | together | decoders

The binary is $ZIPMAP. The column `code` of MANIFEST.tsv says what a careful extractor does. It is a
judgement, not an oracle: where zipmap differs, DIFFERENT below says why.
"""

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

import verify
import zipread

LIMIT_S = 10  # for any one archive; the slowest needs a fraction of a second

# file: why what is printed is not what the column `code` or the other reader says
DIFFERENT = {
    "hostile/libzip__incons-local-compression-method.zip":
        "the local header's method is another; the directory's gives the CRC-32 that is stated",
}

# file: how many members are printed (each right), the status, and why, where that is not what libzip
# made of the archive, or not what the column `code` says
VERDICTS = {
    "hostile/libzip__incons-archive-comment-longer.zip":
        (1, 0, "a comment that is cut hides nothing"),
    "hostile/libzip__incons-eocd64.zip":
        (0, 1, "no number of the end record asks for the zip64 record, and they lead nowhere"),
    "hostile/libzip__incons-file-count-overflow.zip":
        (1, 0, "no number of the end record asks for the zip64 record, which is wrong"),
    "hostile/libzip__incons-gap-before-eocd.zip":
        (0, 1, "the directory is longer than its entries"),
    "hostile/libzip__zip-in-archive-comment.zip":
        (1, 0, "the last end record counts, and a warning tells of the archive around it"),
    "hostile/libzip__zip64-in-archive-comment.zip":
        (1, 0, "the last end record counts, and a warning tells of the archive around it"),
    "hostile/minizip-ng__incorrect_number_entries.zip":
        (1, 0, "no entries are stated, but the chain of them ends just where the directory does"),
    "odd/golang__TestIssue12449.zip":
        (1, 0, "what looks like records in comments and extra fields is none"),
    "odd/libzip__incons-ef-central-size-wrong.zip":
        (1, 0, "an extra field that makes no sense is as good as absent"),
    "odd/sharpcompress__Zip.zip64.compressedonly.zip":
        (1, 0, "the zip64 record has all numbers if one of the end record's asks for it"),
}


class Run:
    """One run of zipmap on @archives, in a directory of its own."""

    def __init__(self, archives, limit_s=LIMIT_S, options=()):
        self.scratch = tempfile.mkdtemp()
        self.here = os.path.join(self.scratch, "here")
        self.tmpdir = os.path.join(self.scratch, "tmp")
        os.mkdir(self.here)
        os.mkdir(self.tmpdir)
        self.hung = False
        with open(os.path.join(self.scratch, "in"), "wb") as file:
            file.write(b"".join(os.fsencode(archive) + b"\n" for archive in archives))
        before = self.outside()
        try:
            done = subprocess.run(
                [os.environ["ZIPMAP"], "--tmpdir=" + self.tmpdir, *options, "-T",
                 os.path.join(self.scratch, "in")], cwd=self.here, capture_output=True,
                stdin=subprocess.DEVNULL, timeout=limit_s, check=False)
            self.status, self.out, self.err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as expired:
            self.hung = True
            self.status, self.out, self.err = None, expired.stdout or b"", expired.stderr or b""
        self.wandered = self.outside() != before

    def outside(self):
        """All files that are not in a run directory."""
        found = []
        for directory, subdirectories, names in os.walk(self.scratch):
            if directory == self.tmpdir:
                subdirectories[:] = [name for name in subdirectories
                                     if not name.startswith("zipmap.")]
            found.append((directory, sorted(names)))
        return sorted(found)

    def paths(self):
        return verify.split_paths(self.out)

    def basics(self):
        """What holds for any archive; raises verify.Wrong."""
        if self.hung:
            raise verify.Wrong("did not end within %d s" % LIMIT_S)
        if self.status not in (0, 1):
            raise verify.Wrong("status %d" % self.status)
        if self.wandered:
            raise verify.Wrong("something was written outside the run directory")
        for line in self.err.split(b"\n")[:-1]:
            if not line.startswith(b"zipmap: "):
                raise verify.Wrong("a strange message: %r" % line)
            if re.search(rb"[\x00-\x1f\x7f]", line):
                raise verify.Wrong("a message that is not printable: %r" % line)
        if self.status == 1 and not self.err:
            raise verify.Wrong("status 1 without a message")
        verify.check_left(self.tmpdir, self.paths())

    def tidy(self):
        shutil.rmtree(self.scratch)


def expectation(path):
    """As verify.expectation() of one archive; None where no reader can open it."""
    try:
        return [(0, member) for member in zipread.members(path) if not member.directory]
    except zipread.Unreadable:
        return None


def absolute_names(path):
    try:
        names = [entry.name for entry in zipread.read_directory(path)]
    except zipread.Unreadable:
        return []
    return [name for name in names if name.startswith(b"/") and not name.endswith(b"/")
            and b"\0" not in name]


def state(path):
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def judge_accepted(_row, path, run):
    wanted = expectation(path)
    if run.status != 0:
        raise verify.Wrong("status %d" % run.status)
    if any(member.sha256 is None for _, member in wanted):
        raise verify.Wrong("no other reader can read it")
    verify.check(wanted, run.paths())


def judge_all(row, path, run):
    wanted = expectation(path)
    if row["file"] in VERDICTS:
        printed, status, why = VERDICTS[row["file"]]
        if (len(run.paths()), run.status) != (printed, status):
            raise verify.Wrong("%d printed, status %d, though %s"
                               % (len(run.paths()), run.status, why))
    if wanted is None:
        if run.paths():
            raise verify.Wrong("printed, though no other reader can open it")
        return
    verify.check(wanted, run.paths(), subset=True, loose=True)
    if run.status == 0 and len(run.paths()) != len(wanted):
        raise verify.Wrong("status 0, but %d of %d members" % (len(run.paths()), len(wanted)))


def judge_entry_errors(_row, path, run):
    if run.status != 1:
        raise verify.Wrong("status %d" % run.status)
    wanted = expectation(path) or []
    broken = ["0.%d" % member.index for _, member in wanted if member.sha256 is None]
    paths = run.paths()
    for printed in paths:
        if os.path.basename(printed).decode().split("-")[0] in broken:
            raise verify.Wrong("printed, but no other reader can read it: %r" % printed)
    # A method that only libzip knows apart.
    verify.check([(number, member) for number, member in wanted if member.sha256], paths)


def judge_rejected(_row, path, run):
    wanted = expectation(path)
    if wanted is not None:
        verify.check(wanted, run.paths(), subset=True, loose=True)
    if run.status == 0 and (wanted is None or len(run.paths()) != len(wanted)):
        raise verify.Wrong("status 0")


def judge_encrypted(_row, path, run):
    if run.status != 1:
        raise verify.Wrong("status %d" % run.status)
    entries = zipread.read_directory(path)
    locked = [entry for entry in entries if entry.flags & 1 and not entry.name.endswith(b"/")]
    said = run.err.count(b": encrypted")
    if said < len(locked):
        raise verify.Wrong("%d of %d encrypted members are said to be so" % (said, len(locked)))
    verify.check([(number, member) for number, member in expectation(path) or []
                  if member.sha256], run.paths(), subset=True)


def judge_unsupported(_row, path, run):
    """Each member is right, or said to have a method that is not supported."""
    wanted = expectation(path) or []
    said = run.err.count(b": unsupported compression method ")
    broken = run.err.count(b"\n") - said
    if len(run.paths()) + said + broken != len(wanted):
        raise verify.Wrong("%d printed and %d said of %d members"
                           % (len(run.paths()), said + broken, len(wanted)))
    if run.status == 0 and len(run.paths()) != len(wanted):
        raise verify.Wrong("status 0")
    judge_all(_row, path, run)


def judge_bomb(_row, _path, run):
    if run.status != 1 or run.paths():
        raise verify.Wrong("status %d, %d printed" % (run.status, len(run.paths())))


KINDS = {
    "accepted": (lambda codes: codes in ({"ACCEPT"}, {"ACCEPT-WARN"}), judge_accepted),
    "all": (lambda codes: True, judge_all),
    "entry-errors": (lambda codes: "ENTRY-ERROR" in codes and
                     not codes & {"REJECT", "EITHER", "UNSUPPORTED-OK", "ENCRYPTED"},
                     judge_entry_errors),
    "rejected": (lambda codes: "REJECT" in codes, judge_rejected),
    "unsupported": (lambda codes: codes == {"UNSUPPORTED-OK"}, judge_unsupported),
    "bombs": (lambda codes: "BOMB" in codes, judge_bomb),
    "encrypted": (lambda codes: "ENCRYPTED" in codes, judge_encrypted),
}


def together(rows, folder):
    """All archives in one run: what is sound is as complete as on its own."""
    archives = [os.path.join(folder, row["file"]) for row in rows]
    sound = {number for number, row in enumerate(rows) if row["code"] in ("ACCEPT", "ACCEPT-WARN")}
    wanted = []
    for number, archive in enumerate(archives):
        wanted += [(number, member) for _, member in expectation(archive) or []]
    run = Run(archives, 20 * LIMIT_S, ["-j4"])
    run.basics()
    paths = [path for path in run.paths()
             if rows[verify.parse(path)[2]]["file"] not in DIFFERENT]
    verify.check(wanted, paths, subset=True, loose=True)
    printed = {verify.parse(path)[2:4] for path in paths}
    for number, member in wanted:
        if number in sound and (number, member.index) not in printed:
            raise verify.Wrong("%s: member %d is not printed" % (archives[number], member.index))
    run.tidy()


def outcome(path, decoder):
    """What comes of an archive; None where the decoder is not here."""
    run = Run([path], options=["--decoder=" + decoder, "-j1"])
    try:
        if run.status == 2 and b"is not in this build" in run.err:
            return None
        run.basics()
        files = []
        for printed in run.paths():
            with open(printed, "rb") as file:
                files.append((os.path.basename(printed), hashlib.sha256(file.read()).hexdigest()))
        # How much is free changes, and how much more than stated is found goes by pieces.
        said = run.err.replace(os.fsencode(run.tmpdir), b"TMPDIR")
        said = re.sub(rb"(at least )\d+( found)|\d+( are free)", rb"\1N\2\3", said)
        return run.status, files, said
    finally:
        run.tidy()


def decoders(rows, folder):
    """Each archive by each decoder: the same files and the same failures. The number of archives
    where that is not so."""
    wrongs = 0
    names = ["zlib"] + [name for name in ("auto", "twin", "isal")
                        if outcome(os.path.join(folder, rows[0]["file"]), name)]
    print("decoders:", *names)
    for row in rows:
        outcomes = [outcome(os.path.join(folder, row["file"]), name) for name in names]
        for name, other in zip(names[1:], outcomes[1:]):
            if other != outcomes[0]:
                wrongs += 1
                print("%s: by zlib %r, by %s %r" % (row["file"], outcomes[0], name, other))
    return wrongs


def main():
    arguments = sys.argv[1:]
    table = None
    if arguments and arguments[0].startswith("--table="):
        table = open(arguments.pop(0)[8:], "w", encoding="utf-8")
        print("file", "code", "status", "printed", "members", "verdict", "stderr", sep="\t",
              file=table)
    folder = os.environ["SHARED_ARCHIVES"]
    with open(os.path.join(folder, "MANIFEST.tsv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    if arguments == ["together"]:
        try:
            together(rows, folder)
        except verify.Wrong as wrong:
            print("together:", wrong)
            return 1
        return 0
    if arguments == ["decoders"]:
        return 1 if decoders(rows, folder) else 0
    chosen, judge = KINDS[arguments[0]]
    count = wrongs = 0
    for row in rows:
        if not chosen(set(row["code"].split("+"))):
            continue
        count += 1
        path = os.path.join(folder, row["file"])
        names = absolute_names(path)
        before = [state(name) for name in names]
        run = Run([path])
        verdict = "ok"
        try:
            run.basics()
            if [state(name) for name in names] != before:
                raise verify.Wrong("an absolute name was touched")
            if row["file"] in DIFFERENT:
                verdict = "differs: " + DIFFERENT[row["file"]]
            else:
                judge(row, path, run)
        except (verify.Wrong, zipread.Unreadable, OSError) as wrong:
            verdict = str(wrong)
            wrongs += 1
            print("%s (%s): %s\n    %s" % (row["file"], row["code"], verdict,
                                           run.err.decode(errors="replace").strip()))
        if table:
            wanted = expectation(path)
            print(row["file"], row["code"], run.status, run.out.count(b"\n"),
                  "-" if wanted is None else len(wanted), verdict,
                  run.err.decode(errors="replace").strip().replace("\n", " | ").replace("\t", " "),
                  sep="\t", file=table)
        run.tidy()
    if count == 0:
        print("no archive was tested")
        return 1
    print("%d archives, %d wrong" % (count, wrongs))
    return 1 if wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
