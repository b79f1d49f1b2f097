#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Bad input: one clear line on stderr, status 1, and everything else is still printed.

load helpers

# expect_alone ARCHIVE TEXT...: the archive fails as a whole between two sound ones.
expect_alone() {
	local bad=$1
	shift
	[[ -e good.zip ]] || make_archive members good.zip 3 20000
	bound=60 zipmap -j 2 good.zip "$bad" good.zip
	expect_status 1
	expect_message "zipmap: $bad: " "$@"
	verify --missing=1 good.zip "$bad" good.zip
}

# expect_one_member INDEX ARCHIVE TEXT...: this member fails, the archive's others do not.
expect_one_member() {
	local member=$1 bad=$2
	shift 2
	[[ -e good.zip ]] || make_archive members good.zip 3 20000
	bound=60 zipmap -j 2 good.zip "$bad" good.zip
	expect_status 1
	expect_message "zipmap: $bad: " "$@"
	verify --missing="1.$member" good.zip "$bad" good.zip
}

@test "an archive that is not there" {
	expect_alone nowhere.zip "No such file or directory"
}

@test "an archive below something that is no directory" {
	: >file
	expect_alone file/a.zip "Not a directory"
}

@test "an archive that may not be read" {
	make_archive members locked.zip 3 100
	chmod 000 locked.zip
	make_archive members good.zip 3 20000
	local prefix=()
	if ((EUID == 0)); then
		prefix=(setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all)
		"${prefix[@]}" true || skip "cannot give up root's rights"
	fi
	status=0
	"${prefix[@]}" "$ZIPMAP" good.zip locked.zip good.zip >out 2>err || status=$?
	expect_status 1
	expect_message "zipmap: locked.zip: " "Permission denied"
	chmod 600 locked.zip
	verify --missing=1 good.zip locked.zip good.zip
}

@test "a directory that may not be read" {
	mkdir locked
	make_archive members good.zip 3 20000
	chmod 000 locked
	local prefix=()
	if ((EUID == 0)); then
		prefix=(setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all)
		"${prefix[@]}" true || skip "cannot give up root's rights"
	fi
	status=0
	"${prefix[@]}" "$ZIPMAP" locked good.zip >out 2>err || status=$?
	expect_status 1
	expect_message locked "Permission denied"
	expect_lines out 3
}

@test "not a zip" {
	yes 'this is text' | head -c 100000 >bad.zip
	expect_alone bad.zip "not a zip archive"
}

@test "not a zip: one byte, 21 bytes, 22 zeros" {
	for size in 1 21 22; do
		head -c $size /dev/zero >bad.zip
		expect_alone bad.zip "not a zip archive"
	done
}

@test "an empty file" {
	: >empty.zip
	expect_alone empty.zip "an empty file"
}

@test "a directory without archives" {
	mkdir none
	: >none/readme.txt
	make_archive members good.zip 3 20000
	zipmap good.zip none good.zip
	expect_status 1
	expect_message "zipmap: none: no *.zip or *.npz in this directory; -r looks below it too"
	expect_lines out 6
	zipmap -r none
	expect_status 1
	expect_message "zipmap: none: no *.zip or *.npz in this directory"
	expect_lines out 0
}

@test "a FIFO is refused at once, with and without a writer" {
	mkfifo fifo.zip
	expect_alone fifo.zip "not a regular file (a FIFO; unzip one as '-', from standard input)"
	exec 8<>fifo.zip
	expect_alone fifo.zip "not a regular file (a FIFO; unzip one as '-', from standard input)"
	exec 8>&-
}

@test "a FIFO in a directory and in a list is refused at once" {
	mkdir d
	mkfifo d/fifo.zip
	make_archive members d/good.zip 3 100
	bound=60 zipmap d
	expect_status 1
	expect_message d/fifo.zip "not a regular file (a FIFO; unzip one as '-', from standard input)"
	expect_lines out 3
	find d -name '*.zip' | sort >list
	bound=60 zipmap -T list
	expect_status 1
	expect_message d/fifo.zip
	expect_lines out 3
}

