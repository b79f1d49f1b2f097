#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Where archives come from: operands, directories, lists, standard input.

load helpers

# A small archive whose one member tells where it lies.
put() {
	local path
	for path; do
		mkdir -p "$(dirname "./$path")"
		make_archive simple "./$path" "in $path" m.txt
	done
}

@test "operands in the order given, files and directories mixed" {
	put z.zip d/b.zip d/a.zip a.zip
	zipmap z.zip d a.zip
	expect_good
	verify z.zip d/a.zip d/b.zip a.zip
}

@test "a directory: zip and npz in any case, byte order, nothing else" {
	put d/b.zip d/B.ZIP d/a10.zip d/a2.zip d/c.npz d/D.Npz d/_.zip d/x.txt d/zip d/y.zip.bak d/.hid.zip
	zipmap d
	expect_good
	verify d/.hid.zip d/B.ZIP d/D.Npz d/_.zip d/a10.zip d/a2.zip d/b.zip d/c.npz
	zipmap d/
	expect_good
	expect_lines out 8
}

@test "names of bytes that are no UTF-8 are ordered by byte and read" {
	mkdir d
	for name in $'\xff.zip' $'\xc3\xa9.zip' 'z.zip' $'\x80.zip'; do
		make_archive simple "d/$name" "$name"
	done
	zipmap d
	expect_good
	verify d/z.zip d/$'\x80.zip' d/$'\xc3\xa9.zip' d/$'\xff.zip'
}

@test "a directory is not searched below without --recursive" {
	put d/a.zip d/sub/b.zip
	zipmap d
	expect_good
	verify d/a.zip
}

@test "--recursive: any depth, one byte order of files and directories" {
	put d/a.zip d/c.zip d/b/x.zip d/b/deep/er/y.zip d/b.zip d/e/z.npz d/B/first.zip
	mkdir d/empty
	for option in -r --recursive; do
		zipmap $option d
		expect_good
		verify \
			d/B/first.zip d/a.zip d/b/deep/er/y.zip d/b/x.zip d/b.zip d/c.zip d/e/z.npz
	done
}

@test "symbolic links: to files they count, to directories they are not followed" {
	put d/a.zip other/b.zip
	ln -s ../other/b.zip d/link.zip
	ln -s ../other d/sub
	ln -s .. d/loop
	ln -s ../other d/dir.zip
	zipmap -r d
	expect_good
	verify d/a.zip d/link.zip
}

@test "a symbolic link as an operand is followed, to a file and to a directory" {
	put d/a.zip
	ln -s d linked
	ln -s d/a.zip l
	zipmap linked l
	expect_good
	verify d/a.zip d/a.zip
}

@test "a dangling link in a directory fails alone" {
	put d/a.zip d/c.zip
	ln -s nowhere d/b.zip
	zipmap d
	expect_status 1
	expect_message d/b.zip "No such file or directory"
	verify --missing=1 d/a.zip d/b.zip d/c.zip
}

@test "-T FILE: one path a line, empty lines skipped, the last line may lack its newline" {
	put a.zip 'with space.zip' c.zip
	printf 'a.zip\n\n\nwith space.zip\nc.zip' >list
	for option in "-T list" "-Tlist" "--files-from=list" "--files-from list"; do
		# shellcheck disable=SC2086
		zipmap $option
		expect_good
		verify a.zip 'with space.zip' c.zip
	done
}

@test "-T -: the list comes from standard input" {
	put a.zip b.zip
	printf 'b.zip\na.zip\n' >list
	zipmap -T - <list
	expect_good
	expect_lines out 2
	verify b.zip a.zip
}

@test "-T from a pipe: what find prints" {
	put d/a.zip d/b.zip
	find d -name '*.zip' | LC_ALL=C sort >list
	status=0
	LC_ALL=C sort list | "$ZIPMAP" -T - >out 2>err || status=$?
	expect_good
	verify d/a.zip d/b.zip
}

