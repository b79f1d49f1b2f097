#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Archives that other projects made for their own tests, or ship. They are not part of this
# repository: where the folder is absent, these tests are skipped.

load helpers

need_shared() {
	[[ -f $SHARED_ARCHIVES/MANIFEST.tsv ]] || skip "no archives at $SHARED_ARCHIVES"
}

@test "each ACCEPT and ACCEPT-WARN archive extracts to what another reader gives" {
	need_shared
	"$PYTHON" "$tools/shared_archives.py" accepted
}

@test "all ACCEPT and ACCEPT-WARN archives in one run: in order, complete" {
	need_shared
	awk -F'\t' -v dir="$SHARED_ARCHIVES/" \
		'$6 == "ACCEPT" || $6 == "ACCEPT-WARN" { print dir $1 }' \
		"$SHARED_ARCHIVES/MANIFEST.tsv" >list
	[[ -s list ]]
	zipmap -T list
	expect_status 0
	verify --list=list
}

@test "no archive, however hostile, hangs or kills it, writes elsewhere or gives wrong bytes" {
	need_shared
	"$PYTHON" "$tools/shared_archives.py" all
}

@test "members that must fail do, and their archives' other members are printed" {
	need_shared
	"$PYTHON" "$tools/shared_archives.py" entry-errors
}

@test "archives to refuse as a whole: status 1, or bytes that another reader gives too" {
	need_shared
	"$PYTHON" "$tools/shared_archives.py" rejected
}

@test "members of methods that are not supported are named as such and fail alone" {
	need_shared
	"$PYTHON" "$tools/shared_archives.py" unsupported
}

@test "bombs are stopped: nothing of them is printed" {
	need_shared
	"$PYTHON" "$tools/shared_archives.py" bombs
}

@test "encrypted members are named as such and fail alone" {
	need_shared
	"$PYTHON" "$tools/shared_archives.py" encrypted
}

@test "all of them in one run: the sound ones are as complete as on their own" {
	need_shared
	"$PYTHON" "$tools/shared_archives.py" together
}

@test "each of them by each decoder: the same files, the same failures" {
	need_shared
	"$PYTHON" "$tools/shared_archives.py" decoders
}
