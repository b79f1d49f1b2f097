#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the benchmark measures and computes.

load helpers

@test "the benchmark computes what it should from figures that are made up" {
	run -0 "$PYTHON" "$here/../bench/test_bench.py"
}
