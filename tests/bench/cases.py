# SPDX-License-Identifier: MIT
"""What is unzipped, by whom, and what it must show."""

from inputs import Recipe

PEERS = ["unzip", "bsdtar", "7zz", "ripunzip", "unzrip", "fastzip", "miniunzip", "minizip-ng"]
# Those that come nearest on one huge member.
HUGE_PEERS = ["rapidgzip", "bsdtar", "ripunzip"]
POOLS = ["Python pool, maps", "Python pool, names"]
ROOFLINES = ["roofline", "roofline, files"]
ISAL = "zipmap --decoder=isal"
DECODERS = ["zipmap --decoder=twin", ISAL, "zipmap --decoder=zlib"]
ALONE = "zipmap -j1"
NEVER = "zipmap --parts=never"
NAMED = "zipmap -d"
AGAIN = "zipmap --cache, again"
READY = "xargs true, of a ready list"

# As fast, but for what two runs of the same differ by.
NO_SLOWER = 0.98


class Target:
    """@ours is at least @factor times as fast as @peer. For a roofline: is at least that fraction
    of it. Below 1: as fast within 1 / @factor."""

    def __init__(self, peer, factor, ours="zipmap"):
        self.peer = peer
        self.factor = factor
        self.ours = ours


class Limit:
    """A figure of @ours is at most @most, in @unit: of the wall time, or of the parent's processor
    time a member."""

    def __init__(self, most, unit, ours="zipmap", parent=False):
        self.most = most
        self.unit = unit  # ms or µs
        self.ours = ours
        self.parent = parent

    def figures(self, samples, members):
        """The median, and those of the rounds."""
        factor = {"ms": 1e3, "µs": 1e6}[self.unit]
        if not self.parent:
            return samples.median_s * factor, [wall * factor for wall in samples.walls_s]
        if samples.own_cpu_s is None:
            return None, []
        factor /= members
        return samples.own_cpu_s * factor, [own * factor for own in samples.owns_s]


class Case:
    def __init__(self, key, title, recipe, contenders, targets, forms=None, disk=False):
        self.key = key
        self.title = title
        self.recipe = recipe
        self.contenders = contenders
        self.targets = targets
        self.forms = forms or {}  # contender -> the forms it may have, where not all
        self.disk = disk  # the files go to the disk, not to tmpfs


def scaled(number, scale, least=1):
    return max(least, round(number * scale))


def megabytes(size):
    return "%.3g MB" % (size / 1e6)


def data_set(scale, values="random"):
    """15 archives of one member of 32 MB."""
    return ["--archives=15", "--rows=%d" % scaled(2000000, scale), "--values=" + values]


def huge(scale, values):
    """An archive of one member, which comes last in the order of names."""
    size = scaled(308e6 if values == "csv" else 366e6, scale)
    return ["--archives=1", "--prefix=last_", "--size=%d" % size, "--values=" + values], size


def data_set_cases(scale):
    size = megabytes(scaled(2000000, scale) * 16)
    shape = "15 archives of one member of %s, " % size
    programs = ["zipmap", *ROOFLINES, *DECODERS, *PEERS]
    return [
        Case("data-set", "Data set: " + shape + "random float32, to tmpfs",
             Recipe(data_set(scale)), [*programs, NAMED, AGAIN, *POOLS],
             [Target(ISAL, 1.6), Target("ripunzip", 1.8), Target("bsdtar", 2.2),
              Target("unzip", 4), Target("Python pool, maps", 4.5),
              Target("roofline, files", 0.95), Target("zipmap", 0.97, ours=NAMED),
              Limit(5, "ms", ours=AGAIN)]),
        Case("data-set-disk", "The same data set, to disk",
             Recipe(data_set(scale)), ["zipmap", *ROOFLINES, *PEERS], [], disk=True),
        Case("sensor", "Sensor: " + shape + "smooth float32, to tmpfs",
             Recipe(data_set(scale, "sensor")), programs,
             [Target(ISAL, 1.4), Target("bsdtar", 1.3), Target("roofline, files", 0.90)]),
        Case("csv", "CSV: " + shape + "text, to tmpfs",
             Recipe(data_set(scale, "csv")), programs,
             [Target(ISAL, 1.4), Target("bsdtar", 1.3), Target("roofline, files", 0.90)]),
    ]


