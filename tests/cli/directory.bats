#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --directory: files under the names that archives state. ZIPMAP_TEST_RACES: how many runs somebody
# plays foul in, instead of a few.

load helpers

make_names() {
	"$PYTHON" "$here/make_own_names.py" "$@"
}

check_names() {
	"$PYTHON" "$here/check_own_names.py" "$@"
}

# Nothing is left of the hidden directory.
expect_tidy() { # DIRECTORY
	[[ -z "$(ls -A "$1" | grep '^\.zipmap')" ]] || fail "left behind: $(ls -A "$1")"
}

@test "members get the names that unzip gives them, and the same bytes" {
	make_names good good.zip
	check_names good good.zip
	zipmap -d out.d good.zip
	expect_good
	expect_tidy out.d
	mkdir expected
	unzip -q good.zip -d expected/good 2>/dev/null || true
	diff -r expected out.d
	find out.d -type f | sort >files
	sort out | diff files -
}

@test "good archives of other people come to what unzip makes of them" {
	[[ -f $SHARED_ARCHIVES/MANIFEST.tsv ]] || skip "no archives at $SHARED_ARCHIVES"
	check_names good "$SHARED_ARCHIVES"/good/*.zip
}

@test "names that lead out of the directory fail alone, and nothing outside is changed" {
	make_names hostile hostile.zip
	check_names hostile hostile.zip
	echo untouched >victim
	mkdir -p deep/er
	zipmap -d deep/er --json hostile.zip
	expect_status 1
	[ "$(jq -r 'select(.path) | .path' out)" = deep/er/hostile/good ]
	# Entries for directories among them: three.
	[ "$(jq -r 'select(.error) | .error' out | sort | uniq -c | tr -s ' ')" = " 20 unsafe-name" ]
	[ "$(grep -c '^zipmap: hostile.zip: ' err)" -eq 20 ]
	[ "$(find deep -type f -o -type l)" = deep/er/hostile/good ]
	[ "$(cat victim)" = untouched ]
	expect_tidy deep/er
	zipmap -d flat --flat hostile.zip
	[ "$(find flat -type f -o -type l)" = flat/good ]
}

@test "a name with a NUL in it is refused" {
	"$PYTHON" - <<-END
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    archive.writestr("good_bad", "x")
		data = open("a.zip", "rb").read()
		open("a.zip", "wb").write(data.replace(b"good_bad", b"good\0bad"))
	END
	zipmap -d out.d --json a.zip
	expect_status 1
	[ "$(jq -r .error out)" = unsafe-name ]
	expect_message "a NUL"
	[ -z "$(ls -A out.d)" ]
}

@test "whatever archives of other people are called, nothing outside is changed" {
	[[ -f $SHARED_ARCHIVES/MANIFEST.tsv ]] || skip "no archives at $SHARED_ARCHIVES"
	check_names hostile $(find "$SHARED_ARCHIVES" -name '*.zip' -size -2M)
}

@test "archives made to attack change nothing outside" {
	attacks=$SHARED_ARCHIVES/../attack/inputs
	[[ -d $attacks ]] || skip "no archives at $attacks"
	check_names hostile $(find "$attacks" -name '*.zip' -size -2M)
}

@test "no link that is there already is followed" {
	make_names good good.zip
	mkdir -p outside out.d/good
	echo untouched >outside/a.txt
	ln -s ../../outside out.d/good/d
	ln -s ../../outside/a.txt out.d/good/a.txt
	ln -s ../../outside/none out.d/good/h
	zipmap -d out.d --json good.zip
	expect_status 1
	[ "$(jq -r 'select(.error) | .error + " " + .member' out)" = "name-exists a.txt
name-exists d/e/f.txt
name-exists d/g
name-exists ./h" ]
	[ "$(cat outside/a.txt)" = untouched ]
	[ "$(ls outside)" = a.txt ]
	zipmap -d out.d --overwrite good.zip
	expect_status 1
	[ "$(cat outside/a.txt)" = untouched ]
	[ "$(ls outside)" = a.txt ]
	[ ! -L out.d/good/a.txt ]
	[ -L out.d/good/d ]
}

@test "the directory itself may be reached by a link of this user" {
	make_archive simple a.zip
	mkdir real
	ln -s real link
	zipmap -d link a.zip
	expect_good
	diff <(cat $(cat out) | sha256sum) <(unzip -p a.zip | sha256sum)
	[ -d real/a ]
}

@test "the first of two members of one name gets it, also if a run may overwrite" {
	make_names twice twice.zip
	for options in "" --overwrite --overwrite; do
		zipmap -j3 -d out.d $options --json twice.zip
		expect_status 1
		[ "$(jq -r 'select(.error) | .error' out | sort -u)" = name-exists ]
		[ "$(jq -r 'select(.path) | .member' out)" = "same
d/x
a
b" ]
		[ "$(cat out.d/twice/same)" = first ]
		[ "$(cat out.d/twice/a_b)" = first ]
		[ "$(cat out.d/twice/d/x)" = "in a directory" ]
		[ "$(find out.d -type f | wc -l)" -eq 3 ]
		expect_tidy out.d
	done
}

@test "archives of one base name share a directory, in the order of the input" {
	mkdir one two
	make_archive simple one/a.zip
	cp one/a.zip two/a.NPZ
	zipmap -d out.d one/a.zip two/a.NPZ
	expect_status 1
	[ "$(wc -l <out)" -eq "$(wc -l <err)" ]
	grep -q '^zipmap: two/a.NPZ: .*: its name is taken' err
	run ! grep -q '^zipmap: one' err
	[ "$(ls out.d)" = a ]
}

@test "files that were there are replaced by --overwrite alone" {
	make_archive simple a.zip
	zipmap -d out.d a.zip
	expect_good
	cp out list
	while IFS= read -r file; do echo mine >"$file"; done <list
	zipmap -d out.d a.zip
	expect_status 1
	[ ! -s out ]
	[ "$(sort -u $(cat list))" = mine ]
	zipmap -d out.d --overwrite a.zip
	expect_good
	cmp out list
	diff <(cat $(cat out) | sha256sum) <(unzip -p a.zip | sha256sum)
	expect_tidy out.d
}

@test "a directory is never replaced" {
	make_archive simple a.zip
	zipmap -d out.d a.zip
	file=$(head -1 out)
	rm "$file"
	mkdir "$file"
	zipmap -d out.d --overwrite a.zip
	expect_status 1
	expect_message "its name is taken"
	[ -d "$file" ]
}

@test "files and directories are this user's alone, or as the umask says" {
	make_names good good.zip
	umask 027
	zipmap -d new/out.d good.zip
	expect_good
	[ "$(find new -type f -printf '%m\n' | sort -u)" = 600 ]
	[ "$(find new -type d -printf '%m\n' | sort -u)" = 700 ]
	zipmap -d new2/out.d --umask good.zip
	expect_good
	[ "$(find new2 -type f -printf '%m\n' | sort -u)" = 640 ]
	[ "$(find new2 -type d -printf '%m\n' | sort -u)" = 750 ]
	echo mine >new2/out.d/good/a.txt
	zipmap -d new2/out.d --umask --overwrite good.zip
	expect_good
	[ "$(find new2 -type f -printf '%m\n' | sort -u)" = 640 ]
}

@test "a file has the time of its member, in the zone of the run" {
	make_names good good.zip
	for zone in UTC America/New_York Asia/Kolkata; do
		TZ=$zone zipmap -d "out.$zone" --flat good.zip
		expect_good
		[ "$(TZ=$zone find "out.$zone" -type f -printf '%TY-%Tm-%Td %TH:%TM:%TS\n' | sort -u)" = \
			"2020-01-02 03:04:06.0000000000" ]
	done
}

@test "one archive goes to the directory itself by --flat, and one from standard input to stdin" {
	make_archive simple a.zip
	mkdir expected
	unzip -q a.zip -d expected
	zipmap -d out.d --flat a.zip
	expect_good
	diff -r expected out.d
	zipmap -d out.i - <a.zip
	expect_good
	diff -r expected out.i/stdin
	zipmap -d out.f --flat - <a.zip
	expect_good
	diff -r expected out.f
}

@test "commands get the files under their names, and the files stay" {
	make_names good good.zip
	zipmap -d out.d good.zip
	sort out >expected
	rm -r out.d
	zipmap -d out.d good.zip -x printf '%s\n' {}
	expect_good
	sort out | diff expected -
	[ "$(find out.d -type f | wc -l)" -eq "$(wc -l <expected)" ]
	expect_tidy out.d
	rm -r out.d
	zipmap -d out.d good.zip -X printf '%s\n'
	expect_good
	sort out | diff expected -
	[ "$(find out.d -type f | wc -l)" -eq "$(wc -l <expected)" ]
	expect_tidy out.d
	rm -r out.d
	zipmap -d out.d --json good.zip -x true
	jq -r .path out | sort | diff expected -
}

@test "the name shows that a header was put before the data" {
	"$PYTHON" - <<-END
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    archive.writestr("d/x.dat", bytes(16))
	END
	zipmap -d out.d --npy --dtype=f4 a.zip
	expect_good
	[ "$(cat out)" = out.d/a/d/x.dat.npy ]
	[ "$("$PYTHON" -c 'import numpy as np; print(np.load("out.d/a/d/x.dat.npy", mmap_mode="r").shape)')" = "(4,)" ]
}

@test "with a filter, only directories of wanted members are made" {
	make_names good good.zip
	zipmap -d out.d --include='*.csv' good.zip
	expect_good
	[ "$(find out.d -mindepth 1 | wc -l)" -eq 2 ]
}

@test "a member that is damaged leaves nothing under its name" {
	make_archive simple a.zip
	"$PYTHON" - <<-END
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    archive.writestr("first", b"1" * 50)
		    archive.writestr("second", b"2" * 50)
		data = bytearray(open("a.zip", "rb").read())
		data[data.index(b"2222")] = 0
		open("a.zip", "wb").write(data)
	END
	zipmap -d out.d a.zip
	expect_status 1
	[ "$(find out.d -type f)" = out.d/a/first ]
	expect_tidy out.d
}

@test "a worker is never told a path of the directory" {
	need_strace
	make_names good good.zip
	strace -f -s 4096 -e trace=sendmsg -o trace "$ZIPMAP" -j1 -d secret.d good.zip >out
	[ -s out ]
	! grep -q 'secret\.d' trace
}

@test "a run that is killed leaves what has its name, and --gc takes the rest" {
	make_archive simple a.zip
	mkfifo list
	"$ZIPMAP" -d out.d -T list >out 2>err 3>&- &
	run=$!
	exec 9>list
	echo a.zip >&9
	wait_until test -s out
	kill -KILL "$run"
	wait "$run" || true
	exec 9>&-
	[ "$(ls -A out.d | grep -c '^\.zipmap-')" -eq 1 ]
	zipmap --gc --list --tmpdir=out.d
	grep -q '\.zipmap-' out
	zipmap --gc --tmpdir=out.d
	expect_good
	[ "$(ls -A out.d)" = a ]
	mkdir expected
	unzip -q a.zip -d expected
	for file in $(find out.d/a -type f); do cmp "$file" "expected/${file#out.d/a/}"; done
}

@test "a run that is stopped leaves files that are whole, and nothing else" {
	"$TESTDATA_GEN" --archives=20 --rows=100000 --values=random data >/dev/null
	mkfifo list
	"$ZIPMAP" -d out.d -T list >out 2>err 3>&- &
	run=$!
	exec 9>list
	printf '%s\n' data/*.zip >&9
	wait_until test -s out
	kill -TERM "$run"
	wait "$run" || status=$?
	exec 9>&-
	[ "$status" -eq 143 ]
	expect_tidy out.d
	while IFS= read -r file; do [ -f "$file" ]; done <out
	find out.d -type f | while IFS= read -r file; do
		name=${file#out.d/}
		unzip -p "data/${name%%/*}.zip" | cmp - "$file"
	done
}

@test "a directory that cannot be made is an error before anything is begun" {
	make_archive simple a.zip
	echo x >file
	zipmap -d file/out a.zip
	expect_status 2
	expect_message "cannot make a directory in file/out"
	zipmap -d file a.zip
	expect_status 2
	[ "$(cat file)" = x ]
}

@test "somebody who swaps directories for links has nothing changed outside" {
	"$PYTHON" "$tools/race_directory.py" "${ZIPMAP_TEST_RACES:-8}"
}

@test "names that differ in case alone are one where the file system says so" {
	need_root
	command -v mkfs.ext4 >/dev/null || skip "no mkfs.ext4"
	truncate -s 16M disk
	mkfs.ext4 -q -O casefold -E encoding=utf8 disk 2>/dev/null || skip "no file systems that fold case"
	mkdir mounted
	mount -o loop disk mounted 2>/dev/null || skip "may not mount such a file system"
	mkdir mounted/folded
	chattr +F mounted/folded 2>/dev/null || {
		umount mounted
		skip "this kernel does not fold case"
	}
	"$PYTHON" - <<-END
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    for name in ("Name", "name", "Größe", "GRÖSSE", "gro\u0308ße", "D/x", "d/X", "d/y"):
		        archive.writestr(name, name)
	END
	zipmap -d mounted/folded --json a.zip
	jq -r 'if .error then .error else "" end + " " + .member' out >got
	umount mounted
	[ "$(grep -c name-exists got)" -ge 3 ]
	grep -qx 'name-exists name' got
	grep -qx 'name-exists d/X' got
	grep -qx ' d/y' got
}