@test "devices and sockets are refused at once" {
	for device in /dev/null /dev/zero /dev/full /dev/tty; do
		[[ -e $device ]] || continue
		make_archive members good.zip 3 100
		bound=60 zipmap $device good.zip
		expect_status 1
		expect_message "zipmap: $device: "
		expect_lines out 3
	done
	"$PYTHON" -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket.zip")'
	bound=60 zipmap socket.zip good.zip
	expect_status 1
	expect_message "zipmap: socket.zip: "
	expect_lines out 3
}

@test "a truncated archive, wherever it is cut" {
	for keep in 0.01 0.3 0.6 0.99; do
		make_archive truncated cut.zip $keep
		expect_alone cut.zip "truncated"
	done
}

@test "an archive cut at each byte of its end never hangs, crashes or prints what is not whole" {
	make_archive members whole.zip 2 50
	local size cut
	size=$(stat -c %s whole.zip)
	mkdir cuts
	for ((cut = 1; cut < size; cut += 3)); do
		head -c $cut whole.zip >cuts/$cut.zip
	done
	make_archive members cuts/z.zip 2 50
	zipmap -j 2 cuts
	expect_status 1
	expect_lines out 2
	expect_lines err "$(($(find cuts -name '*.zip' | wc -l) - 1))"
}

@test "CRC-32 mismatch: deflated, stored" {
	make_archive bad_crc bad.zip deflate
	expect_one_member 1 bad.zip middle.dat "CRC-32 mismatch"
	make_archive bad_crc bad.zip stored
	expect_one_member 1 bad.zip middle.dat "CRC-32 mismatch"
	make_archive bad_bit bad.zip stored
	expect_one_member 1 bad.zip middle.dat "CRC-32 mismatch"
}

@test "CRC-32 mismatch of bzip2 and lzma members" {
	for method in bzip2 lzma; do
		make_archive bad_crc bad.zip $method
		zipmap bad.zip
		grep -q 'unsupported compression method' err && continue
		expect_one_member 1 bad.zip middle.dat "CRC-32 mismatch"
	done
}

@test "fewer bytes stated than there are" {
	for by in 1 100 19999; do
		make_archive size_too_small bad.zip $by
		expect_one_member 1 bad.zip middle.dat "size mismatch"
	done
}

@test "more bytes stated than there are" {
	for by in 1 100 1000000; do
		make_archive size_too_large bad.zip $by
		expect_one_member 1 bad.zip middle.dat "size mismatch"
	done
}

@test "compressed data that are invalid" {
	make_archive bad_data bad.zip
	expect_one_member 1 bad.zip middle.dat
}

@test "compressed data that end too early" {
	make_archive cut_stream bad.zip
	expect_one_member 1 bad.zip middle.dat
}

@test "a member whose data would reach beyond the end of the file" {
	make_archive data_past_end bad.zip
	expect_one_member 2 bad.zip last.dat "truncated"
}

@test "no local header where the directory says" {
	make_archive bad_local_header bad.zip
	expect_one_member 1 bad.zip middle.dat
}

@test "an unsupported method is named by its number" {
	for method in 1 6 10 11 97; do
		make_archive bad_method bad.zip $method
		expect_one_member 1 bad.zip middle.dat "unsupported compression method $method"
	done
}

@test "an encrypted member" {
	make_archive encrypted bad.zip
	expect_one_member 1 bad.zip middle.dat "encrypted"
}

