#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --shard: several runs that each take a share of the same input.

load helpers

# The number of the archive, the member's number and the bytes of each file of a list, from stdin.
numbers_and_bytes() {
	local path
	while read -r path; do
		printf '%s %s\n' "${path##*/}" "$(md5sum <"$path")"
	done
}

# make_inputs N: so many archives of one member, their paths in the file list.
make_inputs() {
	"$TESTDATA_GEN" --archives="$1" --size=1000 in
	ls -v in/*.zip >list
}

@test "shares have each archive once, and merge into the list of the whole by number" {
	make_inputs 23
	zipmap -T list
	expect_good
	numbers_and_bytes <out >whole
	for count in 1 2 7 23 30; do
		: >shares
		for ((k = 1; k <= count; k++)); do
			zipmap --shard="$k/$count" -T list
			expect_good
			((k <= 23)) || [[ ! -s out ]]
			numbers_and_bytes <out >share
			sort -C -n share
			[[ $(wc -l <share) -eq $(((23 + count - k) / count)) ]] || fail "$k/$count: $(cat share)"
			cat share >>shares
		done
		sort -n shares | cmp - whole
	done
}

@test "operands, directories, lists and standard input are shared out in one row" {
	make_inputs 9
	mkdir more
	mv in/file_7.zip in/file_8.zip in/file_9.zip more
	head -n 4 list >four
	for order in 'in/file_5.zip more - -T four' '- in/file_5.zip more -T four'; do
		for k in 1 2 3; do
			status=0
			# shellcheck disable=SC2086
			"$ZIPMAP" --json --shard=$k/3 $order <in/file_6.zip >out 2>err || status=$?
			expect_good
			sed -n 's/.*"archive":"\([^"]*\)".*/\1/p' out
		done | sort >got
		printf '%s\n' - in/file_5.zip in/file_1.zip in/file_2.zip in/file_3.zip in/file_4.zip \
			more/file_7.zip more/file_8.zip more/file_9.zip | sort | cmp - got
	done
}

@test "standard input that another share has is not read" {
	make_inputs 1
	{ sleep 60 & echo $! >sleeper; } | {
		zipmap --shard=2/2 - in/file_1.zip
		expect_good
		expect_lines out 1
	}
	kill "$(cat sleeper)"
}

@test "a list that streams is shared out as it comes" {
	make_inputs 4
	mkfifo fifo
	"$ZIPMAP" --shard=2/2 -T fifo >out 2>err &
	local run=$!
	exec 7>fifo
	sed -n 1,2p list >&7
	until [[ $(wc -l <out) -eq 1 ]]; do kill -0 "$run"; sleep 0.05; done
	sed -n 3,4p list >&7
	exec 7>&-
	wait "$run"
	expect_lines out 2
}

@test "--list and --test take shares too" {
	make_inputs 5
	zipmap --list --json --shard=2/4 -T list
	expect_good
	expect_lines out 1
	zipmap --test -v --shard=1/4 -T list
	expect_status 0
	grep -q '2 members are good' err
}

@test "an empty share is no error, and no warning" {
	make_inputs 2
	zipmap --shard=3/3 -T list
	expect_good
	[[ ! -s out && ! -s err ]]
	zipmap --shard=3/3 --include='*.dat' in
	expect_good
	[[ ! -s out && ! -s err ]]
}

@test "auto: the tasks of arrays of Slurm, Grid Engine and LSF" {
	make_inputs 6
	auto() {
		status=0
		env -u SLURM_ARRAY_TASK_ID "$@" "$ZIPMAP" --shard=auto -T list >out 2>err || status=$?
		expect_good
		numbers_and_bytes <out >got
	}
	for k in 1 2 3; do
		zipmap --shard=$k/3 -T list
		numbers_and_bytes <out >wanted
		auto SLURM_ARRAY_TASK_ID=$((k - 1)) SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=3
		cmp got wanted
		auto SLURM_ARRAY_TASK_ID=$((k * 5 + 5)) SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_MAX=20 \
			SLURM_ARRAY_TASK_STEP=5 SLURM_ARRAY_TASK_COUNT=3
		cmp got wanted
		auto SGE_TASK_ID=$((2 * k)) SGE_TASK_FIRST=2 SGE_TASK_LAST=6 SGE_TASK_STEPSIZE=2
		cmp got wanted
		auto LSB_JOBINDEX=$k LSB_JOBINDEX_END=3
		cmp got wanted
	done
}

@test "auto says why it cannot be told which share" {
	make_inputs 1
	refused() {
		status=0
		env -u SLURM_ARRAY_TASK_ID "${@:2}" "$ZIPMAP" --shard=auto -T list >out 2>err || status=$?
		expect_status 2
		grep -qF -- "--shard=auto': $1" err || fail "$(cat err)"
	}
	refused 'this is no task of a job array'
	refused 'this is no task of a job array' SGE_TASK_ID=undefined LSB_JOBINDEX=0
	refused 'PBS does not tell how many tasks an array has; give K/N' PBS_ARRAY_INDEX=2
	refused 'the environment does not say which tasks' SLURM_ARRAY_TASK_ID=2
	refused 'the environment does not say how many' SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=1
	# 1,2,7: the second number is no sign that all are in a row.
	refused 'the tasks of the array are not numbered in even steps' SLURM_ARRAY_TASK_ID=2 \
		SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_COUNT=3
	refused 'the tasks of the array are not numbered in even steps' SLURM_ARRAY_TASK_ID=7 \
		SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=3
}

@test "what is no share is a usage error" {
	make_inputs 1
	for bad in '' 1 0/1 2/1 1/0 -1/2 ' 1/2' 1/2/3 '1/ 2' 1/ /2 x/2 1/4294967296 Auto \
		18446744073709551617/18446744073709551617; do
		zipmap --shard="$bad" in
		expect_status 2
		grep -qF "'$bad' is not K/N" err || fail "$bad: $(cat err)"
	done
}
