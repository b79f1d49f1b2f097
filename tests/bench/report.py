# SPDX-License-Identifier: MIT
"""The results as Markdown: what is printed, and what RESULTS.md is made of."""

import cases

MIB = 1048576

# The bounds of the design. A member that is large enough may be decoded by several workers, each of
# which then holds a stretch of it.
PARENT_BOUND = 4 * MIB
WORKER_BOUND = 4 * MIB
WORKER_BOUND_STRETCH = 24 * MIB
STRETCHED_MEMBER = 8 * MIB
TRAFFIC_BOUND = 256

RIGHT = ">"


def table(header, rows):
    """A table whose columns are aligned. A header that begins with RIGHT is for figures."""
    right = [cell.startswith(RIGHT) for cell in header]
    rows = [[cell.lstrip(RIGHT) for cell in header]] + [[str(cell) for cell in row] for row in rows]
    widths = [max(3, *(len(row[column]) for row in rows)) for column in range(len(header))]

    def line(cells):
        return "| " + " | ".join(
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(cells, widths, right)) + " |"

    rule = ["-" * (width - 1) + (":" if is_right else "-")
            for width, is_right in zip(widths, right)]
    return "\n".join([line(rows[0]), line(rule), *map(line, rows[1:])])


def seconds(value):
    return "%.3f" % value


def micro(seconds_each):
    return "%.2f" % (seconds_each * 1e6)


def mib(size):
    return "not measured" if size is None else "%.2f MiB" % (size / MIB)


def name_of(result, jobs):
    return result.name + (", xargs -P%d" % jobs if result.form == "xargs" else "")


def case_section(case, results, expected, jobs):
    """Times, and how many times as fast as each other contender ours are."""
    results = [result for result in results if not result.missing]
    ours = [result for result in results if result.ours and result.samples]
    header = ["contender", ">median s", ">min–max s", ">CPU s"]
    header += [">/ " + our.name for our in ours]
    rows, notes, absent = [], [], []
    for result in results:
        samples = result.samples
        if not samples:
            rows.append([result.name] + ["–"] * (len(header) - 1))
            absent.append("%s (%s)" % (result.name, result.why))
            continue
        rows.append([
            name_of(result, jobs), seconds(samples.median_s),
            seconds(samples.min_s) + "–" + seconds(samples.max_s), seconds(samples.cpu_s),
            *("%.2f" % (samples.median_s / our.samples.median_s) for our in ours)])
        if len(result.warmups_s) > 1:
            slower = "xargs" if result.form == "alone" else "alone"
            notes.append("%s %s %s s, %s %s s" % (
                result.name, result.form, seconds(result.warmups_s[result.form]), slower,
                seconds(result.warmups_s[slower])))
    text = ["## " + case.title, "", table(header, rows), ""]
    if absent:
        text += ["Not measured: " + "; ".join(absent) + ".", ""]
    if notes:
        text += ["The faster form was taken, in the warm-up: " + "; ".join(notes) + ".", ""]
    for result in results:
        if result.private is not None:
            text += ["%s: %s of private memory in the parent when all results had arrived."
                     % (result.name, mib(result.private)), ""]
    wrong = [result.name for result in results if result.wrong]
    text += ["%d members, %.1f MB unzipped, %.1f MB in archives. %s" % (
        expected["count"], expected["bytes"] / 1e6, expected["zipped"] / 1e6,
        "All gave the same bytes." if not wrong else "**Failed: " + ", ".join(wrong) + ".**"), ""]
    return "\n".join(text)


def decoders_section(speeds):
    """MB/s of each decoder on one core, and of the twin decoder in times of ISA-L."""
    names = ["zlib", "libdeflate", "isal", "twin, one", "twin, two"]
    rows = []
    for one in speeds:
        medians = [one.median(name) for name in names]
        ratio, _ = one.ratios()
        rows.append([one.title, *("–" if median is None else "%.0f" % (median / 1e6)
                                  for median in medians),
                     "–" if ratio is None else "%.2f" % ratio])
    return "\n".join([
        "## Decoders: MB/s on one core, without files", "",
        table(["data", *(">" + name for name in names), ">twin, two / isal"], rows), "",
        "Two members in memory, each decoded into one buffer of 256 KiB (by libdeflate into memory "
        "for all of it). Medians of what came out in a second of processor time.", ""])


