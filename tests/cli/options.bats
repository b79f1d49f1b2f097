#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Options that are not about input, and what is said on stderr.

load helpers

# Usage errors: status 2, a message that ends in where to look, nothing on stdout, nothing made.
expect_usage() {
	zipmap "$@"
	expect_status 2
	expect_nothing
	head -1 err | grep -q '^zipmap: ' || fail "expected a message: $*"
	tail -1 err | grep -qF "Try 'zipmap --help' for more information." || fail "expected a hint: $*"
	expect_lines err 2
	if LC_ALL=C grep -q $'[\001-\011\013-\037\177]' err; then
		fail "not printable: $*"
	fi
}

@test "an unknown option is a usage error" {
	make_archive simple a.zip
	expect_usage --nonsense a.zip
	expect_usage -Z a.zip
	expect_usage a.zip --nonsense
	expect_usage -$'\033' a.zip
	expect_usage --$'x\033[31m' a.zip
}

@test "options of later versions are not taken in silence" {
	make_archive simple a.zip
	for option in --npy --in-place --gc; do
		expect_usage $option a.zip
	done
}

@test "neither operand nor list is a usage error" {
	expect_usage
	expect_usage -j 1
	expect_usage --
}

@test "a bad number of jobs is a usage error" {
	make_archive simple a.zip
	for number in 0 -1 x '' 4x 1.5 1025 99999999999999999999 ' 4' +4 0x4 '4 '; do
		expect_usage "--jobs=$number" a.zip
		expect_usage -j "$number" a.zip
	done
}

@test "a missing argument, and one too many, is a usage error" {
	make_archive simple a.zip
	expect_usage a.zip -T
	expect_usage a.zip -j
	expect_usage a.zip --include
	expect_usage a.zip --tmpdir
	expect_usage --stats=yes a.zip
	expect_usage --recursive=1 a.zip
}

@test "standard input can be asked for once only" {
	make_archive simple a.zip
	expect_usage -T - -
	expect_usage - --files-from=-
}

@test "-j: at most so many worker processes" {
	make_archive many_simple d 500
	for jobs in 1 3; do
		zipmap -j $jobs d
		expect_good
		verify d/*.zip
		(("$(sed -E 's,.*/([0-9]+)/[^/]*$,\1,' out | sort -u | wc -l)" <= jobs)) || fail "-j $jobs"
		zipmap --stats --jobs=$jobs d
		expect_status 0
		workers=$(sed -nE 's/^time:.* ([0-9]+) worker process.*/\1/p' err)
		((workers >= 1 && workers <= jobs)) || fail "-j $jobs: $workers workers"
	done
}

@test "-j: no more workers than there is work for, and 1024 are possible" {
	make_archive simple a.zip
	zipmap -j 1024 a.zip
	expect_good
	verify a.zip
	[[ "$(find tmp -mindepth 2 -type f | wc -l)" == 1 ]]
}

@test "-j 64 on many archives" {
	make_archive many_simple d 2000
	zipmap -j 64 d
	expect_good
	verify d/*.zip
}

@test "all members of one archive are shared out among workers" {
	make_archive members a.zip 40 3000000
	zipmap -j 4 a.zip
	expect_good
	verify a.zip
	(("$(sed -E 's,.*/([0-9]+)/[^/]*$,\1,' out | sort -u | wc -l)" > 1)) || fail "one worker only"
}

