#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --reuse: with --directory, files that are there with a member's size and time are announced instead
# of being unzipped again. ZIPMAP_TEST_RACES: how many runs somebody plays foul in, instead of a few.

load helpers

make_names() {
	"$PYTHON" "$here/make_own_names.py" "$@"
}

# Make @archive with members m0, d1/m1, ... of @count kinds of content, all of one time.
make_members() { # ARCHIVE COUNT [SIZE]
	"$PYTHON" - "$@" <<-'END'
		import sys
		import zipfile
		path, count, size = sys.argv[1], int(sys.argv[2]), int((sys.argv[3:] or [700])[0])
		with zipfile.ZipFile(path, "w") as archive:
		    for number in range(count):
		        info = zipfile.ZipInfo("d%d/m%d" % (number % 3, number), (2021, 7, 2, 3, 4, 6))
		        info.compress_type = zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED
		        archive.writestr(info, (b"%d," % number * size)[:size])
	END
}

# All that tells a file from another one, and whether it was written to.
state() { # DIRECTORY
	find "$1" -type f -printf '%p %i %s %T@ %m\n' | sort
}

# The records say of all members that they were reused, and were checked or not.
expect_reused() { # COUNT CHECKED
	[ "$(jq -c 'select(.reused == true and .checked == '"$2"')' out | wc -l)" -eq "$1" ] ||
		fail "not reused"
	expect_lines out "$1"
}

@test "a second run prints the same, and no file is touched" {
	make_names good good.zip
	zipmap -d out.d good.zip
	expect_good
	cp out list
	state out.d >before
	for how in --reuse --reuse=checked --reuse=unchecked; do
		zipmap -j2 -d out.d "$how" good.zip
		expect_good
		cmp out list
		state out.d | diff before -
	done
	zipmap -d out.d --reuse --json good.zip
	expect_good
	expect_reused "$(wc -l <list)" true
	zipmap -d out.d --reuse=unchecked --json good.zip
	expect_good
	expect_reused "$(wc -l <list)" false
	state out.d | diff before -
	[ -z "$(ls -A out.d | grep '^\.zipmap')" ]
}

@test "records say the same of a file that is used again as of one that was unzipped" {
	"$PYTHON" - <<-END
		import io, zipfile
		import numpy as np
		with zipfile.ZipFile("a.npz", "w") as archive:
		    for name, array in (("f.npy", np.arange(12.0).reshape(3, 4)),
		                        ("o.npy", np.asfortranarray(np.ones((5, 2), "<i2"))),
		                        ("long.npy", np.zeros(2, [("x" * 300, "u1")] + [("f%d" % i, "u1") for i in range(400)]))):
		        data = io.BytesIO()
		        np.save(data, array)
		        archive.writestr(zipfile.ZipInfo(name, (2021, 7, 2, 3, 4, 6)), data.getvalue())
		    archive.writestr(zipfile.ZipInfo("no.npy", (2021, 7, 2, 3, 4, 6)), b"none")
		    archive.writestr(zipfile.ZipInfo("empty", (2021, 7, 2, 3, 4, 6)), b"")
	END
	zipmap -d out.d --json a.npz
	expect_status 0
	cp out first
	for how in checked unchecked; do
		zipmap -d out.d --reuse=$how --json a.npz
		expect_status 0
		jq -c 'select(.reused) | del(.reused, .checked)' out | diff first -
	done
	zipmap -d raw.d --json --dtype=u1 a.npz
	cp out first
	zipmap -d raw.d --json --dtype=u1 --reuse a.npz
	jq -c 'select(.reused) | del(.reused, .checked)' out | diff first -
}