# --- what it must show ----------------------------------------------------------------------------


def target_row(case, target, by_name):
    ours, peer = by_name[target.ours], by_name[target.peer]
    what = "%s / %s" % (peer.name, ours.name)
    least = "%.2f" % target.factor
    for result in (ours, peer):
        if not result.samples:
            return [case.key, what, least, "", "", "not measured: %s: %s" % (
                result.name, result.why)]
    ratio = peer.samples.median_s / ours.samples.median_s
    rounds = [theirs / mine for theirs, mine in zip(peer.samples.walls_s, ours.samples.walls_s)]
    return [case.key, what, least, "%.2f" % ratio, "%.2f–%.2f" % (min(rounds), max(rounds)),
            "reached" if ratio >= target.factor else "**not reached**"]


def limit_row(case, limit, by_name, members):
    ours = by_name[limit.ours]
    what = ours.name + (": the parent, a member" if limit.parent else ": the whole run")
    most = "at most %g %s" % (limit.most, limit.unit)
    figure, rounds = limit.figures(ours.samples, members) if ours.samples else (None, [])
    if figure is None:
        return [case.key, what, most, "", "", "not measured" + (
            ": " + ours.why if ours.why else "")]
    return [case.key, what, most, "%.2f" % figure, "%.2f–%.2f" % (min(rounds), max(rounds)),
            "reached" if figure <= limit.most else "**not reached**"]


def speed_target_row(speeds):
    median, rounds = speeds.ratios()
    what = "twin, two / isal, speed"
    least = "%.2f" % speeds.least
    if median is None:
        return ["decoders: " + speeds.values, what, least, "", "", "not measured"]
    return ["decoders: " + speeds.values, what, least, "%.2f" % median,
            "%.2f–%.2f" % (min(rounds), max(rounds)),
            "reached" if median >= speeds.least else "**not reached**"]


def target_section(measured, speeds):
    rows = [speed_target_row(one) for one in speeds]
    for case, results, expected in measured:
        by_name = {result.name: result for result in results}
        for target in case.targets:
            rows.append(limit_row(case, target, by_name, expected["count"])
                        if isinstance(target, cases.Limit) else
                        target_row(case, target, by_name))
    if not rows:
        return ""
    return "\n".join([
        "## What it must show", "",
        "A ratio is a peer's median time divided by zipmap's: 2 is twice as fast as the peer. For "
        "a roofline 1 is the limit. A ratio is wanted to be at least as large.", "",
        table(["case", "ratio or figure", ">wanted", ">measured", ">in the rounds", ""], rows),
        ""])


def parent_section(measured):
    """What the parent costs, and how many cores it could feed."""
    rows = []
    for case, results, expected in measured:
        for result in results:
            samples = result.samples
            if not result.ours or not samples or not samples.own_cpu_s:
                continue
            own, every = samples.own_cpu_s, samples.cpu_s
            rows.append([case.key, result.name, expected["count"], micro(own / expected["count"]),
                         micro(every / expected["count"]), "%.0f" % (every / own)])
    if not rows:
        return ""
    return "\n".join([
        "## The parent", "",
        "Processor time a member: of the parent alone, its start included, and of all processes. "
        "On so many cores as one goes into the other the parent would be busy all the time, and "
        "more would gain nothing. [GROWTH.md](GROWTH.md) goes on from there.", "",
        table(["case", "", ">members", ">parent µs", ">all µs", ">cores"], rows), ""])


def within(figure, bound):
    if figure is None:
        return "not measured"
    return "yes" if figure <= bound else "**no**"


def memory_section(measured):
    rows = []
    for case, results, expected in measured:
        stretched = expected["largest"] >= STRETCHED_MEMBER
        worker_bound = WORKER_BOUND_STRETCH if stretched else WORKER_BOUND
        for result in results:
            stats = result.stats
            if not stats:
                continue
            traffic = stats["traffic"]
            checks = [within(stats["parent"], PARENT_BOUND), within(stats["worker"], worker_bound)]
            checks += [] if stretched else [within(traffic, TRAFFIC_BOUND)]
            worst = [check for check in checks if check != "yes"]
            rows.append([case.key, result.name, mib(stats["parent"]), mib(PARENT_BOUND),
                         mib(stats["worker"]), mib(worker_bound),
                         "" if traffic is None else "%.0f" % traffic,
                         "–" if stretched else TRAFFIC_BOUND,
                         worst[0] if worst else "yes"])
    if not rows:
        return ""
    return "\n".join([
        "## Memory", "",
        "Peaks of private memory (the line Anonymous of smaps_rollup), and the bytes that went "
        "between the processes for each member, from a run with --stats outside the timed rounds. "
        "A member of 8 MiB or more may be decoded by several workers: each may then hold a stretch "
        "of it, and messages go for each stretch.", "",
        table(["case", "", ">parent", ">bound", ">worker", ">bound", ">bytes", ">bound", "within"],
              rows), ""])


