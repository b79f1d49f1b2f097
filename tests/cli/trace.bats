#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What passes between the processes, as strace sees it.

load helpers

traced() { # ARGUMENT...: strace's log is ./log
	rm -rf tmp/*
	status=0
	timeout -k 5 "$bound" strace -f -y -s 0 -o log \
		-e trace=network,desc "$ZIPMAP" "$@" >out 2>err 3>&- || status=$?
	"$PYTHON" "$tools/trace.py" log >figures
}

figure() {
	sed -nE "s/^$1 ([0-9]+).*/\1/p" figures
}

stat_bytes() {
	sed -nE "s/^$1: .*\(([0-9]+) bytes?\).*/\1/p" err
}

@test "bytes received by the parent: at most 256 a member, and --stats agrees" {
	skip_under_sanitizer "strace does not go with it"
	need_strace
	"$TESTDATA_GEN" --archives=15 --rows=20000 data
	traced -j 4 --stats data
	expect_status 0
	expect_lines out 15
	(($(figure received) > 0 && $(figure received) <= 256 * 15)) || fail "$(cat figures)"
	[[ "$(figure received)" == "$(stat_bytes 'received by the parent')" ]] || fail "$(cat figures)"
	[[ "$(figure sent)" == "$(stat_bytes 'sent to workers')" ]] || fail "$(cat figures)"
}

@test "the same for many small members" {
	skip_under_sanitizer "strace does not go with it"
	need_strace
	"$TESTDATA_GEN" --archives=3 --members=500 --size=100 data
	traced -j 2 --stats data
	expect_status 0
	expect_lines out 1500
	(($(figure received) > 0 && $(figure received) <= 256 * 1500)) || fail "$(cat figures)"
	(($(figure received) + $(figure sent) <= 256 * 1500)) || fail "$(cat figures)"
	[[ "$(figure received)" == "$(stat_bytes 'received by the parent')" ]] || fail "$(cat figures)"
}

@test "the parent opens archives and never reads or maps one" {
	skip_under_sanitizer "strace does not go with it"
	need_strace
	"$TESTDATA_GEN" --archives=15 --rows=20000 data
	make_archive members m.zip 50 3000
	make_archive bad_crc bad.zip
	make_archive truncated cut.zip
	traced -j 2 data m.zip bad.zip cut.zip
	expect_status 1
	expect_lines out 67
	[[ "$(figure opened)" == 18 ]] || fail "$(cat figures)"
	[[ "$(figure touched)" == 0 ]] || fail "$(cat figures)"
	(($(figure by-workers) > 18)) || fail "the trace sees too little: $(cat figures)"
}

@test "of small members, the first of each worker alone is mapped, by worker and parent" {
	skip_under_sanitizer "strace does not go with it"
	need_strace
	"$TESTDATA_GEN" --archives=40 --members=5 --size=3000 data
	traced -j 2 data
	expect_status 0
	expect_lines out 200
	local parent workers
	parent=$(head -1 log | cut -d' ' -f1)
	workers=$(sed -E 's,/[^/]*$,,' out | sort -u | wc -l)
	[[ "$(grep -cE "^$parent +mmap\(.*<[^>]*/zipmap\.[^>]*>" log)" == "$workers" ]] ||
		fail "mapped by the parent: $(grep -E "^$parent +mmap\(" log)"
	[[ "$(grep -vE "^$parent " log | grep -cE "mmap\(.*<[^>]*/zipmap\.[^>]*>")" == "$workers" ]] ||
		fail "mapped by workers"
	[[ "$(grep -cE "^$parent +openat\(.*<[^>]*/zipmap\.[^>]*>" log)" -ge "$workers" ]] || fail "not opened"
}

calls_of() { # ARCHIVES: how many system calls a run over so many makes, in all processes
	rm -rf data tmp/*
	"$TESTDATA_GEN" --archives="$1" --members=1 --size=4096 data
	timeout -k 5 "$bound" strace -f -c -o counts "$ZIPMAP" -j 2 data >out 2>err 3>&-
	expect_lines out "$1"
	awk '$NF == "total" {print $4}' counts
}

@test "at most 15 system calls for a small archive" {
	skip_under_sanitizer "strace does not go with it"
	need_strace
	local few many
	few=$(calls_of 100)
	many=$(calls_of 500)
	(((many - few) <= 15 * 400)) || fail "$few for 100 archives, $many for 500"
}

@test "no member is read back by the parent, and it maps each that is not small" {
	skip_under_sanitizer "strace does not go with it"
	need_strace
	"$TESTDATA_GEN" --archives=5 --rows=20000 data
	traced -j 2 data
	expect_status 0
	local parent
	parent=$(head -1 log | cut -d' ' -f1)
	! grep -E "^$parent +(read|pread64)\([0-9]+<[^>]*zipmap\.[^>]*\.dat>" log || fail "read back"
	[[ "$(grep -cE "^$parent +mmap\(.*<[^>]*\.dat>" log)" == 5 ]] || fail "not mapped"
}
