#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run zipmap on the small archives of SHARED_CASES and hold what it does against CASES.tsv.

usage: cases.py [FILE]...

The binary is $ZIPMAP. README.md beside CASES.tsv says what the column `want` means. It is a
judgement: where another outcome is better, BETTER below gives it with the reason.
"""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import zlib

# file: (what is right instead, why)
BETTER = {}


def outcome(path):
    """What zipmap makes of the archive at @path: its members in words of CASES.tsv, sorted, or the
    one word for the whole archive."""
    scratch = tempfile.mkdtemp()
    try:
        done = subprocess.run([os.environ["ZIPMAP"], "--json", "--tmpdir=" + scratch, path],
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
                              check=False)
        plain = subprocess.run([os.environ["ZIPMAP"], "--tmpdir=" + scratch, path],
                               capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
                               check=False)
        words = []
        for file in plain.stdout.splitlines():
            with open(file, "rb") as member:
                content = member.read()
            words.append("%d:%08x" % (len(content), zlib.crc32(content)))
    finally:
        shutil.rmtree(scratch)
    failures = [line for line in done.stdout.splitlines() if b'"error":' in line]
    whole = [line for line in failures if b'"member":' not in line]
    if plain.returncode != (1 if failures else 0):
        return "status %d with %d failures" % (plain.returncode, len(failures))
    if plain.stderr.count(b"\n") < len(failures):
        return "%d failures with %d messages" % (len(failures), plain.stderr.count(b"\n"))
    if whole:
        return "REFUSE" if not words and len(failures) == 1 else "refused, and printed"
    words += ["FAIL"] * len(failures)
    return ",".join(sorted(words)) or "EMPTY"


def right(want, got):
    """Whether @got is one of the outcomes that @want allows."""
    if want == "EITHER":
        return " " not in got
    return got in (",".join(sorted(choice.split(","))) for choice in want.split("|"))


def main():
    folder = os.environ["SHARED_CASES"]
    chosen = sys.argv[1:]
    with open(os.path.join(folder, "CASES.tsv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    count = wrongs = 0
    for row in rows:
        if chosen and row["file"] not in chosen:
            continue
        count += 1
        want, why = BETTER.get(row["file"], (row["want"], ""))
        got = outcome(os.path.join(folder, row["file"]))
        if not right(want, got):
            wrongs += 1
            print("%s: %s, but %s is right%s" % (row["file"], got, want, why and ": " + why))
    print("%d archives, %d wrong" % (count, wrongs))
    return 1 if wrongs or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
