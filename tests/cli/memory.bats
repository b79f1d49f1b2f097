#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Private memory: the line Anonymous of /proc/PID/smaps_rollup, sampled by tests/tools/memory.py.

load helpers

limit=$((4 * 1024 * 1024))

# expect_at_most LIMIT KEY: of what memory.py printed to ./figures.
expect_at_most() {
	local value
	value=$(sed -n "s/^$2 //p" figures)
	[[ -n $value ]] && ((value > 0 && value <= $1)) || {
		cat figures
		fail "$2: $value, expected at most $1"
	}
}

figure() {
	sed -n "s/^$1 //p" figures
}

sampled() {
	rm -rf tmp/*
	"$PYTHON" "$tools/memory.py" run "$@" >figures 3>&-
	grep -q '^status 0$' figures || fail "$(cat figures)"
	expect_at_most 1000000000 samples
}

stat_bytes() { # KEY: the exact number in parentheses
	sed -nE "s/^$1: .*\(([0-9]+) bytes?\).*/\1/p" err
}

@test "members of 32 MB, -j 4: parent and each worker at most 4 MiB, --stats agrees" {
	skip_under_sanitizer
	"$TESTDATA_GEN" --archives=8 data
	sampled -j 4 --stats data
	expect_lines out 8
	expect_at_most $limit parent
	expect_at_most $limit worker
	# The program looks at itself now and then, and so do we: neither need meet the very peak.
	for who in parent worker; do
		local said seen
		said=$(stat_bytes "private memory, $who")
		seen=$(figure $who)
		((said <= limit)) || fail "$who: --stats says $said"
		((said * 2 >= seen && said <= seen * 2 + 262144)) || fail "$who: --stats says $said, seen $seen"
	done
}

@test "members are file-backed in the report, not private" {
	skip_under_sanitizer
	"$TESTDATA_GEN" --archives=2 --values=zeros data
	zipmap --stats -j 1 data
	expect_status 0
	(("$(stat_bytes 'private memory, worker')" < 32000000 / 4)) || fail "private"
}

@test "3000 archives: the parent's memory does not grow with them" {
	skip_under_sanitizer
	"$TESTDATA_GEN" --archives=3000 --size=64 data
	find data -name '*.zip' >list
	sampled -j 2 -T list
	expect_lines out 3000
	expect_at_most $limit parent
	expect_at_most $limit worker
}

@test "20,000 members in one archive: a worker has 4 MiB and 400 bytes for each, the parent 4 MiB" {
	skip_under_sanitizer
	"$TESTDATA_GEN" --archives=1 --members=20000 --size=64 data
	sampled -j 2 data
	expect_lines out 20000
	expect_at_most $limit parent
	expect_at_most $((limit + 400 * 20000)) worker
}

@test "an archive that takes long in front of 20,000: what waits for it is bounded" {
	skip_under_sanitizer
	"$PYTHON" "$tools/memory.py" blocked 20001 >figures
	grep -q '^status 0$' figures || fail "$(cat figures)"
	expect_lines out 60006
	expect_at_most $limit parent
	sed 's,.*/,,; s,-.*,,' out | cmp - <(awk 'BEGIN {
		for (member = 0; member < 6; member++) print "0." member
		for (archive = 1; archive <= 20000; archive++)
			for (member = 0; member < 3; member++) print archive "." member
	}')
}

@test "a member that takes long in front of others with long names, or long types: what waits is bounded" {
	skip_under_sanitizer
	local what
	for what in names types; do
		"$PYTHON" "$tools/memory.py" behind "$what" >figures
		grep -q '^status 0$' figures || fail "$(cat figures)"
		expect_at_most $limit parent
		if [[ $what == names ]]; then
			jq -r .member out | tail -n +7 | cmp - <(seq -f '%0200.0f' 0 99999)
		else
			jq -r .member out | tail -n +7 | cmp - <(seq -f '%.0f.npy' 0 1599)
		fi
	done
}

@test "a list of a million lines takes the parent no more than one of ten" {
	skip_under_sanitizer
	make_archive simple a.zip
	yes "$PWD/a.zip" | head -1000000 >long
	head -10 long >short
	# Nobody reads: the parent waits with a full pipe, the whole list before it.
	"$PYTHON" "$tools/memory.py" waiting -j 2 -T long >figures
	expect_at_most $limit parent
	# Not the whole list was unzipped beforehand.
	expect_at_most 200000 files
	# A list that is read to its end: lines of no archive, which cost no file.
	yes nowhere.zip | head -1000000 >long
	"$PYTHON" "$tools/memory.py" run -j 2 -T long >figures
	grep -q '^status 1$' figures
	expect_at_most $limit parent
}

@test "records that print as many times their size wait until there is room" {
	skip_under_sanitizer
	# The second archive waits for the first, which has as many members, with 3.7 KB a line.
	local long
	long=$PWD/$(printf "%0200d/%.0s" {1..16})
	mkdir -p "$long"
	"$PYTHON" - "$long" <<-'END'
		import sys, zipfile
		for name in ("a", "b"):
		    with zipfile.ZipFile(sys.argv[1] + name + ".zip", "w") as archive:
		        for number in range(4000):
		            archive.writestr("m%d" % number, b"")
	END
	sampled --json -j 2 "$long"a.zip "$long"b.zip
	expect_at_most $limit parent
	jq -r .member out | cmp - <(for _ in 1 2; do seq -f 'm%.0f' 0 3999; done)
}