@test "--unordered prints the same set, each path once" {
	"$TESTDATA_GEN" --archives=1 --rows=500000 large
	make_archive many_simple d 300
	make_archive members m.zip 300 2000
	for option in -u --unordered; do
		zipmap $option -j 4 large d m.zip
		expect_good
		verify --unordered large/*.zip d/*.zip m.zip
	done
}

@test "--unordered prints a small archive before the large one in front of it" {
	"$TESTDATA_GEN" --archives=1 --rows=8000000 large
	make_archive simple small.zip
	zipmap -u -j 2 large/file_1.zip small.zip
	expect_good
	verify --unordered large/file_1.zip small.zip
	[[ "$(printed_names | head -1)" == 1.0-a.dat ]] || fail "in order"
}

@test "--fail-fast stops at the first failure, with what was printed whole" {
	make_archive many_simple d 3000
	make_archive bad_crc bad.zip
	for jobs in 1 2 4; do
		zipmap --fail-fast -j $jobs d/a000000.zip bad.zip d
		expect_status 1
		expect_message bad.zip middle.dat
		verify --subset d/a000000.zip bad.zip d/*.zip
		(("$(wc -l <out)" < 3000)) || fail "went on"
	done
}

@test "--fail-fast: an archive that is not there, a directory that is empty, stop it too" {
	make_archive many_simple d 3000
	mkdir empty
	for bad in nowhere.zip empty; do
		zipmap --fail-fast $bad d
		expect_status 1
		expect_message $bad
		verify --subset --lenient $bad d/*.zip
		(("$(wc -l <out)" < 3000)) || fail "went on"
	done
}

@test "--fail-fast without a failure prints everything" {
	make_archive many_simple d 300
	zipmap --fail-fast d
	expect_good
	verify d/*.zip
}

@test "--quiet: errors are said all the same" {
	make_archive bad_crc a.zip
	make_archive no_members b.zip
	for option in -q --quiet; do
		zipmap $option a.zip b.zip
		expect_status 1
		expect_message a.zip middle.dat "CRC-32 mismatch"
	done
}

@test "--verbose: details on stderr, the same list on stdout" {
	make_archive many_simple d 20
	for option in -v --verbose; do
		zipmap $option d
		expect_status 0
		verify d/*.zip
		[[ -s err ]] || fail "not a word"
		grep -qF "$(dirname "$(dirname "$(head -1 out)")")" err || fail "expected the run directory"
		! grep -qv '^zipmap: ' err || fail "a line without the program's name"
	done
}

@test "not a word on stderr when all is well" {
	make_archive members a.zip 100 1000
	zipmap a.zip
	expect_good
}

stat_bytes() { # KEY: the exact number in parentheses
	sed -nE "s/^$1: .*\(([0-9]+) bytes?\).*/\1/p" err
}

@test "--stats reports on stderr: archives, members, bytes, time, rate, traffic, memory" {
	make_archive members a.zip 7 100000
	make_archive members b.zip 3 1000
	zipmap --stats a.zip b.zip
	expect_status 0
	verify a.zip b.zip
	grep -qE '^archives: +2$' err
	grep -qE '^members: +10$' err
	grep -qE '^failures: +0$' err
	[[ "$(stat_bytes unzipped)" == 703000 ]] || fail "unzipped"
	grep -qE '^time: +[0-9.]+ s, [0-9.]+ MiB/s, [0-9]+ worker process' err
	(("$(stat_bytes 'received by the parent')" > 0)) || fail "received"
	(("$(stat_bytes 'received by the parent')" <= 256 * 10)) || fail "received"
	(("$(stat_bytes 'sent to workers')" > 0)) || fail "sent"
	for who in parent worker; do
		(("$(stat_bytes "private memory, $who")" > 0)) || fail "private memory, $who"
		(("$(stat_bytes "file-backed, $who")" > 0)) || fail "file-backed, $who"
	done
}

@test "--stats counts failures and leaves stdout and the status as they are" {
	make_archive bad_crc a.zip
	zipmap --stats a.zip nowhere.zip
	expect_status 1
	verify --missing=0.1 --missing=1 a.zip nowhere.zip
	grep -qE '^members: +2$' err
	grep -qE '^failures: +2$' err
	grep -qE '^zipmap: .*nowhere\.zip' err
}

