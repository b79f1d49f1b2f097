# SPDX-License-Identifier: MIT
"""How fast each decoder is on one core, without files: two members each, by the program decoders."""

import os
import statistics
import subprocess

# Kind of values, and how many times as fast as ISA-L two members at once have to be.
KINDS = [("random", "random float32", 1.8), ("sensor", "smooth float32", 1.7),
         ("int16", "16-bit signal", 1.6), ("csv", "CSV text", 1.5)]


def generate(values, rows):
    """Options of testdata-gen."""
    return ["--archives=2", "--rows=%d" % rows, "--values=" + values]


class Speeds:
    """Of all decoders on one kind of data: name -> bytes a second, a figure for each round."""

    def __init__(self, values, title, least, rounds):
        self.values = values
        self.title = title
        self.least = least
        self.rounds = rounds

    def median(self, name):
        return statistics.median(self.rounds[name]) if name in self.rounds else None

    def ratios(self):
        """Of two members at once to ISA-L: of the medians, and in each round."""
        two, isal = self.rounds.get("twin, two"), self.rounds.get("isal")
        if not two or not isal:
            return None, []
        return (statistics.median(two) / statistics.median(isal),
                [mine / theirs for mine, theirs in zip(two, isal)])


def measure(program, rounds, archives, kind):
    """Run the program on one of the CPUs that may be used."""
    cpu = min(os.sched_getaffinity(0))
    said = subprocess.run(
        [program, str(rounds), *archives], stdout=subprocess.PIPE, check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu})).stdout.decode()
    lines = [line.split("\t") for line in said.splitlines()]
    return Speeds(*kind, {line[0]: [float(cell) for cell in line[1:]] for line in lines})
