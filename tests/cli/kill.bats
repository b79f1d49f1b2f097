#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Processes that are killed, and --gc. ZIPMAP_TEST_KILLS: how many, instead of a few;
# ZIPMAP_TEST_ARCHIVES, ZIPMAP_TEST_ROWS: of the data, instead of 4 and 200000.

load helpers

make_data() {
	"$TESTDATA_GEN" --archives="${ZIPMAP_TEST_ARCHIVES:-4}" --rows="${ZIPMAP_TEST_ROWS:-200000}" \
		--values=random data >/dev/null
}

@test "workers that are killed at random: their member is reported, all else is right" {
	make_data
	mkdir tmp/w
	"$PYTHON" "$tools/kills.py" workers "${ZIPMAP_TEST_KILLS:-12}" "$TMPDIR/w" data/*
}

@test "runs that are killed at random leave no process, and --gc removes the rest and no more" {
	make_data
	mkdir tmp/p
	"$PYTHON" "$tools/kills.py" parents "${ZIPMAP_TEST_KILLS:-8}" "$TMPDIR/p" data/*
}

@test "--gc leaves what zipmap did not make, and says so" {
	make_archive simple a.zip
	mkfifo list
	"$ZIPMAP" -T list >out 2>err 3>&- &
	run=$!
	exec 9>list
	echo a.zip >&9
	until [ -s out ]; do sleep 0.01; done
	kill -KILL "$run"
	wait "$run" || true
	exec 9>&-
	directory=$(dirname "$(dirname "$(cat out)")")
	echo mine >"$directory/0/notes"
	status=0
	"$ZIPMAP" --gc 2>err || status=$?
	[ "$status" -eq 1 ]
	grep -q "cannot remove all of $(basename "$directory")" err
	[ "$(cat "$directory/0/notes")" = mine ]
	rm "$directory/0/notes"
	"$ZIPMAP" --gc -v 2>err
	grep -q "removed $(basename "$directory")" err
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "--gc takes the directories of a run that has ended once its files are removed, and no others" {
	make_archive simple a.zip
	zipmap a.zip
	directory=$(dirname "$(dirname "$(cat out)")")
	mkdir -m 700 "$TMPDIR/zipmap.aaaaaa" # nothing that a run leaves
	"$ZIPMAP" --gc -v 2>err
	[ -e "$(head -n 1 out)" ]
	grep -q "left $(basename "$directory"): its run has ended, and files that were printed are in it" err
	xargs rm <out
	"$ZIPMAP" --gc -v >none 2>err
	grep -q "removed $(basename "$directory")" err
	grep -q 'left zipmap.aaaaaa: it is ' err
	grep -q "$TMPDIR: 1 removed, 1 left, 0 failed" err
	[ "$(ls -A "$TMPDIR")" = zipmap.aaaaaa ]
}

@test "--gc --list prints what --gc would remove, and removes nothing" {
	make_archive simple a.zip
	zipmap a.zip
	xargs rm <out
	ended=$(dirname "$(dirname "$(head -n 1 out)")")
	mkdir -m 700 -p "$TMPDIR"/zipmap.{deadde,living}/0
	touch "$TMPDIR"/zipmap.{deadde,living}/{lock,0/0.0-a.dat} "$TMPDIR/.zipmap-stdin.aaaaaa"
	printf '%s\n' "$ended" "$TMPDIR"/zipmap.deadde "$TMPDIR/.zipmap-stdin.aaaaaa" | LC_ALL=C sort >expected
	find "$TMPDIR" | sort >before
	cat >look.py <<-'END'
		import fcntl, os, subprocess, sys
		with open(os.environ["TMPDIR"] + "/zipmap.living/lock", "r+") as lock:
		    fcntl.lockf(lock, fcntl.LOCK_EX)
		    subprocess.run([os.environ["ZIPMAP"], *sys.argv[1:]], check=True)
	END
	for order in '--gc --list' '-l --gc'; do
		# shellcheck disable=SC2086
		"$PYTHON" look.py $order -v >out 2>err
		LC_ALL=C sort out | cmp - expected
		[ "$(grep -c 'left zipmap.living: its run is at work' err)" -eq 1 ]
		# shellcheck disable=SC2086
		"$PYTHON" look.py $order --null=out >out 2>err
		tr '\0' '\n' <out | LC_ALL=C sort | cmp - expected
		[ ! -s err ]
	done
	find "$TMPDIR" | sort | cmp - before
	rm -r "$TMPDIR"/{zipmap.*,.zipmap-*}
}

@test "the run directory is locked, as those who remove old files ask, as long as its run lives" {
	make_archive simple a.zip
	cat >locked.py <<-'END'
		import fcntl, glob, os, subprocess, sys
		run = subprocess.Popen([os.environ["ZIPMAP"], "--hold", "a.zip"], stdin=subprocess.PIPE,
		                       stdout=subprocess.PIPE)
		run.stdout.read()
		(name,) = glob.glob(os.environ["TMPDIR"] + "/zipmap.*")
		directory = os.open(name, os.O_RDONLY)
		def is_locked():
		    try:
		        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
		        return False
		    except BlockingIOError:
		        return True
		assert is_locked()
		run.stdin.close()
		assert run.wait() == 0
		assert not is_locked()
	END
	"$PYTHON" locked.py
}

@test "--gc follows no symbolic link and takes nothing without a lock of its own" {
	make_archive simple a.zip
	zipmap a.zip
	mkdir outside outside/0 "$TMPDIR/zipmap.abcdef"
	touch outside/lock outside/0/0.0-a.dat "$TMPDIR/zipmap.abcdef/file"
	ln -s "$PWD/outside" "$TMPDIR/zipmap.aaaaaa"
	mkdir "$TMPDIR/zipmap.bbbbbb"
	ln -s "$PWD/outside/lock" "$TMPDIR/zipmap.bbbbbb/lock"
	find "$TMPDIR" outside | sort >before
	"$ZIPMAP" --gc
	find "$TMPDIR" outside | sort | cmp - before
}

@test "--gc takes what has no lock yet by its first name, if it is empty, and nothing else" {
	mkdir -m 700 "$TMPDIR"/{.zipmap.aaaaaa,.zipmap.bbbbbb,.zipmap.cccccc,.zipmap.dddddd,zipmap.eeeeee}
	touch "$TMPDIR"/.zipmap.bbbbbb/file "$TMPDIR"/.zipmap.cccccc/lock "$TMPDIR/.zipmap-stdin.aaaaaa"
	ln -s "$PWD" "$TMPDIR/.zipmap-stdin.bbbbbb"
	# A run that is about to give its directory the name holds the lock.
	zipmap_gc=$("$PYTHON" -c 'import fcntl, os, subprocess
with open(os.environ["TMPDIR"] + "/.zipmap.dddddd/lock", "w") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    subprocess.run([os.environ["ZIPMAP"], "--gc", "-v"], check=True)' 2>&1 | grep ' removed ' | sort)
	[[ $zipmap_gc == "zipmap: removed .zipmap-stdin.aaaaaa
zipmap: removed .zipmap.aaaaaa
zipmap: removed .zipmap.cccccc" ]] || fail "$zipmap_gc"
	[[ "$(cd "$TMPDIR" && echo .z* z*)" == ".zipmap-stdin.bbbbbb .zipmap.bbbbbb .zipmap.dddddd zipmap.eeeeee" ]]
}

@test "runs that begin while --gc goes round and round: each is right" {
	make_archive simple a.zip
	touch go
	while [[ -e go ]]; do
		"$ZIPMAP" --gc || touch gc-failed
	done 3>&- &
	for _ in {1..20}; do
		zipmap_runs=$("$ZIPMAP" a.zip nowhere.zip 2>err) && false
		[[ $(cat "$zipmap_runs") == hello ]] || fail "$zipmap_runs"
		expect_lines err 1
		"$ZIPMAP" nowhere.zip 2>/dev/null && false
		true
	done
	rm go
	wait
	[[ ! -e gc-failed ]]
	[[ "$(ls -A "$TMPDIR" | wc -l)" == 20 ]] || fail "$(ls -A "$TMPDIR")"
}

@test "--gc with archives or of a directory that is not there: status 2" {
	for arguments in 'a.zip' '--files-from=list' "--tmpdir=$PWD/nowhere"; do
		status=0
		"$ZIPMAP" --gc $arguments >out 2>err || status=$?
		[ "$status" -eq 2 ]
		[ ! -s out ]
		[ -s err ]
	done
}

@test "--gc removes a dead run although somebody else has the name that it would get" {
	# Left empty or not, another user's or one's own: it stays.
	mkdir -m 700 "$TMPDIR"/{zipmap.aaaaaa,zipmap.bbbbbb} "$TMPDIR"/zipmap.{aaaaaa,bbbbbb}/0
	touch "$TMPDIR"/zipmap.{aaaaaa,bbbbbb}/{lock,0/0.0-a.dat}
	mkdir -m 755 "$TMPDIR"/.zipmap.{aaaaaa,bbbbbb}
	touch "$TMPDIR"/.zipmap.{aaaaaa,bbbbbb}/file
	[ "$EUID" -ne 0 ] || chown -R 61234 "$TMPDIR/.zipmap.bbbbbb"
	"$ZIPMAP" --gc >out 2>err
	[ ! -s err ]
	[ "$(cd "$TMPDIR" && find . -mindepth 1 | sort | xargs)" = \
		'./.zipmap.aaaaaa ./.zipmap.aaaaaa/file ./.zipmap.bbbbbb ./.zipmap.bbbbbb/file' ]
}

@test "--gc leaves what belongs to another user, without a word and with status 0" {
	[ "$EUID" -eq 0 ] || skip "only root can give files away"
	mkdir -m 755 "$TMPDIR"/zipmap.{aaaaaa,bbbbbb} "$TMPDIR"/.zipmap.cccccc "$TMPDIR/zipmap.aaaaaa/0"
	touch "$TMPDIR"/zipmap.aaaaaa/{lock,0/0.0-a.dat} "$TMPDIR/.zipmap-stdin.aaaaaa"
	chown -R 61234 "$TMPDIR"
	find "$TMPDIR" | sort >before
	"$ZIPMAP" --gc >out 2>err
	[ ! -s err ]
	find "$TMPDIR" | sort | cmp - before
}

@test "no escape sequence of a name that --gc removes, or of a directory that -v names, is printed" {
	make_archive simple a.zip
	name=$'zipmap.\e[31m'
	mkdir -p "$TMPDIR/${name}a" "$TMPDIR/."$'zipmap.\e[2Jaa'
	touch "$TMPDIR/${name}a/lock"
	"$ZIPMAP" --gc -v 2>err
	[ "$(grep ': removed ' err | sort)" = 'zipmap: removed .zipmap.\x1b[2Jaa
zipmap: removed zipmap.\x1b[31ma' ]
	mkdir -p "$TMPDIR/${name}a/strange"
	touch "$TMPDIR/${name}a/lock"
	"$ZIPMAP" --gc 2>err || true
	[ "$(cat err)" = 'zipmap: cannot remove all of zipmap.\x1b[31ma: Directory not empty' ]
	mkdir $'\e[31m'
	"$ZIPMAP" -v --tmpdir=$'\e[31m' a.zip >out 2>err
	grep -q -F 'files go to \x1b[31m/zipmap.' err
	! grep -q $'\e' err
}

@test "--gc is neither held up nor led away by a lock file that is none" {
	# As who may write there could leave it.
	mkdir -m 700 "$TMPDIR"/zipmap.{fifofi,linkli,hardha,direct,deadde}
	for directory in "$TMPDIR"/zipmap.*; do
		mkdir "$directory/0"
		touch "$directory/0/0.0-a.dat"
	done
	echo victim >victim
	mkfifo "$TMPDIR/zipmap.fifofi/lock"
	ln -s "$PWD/victim" "$TMPDIR/zipmap.linkli/lock"
	ln victim "$TMPDIR/zipmap.hardha/lock"
	mkdir "$TMPDIR/zipmap.direct/lock"
	touch "$TMPDIR/zipmap.deadde/lock"
	find "$TMPDIR" victim | grep -v deadde | sort >before
	timeout 60 "$ZIPMAP" --gc >out 2>err
	[ ! -s err ]
	find "$TMPDIR" victim | sort | cmp - before
	[ "$(cat victim)" = victim ]
}

@test "--gc removes a very large run in little memory, and leaves a deep tree that is not its own" {
	"$PYTHON" - <<-'END'
		import os
		run = os.environ["TMPDIR"] + "/zipmap.abcdef"
		os.mkdir(run, 0o700)
		for worker in range(4):
		    os.mkdir(f"{run}/{worker}", 0o700)
		    for member in range(5000):
		        name = f"{run}/{worker}/{worker}.{member}-" + "n" * 100
		        os.close(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600))
		open(run + "/lock", "w").close()
		os.makedirs(os.environ["TMPDIR"] + "/.zipmap.abcdef", 0o700)
		os.mkdir(os.environ["TMPDIR"] + "/zipmap.deeper", 0o700)
		os.chdir(os.environ["TMPDIR"] + "/zipmap.deeper")
		open("lock", "w").close()
		os.mkdir("0", 0o700)
		os.chdir("0")
		for level in range(3000):
		    os.mkdir("d", 0o700)
		    os.chdir("d")
	END
	status=0
	(
		[[ $ZIPMAP_VARIANT != release ]] || ulimit -v 100000
		exec timeout 60 "$ZIPMAP" --gc >out 2>err
	) || status=$?
	[ "$status" -eq 1 ]
	[ "$(cat err)" = 'zipmap: cannot remove all of zipmap.deeper: Directory not empty' ]
	[ "$(ls -A "$TMPDIR")" = zipmap.deeper ]
}
