#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What members' names are taken to be encoded in, and where they are shown: in UTF-8.

load helpers

# make_named ARCHIVE, the members from standard input: see tests/tools/named_archive.py
make_named() {
	"$PYTHON" "$tools/named_archive.py" "$@"
}

# The names of all members of a.zip are those given, whether they are listed, unzipped or packed.
expect_member_names() { # OPTION, or nothing; -- NAME...
	local options=()
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	printf '%s\n' "$@" >want
	zipmap "${options[@]}" --list --printf '%m\n' a.zip
	expect_good
	cmp want out || fail "listed"
	zipmap "${options[@]}" --printf '%m\n' a.zip
	expect_good
	cmp want out || fail "unzipped"
	zipmap "${options[@]}" --pack --printf '%m\t%p%o\n' a.zip
	expect_good
	cut -f1 out | cmp want - || fail "packed"
	zipmap "${options[@]}" --json a.zip
	expect_good
	"$PYTHON" -c 'import json; print(*(json.loads(line)["member"] for line in open("out")), sep="\n")' |
		cmp want - || fail "in JSON"
}

@test "UTF-8 by its flag, UTF-8 without one, and code page 437 for the rest" {
	make_named a.zip <<-'END'
		b"plain.dat"
		b"gr\xc3\xbc\xc3\x9f.dat" utf8
		b"gr\xc3\xbc\xc3\x9f.dat"
		b"gr\x81\xe1.dat"
		b"dir/\x9b\xb0\xfe"
		b"\xe2\x82\xac\xf0\x9f\x98\x80"
		b"\xe2\x82"
	END
	expect_member_names -- plain.dat grüß.dat grüß.dat grüß.dat 'dir/¢░■' '€😀' 'Γé'
	# Python knows the flag and the code page.
	"$PYTHON" - >want <<-'END'
		import zipfile
		for index, info in enumerate(zipfile.ZipFile("a.zip").infolist()):
		    if index not in (2, 5):
		        print(info.filename)
	END
	zipmap --list --printf '%m\n' a.zip
	sed '3d;6d' out | cmp - want
}

@test "the Unicode Path extra field names a member, unless it is for another name or no UTF-8" {
	make_named a.zip <<-'END'
		b"gr\x81n.dat" unicode=日本.dat
		b"plain.dat" unicode=grün.dat
		b"gr\xe1n.dat" unicode=日本.dat bad-crc
		b"plain.dat" unicode=日本.dat bad-crc
		b"a" extra=75700600 extra=0143beb7e8ff
		b"a" extra=75700600 extra=0243beb7e841
	END
	expect_member_names -- 日本.dat grün.dat grßn.dat plain.dat a a
	# What says that it is UTF-8 is that, whatever is asked for.
	expect_member_names --encoding=CP1252 -- 日本.dat grün.dat grán.dat plain.dat a a
}

@test "--encoding is for all names that do not say what they are" {
	make_named a.zip <<-'END'
		b"plain.dat"
		b"gr\xfc\xdf\x80"
		b"gr\xc3\xbc\xc3\x9f" utf8
		b"gr\xc3\xbc\xc3\x9f"
		b"\x81" unicode=日本
	END
	expect_member_names --encoding=CP1252 -- plain.dat grüß€ grüß 'grÃ¼ÃŸ' 日本
	expect_member_names --encoding=cp850 -- plain.dat 'gr³▀Ç' grüß 'gr├╝├ƒ' 日本
}

@test "encodings of East and West have the characters that Python's codecs have" {
	while read -r encoding codec text; do
		"$PYTHON" -c 'import sys; print(repr((sys.argv[1] + ".dat").encode(sys.argv[2])).replace(" ", "\\x20"))' \
			"$text" "$codec" | make_named a.zip
		expect_member_names --encoding="$encoding" -- "$text.dat"
	done <<-'END'
		CP437 cp437 αßΓπ╬
		CP850 cp850 ÁÂÀ©
		CP866 cp866 Привет
		KOI8-R koi8-r Привет
		CP1251 cp1251 Привет
		CP1252 cp1252 naïve€
		ISO-8859-1 latin-1 naïveÿ
		ISO-8859-7 iso8859-7 αβγ
		SHIFT_JIS shift_jis 日本表ソ
		CP932 cp932 日本表ソ①
		EUC-JP euc-jp 日本表ソ
		GBK gbk 中文名
		GB18030 gb18030 中文名😀
		BIG5 big5 中文名功
		EUC-KR euc-kr 한글
		CP949 cp949 똠방
		UTF-8 utf-8 日本😀
	END
}

@test "bytes that mean nothing in the encoding stay, and JSON tells them apart" {
	make_named a.zip <<-'END'
		b"\x93\xfa\x96"
		b"ok\x93\xfa\x96{"
		b"\xff\xfe"
	END
	zipmap --encoding=CP932 --list --printf '%m\n' a.zip
	expect_good
	printf '\x93\xfa\x96\nok日本\n\xff\xfe\n' | cmp - out
	zipmap --encoding=CP932 --json a.zip
	expect_good
	"$PYTHON" - <<-'END'
		import json
		records = [json.loads(line) for line in open("out")]
		assert [record.get("member_bytes") for record in records] == ["93fa96", None, "fffe"]
		assert records[1]["member"] == "ok\u65e5\u672c"
	END
	zipmap --encoding=ASCII --list --printf '%m\n' a.zip
	expect_good
	printf '\x93\xfa\x96\nok\x93\xfa\x96{\n\xff\xfe\n' | cmp - out
}

