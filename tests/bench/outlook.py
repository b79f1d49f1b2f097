# SPDX-License-Identifier: MIT
"""Growth past this machine: from what was measured on its cores, what more cores would gain.

The parent is one process, and does something for each member and each archive: a run is never
faster than that. Up to there, work that divides grows in proportion to the cores. One member that
several workers decode is never faster than the chain from each stretch to the next, and only so
many workers may have a part in it.
"""

import os
import subprocess

import cases
import measure
from inputs import Recipe

CORES_COMPUTED = [4, 8, 16, 32, 64, 128]
HOPS = 2000


def cores_measured(cpus):
    """Sets of CPUs: powers of two, and all."""
    cpus = sorted(cpus)
    numbers = {1 << power for power in range(10) if 1 << power <= len(cpus)} | {len(cpus)}
    return [cpus[:number] for number in sorted(numbers)]


class Kind:
    """A kind of work: @count units of it in a run."""

    def __init__(self, title, unit, count, inputs, change, options=(), rate_unit=None):
        self.title = title
        self.unit = unit
        self.count = count
        self.inputs = inputs
        self.change = change  # what would be changed if it no longer gains
        self.options = options
        self.rate_unit = rate_unit or unit + "s"  # "MB", or what a unit is
        self.taken = {}  # by the number of cores
        self.messages = None  # of a run, between the parent and all workers
        self.start = None  # the kind whose run does as good as nothing
        self.chain = None  # the figures of hops, by name; None: it does not go by a chain

    def command(self, zipmap, cpus, out, *more):
        return ["taskset", "-c", ",".join(map(str, cpus)), zipmap, "-j", str(len(cpus)), *more,
                "--tmpdir=" + out, *self.options, self.inputs.directory]

    def samples(self, cores):
        return measure.Samples(self.taken[cores])

    def most_cores(self):
        return max(self.taken)

    # Seconds a unit, on all cores of this machine, without what a run costs that does nothing.

    def cost_s(self, figure):
        taken = figure(self.samples(self.most_cores()))
        nothing = figure(self.start.samples(self.start.most_cores()))
        return max(taken - nothing, 1e-9) / self.count

    def parent_s(self):
        return self.cost_s(lambda samples: samples.own_cpu_s)

    def all_s(self):
        return self.cost_s(lambda samples: samples.cpu_s)

    # What a second gives.

    def amount(self):
        """What a run gives: MB or units."""
        return self.inputs.expected["bytes"] / 1e6 if self.rate_unit == "MB" else self.count

    def rate(self, cores):
        return self.amount() / self.samples(cores).median_s

    def limits(self):
        """The rates that no number of cores passes, with names."""
        limits = [("the parent", self.amount() / self.count / self.parent_s())]
        if self.chain:
            limits.append(("the chain", self.chain["stretch"] / 1e6 / self.chain["hop"]))
            limits.append(("workers a member", self.unlimited(self.chain["workers"])))
        return limits

    def gain(self):
        """What one core more gives. One member: what each helper gave, whose decoding costs more
        than the owner's."""
        most = self.most_cores()
        if not self.chain or most == 1:
            return self.rate(most) / most
        return max(self.rate(most) - self.rate(1), 0) / (most - 1)

    def unlimited(self, cores):
        most = self.most_cores()
        return self.rate(most) + (cores - most) * self.gain()

    def computed(self, cores):
        return min(self.unlimited(cores), *(rate for _, rate in self.limits()))

    def last_core(self):
        """(number of cores from which on it gains nothing, name of the limit)"""
        name, limit = min(self.limits(), key=lambda named: named[1])
        most = self.most_cores()
        gain = self.gain()
        return (most + (limit - self.rate(most)) / gain if gain else most), name


def kinds(build, scale, inputs_of, tmpfs):
    """All kinds of work, after the one that does as good as nothing. @inputs_of: Recipe ->
    Inputs."""
    members = inputs_of(Recipe(["--archives=1", "--members=%d" % cases.scaled(100000, scale),
                                "--size=4K"]))
    data_set = inputs_of(Recipe(cases.data_set(scale)))
    archives = inputs_of(Recipe(["--archives=%d" % cases.scaled(20000, scale), "--size=4K"]))
    huge = inputs_of(Recipe(cases.huge(scale, "random")[0]))
    start = Kind("Nothing", "archive", 1, inputs_of(Recipe(["--archives=1", "--size=4K"])), "")
    several = "Several runs, each with a share of the archives (`--shard`), have a parent each."
    found = [
        Kind("Archives of one member of " + cases.megabytes(data_set.expected["largest"]),
             "member", data_set.expected["count"],
             data_set, several + " Before that, memory or the disk is the limit.", rate_unit="MB"),
        Kind("One archive of members of 4 KiB", "member", members.expected["count"], members,
             "The parent looks at each file by one call; `--pack` leaves one file a unit. Else a "
             "second process of the parent's rights would look at the files of half of the "
             "workers, and only records that are proved would come to the parent."),
        Kind("The same with `--pack`", "member", members.expected["count"], members,
             "What is left is to read and print a record for each member. Workers could write "
             "lines as they are printed, which the parent would then have to trust.",
             ["--pack", r"--printf=%p\t%o\t%s\n"]),
        Kind("Archives of one member of 4 KiB", "archive", archives.expected["count"], archives,
             several + " Within a run, a process of the parent's rights could open the archives."),
    ]
    chain = hops(build, huge, tmpfs)
    if chain:
        one = Kind("One member of " + cases.megabytes(huge.expected["bytes"]), "stretch",
                   max(1, round(huge.expected["bytes"] / chain["stretch"])), huge,
                   "More helpers a member first, which is one number (`PART_HELPERS_MAX`). Then "
                   "larger stretches, and helpers that tell the next one by themselves where it "
                   "belongs, with the parent told afterwards.", rate_unit="MB")
        one.chain = chain
        found.append(one)
    for kind in [start, *found]:
        kind.start = start
    return [start, *found]


def hops(build, huge, tmpfs):
    """The figures of the program hops, or None: this build does not share out members."""
    done = subprocess.run(
        [os.path.join(build, "hops"), str(HOPS), tmpfs, str(huge.expected["zipped"]),
         str(huge.expected["bytes"])],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        return None
    return {name: float(value) for name, value in map(str.split, done.stdout.decode().splitlines())}
