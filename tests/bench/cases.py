# SPDX-License-Identifier: MIT
"""What is unzipped, by whom, and what has to come out."""

import json
import os
import shutil
import subprocess
import zipfile

import contenders
import measure

PEERS = ["unzip", "bsdtar", "7zz", "ripunzip"]
POOLS = ["Python pool, maps", "Python pool, names"]
OTHERS = ["roofline", *("zipmap " + option for option in contenders.DECODERS)]


ISAL = "zipmap --decoder=isal"
# As fast, but for what two runs of the same differ by.
NO_SLOWER = 0.98


class Target:
    """@ours is at least @factor times as fast as @peer. For the roofline: is at least that fraction
    of it. Below 1: as fast within 1 / @factor."""

    def __init__(self, peer, factor, ours="zipmap"):
        self.peer = peer
        self.factor = factor
        self.ours = ours


class Case:
    def __init__(self, key, title, generate, contenders, targets, forms=None, disk=False,
                 plain=False):
        self.key = key
        self.title = title
        self.generate = generate  # options of testdata-gen
        self.contenders = contenders
        self.targets = targets
        self.forms = forms or {}  # contender -> the forms it may have, where not all
        self.disk = disk  # the files go to the disk, not to tmpfs
        self.plain = plain  # cp needs the members as files


def scaled(number, scale, least=1):
    return max(least, round(number * scale))


def all_cases(scale):
    rows = scaled(2000000, scale)
    members = scaled(100000, scale)
    archives = scaled(20000, scale)
    stored_kib = scaled(8192, scale)
    size = "%.3g MB" % (rows * 16 / 1e6)
    programs = ["zipmap", *OTHERS, *PEERS]
    data_set = [*programs, *POOLS]
    shape = "15 archives of one member of %s, " % size
    shape_options = ["--archives=15", "--rows=%d" % rows]

    return [
        Case("data-set", "Data set: " + shape + "random float32, to tmpfs",
             [*shape_options, "--values=random"], data_set,
             [Target(ISAL, 1.6), Target("ripunzip", 1.8), Target("bsdtar", 2.2),
              Target("unzip", 4), Target("Python pool, maps", 4.5), Target("roofline", 0.90)]),
        Case("data-set-disk", "The same data set, to disk",
             [*shape_options, "--values=random"], data_set, [], disk=True),
        Case("sensor", "Sensor: " + shape + "smooth float32, to tmpfs",
             [*shape_options, "--values=sensor"], programs,
             [Target(ISAL, 1.4), Target("bsdtar", 1.3), Target("roofline", 0.85)]),
        Case("csv", "CSV: " + shape + "text, to tmpfs",
             [*shape_options, "--values=csv"], programs,
             [Target(ISAL, 1.4), Target("bsdtar", 1.3), Target("roofline", 0.85)]),
        Case("members", "Many members: one archive of {:,} members of 4 KiB, to tmpfs"
             .format(members),
             ["--archives=1", "--members=%d" % members, "--size=4K"],
             ["zipmap", "zipmap --pack", *OTHERS, *PEERS, *POOLS],
             [Target(ISAL, NO_SLOWER), Target("bsdtar", 1.3), Target("unzip", 2.3),
              Target("bsdtar", 4, ours="zipmap --pack")]),
        # A process for each archive takes most of the time of this benchmark: bsdtar, which has
        # no other way, is left out, and unzip is measured both ways.
        Case("archives", "Many archives: {:,} archives of one member of 4 KiB, to tmpfs"
             .format(archives),
             ["--archives=%d" % archives, "--size=4K"],
             ["zipmap", "zipmap --pack", *OTHERS, "7zz", "unzip", "unzip, each", *POOLS],
             [Target(ISAL, NO_SLOWER), Target("7zz", 2), Target("unzip, each", 15)],
             forms={"7zz": ["alone"], "unzip": ["alone"]}),
        Case("large", "One large member: an archive of one member of %s, random float32, to tmpfs"
             % size,
             ["--archives=1", "--rows=%d" % rows, "--values=random"], programs,
             [Target(ISAL, NO_SLOWER)]),
        Case("stored", "Stored members: one archive of 64 stored members of %s, to tmpfs" % (
                 "8 MiB" if stored_kib == 8192 else "%d KiB" % stored_kib),
             ["--archives=1", "--members=64", "--size=%dK" % stored_kib, "--method=store"],
             ["zipmap", *OTHERS, "cp", *PEERS, *POOLS], [Target("cp", 1 / 1.5)], plain=True),
    ]


# --- inputs ---------------------------------------------------------------------------------------


class Inputs:
    """The archives of a case, in a directory named after what is in them: made where they are
    missing, and told apart by that from those of another scale."""

    def __init__(self, generator, scratch, generate, plain=False):
        name = "_".join(option.strip("-").replace("=", "-") for option in generate)
        self.directory = os.path.join(scratch, "inputs", name)
        self.list = self.directory + ".list"
        self.plain = self.directory + ".plain" if plain else None
        if not os.path.exists(self.directory + ".json"):
            self.make(generator, generate)
        with open(self.list, "rb") as file:
            self.archives = [os.fsdecode(path) for path in file.read().split(b"\0")[:-1]]
        with open(self.directory + ".json", encoding="utf-8") as file:
            self.expected = json.load(file)

    def make(self, generator, generate):
        for place in (self.directory, self.plain):
            if place:
                shutil.rmtree(place, ignore_errors=True)
                os.makedirs(place)
        subprocess.run([generator, *generate, self.directory], check=True)
        archives = sorted(os.path.join(self.directory, name)
                          for name in os.listdir(self.directory))
        with open(self.list, "wb") as file:
            file.writelines(os.fsencode(path) + b"\0" for path in archives)

        # What must come out, as Python's zipfile sees it.
        digests = []
        most_members = 0
        for path in archives:
            with zipfile.ZipFile(path) as archive:
                most_members = max(most_members, len(archive.infolist()))
                for member in archive.infolist():
                    with archive.open(member) as data:
                        digests.append(measure.digest(measure.read_chunks(data)))
                if self.plain:
                    archive.extractall(self.plain)
        expected = measure.summary(digests)
        expected["most_members"] = most_members
        expected["zipped"] = sum(os.path.getsize(path) for path in archives)
        os.sync()
        # Last, so that what was interrupted is made anew.
        with open(self.directory + ".json", "w", encoding="utf-8") as file:
            json.dump(expected, file)

    def read_once(self):
        """Have the archives in the page cache."""
        places = [self.directory] + ([self.plain] if self.plain else [])
        for place in places:
            for name in os.listdir(place):
                with open(os.path.join(place, name), "rb") as file:
                    for _ in measure.read_chunks(file):
                        pass
