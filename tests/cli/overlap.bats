#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Archives whose members share compressed bytes.

load helpers

# An archive at $1 whose directory has $2 entries, alike but for CRC-32 + $3 for each: all for the
# same local header and data, $4 bytes of them that compress well, or not ($5: noise).
make_shared_data() {
	"$PYTHON" "$BATS_TEST_DIRNAME/make_shared_data.py" "$@"
}

@test "members that share data and are not the same: refused as a whole, nothing printed" {
	make_shared_data bomb.zip 50 1 100000 noise
	zipmap bomb.zip
	[ "$status" -eq 1 ]
	[ ! -s out ]
	expect_lines err 1
	grep -q 'bomb.zip: members overlap' err
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "a few entries for the same data are no overlap" {
	make_shared_data same.zip 50 0 100000 noise
	zipmap same.zip
	expect_good
	expect_lines out 50
	verify same.zip
}

@test "entries for the same data that add up to more than DEFLATE can give: refused" {
	make_shared_data many.zip 60000 0 10000000 zeros
	zipmap many.zip
	[ "$status" -eq 1 ]
	[ ! -s out ]
	grep -q 'many.zip: members overlap' err
}

@test "entries for the same data that give nothing, but take their time: refused" {
	"$PYTHON" "$BATS_TEST_DIRNAME/make_empty_blocks.py"
	zipmap few.zip
	expect_good
	expect_lines out 50
	zipmap many.zip
	expect_status 1
	grep -q 'many.zip: members overlap' err
}

@test "other archives of the run are unzipped" {
	make_shared_data bomb.zip 50 1 100000 noise
	make_archive simple a.zip
	zipmap bomb.zip a.zip
	[ "$status" -eq 1 ]
	expect_lines out 1
	verify --missing=0 bomb.zip a.zip
}