@test "files are called by the stored bytes, whatever names are shown as" {
	make_named a.zip <<-'END'
		b"dir/gr\x81\xe1.dat"
		b"\x93\xfa\x96{.bin"
		b"gr\xc3\xbc.dat" utf8
		b"plain.dat" unicode=grün.dat
	END
	# Where there is that extra field, its bytes count as the stored ones.
	local names=(0.0-gr__.dat 0.1-____.bin 0.2-gr__.dat 0.3-gr__n.dat)
	zipmap a.zip
	expect_good
	expect_names "${names[@]}"
	for encoding in '' CP1252 CP932 ASCII; do
		zipmap ${encoding:+--encoding=$encoding} --printf '%p\n' a.zip
		expect_good
		expect_names "${names[@]}"
		zipmap ${encoding:+--encoding=$encoding} --printf '%p\t%m\n' a.zip
		expect_good
		cut -f1 out >paths
		"$PYTHON" - <<-'END'
			wanted = [b"dir/gr\x81\xe1.dat", b"\x93\xfa\x96{.bin", b"gr\xc3\xbc.dat", b"plain.dat"]
			assert [open(path.rstrip("\n"), "rb").read() for path in open("paths")] == wanted
		END
		mv paths out
		expect_names "${names[@]}"
	done
}

@test "many members whose names are converted, by several workers, in order" {
	"$PYTHON" -c 'for n in range(5000): print(repr(b"dir\x81/%d-\xe1.dat" % n))' | make_named a.zip
	zipmap -j4 --printf '%m\t%p\n' a.zip
	expect_good
	"$PYTHON" - <<-'END'
		lines = open("out").read().splitlines()
		assert len(lines) == 5000
		for number, line in enumerate(lines):
		    name, path = line.split("\t")
		    assert name == "dirü/%d-ß.dat" % number, name
		    assert path.endswith("/0.%d-%d-_.dat" % (number, number)), path
		    assert open(path, "rb").read() == b"dir\x81/%d-\xe1.dat" % number
	END
}

@test "--include and --exclude match names as they are shown" {
	make_named a.zip <<-'END'
		b"gr\x81n.dat"
		b"gr\xc3\xbcn.dat"
		b"\x81ber/x.dat"
		b"plain.dat"
	END
	zipmap --include='gr*ün.dat' --printf '%m\n' a.zip
	expect_good
	[[ "$(<out)" == grün.dat$'\n'grün.dat ]]
	zipmap --exclude='über/*' --printf '%m\n' a.zip
	expect_good
	[[ "$(<out)" == grün.dat$'\n'grün.dat$'\n'plain.dat ]]
	zipmap --include=$'gr\x81n.dat' a.zip
	expect_message "no member matches"
	zipmap --encoding=CP1251 --include='grГјn.dat' --printf '%m\n' a.zip
	expect_good
	[[ "$(<out)" == grГјn.dat ]]
	# A question mark is one byte.
	zipmap --include='gr?n.dat' a.zip
	expect_message "no member matches"
	zipmap --include='gr??n.dat' --printf '%m\n' a.zip
	expect_good
	expect_lines out 2
}

@test "failures name members as they are shown" {
	make_named a.zip <<-'END'
		b"gr\x81n.dat" broken
	END
	zipmap a.zip
	expect_status 1
	expect_message 'a.zip: grün.dat: '
	zipmap --encoding=CP850 --json --pack a.zip
	expect_status 1
	expect_message 'a.zip: grün.dat: '
	grep -q '"member":"grün.dat","error":"crc-mismatch"' out || fail "its record"
	zipmap --encoding=CP866 --test a.zip
	expect_status 1
	expect_message 'a.zip: grБn.dat: '
	# What is no UTF-8 is shown as bytes.
	zipmap --encoding=ASCII a.zip
	expect_status 1
	expect_message 'a.zip: gr\x81n.dat: '
}

@test "a name that grows beyond what a name can have is cut after a character" {
	"$PYTHON" -c 'print(repr(b"n" + 65534 * b"\xb0"))' | make_named a.zip
	zipmap --printf '%m' a.zip
	expect_good
	"$PYTHON" -c 'assert open("out").read() == "n" + 21844 * "\u2591"'
	zipmap --encoding=GBK --printf '%m' a.zip
	expect_good
	"$PYTHON" -c 'assert open("out").read() == "n" + (32767 * b"\xb0\xb0").decode("gbk")[:21844]'
	zipmap a.zip
	expect_good
}

@test "an encoding that is unknown, or that ASCII is no part of: an error of usage, nothing done" {
	make_archive simple a.zip
	for encoding in nonsense '' UTF-16 UTF-7 ISO-2022-JP CP1252//IGNORE; do
		zipmap --encoding="$encoding" a.zip
		expect_status 2
		expect_nothing
		grep -q "^zipmap: option '--encoding': '$encoding' is not a known encoding" err || fail "$encoding"
	done
	zipmap --encoding=CP866 --encoding=CP1252 a.zip
	expect_good
}

@test "encodings work in the sandbox, which is required" {
	make_named a.zip <<-'END'
		b"\x93\xfa\x96{"
	END
	"$ZIPMAP" --require-sandbox --list a.zip >/dev/null 2>&1 || skip "this kernel lacks a part of it"
	for encoding in CP932 EUC-JISX0213 BIG5-HKSCS GB18030 TSCII CP1258; do
		zipmap --require-sandbox --encoding=$encoding --test a.zip
		expect_good
	done
}

@test "archives of others: names by the same rules in Python" {
	[[ -d $SHARED_ARCHIVES/odd ]] || skip "the shared archives are not there"
	"$PYTHON" "$BATS_TEST_DIRNAME/check_shared_names.py"
}
