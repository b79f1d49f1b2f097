#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Archives as different writers make them.

load helpers

@test "data descriptors: archives written to a pipe" {
	make_archive streamed d.zip deflate
	make_archive streamed s.zip stored
	zipmap d.zip s.zip
	expect_good
	verify d.zip s.zip
}

@test "zip64 sizes in members that are small" {
	make_archive zip64_members a.zip
	zipmap a.zip
	expect_good
	verify a.zip
}

@test "a zip64 end of central directory" {
	make_archive zip64_directory a.zip
	zipmap a.zip
	expect_good
	verify a.zip
}

@test "an archive comment, member comments, extra fields" {
	make_archive comments a.zip
	make_archive comments b.zip 65535
	zipmap a.zip b.zip
	expect_good
	verify a.zip b.zip
}

@test "directories in an archive are not printed and members keep their index" {
	make_archive directories a.zip
	zipmap a.zip
	expect_good
	expect_names 0.2-one.txt 0.4-two.txt
	verify a.zip
}

@test "an archive without members: a warning, status 0, nothing left" {
	make_archive no_members a.zip
	zipmap a.zip
	expect_status 0
	expect_message a.zip "no members"
	expect_nothing
}

@test "an archive without members says nothing under --quiet" {
	make_archive no_members a.zip
	zipmap -q a.zip
	expect_good
	expect_nothing
}

@test "an archive of nothing but directories prints nothing and leaves nothing" {
	make_archive only_directories a.zip
	zipmap a.zip
	expect_status 0
	expect_nothing
}

@test "archives without members between others lose nothing and keep their number" {
	make_archive no_members a.zip
	make_archive members b.zip 3 1000
	zipmap -q a.zip b.zip a.zip b.zip
	expect_good
	verify a.zip b.zip a.zip b.zip
	expect_names 1.0-m0.bin 1.1-m1.bin 1.2-m2.bin 3.0-m0.bin 3.1-m1.bin 3.2-m2.bin
}

@test "a zip behind a script, offsets counted from the start of the file" {
	make_archive prefix_adjusted a.zip
	zipmap a.zip
	expect_status 0
	verify a.zip
}

@test "a zip put behind a script with cat, offsets not counted anew" {
	make_archive prefix_unadjusted a.zip
	zipmap a.zip
	expect_status 0
	verify a.zip
}

@test "bytes behind an archive do no harm" {
	make_archive members a.zip 3 5000
	printf 'junk\n' >>a.zip
	zipmap a.zip
	expect_status 0
	verify a.zip
}

@test "of several archives one behind the other the last one counts" {
	make_archive members small.zip 3 50
	make_archive members large.zip 3 100000
	"$PYTHON" -c 'import zipfile; zipfile.ZipFile("empty.zip", "w").close()'
	for order in 'small large' 'large small' 'small small' 'large large' 'empty small'; do
		read -r first last <<<"$order"
		cat $first.zip $last.zip >both.zip
		zipmap both.zip
		expect_status 0
		expect_message 'both.zip: before this archive, the file holds members of another one'
		expect_lines err 1
		expect_lines out 3
		verify both.zip # by zipfile, which takes the last one too
		rm -rf "${TMPDIR:?}"/*
		zipmap -q - <both.zip
		expect_good
		expect_lines out 3
	done
	cat large.zip empty.zip >both.zip
	zipmap both.zip
	expect_status 0
	expect_lines out 0
	expect_lines err 2
	grep -q 'both.zip: before this archive, the file holds members of another one' err
	grep -q 'both.zip: no members' err
}

@test "a tar of three zips: the last one's members, and a warning" {
	make_archive members a.zip 3 5000
	make_archive members b.zip 3 100
	make_archive members c.zip 3 2000
	tar -cf tar.zip a.zip b.zip c.zip
	zipmap -u tar.zip
	expect_status 0
	expect_message 'tar.zip: before this archive, the file holds members of another one'
	expect_lines err 1
	expect_lines out 3
}

@test "of two archives in one file, the second damaged anywhere, no byte of the first is printed" {
	"$PYTHON" "$tools/older_archive.py"
}

@test "an archive inside an archive is a member like any other" {
	make_archive members inner.zip 3 5000
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_STORED) as archive:
		    archive.write("inner.zip")
	END
	zipmap a.zip
	expect_good
	expect_lines out 1
	verify a.zip
	cmp inner.zip "$(cat out)"
}

@test "archives that the generator makes: each kind of values, each method" {
	local archives=()
	for kind in random sensor int16 zeros csv; do
		for method in deflate store; do
			"$TESTDATA_GEN" --archives=1 --rows=3000 --values=$kind --method=$method $kind-$method
			archives+=("$kind-$method/file_1.zip")
		done
	done
	zipmap "${archives[@]}"
	expect_good
	verify "${archives[@]}"
}

@test "a sparse member of 4 GiB and one byte, stored" {
	skip_under_sanitizer "too slow"
	# Made by hand: sparse on disk, so it costs no space; zip64 throughout.
	"$PYTHON" "$BATS_TEST_DIRNAME/make_sparse_member.py"
	local free_kib
	free_kib=$(df --output=avail -k . | tail -1)
	((free_kib > 8 * 1024 * 1024)) || skip "needs 8 GiB of free disk"
	zipmap a.zip
	expect_good
	expect_lines out 1
	verify a.zip
}
