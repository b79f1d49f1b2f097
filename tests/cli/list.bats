#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --list and --test.

load helpers

# The table of an archive as Python reads it, columns divided by tabs.
want_list() {
	"$PYTHON" - "$@" <<-'END'
		import sys, zipfile
		names = {0: "stored", 8: "DEFLATE", 12: "bzip2", 14: "LZMA"}
		for path in sys.argv[1:]:
		    for info in zipfile.ZipFile(path).infolist():
		        if not info.is_dir():
		            print(info.file_size, info.compress_size,
		                  names[info.compress_type] + ("*" if info.flag_bits & 1 else ""),
		                  "%08x" % info.CRC, "%04d-%02d-%02d %02d:%02d:%02d" % info.date_time,
		                  path, info.filename, sep="\t")
	END
}

@test "the list is what another reader finds, in order, whatever the number of workers" {
	for method in stored deflate bzip2 lzma; do
		make_archive members $method.zip 700 300 text $method
	done
	make_archive directories d.zip
	"$TESTDATA_GEN" --archives=1 --members=3 --size=1000 --encrypt=zipcrypto secret
	want_list stored.zip deflate.zip bzip2.zip lzma.zip d.zip secret/file_1.zip >want
	for j in 1 3; do
		zipmap -j$j --list stored.zip deflate.zip bzip2.zip lzma.zip d.zip secret
		expect_good
		cmp want out
		[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left behind"
	done
}

@test "on a terminal the columns stand below a heading" {
	command -v script >/dev/null || skip "script is not there"
	make_archive members a.zip 3 300
	script -qc "'$ZIPMAP' -l a.zip" /dev/null </dev/null | tr -d '\r' >out
	expect_lines out 4
	head -1 out | grep -qE '^ +size +compressed method +CRC-32 +time +archive: member$'
	tail -3 out | grep -cE '^ +300 +[0-9]+ DEFLATE +[0-9a-f]{8} [0-9]{4}-.* a.zip: d[0-9]/m[0-9].bin$' | grep -qx 3
}

@test "names are made printable, a member is one line" {
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    archive.writestr("a\tb\nc\x1b[31m", b"1")
		    archive.writestr("x" * 5000, b"2")
	END
	zipmap --list a.zip
	expect_good
	expect_lines out 2
	[[ "$(sed -n 1p out | cut -f7)" == 'a\tb\nc\x1b[31m' ]] || fail "the first name"
	[[ "$(sed -n 2p out | cut -f7 | tr -d '\n' | wc -c)" == 5000 ]] || fail "the second name"
}

@test "--include and --printf apply to the list" {
	make_archive members a.zip 30 300
	zipmap -l --include='*1.bin' --printf '%a|%m|%s|%c\n' a.zip
	expect_good
	"$PYTHON" - >want <<-'END'
		import zipfile
		for info in zipfile.ZipFile("a.zip").infolist():
		    if info.filename.endswith("1.bin"):
		        print("a.zip|%s|%d|%08x" % (info.filename, info.file_size, info.CRC))
	END
	cmp want out
}

@test "an archive that cannot be listed fails alone" {
	make_archive members a.zip 3 300
	echo nonsense >b.zip
	zipmap -l a.zip b.zip a.zip
	expect_status 1
	expect_message b.zip "not a zip archive"
	expect_lines out 6
}

@test "--test: nothing on stdout, status 0 where all is good" {
	make_archive members a.zip 700 3000
	make_archive sizes b.zip stored
	zipmap --test a.zip b.zip
	expect_good
	expect_nothing
	zipmap -tv a.zip
	expect_status 0
	tail -1 err | grep -qx 'zipmap: 700 members are good, 0 failures' || fail "the last message"
}

@test "--test names what is bad, as unzipping does" {
	for recipe in bad_crc bad_data size_too_small size_too_large bad_method encrypted \
		bad_local_header cut_stream data_past_end; do
		make_archive $recipe bad.zip
		zipmap bad.zip
		expect_status 1
		cp err want
		zipmap -t bad.zip
		expect_status 1
		expect_nothing
		cmp want err || fail "$recipe"
	done
}

@test "neither needs a place for files" {
	make_archive members a.zip 30 3000
	for TMPDIR in "$PWD/nowhere" /proc; do
		status=0
		"$ZIPMAP" -t a.zip >out 2>err || status=$?
		expect_good
		"$ZIPMAP" -l a.zip >out 2>err || status=$?
		expect_good
		expect_lines out 30
	done
}

@test "no file is made while members are tested" {
	need_strace
	skip_under_sanitizer "the search for leaks does not work under strace"
	make_archive members a.zip 30 3000
	strace -f -e trace=openat,creat,mkdir,mkdirat -o log "$ZIPMAP" --no-sandbox -t a.zip
	! grep -qE 'O_CREAT|mkdir|creat\(' log || fail "$(grep -E 'O_CREAT|mkdir|creat\(' log)"
}

@test "an archive on standard input is listed and tested" {
	make_archive members a.zip 3 300
	zipmap -l - <a.zip
	expect_good
	expect_lines out 3
	[[ "$(cut -f6 out | sort -u)" == - ]]
	zipmap -t - <a.zip
	expect_good
}

@test "a worker that is killed meanwhile is replaced" {
	make_archive members a.zip 30 3000
	mkfifo list
	"$ZIPMAP" -tv -j1 -T list >out 2>err &
	pid=$!
	exec 8>list
	echo a.zip >&8
	wait_until pgrep -P $pid >worker
	kill -9 "$(pgrep -P $pid)"
	echo a.zip >&8
	exec 8>&-
	status=0
	wait $pid || status=$?
	((status == 0 || status == 1)) || fail "status"
	grep -q ' members are good, ' err || fail "the last message"
}

@test "what is about files cannot be asked for" {
	make_archive simple a.zip
	for options in '-l -t' '-t -l' '-l --gc' '-t --pack' '-t --printf=%m' '-l --printf=%p' '-l --printf=%o'; do
		# shellcheck disable=SC2086
		zipmap $options a.zip
		expect_status 2
		expect_nothing
	done
}

@test "100,000 members are listed and tested in bounded memory" {
	skip_under_sanitizer
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    for number in range(100000):
		        archive.writestr("directory/member-%d.bin" % number, b"x" * (number % 50))
	END
	for option in -l -t; do
		zipmap $option --stats a.zip
		expect_status 0
		peak=$(sed -n "s/^private memory, parent: .*(\([0-9]*\) bytes).*/\1/p" err)
		((peak > 0 && peak <= 4 << 20)) || fail "$peak bytes"
	done
}

@test "--list --json: the same as fields, of each member" {
	for method in stored deflate bzip2 lzma; do
		make_archive members $method.zip 30 300 text $method
	done
	make_archive bad_method odd.zip
	"$TESTDATA_GEN" --archives=1 --members=3 --size=1000 --encrypt=zipcrypto secret
	zipmap --list --json stored.zip deflate.zip bzip2.zip lzma.zip odd.zip secret/file_1.zip
	expect_good
	jq -e . out >parsed
	"$PYTHON" "$BATS_TEST_DIRNAME/check_json_list.py"
}

@test "--test --json: a record for each failure, and nothing else that is not good" {
	make_archive members good.zip 30 300
	make_archive bad_crc bad.zip
	echo nonsense >no.zip
	zipmap --test --json good.zip bad.zip no.zip
	expect_status 1
	[[ "$(jq -r 'select(.error) | [.archive, .error] | join(" ")' out | sort | xargs)" == \
		'bad.zip crc-mismatch no.zip not-a-zip' ]] || fail "$(cat out)"
	jq -e 'has("path") or has("offset") | not' out >/dev/null
	[[ "$(jq -r 'select(.error | not) | .archive' out | grep -c good.zip)" == 30 ]] || fail "good members"
}

@test "sizes of 2^63 and more are printed as they are stated, in every form" {
	"$PYTHON" "$BATS_TEST_DIRNAME/make_huge_sizes.py"
	zipmap --list --json huge.zip
	expect_good
	"$PYTHON" - <<-'END'
		import json
		lines = [json.loads(line) for line in open("out")]
		assert [line["size"] for line in lines] == [2**63, 2**64 - 2, 2**63 - 1], lines
		assert [line["compressed_size"] for line in lines] == [2**63 + 1, 1, 2**64 - 3], lines
		assert all(len(line) == 9 for line in lines), lines
	END
	zipmap --list --printf='%s\n' huge.zip
	expect_good
	[[ "$(xargs <out)" == '9223372036854775808 18446744073709551614 9223372036854775807' ]]
	zipmap --list huge.zip
	expect_good
	[[ "$(cut -f 1,2 out | xargs)" == \
		'9223372036854775808 9223372036854775809 18446744073709551614 1 9223372036854775807 18446744073709551613' ]]
}
