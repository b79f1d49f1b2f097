#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write the examples of a Markdown file or a manual to files, so that a test can run them.

    extract-examples.py FILE DIRECTORY

A fenced block tagged sh or python is an example; the next block must be tagged text and is what
the example prints. Example number N becomes NN.sh or NN.py and NN.expected in DIRECTORY. The name
of each program that was written goes to standard output. An example without its output, or one
whose fence is not closed, is an error. In a manual (mdoc), a literal display is such a block; a
comment with the tag stands before it.
"""

import pathlib
import re
import sys

SUFFIX = {"sh": ".sh", "python": ".py"}
FENCE = re.compile(r"^```(\S*)\s*$")


def blocks(text):
    """Yield (line number, tag, body) of each fenced block."""
    start, tag, body = 0, "", []
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence and not start:
            start, tag, body = number, fence.group(1), []
        elif fence and not fence.group(1):
            yield start, tag, "".join(text_line + "\n" for text_line in body)
            start = 0
        elif start:
            body.append(line)
    if start:
        raise ValueError(f"line {start}: the block is not closed")


def displays(text):
    """Turn the literal displays of a manual that have a tag into fenced blocks."""
    lines = []
    tag = ""
    for line in text.splitlines():
        if line.startswith(".Bd -literal") and tag:
            lines.append("```" + tag)
        elif line.startswith(".Ed") and tag:
            lines.append("```")
            tag = ""
        elif line.startswith('.\\" '):
            tag = line[4:] if line[4:] in (*SUFFIX, "text") else ""
        elif tag:
            lines.append(line.replace("\\&", "").replace("\\e", "\\"))
    return "\n".join(lines)


def examples(text):
    """Yield (suffix, program, expected output) of each example."""
    program = None
    for line, tag, body in blocks(text):
        if program:
            if tag != "text":
                raise ValueError(f"line {program[0]}: no output follows this example")
            yield program[1], program[2], body
            program = None
        elif tag in SUFFIX:
            program = line, SUFFIX[tag], body
    if program:
        raise ValueError(f"line {program[0]}: no output follows this example")


def main(document, directory):
    directory = pathlib.Path(directory)
    text = pathlib.Path(document).read_text(encoding="utf-8")
    if not document.endswith(".md"):
        text = displays(text)
    for number, (suffix, program, expected) in enumerate(examples(text), 1):
        path = directory / f"{number:02}{suffix}"
        path.write_text(program, encoding="utf-8")
        path.with_suffix(".expected").write_text(expected, encoding="utf-8")
        print(path.name)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: extract-examples.py FILE DIRECTORY")
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError) as error:
        sys.exit(f"extract-examples.py: {sys.argv[1]}: {error}")
