#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# One member that several workers decode. Bytes are held against Python's zipfile.

load helpers

# bats 1.8 takes it for a failure if setup_file() skips.
setup() {
	"$ZIPMAP" -V | grep -q "DEFLATE by the twin decoder" || skip "this build or CPU has no twin decoder"
	prepare
}

# Archives of one member of some MB each, of kinds that decode in different ways.
make_kinds() {
	"$PYTHON" - <<-'END'
		import numpy as np, zipfile
		random = np.random.default_rng(5)
		size = 12000000
		steps = np.arange(size // 2)
		kinds = {
		    "floats": random.random(size // 4, dtype="f4").tobytes(),
		    "table": b"".join(b"%d,%d,north,%d\n" % (i, x, i % 7)
		                      for i, x in enumerate(random.integers(0, 999, size // 16).tolist())),
		    "wave": (steps // 50 * 7 % 3000 + random.integers(0, 9, size // 2)).astype("u2").tobytes(),
		}
		for name, data in kinds.items():
		    with zipfile.ZipFile(name + ".zip", "w", zipfile.ZIP_DEFLATED) as archive:
		        archive.writestr(name, data, compresslevel=1)
		    open(name, "wb").write(data)
	END
}

# Helpers were given something: that takes more messages to the workers than their units do.
expect_helped() {
	local messages
	messages=$(sed -n 's/^sent to workers: .* in \([0-9]*\) messages.*/\1/p' err)
	((messages > 4)) || fail "nobody helped: $messages messages to workers"
}

@test "members of several kinds have their bytes, by two and by four workers" {
	make_kinds
	for name in floats table wave; do
		for jobs in 2 4; do
			zipmap -j$jobs --parts=always --stats $name.zip
			expect_status 0
			expect_lines out 1
			cmp $name "$(cat out)" || fail "other bytes: $name"
			expect_helped
		done
	done
}

@test "--parts=always is a usage error with another decoder" {
	make_kinds
	zipmap --parts=always --decoder=zlib table.zip
	expect_status 2
	grep -qx "zipmap: option '--parts': 'always' needs the twin decoder" err || fail "$(cat err)"
	zipmap --decoder=zlib table.zip
	expect_status 0
}

@test "--parts=never and --jobs=1: nobody helps" {
	make_kinds
	for options in "-j2 --parts=never" "-j1 --parts=always"; do
		# shellcheck disable=SC2086 # two words
		zipmap $options --stats table.zip
		expect_status 0
		cmp table "$(cat out)" || fail "other bytes"
		(("$(sed -n 's/^sent to workers: .* in \([0-9]*\) messages.*/\1/p' err)" < 5)) ||
			fail "somebody helped"
	done
}

@test "a member that comes last in a run, with headers, with --npy, in JSON" {
	make_kinds
	"$TESTDATA_GEN" --archives=4 --rows=20000 small
	zipmap -j3 --json --dtype=u1 --npy small table.zip
	expect_good
	expect_lines out 5
	"$PYTHON" - <<-'END'
		import json, numpy, zlib
		record = [json.loads(line) for line in open("out")][-1]
		data = open("table", "rb").read()
		assert record["crc32"] == "%08x" % zlib.crc32(data)
		mapped = numpy.load(record["path"], mmap_mode="r")
		assert mapped.tobytes() == data
	END
}

@test "a damaged member gets the verdict that one worker alone gives" {
	make_kinds
	for place in 0.2 0.7; do
		"$PYTHON" "$BATS_TEST_DIRNAME/damage.py" $place floats table wave
		for name in floats table wave; do
			zipmap -j1 bad-$name.zip
			expect_status 1
			expect_nothing
			cp err alone
			zipmap -j3 --parts=always bad-$name.zip
			expect_status 1
			expect_nothing
			cmp err alone || fail "another verdict: $(cat alone)"
		done
	done
}

@test "a wrong CRC-32 and wrong sizes get the verdict that one worker alone gives" {
	make_kinds
	for change in "crc ^1" "size +1" "size -5000000"; do
		"$PYTHON" - $change <<-'END'
			import os, shutil, sys
			sys.path.insert(0, os.environ["TOOLS"])
			import make_archives
			shutil.copy("table.zip", "bad.zip")
			field, by = sys.argv[1:]
			change = (lambda v: v ^ 1) if by[0] == "^" else (lambda v: v + int(by))
			make_archives._spoil("bad.zip", field, change, index=0)
		END
		zipmap -j1 bad.zip
		expect_status 1
		expect_nothing
		cp err alone
		zipmap -j3 --parts=always bad.zip
		expect_status 1
		expect_nothing
		cmp err alone || fail "another verdict: $(cat alone)"
	done
}

@test "workers that are killed while they share members: all is right, or said" {
	make_kinds
	mkdir tmp/w
	"$PYTHON" "$tools/kills.py" workers "${ZIPMAP_TEST_KILLS:-12}" "$TMPDIR/w" \
		floats.zip table.zip wave.zip
}

@test "--test: members are checked together, and no file is made" {
	make_kinds
	for name in floats table wave; do
		for jobs in 2 4; do
			zipmap -j$jobs --parts=always --stats --test $name.zip
			expect_status 0
			[[ ! -s out ]] || fail "$(cat out)"
			expect_nothing
			expect_helped
		done
	done
}

@test "--test says of damaged members what one worker alone says" {
	make_kinds
	for place in 0.3 0.8; do
		"$PYTHON" "$BATS_TEST_DIRNAME/damage.py" $place floats table wave
		for name in floats table wave; do
			zipmap -j1 --test bad-$name.zip
			expect_status 1
			cp err alone
			zipmap -j3 --parts=always --test bad-$name.zip
			expect_status 1
			cmp err alone || fail "another verdict: $(cat alone)"
		done
	done
}

@test "limits, and files that may not grow so far, get the words that one worker alone finds" {
	make_kinds
	for limit in --max-member=11M --max-total=10M --max-ratio=2 --max-members=0; do
		zipmap -j1 --parts=never $limit floats.zip table.zip
		cp err alone
		local before=$status
		zipmap -j3 --parts=always $limit floats.zip table.zip
		expect_status "$before"
		cmp err alone || fail "$limit: $(cat alone)"
	done
	for jobs in 1 3; do
		status=0
		(
			ulimit -f 6000 # KiB
			exec timeout "$bound" "$ZIPMAP" -j$jobs --parts=always table.zip >out 2>err
		) || status=$?
		expect_status 1
		expect_nothing
		[[ $jobs != 1 ]] || cp err alone
		cmp err alone || fail "another verdict: $(cat alone)"
	done
}

@test "members around a large one: in order, in packs, in place, for commands" {
	make_kinds
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("mixed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
		    for i in range(4):
		        archive.writestr("small%d" % i, b"%d" % i * 3000)
		    archive.write("table", compresslevel=1)
		    archive.writestr("stored", b"s" * 4096, zipfile.ZIP_STORED)
		    archive.write("wave", compresslevel=1)
		    archive.writestr("last", b"l" * 5000)
	END
	for options in "--json" "--json --pack" "--json --in-place" "--json -u"; do
		# shellcheck disable=SC2086 # two words
		zipmap -j3 --parts=always --stats $options mixed.zip
		expect_status 0
		expect_helped
		"$PYTHON" - "$options" <<-'END'
			import json, sys, zipfile
			records = [json.loads(line) for line in open("out")]
			archive = zipfile.ZipFile("mixed.zip")
			names = [record["member"] for record in records]
			if sys.argv[1].endswith("-u"):
			    names.sort(key=archive.namelist().index)
			assert names == archive.namelist(), names
			for record in records:
			    with open(record["path"], "rb") as file:
			        file.seek(record["offset"])
			        assert file.read(record["size"]) == archive.read(record["member"]), record
		END
	done
	zipmap -j3 --parts=always mixed.zip -x cksum '{}' ';'
	expect_status 0
	expect_lines out 8
	for name in table wave; do
		grep -q "^$(cksum <$name | cut -d' ' -f1,2) " out || fail "$name: $(cat out)"
	done
}

@test "with --tasks-per-worker nobody helps: that would be another archive" {
	make_kinds
	zipmap -j2 --tasks-per-worker=1 --parts=always --stats table.zip
	expect_status 0
	cmp table "$(cat out)" || fail "other bytes"
	(("$(sed -n 's/^sent to workers: .* in \([0-9]*\) messages.*/\1/p' err)" < 5)) ||
		fail "somebody helped"
}

@test "no private memory above 24 MiB" {
	skip_under_sanitizer
	make_kinds
	for name in floats table wave; do
		zipmap -j2 --parts=always --stats $name.zip
		"$PYTHON" - <<-'END'
			import re
			text = open("err").read()
			worker = int(re.search(r"private memory, worker: .*?\((\d+) bytes", text)[1])
			parent = int(re.search(r"private memory, parent: .*?\((\d+) bytes", text)[1])
			assert worker <= 24 << 20, worker
			assert parent <= 4 << 20, parent
		END
	done
}
