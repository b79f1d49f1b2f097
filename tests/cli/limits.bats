#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is refused by --max-member, --max-total, --max-members and --max-ratio, and archives that are
# made to keep their reader busy.

load helpers

# Members m0.bin to m5.bin of 1000, 2000, ... 6000 bytes of noise, and zeros.bin: 100,000 bytes that
# compress to about 100.
make_sizes() {
	"$PYTHON" - "$1" <<-'END'
		import random, sys, zipfile
		noise = random.Random(1)
		with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as archive:
		    for i in range(6):
		        archive.writestr(f"m{i}.bin", noise.randbytes(1000 * (i + 1)))
		    archive.writestr("zeros.bin", bytes(100000))
	END
}

# The sum of the printed files' sizes.
printed_bytes() {
	xargs -d '\n' stat -c %s <out | awk '{ n += $1 } END { print n + 0 }'
}

@test "--max-member: the larger ones fail alone, with both sizes" {
	make_sizes a.zip
	zipmap --max-member=4000 a.zip
	expect_status 1
	expect_names 0.0-m0.bin 0.1-m1.bin 0.2-m2.bin 0.3-m3.bin
	expect_lines err 3
	grep -qx 'zipmap: a.zip: m4.bin: 5000 bytes unzipped, more than --max-member=4000' err
	verify --subset a.zip
	zipmap --max-member=98K a.zip
	expect_good
	zipmap --max-member=97K a.zip
	expect_message zeros.bin "100000 bytes unzipped, more than --max-member=99328"
}

@test "--max-ratio: what unzips to too many times its compressed size fails alone" {
	make_sizes a.zip
	zipmap --max-ratio=10 a.zip
	expect_status 1
	expect_message zeros.bin "times its compressed size, more than --max-ratio=10"
	expect_lines out 6
	verify --subset a.zip
	zipmap --max-ratio=1032 a.zip
	expect_good
}

@test "--max-members: an archive with more is refused as a whole, and no other" {
	make_sizes a.zip
	make_archive members b.zip 3 10
	zipmap --max-members=6 a.zip b.zip
	expect_status 1
	expect_message "a.zip: 7 members, more than --max-members=6"
	expect_names 1.0-m0.bin 1.1-m1.bin 1.2-m2.bin
	zipmap --max-members=7 a.zip b.zip
	expect_good
}

@test "--max-total: exactly as much as is allowed, by one worker in the order of the input" {
	make_sizes a.zip
	zipmap -j 1 --max-total=10000 a.zip
	expect_status 1
	expect_names 0.0-m0.bin 0.1-m1.bin 0.2-m2.bin 0.3-m3.bin
	grep -qx 'zipmap: a.zip: m4.bin: 5000 more bytes would exceed --max-total=10000' err
	expect_lines err 3
	verify --subset a.zip
}

@test "--max-total: one worker takes the same members in each run, also large ones" {
	"$TESTDATA_GEN" --archives=3 --members=5 --size=300K data
	zipmap -j 1 --max-total=2M data
	expect_status 1
	sed 's,.*/,,' out >first
	expect_lines first 6
	for i in 1 2 3 4 5 6 7 8 9 10; do
		zipmap -j 1 --max-total=2M data
		sed 's,.*/,,' out | cmp - first
	done
}

@test "--max-total holds for --test, of all archives together" {
	make_sizes a.zip
	make_sizes b.zip
	zipmap --test --max-total=130000 a.zip
	expect_good
	zipmap --test --max-total=130000 a.zip b.zip
	expect_status 1
	grep -q -- 'more bytes would exceed --max-total=130000' err
}

@test "--max-total: several workers over many archives never print more, nor leave a file" {
	"$TESTDATA_GEN" --archives=60 --size=3000 data
	for i in 1 2 3 4 5; do
		zipmap -j 4 --max-total=50000 data
		expect_status 1
		(($(printed_bytes) == 48000)) || fail "printed $(printed_bytes) bytes"
		expect_lines err 44
		verify --subset $(ls data/*.zip | LC_ALL=C sort)
		zipmap -u -j 4 --max-total=50000 data
		(($(printed_bytes) == 48000)) || fail "-u: printed $(printed_bytes) bytes"
	done
}

@test "--max-total with --pack: nothing beyond it is printed" {
	make_archive members a.zip 40 1000 noise
	zipmap -j 1 --pack --printf '%p %o %s\n' --max-total=7500 a.zip
	expect_status 1
	expect_lines out 7
	expect_lines err 33
}

@test "a member that unzips to more than it states is stopped there, whatever the limits" {
	"$TESTDATA_GEN" --broken=all broken
	zipmap --max-member=1M --max-total=1M broken/*.zip
	expect_status 1
	(($(printed_bytes) <= 1048576)) || fail "printed $(printed_bytes) bytes"
}

@test "limits that are no sizes or numbers: status 2 before any work" {
	make_sizes a.zip
	for wrong in --max-member=0 --max-member=-1 --max-total=1kb --max-total=1Ki --max-members=1K \
		--max-members=0 --max-ratio=1.5 --max-ratio= --max-member=99999999999999999999; do
		zipmap "$wrong" a.zip
		expect_status 2
		expect_nothing
		grep -q -F -e "${wrong%%=*}" err || fail "$wrong"
	done
}

@test "names that have one hash in other readers, and a comment full of end records, cost no time" {
	"$PYTHON" "$BATS_TEST_DIRNAME/make_colliding_names.py" names.zip 65535 0
	"$PYTHON" "$BATS_TEST_DIRNAME/make_colliding_names.py" ends.zip 20000 2900
	bound=60 zipmap --list names.zip ends.zip
	expect_good
	expect_lines out 85535
}

@test "a directory of a million members is read" {
	skip_under_sanitizer
	"$PYTHON" "$BATS_TEST_DIRNAME/make_million_entries.py"
	zipmap million.zip
	expect_status 0
	expect_lines out 0
}

@test "an end record that claims more entries than its directory has room for: refused" {
	make_archive simple a.zip
	for count in 65534 40000; do
		"$PYTHON" - $count <<-'END'
			import struct, sys
			archive = bytearray(open("a.zip", "rb").read())
			at = archive.rindex(b"PK\5\6")
			struct.pack_into("<HH", archive, at + 8, int(sys.argv[1]), int(sys.argv[1]))
			open("claims.zip", "wb").write(archive)
		END
		zipmap claims.zip
		expect_status 1
		expect_message "claims.zip: damaged central directory"
		expect_nothing
	done
}

@test "--max-members: an archive that states more is refused before its directory is read" {
	local count
	for count in 65535 65536 10000000; do
		# Most of the directory is a hole: to read it is to find it damaged.
		"$PYTHON" "$BATS_TEST_DIRNAME/make_hollow_directory.py" $count
		zipmap --max-members=65534 hollow.zip
		expect_status 1
		expect_message "hollow.zip: $count members, more than --max-members=65534"
		zipmap hollow.zip
		expect_message "hollow.zip: damaged central directory"
	done
}
