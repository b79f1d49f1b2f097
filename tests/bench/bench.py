#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measure zipmap against its peers.

usage: bench.py BUILD

BUILD holds zipmap, testdata-gen, roofline, decoders and hops; `make bench` builds them. Progress
goes to stderr, tables go to stdout and to RESULTS.md and GROWTH.md: in tests/bench for the whole
benchmark at full size, in BUILD/bench for any other. Environment:

  BENCH_ROUNDS=N   rounds after the warm-up [5]
  BENCH_SCALE=X    sizes and numbers times X, to try things out [1]
  BENCH_CASES=...  only these: decoders data-set data-set-disk sensor csv members archives million
                   exec large huge-random huge-int16 huge-sensor huge-csv tail deflate64 stored
                   growth outlook
  BENCH_JOBS=N     workers [the CPUs that may be used]
  BENCH_DIR=DIR    keep the archives here, for a quick second time [a scratch directory in TMPDIR]
  BENCH_TMPFS=DIR  where the cases to tmpfs write [/dev/shm]

  RIPUNZIP=PATH    a program that is not in PATH, and so on: see peers.py

Fails where a contender failed or gave other bytes; a ratio that is not reached is no failure.
"""

import datetime
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import cases  # noqa: E402
import contender as contending  # noqa: E402
import contenders  # noqa: E402
import decoders  # noqa: E402
import growth  # noqa: E402
import inputs as inputs_of  # noqa: E402
import machine  # noqa: E402
import measure  # noqa: E402
import outlook  # noqa: E402
import outlook_report  # noqa: E402
import report  # noqa: E402

# At full size, in bytes, with some air.
SPACE_DISK = 7e9
SPACE_TMPFS = 1.3e9
SPACE_LEAST = 1e8


class Result:
    """What became of one contender in one case."""

    def __init__(self, contender):
        self.contender = contender
        self.name = contender.name
        self.ours = contender.ours
        self.missing = contender.missing is not None
        self.why = contender.missing  # there are no samples
        self.wrong = False  # it failed, or gave other bytes
        self.form = None
        self.warmups_s = {}  # by form
        self.taken = []
        self.samples = None
        self.stats = None  # of zipmap's memory
        self.private = None  # bytes, in a pool's parent


class Settings:
    def __init__(self, build):
        environment = os.environ.get
        self.build = os.path.abspath(build)
        self.rounds = int(environment("BENCH_ROUNDS", "5"))
        self.scale = float(environment("BENCH_SCALE", "1"))
        self.only = environment("BENCH_CASES", "").split()
        self.jobs = int(environment("BENCH_JOBS", "0")) or len(os.sched_getaffinity(0))
        self.keep = environment("BENCH_DIR")
        self.tmpfs = environment("BENCH_TMPFS", "/dev/shm")
        if self.rounds < 1 or self.scale <= 0 or self.jobs < 1:
            raise ValueError("BENCH_ROUNDS, BENCH_SCALE and BENCH_JOBS are above 0")
        known = [case.key for case in cases.all_cases(1)]
        known += ["decoders", "growth", "outlook"]
        for key in self.only:
            if key not in known:
                raise ValueError("no case '%s': %s" % (key, " ".join(known)))
        whole = not self.only and self.scale == 1 and self.rounds >= 5
        self.results = contenders.HERE if whole else os.path.join(self.build, "bench")

    def wants(self, key):
        return not self.only or key in self.only


def say(*words):
    print("bench:", *words, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, settings, disk, tmpfs):
        self.settings = settings
        self.disk = disk
        self.tmpfs = tmpfs
        self.inputs_base = settings.keep or disk
        self.generator = os.path.join(settings.build, "testdata-gen")
        self.zipmap = os.path.join(settings.build, "zipmap")
        self.printed = os.path.join(tmpfs, "stdout")
        self.errors = os.path.join(tmpfs, "stderr")
        self.contenders = contenders.every(settings.build)

    def inputs(self, recipe):
        inputs = inputs_of.Inputs(self.generator, self.inputs_base, recipe)
        inputs.read_once()
        return inputs

    def run(self, make_command, on_disk=False, check=None, prepare=None, first_line=False):
        """Run a command in a fresh directory. Only the command is timed. @check: directory ->
        None, called while the files are there. @prepare: what makes a command to be run before."""
        out = os.path.join(self.disk if on_disk else self.tmpfs, "out")
        os.mkdir(out)
        try:
            if prepare:
                measure.run(prepare(out), out + ".prepared", self.errors)
            command = make_command(out)
            if on_disk:
                os.sync()  # what others left to be written is no matter of this one
            run = measure.run_to_first_line if first_line else measure.run
            sample = run(command, self.printed, self.errors)
            if check:
                check(out)
            return sample
        finally:
            shutil.rmtree(out)

    # --- one case -------------------------------------------------------------------------------

    def check(self, contender, expected, out):
        found = contender.outputs(out, self.printed)
        if not isinstance(found, dict):
            found = measure.summary(found)
        if any(found[key] != expected[key] for key in found):
            raise measure.Failed("gave other bytes than it should")

    def run_form(self, case, inputs, contender, form, check=None):
        def task(out):
            return contending.Task(inputs, out, self.settings.jobs)

        return self.run(
            lambda out: contender.forms[form](task(out)), case.disk, check,
            contender.prepare and (lambda out: contender.prepare(task(out))),
            contender.first_line)

    def warm_up(self, case, inputs, result):
        """Run each form once, check what it gave, and settle for the faster one."""
        contender = result.contender
        forms = case.forms.get(contender.name, list(contender.forms))
        if contender.by_archive and len(inputs.archives) == 1:
            forms = forms[:1]
        for form in forms:
            sample = self.run_form(case, inputs, contender, form,
                                   lambda out: self.check(contender, inputs.expected, out))
            result.warmups_s[form] = sample.wall_s
            if contender.name.startswith("Python pool"):
                with open(self.printed, encoding="ascii") as file:
                    result.private = int(file.read().split()[1])
        result.form = min(result.warmups_s, key=result.warmups_s.get)
        if result.ours:
            result.stats = self.stats(lambda out: contender.forms[result.form](
                contending.Task(inputs, out, self.settings.jobs)), case.disk)

    def stats(self, make_command, on_disk=False):
        """The memory of a run, which is not one of those that are timed."""
        def with_stats(out):
            command = make_command(out)
            return [command[0], "--stats", *command[1:]]

        self.run(with_stats, on_disk)
        return measure.read_stats(self.errors)

    def attempt(self, result, action):
        """A contender that fails is out of this case, and is said to have failed."""
        try:
            return action()
        except measure.Failed as failure:
            why = str(failure).replace(self.disk, "DISK").replace(self.tmpfs, "TMPFS")
            say("%s failed: %s" % (result.name, failure))
            result.why = "failed: " + why
            result.wrong = True
            return None

    def measure_case(self, case):
        say(case.title)
        inputs = self.inputs(case.recipe)
        results = [Result(self.contenders[name]) for name in case.contenders]
        for result in results:
            if not result.why:
                self.attempt(result, lambda r=result: self.warm_up(case, inputs, r))
        for number in range(self.settings.rounds):
            say("  round %d of %d" % (number + 1, self.settings.rounds))
            # What ran before leaves caches and free memory in a state of its own: let that differ.
            for result in random.Random(number).sample(results, len(results)):
                if result.why:
                    continue
                sample = self.attempt(result, lambda r=result: self.run_form(
                    case, inputs, r.contender, r.form))
                if sample:
                    result.taken.append(sample)
        for result in results:
            if not result.why:
                result.samples = measure.Samples(result.taken)
        return results, inputs.expected

    # --- decoders -------------------------------------------------------------------------------

    def measure_decoders(self):
        say("Decoders")
        program = os.path.join(self.settings.build, "decoders")
        rows = cases.scaled(500000, self.settings.scale)
        found = []
        for kind in decoders.KINDS:
            archives = self.inputs(
                inputs_of.Recipe(decoders.generate(kind[0], rows))).archives
            # A round is short, and there is only one warm-up for all of them.
            found.append(decoders.measure(program, 4 * self.settings.rounds, archives, kind))
        return found

    # --- growth ---------------------------------------------------------------------------------

    def measure_growth(self):
        say("Growth")
        settings = self.settings
        plan = growth.plan(
            self.zipmap, self.inputs(inputs_of.Recipe(growth.generate(settings.scale))),
            self.inputs(inputs_of.Recipe(cases.data_set(settings.scale))), settings.jobs,
            settings.scale)
        for rows in (plan.by_archives, plan.by_jobs):
            taken = {row: [] for row in rows}
            for row in rows:
                self.run(row.command)
                row.stats = self.stats(row.command)
            for _ in range(settings.rounds):
                for row in rows:
                    taken[row].append(self.run(row.command))
            for row in rows:
                row.samples = measure.Samples(taken[row])
        growth.draw(plan, os.path.join(settings.results, "growth.svg"))
        return plan

    # --- outlook --------------------------------------------------------------------------------

    def measure_outlook(self):
        say("Outlook")
        settings = self.settings
        kinds = outlook.kinds(settings.build, settings.scale, self.inputs, self.tmpfs)
        cpu_sets = outlook.cores_measured(os.sched_getaffinity(0))

        def run(kind, cpus, *more):
            return self.run(lambda out: kind.command(self.zipmap, cpus, out, *more))

        for kind in kinds:
            run(kind, cpu_sets[-1], "--stats")
            kind.messages = measure.read_stats(self.errors)["messages"]
        for _ in range(settings.rounds):
            for kind in kinds:
                for cpus in cpu_sets:
                    kind.taken.setdefault(len(cpus), []).append(run(kind, cpus))
        return kinds[1:]


def check_space(directory, full_size, scale):
    needed = full_size * scale + SPACE_LEAST
    free = shutil.disk_usage(directory).free
    if free < needed:
        sys.exit("bench: %s has %d MB free, %d are needed" % (directory, free / 1e6, needed / 1e6))


def write(settings, name, sections):
    path = os.path.join(settings.results, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(text for text in sections if text).rstrip("\n") + "\n")
    say("written: " + path)


def run_all(bench):
    """Measure, print, write. Whether nothing failed."""
    settings = bench.settings
    os.makedirs(settings.results, exist_ok=True)
    measured, sections = [], []

    def show(text):
        sections.append(text)
        print(text, flush=True)

    start = time.monotonic()
    speeds = []
    if settings.wants("decoders"):
        speeds = bench.measure_decoders()
        show(report.decoders_section(speeds))
    for case in cases.all_cases(settings.scale):
        if settings.wants(case.key):
            results, expected = bench.measure_case(case)
            measured.append((case, results, expected))
            show(report.case_section(case, results, expected, settings.jobs))
            say("  %d s so far" % (time.monotonic() - start))
    if settings.wants("growth"):
        show(report.growth_section(bench.measure_growth()))

    ends = [report.target_section(measured, speeds), report.parent_section(measured),
            report.memory_section(measured)]
    print("\n".join(ends), flush=True)
    date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    write(settings, "RESULTS.md", [
        report.head(date, settings.rounds, settings.jobs, settings.scale), ends[0],
        report.machine_section(machine.describe(bench.tmpfs, bench.disk),
                               contenders.versions(bench.contenders)),
        report.LEGEND, *sections, *ends[1:]])
    if settings.wants("outlook"):
        text = outlook_report.page(bench.measure_outlook(), date, settings.rounds, settings.scale)
        print(text, flush=True)
        write(settings, "GROWTH.md", [text])
    say("done after %d s" % (time.monotonic() - start))
    return not any(result.wrong for _, results, _ in measured for result in results)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 2
    try:
        settings = Settings(sys.argv[1])
    except ValueError as wrong:
        sys.exit("bench: %s" % wrong)
    # So that what was made is removed.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    if settings.keep:
        os.makedirs(settings.keep, exist_ok=True)
    disk_base = settings.keep or tempfile.gettempdir()
    check_space(disk_base, SPACE_DISK, settings.scale)
    check_space(settings.tmpfs, SPACE_TMPFS, settings.scale)
    with tempfile.TemporaryDirectory(prefix="zipmap-bench.", dir=disk_base) as disk, \
            tempfile.TemporaryDirectory(prefix="zipmap-bench.", dir=settings.tmpfs) as tmpfs:
        try:
            return 0 if run_all(Bench(settings, disk, tmpfs)) else 1
        except (measure.Failed, OSError, subprocess.CalledProcessError) as wrong:
            sys.exit("bench: %s" % wrong)
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
