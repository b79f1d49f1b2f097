#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Archives whose members share compressed bytes.

load helpers

# An archive at $1 whose directory has $2 entries, alike but for CRC-32 + $3 for each: all for the
# same local header and data, $4 bytes of them that compress well, or not ($5: noise).
make_shared_data() {
	"$PYTHON" - "$@" <<-'END'
		import os, struct, sys, zlib
		path, entries, step, size, kind = sys.argv[1:]
		data = os.urandom(int(size)) if kind == "noise" else bytes(int(size))
		squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
		packed = squeeze.compress(data) + squeeze.flush()
		crc = zlib.crc32(data)
		local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, crc, len(packed),
		                    len(data), 1, 0) + b"a" + packed
		central = b"".join(
		    struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0,
		                crc + int(step) * i & 0xFFFFFFFF, len(packed), len(data), 1, 0, 0, 0, 0,
		                0, 0) + b"a" for i in range(int(entries)))
		end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, int(entries), int(entries), len(central),
		                  len(local), 0)
		open(path, "wb").write(local + central + end)
	END
}

@test "members that share data and are not the same: refused as a whole, nothing printed" {
	make_shared_data bomb.zip 50 1 100000 noise
	zipmap bomb.zip
	[ "$status" -eq 1 ]
	[ ! -s out ]
	expect_lines err 1
	grep -q 'bomb.zip: members overlap' err
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "a few entries for the same data are no overlap" {
	make_shared_data same.zip 50 0 100000 noise
	zipmap same.zip
	expect_good
	expect_lines out 50
	verify same.zip
}

@test "entries for the same data that add up to more than DEFLATE can give: refused" {
	make_shared_data many.zip 60000 0 10000000 zeros
	zipmap many.zip
	[ "$status" -eq 1 ]
	[ ! -s out ]
	grep -q 'many.zip: members overlap' err
}

@test "entries for the same data that give nothing, but take their time: refused" {
	"$PYTHON" - <<-'END'
		import struct
		packed = b"\0\0\0\xff\xff" * 20000 + b"\1\0\0\xff\xff" # stored blocks of no bytes
		sizes = struct.pack("<III", 0, len(packed), 0)
		local = struct.pack("<IHHHHH", 0x04034B50, 20, 0, 8, 0, 33) + sizes
		local += struct.pack("<HH", 1, 0) + b"a" + packed
		entry = struct.pack("<IHHHHHH", 0x02014B50, 20, 20, 0, 8, 0, 33) + sizes
		entry += struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0) + b"a"
		for name, entries in ("few", 50), ("many", 100):
		    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, entries, entries, len(entry) * entries,
		                      len(local), 0)
		    open(name + ".zip", "wb").write(local + entry * entries + end)
	END
	zipmap few.zip
	expect_good
	expect_lines out 50
	zipmap many.zip
	expect_status 1
	grep -q 'many.zip: members overlap' err
}

@test "other archives of the run are unzipped" {
	make_shared_data bomb.zip 50 1 100000 noise
	make_archive simple a.zip
	zipmap bomb.zip a.zip
	[ "$status" -eq 1 ]
	expect_lines out 1
	verify --missing=0 bomb.zip a.zip
}
