# SPDX-License-Identifier: MIT
"""GROWTH.md: what outlook.py found, as Markdown."""

import outlook
from report import micro, table


def rate(value):
    return "%.0f" % value


def row(kinds, cores, most):
    """The rates on so many cores. Those that a limit holds are marked."""
    if cores <= most:
        return ["%d" % cores, "measured", *(rate(kind.rate(cores)) for kind in kinds)]
    cells = []
    for kind in kinds:
        held = kind.computed(cores) < kind.unlimited(cores)
        cells.append(rate(kind.computed(cores)) + (" *" if held else ""))
    return ["%d" % cores, "computed", *cells]


def rates_table(kinds):
    measured = sorted(kinds[0].taken)
    computed = [cores for cores in outlook.CORES_COMPUTED if cores > measured[-1]]
    return table(
        [">cores", "", *(">%s, %s/s" % (kind.title, kind.rate_unit) for kind in kinds)],
        [row(kinds, cores, measured[-1]) for cores in measured + computed])


def cost_row(kind, message_s):
    cores, limit = kind.last_core()
    messages = kind.messages / kind.count
    share = messages * message_s / kind.parent_s() if message_s else 1
    parent = "%.0f %%" % (100 * share) if share < 1 else "–"
    return [kind.title, kind.unit, micro(kind.parent_s()), "%.2f" % messages, parent,
            micro(kind.all_s()), "%.0f" % cores, limit]


def page(kinds, date, rounds, scale):
    chain = next((kind.chain for kind in kinds if kind.chain), None)
    message_s = chain["message"] if chain else None
    measured = " and ".join(map(str, sorted(kinds[0].taken)))
    text = [
        "# Growth past this machine", "",
        "Made by `make bench` on %s: medians of %d round%s of runs that were allowed %s of the "
        "machine's cores, as many workers, files to tmpfs. On one core the parent and its worker "
        "share it. Rates on more cores are computed from what was measured, and say so." % (
            date, rounds, "" if rounds == 1 else "s", measured), ""]
    if scale != 1:
        text += ["**Sizes are scaled by %g: these figures say nothing about the full size.**"
                 % scale, ""]
    text += [
        "## What a second gives", "", rates_table(kinds), "",
        "\\* A limit holds the rate there: more cores gain nothing.", "",
        "Work is taken to divide evenly, and each core to be as fast as those here. What this does "
        "not know: where memory, the disk, or locks of the kernel's file systems end. On many "
        "cores one of them may come first.", "",
        "## Where each kind of work stops", "",
        table(["work", "unit", ">parent µs", ">messages", ">of the parent's time", ">all µs",
               ">stops at cores", "held by"], [cost_row(kind, message_s) for kind in kinds]), "",
        "Processor time and messages for each unit, without what a run costs that does as good as "
        "nothing. The parent is one process: when it is busy all the time, more cores gain "
        "nothing.", ""]
    if chain:
        text += [
            "Passing on a message takes the parent %s µs. From the turn of one stretch of a "
            "shared member to that of the next it is %s µs, measured with three processes that do "
            "what the parent, the owner and a helper do there; a stretch of this member has "
            "%.1f MB. At most %d workers decode one member together." % (
                micro(message_s), micro(chain["hop"]), chain["stretch"] / 1e6, chain["workers"]),
            ""]
    text += ["## What would be changed then", ""]
    text += ["- **%s** (%s cores, %s): %s" % (kind.title, "%.0f" % kind.last_core()[0],
                                             kind.last_core()[1], kind.change) for kind in kinds]
    return "\n".join(text) + "\n"
