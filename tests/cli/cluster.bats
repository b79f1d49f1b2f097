#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# zipmap-cluster(7): its examples on real engines, a Slurm of one node and an sshd on the loopback.
# ZIPMAP_TEST_ARCHIVES: how many archives a job array shares out, instead of 100.

load helpers
load engines

page=$BATS_TEST_DIRNAME/../../man/zipmap-cluster.7

setup_file() {
	! has_slurm || start_slurm
	! has_sshd || start_sshd
}

teardown_file() {
	stop_engines
}

# example TAG: the display of the page that a comment with TAG stands before.
example() {
	sed -n "/^\\.\\\\\" $1\$/,/^\\.Ed/{/^\\./!p}" "$page" | sed 's/\\e/\\/; s/\\&//'
}

need_slurm() {
	has_slurm || skip "Slurm is not installed"
}

need_sshd() {
	has_sshd || skip "sshd or GNU parallel is not installed"
}

# Archives of one member in data, and in right what each has: its number and MD5.
make_inputs() { # COUNT
	"$TESTDATA_GEN" --archives="$1" --size=2000 data >/dev/null
	"$PYTHON" - >right <<-'END'
		import glob, hashlib, zipfile
		for number, path in enumerate(sorted(glob.glob("data/*.zip"))):
		    with zipfile.ZipFile(path) as archive:
		        for info in archive.infolist():
		            print("%s %d" % (hashlib.md5(archive.read(info)).hexdigest(), number))
	END
	sort -o right right
	mkdir bin
	ln -s "$ZIPMAP" bin/zipmap
	PATH=$PWD/bin:$PATH
}

# What md5sum printed for files of the run, in the form of right.
expect_right() {
	cat "$@" | sed 's|  .*/\([0-9]*\)\.0-[^/]*$| \1|' | sort | cmp - right
}

# submit SCRIPT OPTION...: the number of the job.
submit() {
	local script=$1
	shift
	SLURM_TMPDIR=$TMPDIR sbatch --parsable --export=ALL --output=log.%a "$@" "$script"
}

job_has_ended() { # JOB
	[[ -z $(squeue -h -j "$1" 2>/dev/null) ]]
}

# Whether a task was requeued: that begins again some minutes later.
job_is_put_off() { # JOB
	[[ $(squeue -h -t PD -o %r -j "$1") == BeginTime ]]
}

expect_no_file() {
	[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left behind: $(find "$TMPDIR" | head)"
}

@test "Slurm: the tasks of an array have each archive once, and leave nothing on the scratch" {
	need_slurm
	make_inputs "${ZIPMAP_TEST_ARCHIVES:-100}"
	example slurm >job.sh
	job=$(submit job.sh)
	wait_until job_has_ended "$job"
	sums=(sums.*)
	((${#sums[@]} == 8)) || fail "$(ls; cat log.*)"
	expect_right "${sums[@]}"
	expect_no_file
}

@test "Slurm: a task that is killed and requeued does its share anew, and none is done twice" {
	need_slurm
	make_inputs "${ZIPMAP_TEST_ARCHIVES:-100}"
	example slurm | sed 's/-x md5sum/-x .\/slowly/' >job.sh
	cat >slowly <<-'END'
		#!/bin/sh
		# The first time, this task does not come to its end.
		[ "$SLURM_ARRAY_TASK_ID${SLURM_RESTART_COUNT:-}" != 3 ] || { echo >begun; sleep 100; }
		exec md5sum "$@"
	END
	chmod +x slowly
	job=$(submit job.sh)
	wait_until test -e begun
	scontrol requeue "${job}_3"
	wait_until job_is_put_off "$job"
	scontrol update jobid="${job}_3" starttime=now
	wait_until job_has_ended "$job"
	expect_right sums.*
	expect_no_file
}

@test "Slurm: a job that is cancelled leaves nothing; after SIGKILL the next one removes it" {
	need_slurm
	make_inputs "${ZIPMAP_TEST_ARCHIVES:-100}"
	example slurm | sed 's/-x md5sum/-x .\/stays/; s/^exec/echo $$ >pid; exec/' >job.sh
	printf '#!/bin/sh\necho >>begun\nexec sleep 100\n' >stays
	chmod +x stays
	job=$(submit job.sh --array=1)
	wait_until test -s begun
	[[ -n "$(find "$TMPDIR" -type f -name '*.dat')" ]]
	scancel "$job"
	wait_until job_has_ended "$job"
	expect_no_file
	rm begun
	job=$(submit job.sh --array=1)
	wait_until test -s begun
	kill -KILL "$(cat pid)"
	wait_until job_has_ended "$job"
	[[ -n "$(ls -A "$TMPDIR")" ]]
	example slurm >job.sh
	job=$(submit job.sh)
	wait_until job_has_ended "$job"
	expect_right sums.*
	expect_no_file
}

@test "parallel: archives are unzipped where ssh leads, and those that are done are not done again" {
	need_sshd
	make_inputs 24
	# shellcheck disable=SC2154 # start_sshd sets it
	printf '2/%s 127.0.0.1\n' "$ssh -o SetEnv=TMPDIR=$TMPDIR" >nodes
	example parallel >run.sh
	# Once up to the middle, then whole.
	sed 's/^ls data/ls data | head -n 10 | sed s,^,data\/, #/; s/#[^|]*|/|/' run.sh >some.sh
	mkdir .parallel
	HOME=$PWD bash -e some.sh
	[[ $(wc -l <sums) -eq 10 ]] || fail "$(cat some.sh sums)"
	HOME=$PWD bash -e run.sh
	[[ $(wc -l <log) -eq $((1 + $(wc -l <right))) ]]
	cut -d ' ' -f 1 sums | sort >found
	cut -d ' ' -f 1 right | sort | cmp - found
	expect_no_file
}
