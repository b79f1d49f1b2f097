# SPDX-License-Identifier: MIT
"""The results as Markdown: what is printed, and what RESULTS.md is made of."""

MIB = 1048576

# The bounds of the design.
PARENT_BOUND = 4 * MIB
WORKER_BOUND = 4 * MIB
WORKER_BOUND_PER_ENTRY = 400
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


def mib(size):
    return "not measured" if size is None else "%.2f MiB" % (size / MIB)


def name_of(result, jobs):
    return result.name + (", xargs -P%d" % jobs if result.form == "xargs" else "")


def case_section(case, results, expected, jobs):
    """Times, and how many times as fast as each other contender ours are."""
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
    rows = [target_row(case, target, {result.name: result for result in results})
            for case, results, _ in measured for target in case.targets]
    rows = [speed_target_row(one) for one in speeds] + rows
    if not rows:
        return ""
    return "\n".join([
        "## What it must show", "",
        "A ratio is a peer's median time divided by zipmap's: 2 is twice as fast as the peer. For "
        "the roofline 1 is the limit.", "",
        table(["case", "ratio", ">at least", ">measured", ">in the rounds", ""], rows), ""])


def within(figure, bound):
    if figure is None:
        return "not measured"
    return "yes" if figure <= bound else "**no**"


def memory_section(measured):
    rows = []
    for case, results, expected in measured:
        worker_bound = WORKER_BOUND + WORKER_BOUND_PER_ENTRY * expected["most_members"]
        for result in results:
            stats = result.stats
            if not stats:
                continue
            traffic = stats["traffic"]
            checks = [within(stats["parent"], PARENT_BOUND), within(stats["worker"], worker_bound),
                      within(traffic, TRAFFIC_BOUND)]
            worst = [check for check in checks if check != "yes"]
            rows.append([case.key, result.name, mib(stats["parent"]), mib(PARENT_BOUND),
                         mib(stats["worker"]), mib(worker_bound),
                         "" if traffic is None else "%.0f" % traffic, TRAFFIC_BOUND,
                         worst[0] if worst else "yes"])
    if not rows:
        return ""
    return "\n".join([
        "## Memory", "",
        "Peaks of private memory (the line Anonymous of smaps_rollup), and the bytes that went "
        "between the processes for each member, from a run with --stats outside the timed rounds.",
        "",
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
  mapped it. Its peers only unzip.
- **roofline** decodes the same members with the same decoder and CRC-32 in as many processes, each
  into one buffer, and writes nothing. Its figure in a column of ratios is how close zipmap comes to
  that: 1 is the limit.
- **--decoder** has all DEFLATE data decoded by one decoder. zipmap itself chooses for each member:
  large ones by the twin decoder, two at a time, and others by ISA-L or libdeflate.
- **xargs -P** runs a peer once for each archive, as many at a time as zipmap has workers.
- **Python pool, maps**: a `ProcessPoolExecutor` whose workers return `numpy.memmap` objects, which
  arrive as copies. **Python pool, names**: they return file names. Starting Python and loading
  numpy are in both times.
- **unzip** and **7zz** are given all archives at once where they run alone; **unzip, each** is a
  process for each archive under xargs.
- **CPU s** is what all processes of a contender used together.
"""
