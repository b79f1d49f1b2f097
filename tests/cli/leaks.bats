#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is left where a run cannot go on: the cases of FILES in the manual that are not tested
# elsewhere (signals.bats, kill.bats, fulldisk.bats, many.bats, faults.bats).

load helpers

# Start a run in the background that has printed a.zip's member and waits for more of its list.
begin_run() {
	make_archive simple a.zip
	mkfifo list
	setsid "$ZIPMAP" -j 2 -T list >out 2>err 3>&- &
	run_pid=$!
	exec 9>list
	echo a.zip >&9
	wait_until test -s out
}

@test "kill -9 of all processes of a run at once: --gc leaves nothing" {
	begin_run
	kill -KILL -- "-$run_pid"
	exec 9>&-
	wait "$run_pid" || true
	[[ -n "$(ls -A "$TMPDIR")" ]]
	"$ZIPMAP" --gc
	[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left: $(find "$TMPDIR")"
}

@test "the place for files vanishes during a run: each member fails, the run ends" {
	begin_run
	rm -rf "${TMPDIR:?}"
	printf 'a.zip\na.zip\n' >&9
	exec 9>&-
	status=0
	wait "$run_pid" || status=$?
	expect_status 1
	expect_lines out 1
	expect_lines err 2
	[[ "$(grep -c "a.dat: cannot write to $TMPDIR: No such file or directory" err)" == 2 ]] ||
		fail "message"
	[[ ! -e $TMPDIR ]] || fail "made again"
	mkdir "$TMPDIR"
}

@test "a place for files that may not be written to, or is none: status 2, nothing is left" {
	make_archive simple a.zip
	mkdir locked
	chmod 500 locked
	: >file
	local prefix=()
	if ((EUID == 0)); then
		prefix=(setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all)
		"${prefix[@]}" true || skip "cannot give up root's rights"
	fi
	for place in locked file nowhere; do
		status=0
		"${prefix[@]}" "$ZIPMAP" --tmpdir=$place a.zip >out 2>err || status=$?
		expect_status 2
		expect_message "cannot make a directory in $place: "
		[[ ! -s out ]]
	done
	[[ -z "$(ls -A locked)" ]]
}

@test "memory that is short, from next to none to enough: each run ends in order" {
	skip_under_sanitizer "shadow memory takes all that is allowed"
	make_archive members a.zip 5 300000
	make_archive members b.zip 1 1500000 zeros
	local whole=0 short=0
	for limit in v d; do
		for kib in 100 500 1000 2000 4000 6000 7000 8000 9000 10000 11000 12000 13000 14000 \
			16000 20000 60000; do
			status=0
			timeout -k 5 "$bound" bash -c "ulimit -$limit $kib; exec \"\$ZIPMAP\" -j 2 a.zip b.zip" \
				>out 2>err 3>&- || status=$?
			# Not even its libraries find room.
			if ((status == 127 || status == 139 || status == 137)) && [[ ! -s out ]]; then
				expect_nothing
				continue
			fi
			((status <= 2)) || fail "ulimit -$limit $kib"
			if ((status == 0)); then
				verify a.zip b.zip
				whole=$((whole + 1))
			else
				[[ -s err ]] || fail "ulimit -$limit $kib: no message"
				verify --subset a.zip b.zip
				short=$((short + 1))
			fi
			rm -rf "${TMPDIR:?}"/*
		done
	done
	((whole >= 2 && short >= 2)) || fail "$whole whole, $short short"
}

@test "memory that is short, with commands, lists and checks: whole, or a reason and nothing else" {
	skip_under_sanitizer "shadow memory takes all that is allowed"
	make_archive members a.zip 5 300000
	local whole=0 short=0 how kib limited words
	for how in '-x cat {} ;' '-X cat {} ;' --list --test; do
		read -ra words <<<"$how"
		zipmap -j 2 "${words[@]}" a.zip
		expect_good
		mv out expected
		for kib in 5000 6000 6500 7000 7500 8000 9000 60000; do
			status=0
			limited="ulimit -v $kib; exec \"\$ZIPMAP\" -j 2 \"\$@\" a.zip"
			timeout -k 5 "$bound" bash -c "$limited" zipmap "${words[@]}" >out 2>err 3>&- ||
				status=$?
			[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left behind"
			if ((status == 0)); then
				cmp out expected
				whole=$((whole + 1))
			elif ((status != 127 && status != 139 && status != 137)); then
				((status <= 2)) || fail "ulimit -v $kib: $how"
				[[ -s err ]] || fail "ulimit -v $kib: $how: no message"
				short=$((short + 1))
			fi
		done
	done
	((whole >= 4 && short >= 4)) || fail "$whole whole, $short short"
}
