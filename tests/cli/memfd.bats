#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --memfd: sealed files in memory, for commands and for as long as a lease lasts.

load helpers

make_lines() { # DIRECTORY ARCHIVES MEMBERS
	"$PYTHON" "$tools/commands.py" make "$@"
}

# What all members hold, by Python's zipfile.
expect_lines() { # DIRECTORY FILE
	"$PYTHON" "$tools/commands.py" lines "$1" | sort >expected
	sort "$2" | cmp expected -
}

expect_no_file() {
	[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left behind: $(find "$TMPDIR" | head)"
}

# Start "zipmap --hold" in the background, with a lease on descriptor 7, and wait for its list. No
# command that is started later may keep the lease.
hold() {
	mkfifo keep
	"$ZIPMAP" --memfd --hold "$@" <keep >out 2>err 3>&- &
	run=$!
	exec 7>keep
}

list_has() { # LINES
	[[ $(wc -l <out) -ge $1 ]]
}

let_go() {
	exec 7>&-
	status=0
	wait "$run" || status=$?
	rm keep
}

@test "a command gets each file, whole, and none is in a directory" {
	make_lines d 3 20
	zipmap --memfd d -x sh -c 'ls -A "$TMPDIR"; cat "$1"' sh
	expect_good
	expect_lines d out
	expect_no_file
}

@test "commands get all files at once" {
	make_lines d 3 20
	zipmap --memfd d -X sh -c 'ls -A "$TMPDIR"; cat "$@"' sh
	expect_good
	expect_lines d out
	expect_no_file
}

@test "a path is one of zipmap's own descriptors" {
	make_lines d 1 3
	zipmap --memfd d -x sh -c 'echo $PPID "$1"' sh
	expect_good
	while read -r parent path; do
		[[ $path =~ ^/proc/$parent/fd/[0-9]+$ ]]
	done <out
}

@test "files live as long as the lease does, and then are gone" {
	make_lines d 3 20
	hold d
	wait_until list_has 60
	xargs cat <out 7>&- >lines
	expect_lines d lines
	expect_no_file
	let_go
	expect_good
	[[ ! -e $(head -n 1 out) ]]
	expect_no_file
}

@test "numpy maps a file for reading, and can neither map nor write it otherwise" {
	"$TESTDATA_GEN" --archives=1 --rows=50000 d
	hold d
	wait_until list_has 1
	unzip -p d/file_1.zip >expected
	PAGER=cat "$PYTHON" - "$(cat out)" expected 7>&- <<-'END'
		import os, sys
		import numpy as np
		path, expected = sys.argv[1:]
		want = np.fromfile(expected, "f4")
		for mode in ("r", "c"):
		    assert np.array_equal(np.memmap(path, "f4", mode=mode), want)
		changed = np.memmap(path, "f4", mode="c")
		changed[0] += 1
		assert np.array_equal(np.memmap(path, "f4", mode="r"), want)
		for attempt in (lambda: np.memmap(path, "f4", mode="r+"),
		                lambda: os.write(os.open(path, os.O_WRONLY), b"x"),
		                lambda: os.truncate(path, 0)):
		    try:
		        attempt()
		    except PermissionError:
		        continue
		    sys.exit("it can be changed")
	END
	let_go
	expect_good
}

@test "with few descriptors, commands get more files than there may be at a time" {
	make_lines d 4 300
	limited() (
		ulimit -n 64
		exec "$ZIPMAP" "$@" 3>&-
	)
	for option in -x -X; do
		limited --memfd d "$option" cat >out 2>err
		[[ ! -s err ]]
		expect_lines d out
	done
	limited --memfd -u d -x cat >out 2>err
	expect_lines d out
	expect_no_file
}

@test "the limit of descriptors is raised for zipmap, not for its commands" {
	make_lines d 1 100
	(
		ulimit -Sn 64
		ulimit -Hn 2000
		exec "$ZIPMAP" --memfd d -X sh -c 'ulimit -Sn; ulimit -Hn; echo $#' sh >out 2>err 3>&-
	)
	printf '%s\n' 64 2000 100 | cmp - out
}

@test "with a lease, members for which no descriptor is left fail with that reason" {
	make_lines d 4 50
	(
		ulimit -n 64
		exec "$ZIPMAP" --memfd --json --hold=9 d 9< <(
			while [[ ! -e enough ]]; do sleep 0.05; done
		) >out 2>err 3>&-
	) &
	run=$!
	wait_until list_has 200
	: >enough
	status=0
	wait "$run" || status=$?
	expect_status 1
	"$PYTHON" - <<-'END'
		import json
		records = [json.loads(line) for line in open("out")]
		whole = [one for one in records if "path" in one]
		failed = [one for one in records if "path" not in one]
		assert len(records) == 200 and 3 < len(whole) < 60, len(whole)
		assert {one["error"] for one in failed} == {"no-descriptor"}
	END
	grep -q "no descriptor is left for its file in memory: raise 'ulimit -n', or give '--pack'" err
}

@test "one descriptor does for hundreds of small members that share a file" {
	make_lines d 4 300
	mkfifo keep
	(
		ulimit -n 64
		exec "$ZIPMAP" --memfd --pack --json --hold d <keep >out 2>err 3>&-
	) &
	run=$!
	exec 7>keep
	wait_until list_has 1200
	"$PYTHON" - >lines 7>&- <<-'END'
		import json
		for record in map(json.loads, open("out")):
		    with open(record["path"], "rb") as file:
		        file.seek(record["offset"])
		        print(file.read(record["size"]).decode(), end="")
	END
	expect_lines d lines
	[[ $(sed 's/.*"path":"\([^"]*\)".*/\1/' out | sort -u | wc -l) -lt 20 ]]
	let_go
	expect_good
}

@test "a kill of zipmap at any moment leaves nothing" {
	make_lines d 6 300
	for ((i = 0; i < ${ZIPMAP_TEST_KILLS:-10}; i++)); do
		"$ZIPMAP" --memfd d -x cat >out 2>err 3>&- &
		run=$!
		sleep "0.0$((RANDOM % 100))"
		kill -KILL "$run"
		wait "$run" || true
		expect_no_file
		[[ ! -e /proc/$run/fd ]]
	done
}

@test "a member that fails brings no file, and the others do" {
	"$TESTDATA_GEN" --broken=crc d
	zipmap --memfd --json d/crc.zip -x true
	expect_status 1
	"$PYTHON" - <<-'END'
		import json
		records = [json.loads(line) for line in open("out")]
		assert [("path" in one, one.get("error")) for one in records].count((True, None)) == 4
		assert [one["error"] for one in records if "error" in one] == ["crc-mismatch"]
	END
	expect_no_file
}

@test "stored members stay in place, and the others are in memory" {
	"$TESTDATA_GEN" --archives=1 --rows=100 --method=store s
	"$TESTDATA_GEN" --archives=1 --rows=100 --first=2 s
	zipmap --memfd --in-place --printf '%p\n' s -x true
	expect_good
	[[ $(head -n 1 out) = s/file_1.zip ]]
	[[ $(tail -n 1 out) =~ ^/proc/[0-9]+/fd/[0-9]+$ ]]
	expect_no_file
}

@test "a .npy header stands in front of members in memory too" {
	"$TESTDATA_GEN" --archives=2 --rows=100 d
	zipmap --memfd --dtype=f4 --shape=-1,4 --npy d -x "$PYTHON" -c \
		'import numpy, sys; print(numpy.load(sys.argv[1], mmap_mode="r").shape)'
	expect_good
	printf '(100, 4)\n(100, 4)\n' | cmp - out
}

@test "whoever takes no list, no command and no lease has no use for files in memory" {
	make_lines d 1 1
	zipmap --memfd d
	expect_status 2
	expect_message "option '--memfd' needs '--exec', '--exec-batch' or '--hold': its files end with zipmap"
}
