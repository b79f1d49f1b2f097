#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the benchmark computes, from figures that are made up. tests/cli/bench.bats runs it."""

import gzip
import os
import subprocess
import sys
import tempfile
import types
import unittest
import zipfile

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import cases  # noqa: E402
import contender  # noqa: E402
import contenders  # noqa: E402
import measure  # noqa: E402
import outlook  # noqa: E402
import report  # noqa: E402


def samples(wall_s, cpu_s=0.0, own_s=0.0):
    return [measure.Sample(wall_s, cpu_s, own_s)]


def kind(count, walls_s, cpu_s, own_s, chain=None):
    """A kind of work of 1 MB a unit, with a run's wall time by cores, beside one that is free."""
    inputs = types.SimpleNamespace(expected={"bytes": count * 1000000})
    made = outlook.Kind("made up", "member", count, inputs, "", rate_unit="MB")
    made.taken = {cores: samples(wall_s, cpu_s, own_s) for cores, wall_s in walls_s.items()}
    made.start = types.SimpleNamespace(most_cores=lambda: 1,
                                       samples=lambda cores: measure.Samples(samples(0.0)))
    made.chain = chain
    return made


class Outlook(unittest.TestCase):
    def test_work_grows_with_the_cores_up_to_what_the_parent_can_do(self):
        made = kind(100, {1: 10.0, 2: 5.0}, cpu_s=10.0, own_s=0.5)
        self.assertAlmostEqual(made.rate(2), 20)
        self.assertAlmostEqual(made.computed(8), 80)
        # The parent alone would take 0.5 s for the 100 members.
        self.assertAlmostEqual(made.computed(64), 200)
        cores, limit = made.last_core()
        self.assertAlmostEqual(cores, 20)
        self.assertEqual(limit, "the parent")

    def test_a_shared_member_grows_by_what_helpers_gave_up_to_the_chain(self):
        chain = {"hop": 0.01, "stretch": 3e6, "workers": 1000}
        made = kind(100, {1: 1.0, 2: 0.625}, cpu_s=1.2, own_s=1e-6, chain=chain)
        self.assertAlmostEqual(made.computed(4), 160 + 2 * 60)
        self.assertAlmostEqual(made.computed(64), 300)
        self.assertEqual(made.last_core()[1], "the chain")

    def test_a_shared_member_has_no_more_workers_than_may_be(self):
        chain = {"hop": 1e-6, "stretch": 3e6, "workers": 33}
        made = kind(100, {1: 1.0, 2: 0.5}, cpu_s=1.0, own_s=1e-6, chain=chain)
        self.assertAlmostEqual(made.computed(128), made.computed(33))
        self.assertAlmostEqual(made.last_core()[0], 33)

    def test_one_core_more_is_no_loss_when_two_were_slower_than_one(self):
        chain = {"hop": 0.01, "stretch": 3e6, "workers": 33}
        made = kind(100, {1: 1.0, 2: 2.0}, cpu_s=2.0, own_s=1e-6, chain=chain)
        self.assertAlmostEqual(made.computed(128), made.rate(2))

    def test_cores_are_powers_of_two_and_all(self):
        self.assertEqual(outlook.cores_measured({3, 1, 0}), [[0], [0, 1], [0, 1, 3]])


class Measured(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = scratch.name
        self.out = os.path.join(self.path, "out")
        self.errors = os.path.join(self.path, "errors")

    def test_the_own_time_of_a_process_is_without_that_of_its_children(self):
        spin = "import os; os.fork() and os.wait() or sum(range(2 * 10 ** 7))"
        sample = measure.run([sys.executable, "-c", spin], self.out, self.errors)
        if sample.own_cpu_s is None:
            self.skipTest("this kernel does not say")
        self.assertLess(sample.own_cpu_s, sample.cpu_s / 2)

    def test_a_run_to_the_first_line_ends_the_command(self):
        sample = measure.run_to_first_line(
            ["sh", "-c", "echo first; exec sleep 1000"], self.out, self.errors)
        with open(self.out, encoding="ascii") as file:
            self.assertEqual(file.read(), "first\n")
        self.assertGreater(sample.wall_s, 0)

    def test_a_command_that_fails_before_its_first_line_has_failed(self):
        with self.assertRaises(measure.Failed):
            measure.run_to_first_line(["sh", "-c", "exit 3"], self.out, self.errors)

    def test_a_member_as_gzip_is_the_same_bytes(self):
        data = bytes(range(256)) * 5000
        archive = os.path.join(self.path, "a.zip")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("member", data)
        contender.write_gzip(archive, archive + ".gz")
        with gzip.open(archive + ".gz") as file:
            self.assertEqual(file.read(), data)

    def test_a_variable_names_a_program_and_is_not_handed_on(self):
        code = "import os, peers; print(peers.find('UNZIP', 'unzip'), os.environ.get('UNZIP'))"
        said = subprocess.run([sys.executable, "-B", "-c", code], stdout=subprocess.PIPE,
                              check=True, cwd=contenders.HERE,
                              env={**os.environ, "UNZIP": "/bin/sh"}).stdout.decode()
        self.assertEqual(said, "/bin/sh None\n")


class Bounds(unittest.TestCase):
    def row(self, most):
        case = types.SimpleNamespace(key="made-up")
        ours = types.SimpleNamespace(name="zipmap", why=None, samples=measure.Samples(
            samples(1.0, 1.0, 0.0012)))
        limit = cases.Limit(most, "µs", parent=True)
        return report.limit_row(case, limit, {"zipmap": ours}, 1000)

    def test_a_limit_is_reached_by_figures_that_are_not_above_it(self):
        self.assertEqual(self.row(1.2)[3:], ["1.20", "1.20–1.20", "reached"])
        self.assertEqual(self.row(1.1)[-1], "**not reached**")

    def test_each_case_knows_its_contenders_and_has_a_name_of_its_own(self):
        found = cases.all_cases(1)
        self.assertEqual(len({case.key for case in found}), len(found))
        for case in found:
            for target in case.targets:
                self.assertIn(target.ours, case.contenders)
                if isinstance(target, cases.Target):
                    self.assertIn(target.peer, case.contenders)


if __name__ == "__main__":
    unittest.main()