def small_cases(scale):
    members = scaled(100000, scale)
    archives = scaled(20000, scale)
    listed = scaled(1000000, scale)
    commands = scaled(2000, scale)
    return [
        Case("members", "Many members: one archive of {:,} members of 4 KiB, to tmpfs"
             .format(members),
             Recipe(["--archives=1", "--members=%d" % members, "--size=4K"]),
             ["zipmap", "zipmap --pack", NAMED, *ROOFLINES, ISAL, *PEERS, *POOLS],
             [Target(ISAL, NO_SLOWER), Target("bsdtar", 1.3), Target("unzip", 2.3),
              Target("ripunzip", 1.5), Target("unzrip", 0.65),
              Target("bsdtar", 4, ours="zipmap --pack"), Target("zipmap", 1 / 1.3, ours=NAMED),
              Limit(1.5, "µs", parent=True)]),
        # A process for each archive takes most of the time of this case: of the peers, unzip alone
        # is measured that way.
        Case("archives", "Many archives: {:,} archives of one member of 4 KiB, to tmpfs"
             .format(archives),
             Recipe(["--archives=%d" % archives, "--size=4K"]),
             ["zipmap", "zipmap --pack", AGAIN, *ROOFLINES, ISAL, "7zz", "unzip", "unzip, each",
              *POOLS],
             [Target(ISAL, NO_SLOWER), Target("7zz", 2), Target("unzip, each", 15),
              Limit(150, "ms", ours=AGAIN)],
             forms={"7zz": ["alone"], "unzip": ["alone"]}),
        Case("million", "Very many members: one archive of {:,}, listed".format(listed),
             Recipe(["--archives=1", "--members=%d" % listed, "--size=16"], names_only=True),
             ["zipmap --list", "zipmap, first path", "unzip -Z1", "bsdtar -tf", "7zz l"],
             [Target("unzip -Z1", 4, ours="zipmap --list"),
              Limit(50, "ms", ours="zipmap, first path")]),
        Case("exec", "Commands: true for each of {:,} members of 4 KiB".format(commands),
             Recipe(["--archives=1", "--members=%d" % commands, "--size=4K"]),
             ["zipmap -x true", READY], [Target(READY, 0.9, ours="zipmap -x true")]),
    ]


def huge_cases(scale):
    """One member, by all workers. What two workers gain, and against rapidgzip."""
    rows = scaled(2000000, scale)
    cases = [
        Case("large", "One large member: an archive of one member of %s, random float32, to tmpfs"
             % megabytes(rows * 16),
             Recipe(["--archives=1", "--rows=%d" % rows, "--values=random"]),
             ["zipmap", ALONE, NEVER, ISAL, *HUGE_PEERS, "unzip", "7zz"],
             [Target(ALONE, 1.45), Target(ISAL, NO_SLOWER)]),
    ]
    for values, words, alone, rapid in [
            ("random", "random float32", 1.8, 1.4), ("int16", "16-bit signal", 1.7, None),
            ("sensor", "smooth float32", 1.5, 1.3), ("csv", "CSV text", 1.4, 2.5)]:
        options, size = huge(scale, values)
        targets = [Target(ALONE, alone)] + ([Target("rapidgzip", rapid)] if rapid else [])
        cases.append(Case(
            "huge-" + values, "One huge member: an archive of one member of %s, %s, to tmpfs" % (
                megabytes(size), words),
            Recipe(options), ["zipmap", ALONE, NEVER, *HUGE_PEERS], targets))
    last, size = huge(scale, "random")
    cases.append(Case(
        "tail", "A huge member last: the data set and an archive of one member of %s, to tmpfs"
        % megabytes(size),
        Recipe(data_set(scale), last), ["zipmap", ALONE, NEVER, "bsdtar", "ripunzip"],
        [Target(ALONE, 1.7)]))
    return cases


def other_cases(scale):
    stored_kib = scaled(8192, scale)
    rows = scaled(2000000, scale)
    return [
        Case("deflate64", "Deflate64: 8 archives of one member of %s, smooth float32, to tmpfs"
             % megabytes(rows * 16),
             Recipe(["--archives=8", "--rows=%d" % rows, "--values=sensor"], deflate64=True),
             ["zipmap", "unzip", "7zz"], []),
        Case("stored", "Stored members: one archive of 64 stored members of %s, to tmpfs" % (
                 "8 MiB" if stored_kib == 8192 else "%d KiB" % stored_kib),
             Recipe(["--archives=1", "--members=64", "--size=%dK" % stored_kib, "--method=store"],
                    plain=True),
             ["zipmap", *ROOFLINES, "cp", *PEERS, *POOLS], [Target("cp", 1 / 1.5)]),
    ]


def all_cases(scale):
    return [*data_set_cases(scale), *small_cases(scale), *huge_cases(scale), *other_cases(scale)]
