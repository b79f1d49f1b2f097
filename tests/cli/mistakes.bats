#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Slips of the hand, and habits of other tools: what was meant is said.

load helpers

@test "an empty list is warned of, status 0" {
	zipmap -T /dev/null
	expect_status 0
	[[ "$(cat err)" == "zipmap: /dev/null names no archive" ]]
	zipmap -T - </dev/null
	expect_status 0
	[[ "$(cat err)" == "zipmap: standard input names no archive" ]]
	zipmap -q -T /dev/null
	expect_status 0
	[[ ! -s err ]]
}

@test "a list of which nothing can be opened is not called empty" {
	echo nowhere.zip >list
	zipmap -T list
	expect_status 1
	[[ "$(cat err)" == "zipmap: nowhere.zip: No such file or directory" ]]
}

@test "a password that is given as an option is not repeated in the message" {
	make_archive simple a.zip
	zipmap --password=secret a.zip
	expect_status 2
	[[ "$(cat err)" != *secret* ]]
	zipmap -Psecret a.zip
	expect_status 2
	[[ "$(cat err)" != *secret* ]]
}

@test "--tmpdir beside an option that says where files go is warned of, unless it is used" {
	make_archive simple a.zip
	mkdir t
	zipmap --tmpdir=t -d out.d a.zip
	expect_status 0
	[[ "$(cat err)" == "zipmap: option '--tmpdir' is not used: files go below the directory of '--directory'" ]]
	zipmap --tmpdir=t --cache=kept a.zip
	expect_status 0
	[[ "$(cat err)" == "zipmap: option '--tmpdir' is not used: files go below the directory of '--cache'" ]]
	zipmap --gc --tmpdir=t --cache=kept
	expect_status 0
	[[ "$(cat err)" == "zipmap: option '--tmpdir' is not used: '--cache' says where to look" ]]
	[[ -z "$(ls -A t)" ]]
	zipmap -q --tmpdir=t --cache=kept a.zip
	expect_good
	TMPDIR=$PWD/t zipmap --cache=kept a.zip
	expect_good
	zipmap --tmpdir=t --cache=kept - <a.zip
	expect_good
	zipmap --tmpdir=t --gc
	expect_good
}
