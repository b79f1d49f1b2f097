#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Small archives that readers disagree about. They are not part of this repository: if the folder is
# absent, these tests are skipped.

load helpers

need_cases() {
	[[ -f $SHARED_CASES/CASES.tsv ]] || skip "no archives at $SHARED_CASES"
}

@test "each archive gives what is right: members, those that fail alone, or a refusal" {
	need_cases
	"$PYTHON" "$tools/cases.py"
}

@test "a date that is none is null in JSON and blank in the table" {
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    for name, date in ("good", (1999, 12, 31, 23, 59, 58)), ("none", (1980, 1, 1, 0, 0, 0)):
		        archive.writestr(zipfile.ZipInfo(name, date), name)
		content = bytearray(open("a.zip", "rb").read())
		at = content.rindex(b"PK\1\2")
		content[at + 12:at + 16] = bytes(4)
		open("a.zip", "wb").write(content)
	END
	zipmap --list --json a.zip
	expect_good
	grep -q '"time":"1999-12-31T23:59:58"' out
	grep -q '"time":null' out
	zipmap --list a.zip
	[[ "$(cut -f5 out)" == $'1999-12-31 23:59:58\n' || "$(cut -f5 out | tr '\n' '|')" == '1999-12-31 23:59:58||' ]]
}

@test "an encrypted directory, strong encryption and AES without its field are told as what they are" {
	"$PYTHON" - <<-'END'
		import struct, zipfile
		with zipfile.ZipFile("plain.zip", "w") as archive:
		    for name in "a", "b":
		        archive.writestr(name, "content")
		plain = open("plain.zip", "rb").read()
		first, end = plain.index(b"PK\1\2"), plain.index(b"PK\5\6")
		size = end - first

		def changed(flags, method):
		    archive = bytearray(plain)
		    struct.pack_into("<HH", archive, first + 8, flags, method)
		    return archive

		open("strong.zip", "wb").write(changed(0x41, 0))
		open("aes.zip", "wb").write(changed(1, 99))
		# APPNOTE 7.3.4: a zip64 record of version 2.
		end64 = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44 + 28, 62, 62, 0, 0, 2, 2, size, first)
		end64 += struct.pack("<HQQHHHHH", 8, size, size, 0x660E, 128, 1, 0, 0)
		locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
		sentinels = plain[end:end + 8] + b"\377" * 12 + b"\0\0"
		open("hidden.zip", "wb").write(plain[:first] + bytes(size) + end64 + locator + sentinels)
	END
	zipmap --json strong.zip
	expect_status 1
	grep -q '"member":"a","error":"unsupported-encryption"' out
	expect_lines out 2
	zipmap --json aes.zip
	expect_status 1
	grep -q '"member":"a","error":"bad-entry"' out
	expect_lines out 2
	zipmap --json hidden.zip
	expect_status 1
	grep -q '"error":"encrypted-directory"' out
	expect_lines out 1
}