@test "--stats=json is the same report as one object, last on stderr" {
	make_archive members a.zip 7 100000
	make_archive bad_crc b.zip
	zipmap --stats=json a.zip b.zip nowhere.zip
	expect_status 1
	tail -n 1 err >report
	jq -e '.done == "unzipped" and .complete and .archives == 2 and .members == 9 and .failures == 2 and
		.bytes >= 700000 and .seconds > 0 and .workers > 0 and .received_messages > 0 and
		.received_bytes > 0 and .sent_messages > 0 and .sent_bytes > 0 and
		([.parent_private_bytes, .worker_private_bytes, .parent_file_backed_bytes,
		  .worker_file_backed_bytes] | all(. > 0))' report >/dev/null || fail "the report"
	(("$(jq -s length report)" == 1)) || fail "not one object"
	zipmap --stats=text a.zip
	grep -qE '^members: +7$' err
	# The reason comes before it, and it is no complete run.
	status=0
	"$ZIPMAP" --stats=json a.zip >/dev/full 2>err || status=$?
	expect_status 1
	[[ $(head -n 1 err) == 'zipmap: cannot write to standard output: No space left on device' ]]
	tail -n 1 err | jq -e '.complete == false' >/dev/null || fail "complete"
}

@test "--stats says what was done: listed and tested, not unzipped" {
	make_archive members a.zip 7 100000
	zipmap --list --stats a.zip
	expect_status 0
	[[ "$(stat_bytes listed)" == 700000 ]] || fail "listed"
	grep -qE '^time: +[0-9.]+ s, [0-9.]+ members/s, 1 worker process$' err
	if grep -q unzipped err; then fail "unzipped"; fi
	zipmap --list --stats=json a.zip
	jq -e '.done == "listed" and .members == 7' err >/dev/null
	zipmap --test --stats a.zip
	[[ "$(stat_bytes tested)" == 700000 ]] || fail "tested"
	if grep -q unzipped err; then fail "unzipped"; fi
}

@test "--stats of a run without members" {
	make_archive no_members a.zip
	zipmap -q --stats a.zip
	expect_status 0
	grep -qE '^members: +0$' err
	expect_nothing
}

@test "--help on stdout, status 0, with each option of this version" {
	for option in -h --help; do
		zipmap $option
		expect_good
		for name in recursive files-from null include exclude jobs tmpdir unordered quiet verbose \
			fail-fast pack in-place json printf max-member max-total max-members max-ratio require-sandbox \
			no-sandbox gc stats help version password-file list test decoder; do
			grep -qE -e "--$name\b" out || fail "--$name is not in --help"
		done
	done
	! grep -qE '.{100}' out || fail "a line of 100 characters or more"
}

@test "--version and the decoder's on stdout, status 0" {
	for option in -V --version; do
		zipmap $option
		expect_good
		expect_lines out 3
		sed -n 1p out | grep -qE '^zipmap [0-9]+\.[0-9]+'
		sed -n 2p out | grep -qE ' (ISA-L|zlib) [0-9]+\.[0-9]+'
	done
}

@test "each decoder gives the same bytes; one that is not known is a usage error" {
	"$TESTDATA_GEN" --archives=3 --members=3 --size=300000 --values=sensor "$TMPDIR.in"
	for decoder in auto twin isal zlib; do
		zipmap --decoder=$decoder "$TMPDIR.in"
		if ((status == 2)); then
			grep -qF "'$decoder' is not in this build, or not for this CPU" err
			[[ $decoder != auto && $decoder != zlib ]]
			continue
		fi
		expect_good
		expect_lines out 9
		verify "$TMPDIR.in"/*.zip
	done
	expect_usage --decoder=gzip "$TMPDIR.in"
	expect_usage --decoder= "$TMPDIR.in"
	expect_usage --decoder
}

@test "--help and --version that cannot be written fail" {
	for option in --help --version; do
		status=0
		"$ZIPMAP" $option >/dev/full 2>err || status=$?
		((status != 0)) || fail "$option to a full device"
	done
}

@test "--tmpdir that is not there, no directory, or not writable: status 2, one line that names it" {
	make_archive simple a.zip
	: >file
	for bad in nowhere file /proc/1; do
		zipmap --tmpdir=$bad a.zip
		expect_status 2
		expect_message $bad
		expect_nothing
	done
	TMPDIR=$PWD/nowhere zipmap a.zip
	expect_status 2
	expect_message "$PWD/nowhere"
}
