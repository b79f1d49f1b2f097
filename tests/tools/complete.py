#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Complete a command line in a real shell, as a person at a terminal would.

usage: complete.py SHELL SCRIPT LINE

SHELL is bash, zsh or fish, SCRIPT its completions for zipmap. In bash and zsh, LINE and a tab are
typed at a terminal, and the line that the shell makes of it is printed. fish is asked for what
"complete" would offer, which is printed without the descriptions.
"""

import os
import pty
import subprocess
import sys
import tempfile

MARK = "@@@"


def start_bash(script, scratch):
    rc = os.path.join(scratch, "rc")
    with open(rc, "w") as file:
        file.write("bind 'set enable-bracketed-paste off'\nsource '%s'\nPS1=\n" % script)
    return ["bash", "--noprofile", "--rcfile", rc, "-i"], {}


def start_zsh(script, scratch):
    with open(os.path.join(scratch, "_zipmap"), "w") as file:
        file.write(open(script).read())
    with open(os.path.join(scratch, ".zshrc"), "w") as file:
        file.write("fpath=('%s' $fpath)\nautoload -Uz compinit\ncompinit -u -D\nbindkey -e\n"
                   "unset zle_bracketed_paste\nPS1=\n" % scratch)
    return ["zsh", "-d", "-i"], {"ZDOTDIR": scratch}


def at_terminal(command, environment, line):
    """What the shell makes of @line and a tab: it is asked to print the words."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(environment, TERM="dumb", HISTFILE="")
        os.execvp(command[0], command)
    # To the front of the line, and there a command that prints the words that follow.
    os.write(terminal, (line + "\t\x01printf '" + MARK + "%s" + MARK + "' \rexit\r").encode())
    printed = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the end of a terminal
            break
        if not part:
            break
        printed += part
    os.close(terminal)
    os.waitpid(pid, 0)
    # What was typed is there as well, and comes first.
    pieces = printed.decode(errors="replace").split(MARK)
    typed = len(pieces) - pieces[::-1].index("%s")
    return [piece for piece in pieces[typed:] if piece and "\r" not in piece]


def main():
    shell, script, line = sys.argv[1:]
    if shell == "fish":
        offered = subprocess.run(["fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]",
                                  script, line], check=True, capture_output=True, text=True)
        print("\n".join(text.split("\t")[0] for text in offered.stdout.splitlines()))
        return
    with tempfile.TemporaryDirectory() as scratch:
        command, environment = (start_bash if shell == "bash" else start_zsh)(script, scratch)
        print(" ".join(at_terminal(command, environment, line)))


if __name__ == "__main__":
    main()
