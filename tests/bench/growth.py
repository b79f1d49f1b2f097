# SPDX-License-Identifier: MIT
"""Growth: what more archives, and more workers, cost."""

import os
import shutil
import subprocess

import report

SIZE = "64K"
ARCHIVES = (1, 10, 100, 1000, 10000)


class Row:
    def __init__(self, number, command):
        self.number = number
        self.command = command  # directory for the files -> command
        self.samples = None
        self.stats = None


class Growth:
    def __init__(self, by_archives, by_jobs):
        self.by_archives = by_archives
        self.by_jobs = by_jobs
        self.drawn = False


def job_numbers(cores):
    """All up to 8 cores, then powers of two."""
    numbers = list(range(1, min(cores, 8) + 1)) + [1 << power for power in range(4, 11)]
    return sorted({number for number in numbers if number < cores} | {cores})


def archive_numbers(scale):
    most = max(10, round(ARCHIVES[-1] * scale))
    return [number for number in ARCHIVES if number <= most]


def generate(scale):
    return ["--archives=%d" % archive_numbers(scale)[-1], "--size=" + SIZE]


def plan(zipmap, small, data_set, jobs, scale):
    def listed(number):
        path = "%s.%d" % (small.list, number)
        with open(path, "wb") as file:
            file.writelines(os.fsencode(name) + b"\0" for name in small.archives[:number])
        return lambda out: [zipmap, "-j", str(jobs), "--tmpdir=" + out, "-0", "-T", path]

    def with_jobs(number):
        return lambda out: [zipmap, "-j", str(number), "--tmpdir=" + out, data_set.directory]

    return Growth([Row(number, listed(number)) for number in archive_numbers(scale)],
                  [Row(number, with_jobs(number)) for number in job_numbers(jobs)])


def data_block(name, rows):
    lines = []
    for row in rows:
        sizes = [row.stats[side] for side in ("parent", "worker")]
        lines.append("%d %f %f %f %s %s" % (
            row.number, row.samples.median_s, row.samples.min_s, row.samples.max_s,
            *("NaN" if size is None else "%f" % (size / report.MIB) for size in sizes)))
    return "$%s << EOD\n%s\nEOD\n" % (name, "\n".join(lines))


def draw(growth, path):
    """Three plots beside each other: time and memory by archives, time by workers."""
    if not shutil.which("gnuplot"):
        return
    most = growth.by_jobs[-1].number
    one = growth.by_jobs[0].samples.median_s
    script = data_block("archives", growth.by_archives) + data_block("jobs", growth.by_jobs) + """
set terminal svg size 1200,400 font 'sans-serif,13' background rgb 'white'
set multiplot layout 1,3
set grid
set key top left
set style line 1 lc rgb '#1f5fa8' lw 2 pt 7 ps 0.6
set style line 2 lc rgb '#c05020' lw 2 pt 5 ps 0.6
set style line 3 lc rgb '#808080' lw 1 dt 2

set title 'Time, by archives of one member of 64 KiB'
set logscale xy
set format x '10^{%%L}'
set xlabel 'archives'
set ylabel 'seconds'
plot $archives using 1:2 with linespoints ls 1 title 'median', \
     $archives using 1:2:3:4 with yerrorbars ls 1 notitle

set title 'Peak private memory'
unset logscale y
set ylabel 'MiB'
set yrange [0:5.5]
plot $archives using 1:5 with linespoints ls 1 title 'parent', \
     $archives using 1:6 with linespoints ls 2 title 'worker', \
     4 with lines ls 3 title 'bound of both'

set title 'Time of the data set, by workers'
unset logscale
set format x '%%g'
set xlabel 'workers'
set ylabel 'seconds'
set xtics %d
set xrange [0.5:%g]
set yrange [0:*]
set key top right
plot $jobs using 1:2 with linespoints ls 1 title 'median', \
     $jobs using 1:2:3:4 with yerrorbars ls 1 notitle, \
     x < 1 ? NaN : %g / x with lines ls 3 title 'one worker / workers'
""" % (1 + most // 10, most + 0.5, one)
    drawn = subprocess.run(["gnuplot"], input=script.encode(), stdout=subprocess.PIPE, check=True)
    with open(path, "wb") as file:
        for line in drawn.stdout.splitlines():
            file.write(line.rstrip() + b"\n")
    growth.drawn = True