@test "a byte that was changed is found by the CRC-32, and not without" {
	make_members a.zip 3
	mkdir expected
	unzip -q a.zip -d expected
	zipmap -d out.d --flat a.zip
	expect_good
	cp out list
	printf X | dd of=out.d/d1/m1 bs=1 seek=600 conv=notrunc status=none
	touch -r out.d/d0/m0 out.d/d1/m1
	zipmap -d out.d --flat --reuse=unchecked --json a.zip
	expect_good
	expect_reused 3 false
	[ "$(head -c 601 out.d/d1/m1 | tail -c 1)" = X ]
	zipmap -d out.d --flat --reuse --json a.zip
	expect_status 1
	[ "$(jq -r 'select(.error) | .error + " " + .member' out)" = "name-exists d1/m1" ]
	[ "$(jq -c 'select(.reused)' out | wc -l)" -eq 2 ]
	zipmap -d out.d --flat --reuse --overwrite --json a.zip
	expect_good
	[ "$(jq -r 'select(.reused != true) | .member' out)" = d1/m1 ]
	diff -r expected out.d
	zipmap -d out.d --flat --reuse a.zip
	expect_good
	cmp out list
}

@test "what does not fit is what it always is: its name is taken, or it is overwritten" {
	make_members a.zip 9 300
	mkdir expected
	unzip -q a.zip -d expected
	zipmap -d out.d --flat a.zip
	expect_good
	cd out.d
	touch d1/m1
	truncate -s 299 d2/m2
	touch -r d0/m0 d2/m2
	echo >>d0/m3
	touch -r d0/m0 d0/m3
	mv d1/m4 d1/moved
	ln -s moved d1/m4
	rm d2/m5
	mkfifo d2/m5
	touch -r d0/m0 d2/m5
	rm d0/m6
	mkdir d0/m6
	touch -r d0/m0 d0/m6
	rm d1/m7
	cd ..
	for how in checked unchecked; do
		zipmap -j2 -d out.d --flat --reuse=$how --json a.zip
		expect_status 1
		[ "$(jq -r 'select(.reused) | .member' out)" = "d0/m0
d2/m8" ]
		[ "$(jq -r 'select(.error) | .error + " " + .member' out)" = "name-exists d1/m1
name-exists d2/m2
name-exists d0/m3
name-exists d1/m4
name-exists d2/m5
name-exists d0/m6" ]
		[ "$(jq -r 'select(.path and .reused != true) | .member' out)" = d1/m7 ]
		rm out.d/d1/m7
	done
	zipmap -d out.d --flat --reuse --overwrite --json a.zip
	expect_status 1
	[ "$(jq -r 'select(.error) | .error + " " + .member' out)" = "name-exists d0/m6" ]
	rm -r out.d/d0/m6 out.d/d1/moved
	zipmap -d out.d --flat --reuse --overwrite --json a.zip
	expect_good
	[ "$(jq -c 'select(.reused)' out | wc -l)" -eq 8 ]
	diff -r expected out.d
}

@test "a FIFO in the place of a file is not opened: who waits to write goes on waiting" {
	make_members a.zip 1
	mkdir -p out.d/a/d0
	mkfifo out.d/a/d0/m0
	(exec 3>&-; echo x >out.d/a/d0/m0; touch written) &
	writer=$!
	zipmap -d out.d --reuse a.zip
	expect_status 1
	[ ! -e written ]
	[ "$(timeout 20 cat out.d/a/d0/m0)" = x ]
	wait "$writer"
}

@test "the file of another user, and one that may not be read, are not used" {
	need_root
	make_members a.zip 2
	zipmap -d out.d a.zip
	expect_good
	chown 12345 out.d/a/d0/m0
	zipmap -d out.d --reuse --json a.zip
	expect_status 1
	[ "$(jq -r 'select(.error) | .error + " " + .member' out)" = "name-exists d0/m0" ]
	[ "$(jq -r 'select(.reused) | .member' out)" = d1/m1 ]
}

@test "the first of two members of one name has it, in the second run as in the first" {
	make_names twice twice.zip
	zipmap -d out.d --json twice.zip
	expect_status 1
	jq -c '{path, member, error}' out >first
	state out.d >before
	for options in --reuse --reuse=unchecked "--reuse --overwrite"; do
		zipmap -j3 -d out.d $options --json twice.zip
		expect_status 1
		jq -c '{path, member, error}' out | diff first -
		[ "$(jq -c 'select(.path and .reused != true)' out)" = "" ]
		state out.d | diff before -
	done
	"$PYTHON" - <<-END
		import warnings, zipfile
		warnings.simplefilter("ignore")
		with zipfile.ZipFile("same.zip", "w") as archive:
		    for _ in range(40):
		        archive.writestr(zipfile.ZipInfo("same", (2021, 7, 2, 3, 4, 6)), b"the same")
	END
	for options in "" --reuse --reuse=unchecked "--reuse --overwrite"; do
		zipmap -d out.d $options --json same.zip
		expect_status 1
		[ "$(jq -c 'select(.path)' out | wc -l)" -eq 1 ]
		[ "$(jq -r 'select(.error) | .error' out | sort | uniq -c | tr -s ' ')" = " 39 name-exists" ]
	done
}

@test "encrypted members are used again if the archive states their CRC-32" {
	echo secret >password
	for kind in zipcrypto aes256; do
		"$TESTDATA_GEN" --archives=1 --members=3 --size=20K --encrypt=$kind $kind
	done
	zipmap -d out.d --password-file=password zipcrypto
	expect_good
	zipmap -d out.d --password-file=password --reuse --json zipcrypto
	expect_good
	expect_reused 3 true
	# libzip writes AE-2 for such members: what authenticates them needs all of their data.
	zipmap -d aes.d --password-file=password aes256
	expect_good
	zipmap -d aes.d --password-file=password --reuse --overwrite --json aes256
	expect_good
	[ "$(jq -c 'select(.reused)' out | wc -l)" -eq 0 ]
	zipmap -d aes.d --password-file=password --reuse=unchecked --json aes256
	expect_good
	expect_reused 3 false
}

@test "a member that cannot be unzipped fails alone among those that are used again" {
	make_members a.zip 40
	"$PYTHON" - <<-'END'
		data = bytearray(open("a.zip", "rb").read())
		at = -1
		for number in range(40):
		    at = data.find(b"PK\1\2", at + 1)
		    if number % 5 == 2:
		        data[at + 8] |= 0x41  # encrypted in a way that nobody knows
		open("a.zip", "wb").write(data)
	END
	zipmap -d out.d --json a.zip
	expect_status 1
	cp out first
	[ "$(jq -c 'select(.error)' first | wc -l)" -eq 8 ]
	zipmap -d out.d --reuse --json a.zip
	expect_status 1
	jq -c 'del(.reused, .checked)' out | diff <(jq -c . first) -
	[ "$(jq -c 'select(.reused)' out | wc -l)" -eq 32 ]
}

@test "a member that states no time is told by its CRC-32 alone" {
	make_members a.zip 2
	"$PYTHON" - <<-'END'
		import struct
		data = bytearray(open("a.zip", "rb").read())
		at = -1
		while (at := data.find(b"PK\1\2", at + 1)) >= 0:
		    struct.pack_into("<HH", data, at + 12, 0, 0)
		open("a.zip", "wb").write(data)
	END
	zipmap -d out.d a.zip
	expect_good
	zipmap -d out.d --reuse --json a.zip
	expect_good
	expect_reused 2 true
	zipmap -d out.d --reuse=unchecked --json a.zip
	expect_status 1
	[ "$(jq -c 'select(.reused)' out | wc -l)" -eq 0 ]
}

@test "times are compared in the zone of the run, with its summer time" {
	make_members a.zip 2
	export TZ=Europe/Berlin
	zipmap -d out.d a.zip
	expect_good
	zipmap -d out.d --reuse=unchecked --json a.zip
	expect_good
	expect_reused 2 false
	export TZ=America/New_York
	zipmap -d out.d --reuse=unchecked a.zip
	expect_status 1
	expect_nothing
}

@test "what unzip has made is used, and unzip finds nothing to freshen in what was used" {
	make_members a.zip 20
	TZ=UTC unzip -q a.zip -d out.d
	export TZ=UTC
	zipmap -d out.d --flat --reuse --json a.zip
	expect_good
	expect_reused 20 true
	[ -z "$(unzip -o -f -q a.zip -d out.d 2>&1)" ]
}

@test "thousands of members of which every third was changed" {
	make_members a.zip 3000 500
	mkdir expected
	unzip -q a.zip -d expected
	zipmap -j2 -d out.d --flat a.zip
	expect_good
	cp out list
	"$PYTHON" - <<-'END'
		import os
		for number in range(0, 3000, 3):
		    path = "out.d/d%d/m%d" % (number % 3, number)
		    before = os.stat(path)
		    with open(path, "r+b") as file:
		        file.seek(499)
		        file.write(b"!")
		    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
	END
	zipmap -j2 -d out.d --flat --reuse --json --max-total=1500K a.zip
	expect_status 1
	[ "$(jq -r 'select(.error) | .error' out | sort | uniq -c | tr -s ' ')" = " 1000 name-exists" ]
	[ "$(jq -c 'select(.reused)' out | wc -l)" -eq 2000 ]
	# What is there does not count in the sum of the run: a third is unzipped.
	zipmap -j2 -d out.d --flat --reuse --overwrite --max-total=500K a.zip
	expect_good
	cmp out list
	diff -r expected out.d
}

@test "commands, filters and --unordered go with it" {
	make_members a.zip 60
	zipmap -d out.d a.zip
	expect_good
	sort out >list
	zipmap -d out.d --reuse a.zip -x printf '%s\n' {}
	expect_good
	sort out | diff list -
	zipmap -d out.d --reuse a.zip -X printf '%s\n'
	expect_good
	sort out | diff list -
	zipmap -d out.d --reuse -u a.zip
	expect_good
	sort out | diff list -
	zipmap -d out.d --reuse --include='m?' --printf='%p %s\n' a.zip
	expect_good
	expect_lines out 10
	[ "$(find out.d -type f | wc -l)" -eq 60 ]
	[ -z "$(ls -A out.d | grep '^\.zipmap')" ]
}

@test "it is the same on a kernel without Landlock, where new files are asked for, too" {
	[[ $ZIPMAP_VARIANT == release ]] || skip 'only the release build has seccomp in workers'
	make_members a.zip 700
	mkdir expected
	unzip -q a.zip -d expected
	zipmap -d out.d --flat a.zip
	expect_good
	cp out list
	find out.d -type f -name '*5' -delete
	"$PYTHON" "$tools/lacking.py" 444,445,446 "$ZIPMAP" -q -j2 -d out.d --flat --reuse --json a.zip >out 2>err
	[ ! -s err ]
	[ "$(jq -r .path out)" = "$(cat list)" ]
	[ "$(jq -c 'select(.reused)' out | wc -l)" -eq 630 ]
	diff -r expected out.d
}

@test "workers that are killed while they check: all is announced, once and right" {
	make_members a.zip 40 2000000
	zipmap -j2 -d out.d a.zip
	expect_good
	cp out list
	"$ZIPMAP" -j2 -d out.d --reuse --json a.zip >out 2>err 3>&- &
	run=$!
	for _ in 1 2 3; do
		worker=$(ps -o pid= --ppid "$run" | head -1) || break
		[[ -n $worker ]] && kill -KILL "$worker" 2>/dev/null || true
		sleep 0.02
	done
	wait "$run" || true
	# A member that was in hand when a worker died may have failed by that.
	[ "$(jq -c 'select(.reused)' out | wc -l)" -ge 37 ]
	jq -r 'select(.path) | .path' out | grep -vxFf list && fail 'another path'
	[ "$(jq -r .member out | sort | uniq -d)" = "" ]
	expect_lines out 40
}

@test "somebody who swaps directories for links has nothing outside opened or announced" {
	"$PYTHON" "$tools/race_directory.py" "${ZIPMAP_TEST_RACES:-8}" --reuse
}
