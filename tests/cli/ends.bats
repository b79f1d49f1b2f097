#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Runs that own their files, ended in every way at random moments. ZIPMAP_TEST_KILLS: how often each
# way comes, instead of twice.

load helpers

leaves_nothing() { # WAY
	"$PYTHON" "$tools/commands.py" make d 3 8
	"$PYTHON" "$tools/ends.py" "${ZIPMAP_TEST_KILLS:-2}" "$1" d
}

@test "-x, ended in any way at any moment, leaves nothing" {
	leaves_nothing exec
}

@test "-X, ended in any way at any moment, leaves nothing" {
	leaves_nothing batch
}

@test "--hold, ended in any way at any moment, leaves nothing" {
	leaves_nothing hold
}

@test "-x --memfd, ended in any way at any moment, leaves nothing, without --gc" {
	leaves_nothing exec-memfd
}

@test "-X --memfd, ended in any way at any moment, leaves nothing, without --gc" {
	leaves_nothing batch-memfd
}

@test "--hold --memfd, ended in any way at any moment, leaves nothing, without --gc" {
	leaves_nothing hold-memfd
}