def growth_section(growth):
    text = ["## Growth", ""]
    if growth.drawn:
        text += ["![Time and private memory](growth.svg)", ""]
    else:
        text += ["Not drawn: gnuplot is not installed.", ""]
    text += [
        "Archives of one member of 64 KiB, to tmpfs:", "",
        table([">archives", ">median s", ">min–max s", ">parent", ">worker"], [
            [row.number, seconds(row.samples.median_s),
             seconds(row.samples.min_s) + "–" + seconds(row.samples.max_s),
             mib(row.stats["parent"]), mib(row.stats["worker"])] for row in growth.by_archives]),
        "", "The data set, to tmpfs:", "",
        table([">workers", ">median s", ">min–max s", ">times as fast as one", ">parent",
               ">worker"], [
            [row.number, seconds(row.samples.median_s),
             seconds(row.samples.min_s) + "–" + seconds(row.samples.max_s),
             "%.2f" % (growth.by_jobs[0].samples.median_s / row.samples.median_s),
             mib(row.stats["parent"]), mib(row.stats["worker"])] for row in growth.by_jobs]), ""]
    return "\n".join(text)


# --- the rest of RESULTS.md -----------------------------------------------------------------------


def machine_section(machine, versions):
    return "\n".join([
        "## The machine and the programs", "", table(["", ""], [*machine, *versions]), ""])


def head(date, rounds, jobs, scale):
    text = [
        "# Results of the benchmark", "",
        "Made by `make bench` on %s: %d worker%s, a warm-up and %d round%s in which all contenders "
        "of a case run in turn, archives in the page cache, files removed outside the timed part. "
        "Times are of whole programs, from their start to their end. Medians; each contender's "
        "files were held once against what Python's `zipfile` gives (number, sizes, SHA-256)."
        % (date, jobs, "" if jobs == 1 else "s", rounds, "" if rounds == 1 else "s"), ""]
    if scale != 1:
        text += ["**Sizes are scaled by %g: these figures say nothing about the full size.**"
                 % scale, ""]
    return "\n".join(text)


LEGEND = """## How to read the tables

- **zipmap** prints a path once the file is whole, its CRC-32 is right, and two processes have
  found it: by mapping it, or by one call if it is below 64 KiB. Its peers only unzip.
- **roofline** decodes the same members with the same decoder and CRC-32 in as many processes, each
  into one buffer, and writes nothing. Each member is decoded by one process. Its figure in a column
  of ratios is how close zipmap comes to that: 1 is the limit.
- **roofline, files** decodes the same, and writes each member to a file of its own by plain
  `pwrite()`. It checks nothing, not even a CRC-32, and says nothing.
- **-j1** is one worker, and **--parts=never** has each member decoded by one worker.
- **--decoder** has all DEFLATE data decoded by one decoder. zipmap itself chooses for each member:
  large ones by the twin decoder, two at a time, and others by ISA-L or libdeflate.
- **--cache, again** is a second run with `--cache`; the first one is not timed.
- **-x true** runs a command for each file and removes it. **xargs true** runs the same commands on
  files that are there already, and removes nothing.
- **first path** is the time to the first line of a plain run, which is ended then.
- **xargs -P** runs a peer once for each archive, as many at a time as zipmap has workers.
- **rapidgzip** is given the member's stream as a .gz, which is made before.
- **Python pool, maps**: a `ProcessPoolExecutor` whose workers return `numpy.memmap` objects, which
  arrive as copies. **Python pool, names**: they return file names. Starting Python and loading
  numpy are in both times.
- **unzip** and **7zz** are given all archives at once where they run alone; **unzip, each** is a
  process for each archive under xargs.
- **CPU s** is what all processes of a contender used together.
- Peers that are not here are named with the programs, and have no rows in the tables of cases.
"""
