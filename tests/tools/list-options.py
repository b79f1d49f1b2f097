#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""List the options that a text documents, one a line, sorted: "-j --jobs=N", "--fail-fast".

    list-options.py help   < what zipmap --help prints
    list-options.py manual < what mandoc -T ascii makes of the manual
    list-options.py words  < any text: each long option that it mentions, without its argument

For the manual, only the heads of the items of its section OPTIONS count.
"""

import re
import sys

LONG = re.compile(r"(?<![\w-])--([a-z][a-z-]*)(?:=([A-Z]+))?")
SHORT = re.compile(r"(?<![\w-])-([A-Za-z0-9])(?![\w-])")


def head(line):
    """The options of one item's head, such as "-j N, --jobs=N", as one line of the list."""
    short, long = SHORT.search(line), LONG.search(line)
    name = "--" + long.group(1) + ("=" + long.group(2) if long.group(2) else "")
    return f"-{short.group(1)} {name}" if short else name


def help_options(text):
    # A head is separated from its description by two spaces or more.
    lines = (re.split(r" {2,}", line.strip())[0] for line in text.splitlines())
    return [head(line) for line in lines if line.startswith("-") and LONG.search(line)]


def manual_options(text):
    section = re.search(r"^OPTIONS\n(.*?)^\S", text, re.M | re.S).group(1)
    return [head(line) for line in section.splitlines() if re.match(r" {5}-", line)]


def word_options(text):
    return {"--" + long.group(1) for long in LONG.finditer(text)}


def main(kind):
    readers = {"help": help_options, "manual": manual_options, "words": word_options}
    text = re.sub(".\b", "", sys.stdin.read())  # mandoc overstrikes what is bold or underlined
    found = sorted(readers[kind](text))
    if not found:
        sys.exit(f"list-options.py: no option found in the {kind}")
    print("\n".join(found))


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("help", "manual", "words"):
        sys.exit("usage: list-options.py help|manual|words < TEXT")
    main(sys.argv[1])
