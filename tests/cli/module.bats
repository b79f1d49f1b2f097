#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The module for Python, src/python/zipmap.py.

load helpers

check()
{
	ZIPMAP=$ZIPMAP timeout "$bound" "$PYTHON" "$BATS_TEST_DIRNAME/module.py" "$1"
}

@test "records come in order, and are mapped" {
	check records
}

@test "what is loaded is as numpy.load has it, and lives as long as any of its arrays" {
	check load
}

@test "failures are raised at the end, collected or warned of" {
	check failures
}

@test "a block that is left, an exception, a fork and a kill: nothing is left, nothing goes early" {
	check leases
}

@test "maps and their views are pickled as their place" {
	check pickles
}

@test "a file that is gone or changed is no map; what is written copy on write stays behind" {
	check stale
}
