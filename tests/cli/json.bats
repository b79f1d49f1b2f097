#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --json: an object a line for each member and for each failure, as another JSON parser reads it.

load helpers

# Each line is one object of JSON. jq reads JSON more strictly than most.
expect_json() {
	jq -e -c 'type == "object"' out >parsed || fail "not JSON"
	[[ "$(sort -u parsed)" == true || ! -s out ]] || fail "not an object"
	[[ "$(wc -l <parsed)" == "$(wc -l <out)" ]] || fail "an object that is not one line"
}

@test "a record has the fields of the member, in the order of the manual" {
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
		    archive.writestr("dir/x.dat", b"12345678" * 100)
		    archive.writestr("empty", b"")
	END
	zipmap --json ./a.zip
	expect_good
	expect_json
	expect_lines out 2
	"$PYTHON" - <<-'END'
		import json, zipfile
		infos = zipfile.ZipFile("a.zip").infolist()
		for line, info in zip(open("out"), infos, strict=True):
		    record = json.loads(line)
		    path = record["path"]
		    assert list(record.items()) == [
		        ("path", path), ("archive", "./a.zip"), ("member", info.filename),
		        ("size", info.file_size), ("crc32", "%08x" % info.CRC), ("offset", 0)], record
		    assert open(path, "rb").read() == zipfile.ZipFile("a.zip").read(info)
	END
}

@test "any name comes out as JSON, and one that is not UTF-8 can be told apart" {
	"$PYTHON" - <<-'END'
		import os, zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    for name in ("quote\" \\ x", "\u00e9\u20ac\U0001f600", "xxxx.da", "replaced-\ufffd"):
		        archive.writestr(name, b"1")
		data = open("a.zip", "rb").read()
		assert data.count(b"xxxx.da") == 2
		open("a.zip", "wb").write(data.replace(b"xxxx.da", b"\xff\xc3x\xc0.da"))
		os.link("a.zip", b"odd\xfe\n.zip")
	END
	zipmap --json --encoding=ASCII a.zip $'odd\xfe\n.zip'
	expect_good
	expect_json
	"$PYTHON" "$BATS_TEST_DIRNAME/check_odd_names.py"
	mkdir $'tmp/\xfd'
	TMPDIR=$TMPDIR/$'\xfd' "$ZIPMAP" --json --include=replaced-* a.zip >out
	"$PYTHON" - <<-'END'
		import json, os
		record = json.loads(open("out", encoding="utf-8").read())
		path = bytes.fromhex(record["path_bytes"])
		assert path.decode("utf-8", "replace") == record["path"] and open(path).read() == "1"
	END
}

@test "each failure has a record, in its turn, and its line on stderr" {
	make_archive simple good.zip
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("bad.zip", "w") as archive:
		    archive.writestr("dir/one", b"1111")
		    archive.writestr("two", b"2222")
		    archive.writestr("three", b"3333")
		data = open("bad.zip", "rb").read()
		open("bad.zip", "wb").write(data.replace(b"2222", b"xxxx"))
		open("no.zip", "wb").write(b"no archive at all")
	END
	mkdir none
	printf '%s\n' good.zip bad.zip none >list
	printf 'x\0y\n' >>list
	zipmap --json no.zip missing.zip bad.zip none good.zip -T list
	expect_status 1
	expect_json
	jq -r 'select(.error) | [.archive, .member // "-", .error] | join(" ")' out >failures
	[[ "$(cat failures)" == "no.zip - not-a-zip
missing.zip - cannot-open
bad.zip two crc-mismatch
none - no-archives
bad.zip two crc-mismatch
none - no-archives
list - bad-line" ]] || fail "$(cat failures)"
	jq -r 'select(.error) | ["zipmap", .archive, .member // empty, .message] | join(": ")' out >words
	# What is no archive is said at once, though its record has to wait for its turn.
	diff <(sort words) <(sort err)
	[[ "$(jq -s 'map(select(.path)) | length' out)" == 6 ]]
	[[ "$(jq -r 'select(.archive == "bad.zip") | .member' out | head -n 3 | xargs)" == \
		'dir/one two three' ]]
}

@test "with --fail-fast the record of the failure is the last" {
	make_archive simple good.zip
	zipmap --json --fail-fast missing.zip good.zip
	expect_status 1
	expect_json
	[[ "$(jq -r .error out)" == cannot-open ]]
}

@test "standard input that cannot be read is a record too" {
	status=0
	"$ZIPMAP" --json - <. >out 2>err || status=$?
	expect_status 1
	expect_json
	[[ "$(jq -r '[.archive, .error] | join(" ")' out)" == "- not-a-regular-file" ]] ||
		[[ "$(jq -r '[.archive, .error] | join(" ")' out)" == "- read-error" ]] ||
		fail "$(cat out)"
}

@test "-0 is for the list that is read: objects end in a newline" {
	make_archive simple good.zip
	printf 'good.zip\0missing.zip\0' >list
	zipmap --json -0T list
	expect_status 1
	expect_json
	[[ "$(tr -d -c '\0' <out | wc -c)" == 0 ]]
	[[ "$(tail -n 1 out | jq -r .error)" == cannot-open ]]
}

@test "packed members are found by path, offset and size" {
	make_archive members many.zip 300 1000
	zipmap --json --pack many.zip
	expect_good
	expect_json
	"$PYTHON" - <<-'END'
		import json, zipfile
		archive = zipfile.ZipFile("many.zip")
		infos = [info for info in archive.infolist() if not info.is_dir()]
		records = [json.loads(line) for line in open("out")]
		assert len({record["path"] for record in records}) < len(records) == len(infos)
		for record, info in zip(records, infos):
		    with open(record["path"], "rb") as file:
		        file.seek(record["offset"])
		        assert file.read(record["size"]) == archive.read(info)
	END
}

@test "--json and --printf exclude each other" {
	zipmap --json --printf '%p\n' a.zip
	expect_status 2
	expect_nothing
	grep -q "'--json' and '--printf'" err
}

@test "every line parses on archives of others, and each failure has a record" {
	[[ -f $SHARED_ARCHIVES/MANIFEST.tsv ]] || skip "no archives at $SHARED_ARCHIVES"
	zipmap --json -r "$SHARED_ARCHIVES"
	expect_status 1
	expect_json
	local failures lines
	failures=$(jq -c 'select(.error)' out | wc -l)
	lines=$(grep -c -v -e ' no members$' -e ': taken as plain bytes$' -e 'were left alone$' err)
	((failures > 20 && failures == lines)) || fail "$failures records of failures, $lines lines"
}
