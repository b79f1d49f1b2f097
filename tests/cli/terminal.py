# SPDX-License-Identifier: MIT
"""Run a program on a terminal of so many columns, which become others while it runs, and show what
is seen at the end.

terminal.py [--columns=N[,N...]] [--signal=NAME] [--raw=FILE] [--stdout=FILE] -- PROGRAM [ARGUMENT...]

What the screen shows at the end is printed, without the line that is drawn again and again. The
program's status is ours; a signal N is 128 + N. It fails (status 99) if a line that is drawn is not
narrower than the terminal, or stays, and (98) if none is drawn at all. With --signal, the program
gets it once one is drawn.
"""

import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios

ERASE = b"\r\x1b[J"
OSC = re.compile(rb"\x1b\][^\x1b]*\x1b\\")
DRAWN = re.compile(rb"\r\x1b\[J((?:\x1b\][^\x1b]*\x1b\\)*)([^\r\n\x1b]+)\r(?!\n)")


def set_columns(fd, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def main():
    options = {"columns": "80", "signal": "", "raw": "", "stdout": ""}
    words = sys.argv[1:]
    while words[0] != "--":
        name, value = words.pop(0)[2:].split("=", 1)
        options[name] = value
    words.pop(0)
    columns = [int(word) for word in options["columns"].split(",")]
    child, terminal = pty.fork()
    if child == 0:
        set_columns(0, columns[0])
        if options["stdout"]:
            os.dup2(os.open(options["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.execvp(words[0], words)

    written = b""
    widest = columns[0]  # that a line may be drawn for which is seen now
    drawn = 0
    checked = 0
    while True:
        try:
            got = os.read(terminal, 65536)
        except OSError:
            break
        if not got:
            break
        written += got
        for match in DRAWN.finditer(written, checked):
            checked = match.end()
            drawn += 1
            if len(match[2]) >= widest:
                print(f"a line of {len(match[2])} columns for {widest}: {match[2]!r}")
                sys.exit(99)
            if drawn == 1 and options["signal"]:
                os.kill(child, getattr(signal, "SIG" + options["signal"]))
            if drawn % 3 == 0:
                # What was drawn just before the change is for the wider of the two.
                before, after = columns[0], columns[(drawn // 3) % len(columns)]
                set_columns(terminal, after)
                widest = max(before, after) if len(columns) > 1 else after
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    if options["raw"]:
        with open(options["raw"], "wb") as raw:
            raw.write(written)
    seen = OSC.sub(b"", DRAWN.sub(rb"\1", written)).replace(b"\r\n", b"\n")
    # Each line that is drawn is erased before anything else: no text may stand before an erasure.
    for line in seen.split(b"\n"):
        before, erasure, _ = line.rpartition(ERASE)
        if erasure and before.replace(ERASE, b""):
            print(f"drawn over, or not erased: {line!r}")
            sys.exit(99)
    last = [match.end() for match in DRAWN.finditer(written)]
    if last and not OSC.sub(b"", written[last[-1] :]).startswith(ERASE):
        print(f"what was drawn last stays: {written[-200:]!r}")
        sys.exit(99)
    sys.stdout.buffer.write(seen.replace(ERASE, b""))
    sys.stdout.flush()
    if drawn == 0:
        sys.exit(98)
    sys.exit(status if status >= 0 else 128 - status)


main()
