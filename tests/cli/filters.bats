#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --include and --exclude. The archive's members, by index: 0 a.dat, 1 b.txt, 2 sub/a.dat,
# 3 sub/c.arr, 4 sub/deep/d.dat, 5 other/b.txt, 6 .hidden.dat, 7 sub/.hidden.txt, 8 README,
# 9 x[1].dat, 10 UPPER.DAT

load helpers

# expect_members "INDEX INDEX ..." OPTION...
expect_members() {
	local wanted=$1
	shift
	[[ -e f.zip ]] || make_archive filters f.zip
	zipmap "$@" f.zip
	if [[ -n $wanted ]]; then
		expect_good
	else
		expect_status 0
		expect_message "no member matches what is included and excluded"
	fi
	local found
	found=$(printed_names | sed 's/^0\.//; s/-.*//' | paste -sd ' ' -)
	[[ $found == "$wanted" ]] || fail "expected members $wanted, not $found"
	verify --subset f.zip
}

@test "no filter: all" {
	expect_members "0 1 2 3 4 5 6 7 8 9 10"
}

@test "--include: a pattern without / is matched against the base name" {
	expect_members "0 2 4 6 9" --include='*.dat'
}

@test "--exclude: all others" {
	expect_members "1 3 5 7 8 10" --exclude='*.dat'
}

@test "a pattern with / is matched against the whole name, and * matches / too" {
	expect_members "2 4" --include='sub/*.dat'
	expect_members "2 3 4 7" --include='sub/*'
	expect_members "0 1 5 6 8 9 10" --exclude='sub/*'
}

@test "a whole name, a base name" {
	expect_members "2" --include='sub/a.dat'
	expect_members "0 2" --include=a.dat
	expect_members "" --include='/a.dat'
}

@test "a leading dot is matched by * and ?" {
	expect_members "6 7" --include='?hidden*'
}

@test "brackets and escapes" {
	expect_members "9" --include='x\[1\].dat'
	expect_members "0 1 2 5" --include='[ab].*'
	expect_members "" --include='x[1].dat'
}

@test "case counts" {
	expect_members "10" --include='*.DAT'
}

@test "the last that matches decides; no match: included unless the first is --include" {
	expect_members "0 2 6 9" --include='*.dat' --exclude='sub/deep/*'
	expect_members "0 2 4 6 9" --include='*.dat' --exclude='*.dat' --include='*.dat'
	expect_members "" --include='*.dat' --exclude='*.dat'
	expect_members "0 1 2 3 4 5 6 7 8 9 10" --exclude='*.dat' --include='*.dat'
	expect_members "1 3 4 5 7 8 10" --exclude='*.dat' --include='sub/deep/*'
	expect_members "1 3 5" --include='*.arr' --include='b.*'
}

@test "nothing matches: nothing printed, nothing left, status 0" {
	make_archive filters f.zip
	zipmap -q --include='*.none' f.zip
	expect_good
	expect_nothing
}

@test "a filter goes for every archive" {
	make_archive filters f.zip
	make_archive members m.zip 3 100
	zipmap --include='*.bin' --include=README f.zip m.zip
	expect_good
	expect_names 0.8-README 1.0-m0.bin 1.1-m1.bin 1.2-m2.bin
}

@test "a member that is left out is not read: its damage goes unnoticed" {
	make_archive bad_crc a.zip
	zipmap --exclude='middle*' a.zip
	expect_good
	verify --missing=0.1 a.zip
}

@test "no pattern makes it hang" {
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    for n in range(20):
		        archive.writestr("a" * 200 + "%d" % n, "x")
	END
	bound=60 zipmap -q --include='*a*a*a*a*a*b' a.zip
	expect_good
}