@test "all that the generator breaks: each fails with words, what is whole is printed" {
	"$TESTDATA_GEN" --broken=all broken
	for bad in broken/*.zip; do
		zipmap "$bad"
		((status == 0 || status == 1)) || fail "$bad: status $status"
		[[ $status == 0 || -s err ]] || fail "$bad: no message"
		! grep -qv "^zipmap: $bad: " err || fail "$bad: a line that does not name it"
		"$PYTHON" "$tools/verify.py" --tmpdir=tmp --subset --lenient --loose "$bad" || fail "$bad"
	done
}

@test "every member of an archive fails: a line for each" {
	"$PYTHON" - <<-'END'
		import sys, os
		sys.path.insert(0, os.environ["TOOLS"])
		import make_archives, zipread
		make_archives.recipe_members("bad.zip", 300, 100)
		for index in range(300):
		    make_archives._spoil("bad.zip", "crc", lambda crc: crc ^ 1, index=index)
	END
	zipmap -j 3 bad.zip
	expect_status 1
	expect_lines err 300
	expect_nothing
	(("$(sort -u err | wc -l)" == 300)) || fail "not each once"
}

@test "all kinds at once: a line for each, all else printed in order" {
	local list=() missing=() number=0
	for recipe in bad_crc bad_data size_too_small size_too_large bad_method encrypted \
		bad_local_header cut_stream; do
		make_archive members good-$recipe.zip 3 5000
		make_archive $recipe $recipe.zip
		list+=("good-$recipe.zip" "$recipe.zip" nowhere-$recipe.zip)
		missing+=("--missing=$((number + 1)).1" "--missing=$((number + 2))")
		number=$((number + 3))
	done
	zipmap -j 4 "${list[@]}"
	expect_status 1
	expect_lines err 16
	verify "${missing[@]}" "${list[@]}"
	zipmap -u -j 4 "${list[@]}"
	expect_status 1
	expect_lines err 16
	verify --unordered "${missing[@]}" "${list[@]}"
}

# No control character but the newline at the end of a line, and valid UTF-8.
expect_printable() {
	if LC_ALL=C grep -q $'[\001-\011\013-\037\177]' err; then
		fail "control characters"
	fi
	iconv -f UTF-8 -t UTF-8 err >/dev/null || fail "not UTF-8"
	! grep -q $'\u202e' err || fail "a character that turns the text around"
}

@test "an archive's name is made printable before it is shown" {
	zipmap $'red\e[31m\e]0;title\a.zip'
	expect_status 1
	expect_lines err 1
	expect_printable
	zipmap $'two\nlines\r.zip'
	expect_status 1
	expect_lines err 1
	expect_printable
	zipmap $'bad utf-8 \xff\xfe\xc3.zip' $'\u202efdp.zip'
	expect_status 1
	expect_lines err 2
	expect_printable
	zipmap "$(printf 'x%.0s' {1..4000})"
	expect_status 1
	expect_lines err 1
}

@test "a member's name is made printable before it is shown" {
	make_archive bad_names bad.zip
	zipmap bad.zip
	expect_status 1
	expect_message bad.zip "CRC-32 mismatch"
	expect_printable
	verify --missing=0.1 bad.zip
}

@test "a member's name of 65535 bytes is cut where it is shown" {
	"$PYTHON" - <<-'END'
		import sys, os, zipfile
		sys.path.insert(0, os.environ["TOOLS"])
		import make_archives
		with zipfile.ZipFile("bad.zip", "w") as archive:
		    for name in ("a", "\x1b" * 65535, "b"):
		        archive.writestr(name, "content")
		make_archives._spoil("bad.zip", "crc", lambda crc: crc ^ 1)
	END
	zipmap bad.zip
	expect_status 1
	expect_message bad.zip "CRC-32 mismatch"
	expect_printable
	verify --missing=0.1 bad.zip
}

@test "a list that cannot be read: one line that names it" {
	make_archive simple a.zip
	zipmap -T nowhere.list
	((status != 0)) || fail "status 0"
	expect_message nowhere.list "No such file or directory"
	expect_nothing
	mkdir d
	zipmap -T d
	((status != 0)) || fail "status 0"
	expect_message "zipmap: d: "
	expect_nothing
}

@test "a list with a line that is longer than any path: that line fails alone" {
	make_archive simple a.zip
	{
		echo a.zip
		head -c 1000000 /dev/zero | tr '\0' x
		echo
		echo a.zip
	} >list
	zipmap -T list
	expect_status 1
	expect_lines err 1
	expect_lines out 2
}

@test "many archives that are not there: a line for each" {
	make_archive simple a.zip
	{
		seq -f 'nowhere%g.zip' 3000
		echo a.zip
	} >list
	zipmap -T list
	expect_status 1
	expect_lines err 3000
	expect_lines out 1
	[[ "$(printed_names)" == 3000.0-a.dat ]]
}

@test "an archive that shrinks while the run reads it: no crash, a message, the rest is printed" {
	"$PYTHON" "$tools/disturb.py" shrink
}

@test "an archive that is written anew while the run reads it: no worker is said to be at fault" {
	"$PYTHON" "$tools/disturb.py" rewrite
}