@test "-T with process substitution and with a FIFO whose writer comes later" {
	put a.zip
	zipmap -T <(echo a.zip)
	expect_good
	verify a.zip
	rm -rf tmp/*
	mkfifo list
	"$ZIPMAP" -T list >out 2>err 3>&- &
	local pid=$!
	(echo a.zip >list) 3>&- &
	wait $pid || status=$?
	wait
	expect_good
	verify a.zip
}

@test "an entry of a list may be a directory; with --recursive its subdirectories too" {
	put d/a.zip d/sub/b.zip c.zip
	printf 'c.zip\nd\n' >list
	zipmap -T list
	expect_good
	verify c.zip d/a.zip
	zipmap -r -T list
	expect_good
	verify c.zip d/a.zip d/sub/b.zip
}

@test "- in a list is a file of that name" {
	put a.zip
	cp a.zip ./-
	echo - >list
	zipmap -T list </dev/null
	expect_good
	verify ./-
}

@test "operands come before the list" {
	put a.zip b.zip c.zip
	echo a.zip >list
	zipmap -T list b.zip c.zip
	expect_good
	verify b.zip c.zip a.zip
}

@test "-0: names with newlines and spaces, in and out" {
	make_archive simple $'new\nline .zip'
	put ' lead.zip'
	printf '%s\0' $'new\nline .zip' ' lead.zip' >list
	for option in "-0T list" "--null -T list" "-0 --files-from=list"; do
		# shellcheck disable=SC2086
		zipmap $option
		expect_good
		verify --null $'new\nline .zip' ' lead.zip'
		[[ "$(tr -dc '\n' <out | wc -c)" == 0 ]]
	done
	printf '%s\0%s' $'new\nline .zip' ' lead.zip' >list
	zipmap -0T list
	expect_good
	verify --null $'new\nline .zip' ' lead.zip'
}

@test "-0 without a list: printed paths end in NUL, in a tmpdir with a newline too" {
	put a.zip b.zip
	mkdir $'t\nmp'
	zipmap -0 --tmpdir=$'t\nmp' a.zip b.zip
	expect_good
	"$PYTHON" "$tools/verify.py" --null --tmpdir=$'t\nmp' a.zip b.zip
	xargs -0 cat <out | cmp - <(printf 'in a.zipin b.zip')
}

@test "-: one archive from a pipe" {
	make_archive members a.zip 5 300000
	status=0
	cat a.zip | "$ZIPMAP" - >out 2>err || status=$?
	expect_good
	verify a.zip
}

@test "-: one archive from a file, read from its beginning" {
	make_archive members a.zip 5 300000
	zipmap - <a.zip
	expect_good
	verify a.zip
}

@test "-: a terminal is no archive" {
	command -v script >/dev/null || skip 'script is not there'
	script -q -e -c '"$ZIPMAP" - 2>err' /dev/null </dev/null >out || status=$?
	[[ $status == 1 ]]
	grep -q -x 'zipmap: -: standard input is a terminal, not an archive' err
}

@test "-: what standard input still has, where its writer read a part of it" {
	make_archive members a.zip 5 3000
	(
		printf 'one line\n'
		cat a.zip
	) >both
	status=0
	{
		read -r line
		[[ $line == "one line" ]]
		"$ZIPMAP" - >out 2>err || status=$?
	} <both
	expect_good
	verify a.zip
}

@test "- among other operands keeps its place; large, from a pipe" {
	make_archive members big.zip 3 3000000 noise
	put a.zip b.zip
	status=0
	cat big.zip | "$ZIPMAP" a.zip - b.zip >out 2>err || status=$?
	expect_good
	verify a.zip big.zip b.zip
}

@test "- that is no archive, or empty, or closed: one line, status 1" {
	put a.zip
	status=0
	echo hello | "$ZIPMAP" - a.zip >out 2>err || status=$?
	expect_status 1
	expect_message "-" "not a zip archive"
	verify --missing=0 /dev/null a.zip
	zipmap - a.zip </dev/null
	expect_status 1
	expect_lines err 1
	verify --missing=0 /dev/null a.zip
	zipmap - a.zip <&-
	expect_status 1
	expect_lines err 1
	"$PYTHON" "$tools/verify.py" --subset a.zip a.zip
	expect_lines out 1
}

@test "-: the spooled copy is gone when the run ends" {
	make_archive members a.zip 3 300000
	status=0
	cat a.zip | "$ZIPMAP" - >out 2>err || status=$?
	expect_good
	verify a.zip
	[[ "$(find tmp -type f | wc -l)" == 3 ]]
}

@test "operands behind -- are not options" {
	put ./-j.zip
	zipmap -- -j.zip
	expect_good
	verify ./-j.zip
}

@test "options may stand behind operands" {
	put a.zip b.zip
	zipmap a.zip -j 1 b.zip -q
	expect_good
	verify a.zip b.zip
}

@test "--tmpdir: below the given directory, as given, relative too" {
	put a.zip
	mkdir t
	zipmap --tmpdir=t a.zip
	expect_good
	grep -qE '^t/zipmap\.[A-Za-z0-9]{6}/' out
	"$PYTHON" "$tools/verify.py" --tmpdir=t a.zip
	[[ -z "$(ls -A tmp)" ]]
	zipmap --tmpdir "$PWD/t/" a.zip
	expect_good
	verify a.zip
}

@test "TMPDIR that is empty or unset means /tmp" {
	put a.zip
	for how in "TMPDIR=" "-u TMPDIR"; do
		# shellcheck disable=SC2086
		env $how "$ZIPMAP" a.zip >out 2>err
		[[ ! -s err ]]
		grep -qE '^/tmp/zipmap\.[A-Za-z0-9]{6}/' out
		local run
		run=$(dirname "$(dirname "$(cat out)")")
		verify a.zip
		rm -r "$run"
	done
}
