#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Draw the memory of three programs that map 15 arrays of 32 MB out of zip archives.

usage: picture.py BUILD OUTPUT

Runs, one after the other, a Python process pool that returns maps, one that returns names, and
zipmap with a reader, on archives that BUILD/testdata-gen makes. Samples the private and the
file-backed memory of every process, has gnuplot draw the samples, and prints the peaks. Private
memory is the line Anonymous of /proc/PID/smaps_rollup; what is file-backed is the rest of the line
Rss.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
INTERVAL_S = 0.01
JOBS = 2
MIB = 1024

# The title of each program, and who its two kinds of processes are.
PANELS = [
    ("maps", "A pool that returns maps", "parent", "workers"),
    ("names", "A pool that returns names", "parent", "workers"),
    ("zipmap", "zipmap and a reader", "reader", "zipmap, all processes"),
]

SCRIPT = """\
set terminal svg size 960,400 font "sans-serif,12" background "white"
set output "{output}"
set multiplot layout 1,3 margins 0.08,0.99,0.30,0.90 spacing 0.02
set xlabel "seconds" offset 0,0.4
set xrange [0:{seconds}]
set yrange [0:{top}]
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror out
set key at screen 0.53,0.06 center maxrows 2 samplen 2
{panels}
unset multiplot
"""

PANEL = """\
set title "{title}"
{ylabel}
plot "{data}" using 1:2 with lines lw 3 lc rgb "#c0392b" title "private, {first}", \\
  "" using 1:3 with lines lw 2 lc rgb "#e59866" title "private, {second}", \\
  "" using 1:4 with lines lw 2 dt 2 lc rgb "#1f618d" title "file-backed, {first}", \\
  "" using 1:5 with lines lw 2 dt 2 lc rgb "#85c1e9" title "file-backed, {second}"
unset key
"""


def memory_kib(pid):
    """The private and the file-backed memory of a process in KiB; zeros if it has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0, 0
    figures = {name: int(size) for name, size in re.findall(r"^(Rss|Anonymous): *(\d+) kB", text, re.M)}
    private = figures.get("Anonymous", 0)
    return private, figures.get("Rss", 0) - private


def descendants(pid):
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [found for child in map(int, children) for found in [child, *descendants(child)]]


def sample(first, others, start):
    """Time in s, then MiB: private of the first process and of the others, file-backed likewise."""
    mine = memory_kib(first)
    theirs = [memory_kib(pid) for pid in others]
    return (
        time.monotonic() - start,
        mine[0] / MIB,
        sum(private for private, _ in theirs) / MIB,
        mine[1] / MIB,
        sum(shared for _, shared in theirs) / MIB,
    )


def run(what, build, archives, scratch):
    """Samples of one program, and what it printed."""
    start = time.monotonic()
    samples = []
    if what == "zipmap":
        zipmap = subprocess.Popen(
            [build / "zipmap", f"--jobs={JOBS}", f"--tmpdir={scratch}", archives], stdout=subprocess.PIPE
        )
        command, source = [sys.executable, HERE / "reader.py"], zipmap.stdout
    else:
        zipmap = None
        command, source = [sys.executable, HERE / "pool.py", what, str(JOBS), archives, scratch], None
    process = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, text=True)
    while process.poll() is None:
        others = [zipmap.pid, *descendants(zipmap.pid)] if zipmap else descendants(process.pid)
        samples.append(sample(process.pid, others, start))
        time.sleep(INTERVAL_S)
    status = process.returncode or (zipmap and zipmap.wait())
    if status:
        raise SystemExit(f"picture.py: {what}: status {status}")
    return samples, process.stdout.read().strip()


def peaks(samples):
    return [max(column) for column in list(zip(*samples))[1:]]


def draw(output, measured, scratch):
    panels = []
    for number, (what, title, first, second) in enumerate(PANELS):
        data = scratch / f"{what}.tsv"
        lines = ["\t".join(f"{value:.3f}" for value in row) for row in measured[what]]
        data.write_text("# s, then MiB: private (2), file-backed (2)\n" + "\n".join(lines) + "\n")
        ylabel = 'set ylabel "MiB" offset 1,0' if number == 0 else 'unset ylabel; set format y ""'
        panels.append(PANEL.format(title=title, data=data, first=first, second=second, ylabel=ylabel))
    script = SCRIPT.format(
        output=output,
        seconds=max(row[-1][0] for row in measured.values()) * 1.02,
        top=max(max(peaks(row)) for row in measured.values()) * 1.08,
        panels="\n".join(panels),
    )
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
    lines = output.read_text().splitlines()
    output.write_text("".join(line.rstrip() + "\n" for line in lines))  # gnuplot leaves spaces


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    build, output = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    measured, printed = {}, set()
    with tempfile.TemporaryDirectory(prefix="zipmap-picture.") as scratch:
        archives = pathlib.Path(scratch) / "archives"
        subprocess.run([build / "testdata-gen", archives], check=True)
        for what, title, first, second in PANELS:
            files = pathlib.Path(scratch) / what
            files.mkdir()
            measured[what], result = run(what, build, archives, files)
            printed.add(result)
            shutil.rmtree(files)
            most = peaks(measured[what])
            print(f"{title}: {measured[what][-1][0]:.1f} s; private {most[0]:.0f} MiB ({first}), "
                  f"{most[1]:.0f} MiB ({second}); file-backed {most[2]:.0f} MiB, {most[3]:.0f} MiB")
        if len(printed) != 1:
            raise SystemExit(f"picture.py: the programs disagree: {printed}")
        draw(output, measured, pathlib.Path(scratch))
    return 0


if __name__ == "__main__":
    sys.exit(main())
