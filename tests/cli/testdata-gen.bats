#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The generator of test data: what it writes is judged by Python's zipfile and by unzip, so that
# the other tests may rely on it.

bats_require_minimum_version 1.5.0

setup() {
	: "${TESTDATA_GEN:?must name the generator}" "${PYTHON:=/usr/bin/python3}"
	mkdir "$BATS_TEST_TMPDIR/work" # bats has files of its own above
	cd "$BATS_TEST_TMPDIR/work" || return
}

# The status and the messages of one run must be these.
expect_status() {
	if [ "$status" -ne "$1" ]; then
		echo "status $status, not $1: $output" >&2
		return 1
	fi
}

# "NAME SIZE METHOD" of each member of an archive, by zipfile, which checks every CRC-32.
members() {
	"$PYTHON" - "$1" <<-'END'
		import sys, zipfile
		z = zipfile.ZipFile(sys.argv[1])
		assert z.testzip() is None
		for i in z.infolist():
		    print(i.filename, i.file_size, i.compress_type)
	END
}

# What becomes of each member when zipfile reads it: "NAME ok" or "NAME EXCEPTION", one a line; or
# "archive EXCEPTION". zipfile does not look at sizes, so this does.
verdicts() {
	"$PYTHON" "$BATS_TEST_DIRNAME/verdicts.py" "$1"
}

# Make the broken archive $1 with the rest as options, and say its verdicts.
broken_verdicts() {
	local kind=$1
	shift
	"$TESTDATA_GEN" --broken="$kind" "$@" broken
	verdicts "broken/$kind.zip"
}

# All five members are right but the one of number $2, which has the verdict $3.
one_is_broken() {
	local expected
	expected=$(for i in 1 2 3 4 5; do
		if [ "$i" = "$2" ]; then echo "member_$i.dat $3"; else echo "member_$i.dat ok"; fi
	done)
	diff <(echo "$expected") <(broken_verdicts "$1")
}

all_are_right() {
	diff <(printf 'member_%d.dat ok\n' 1 2 3 4 5) <(broken_verdicts "$1")
}

# Print an expression about the central directory of an archive, read without zipfile. d is the
# file's bytes; e the entries: dicts of the fields of APPNOTE 4.3.12.
directory() {
	"$PYTHON" "$BATS_TEST_DIRNAME/central_directory.py" "$1" "$2"
}

@test "by default there are 15 archives of one deflated member of 32 MB of random float32" {
	"$TESTDATA_GEN" data
	[ "$(find data -type f | wc -l)" -eq 15 ]
	for n in 1 15; do
		[ "$(members "data/file_$n.zip")" = "file_$n.dat 32000000 8" ]
	done
	for n in $(seq 15); do
		unzip -Z -1 "data/file_$n.zip" | diff - <(echo "file_$n.dat")
	done
	"$PYTHON" - <<-'END'
		import numpy, zipfile
		v = numpy.frombuffer(zipfile.ZipFile("data/file_7.zip").read("file_7.dat"), "<f4")
		assert v.size == 8000000
		assert 0 <= v.min() < 1e-5 and 1 - 1e-5 < v.max() < 1
		assert abs(v.mean() - 0.5) < 1e-3 and abs(v.var() - 1 / 12) < 1e-3
		assert abs(numpy.corrcoef(v[:-1], v[1:])[0, 1]) < 2e-3
		share = numpy.histogram(v, 100, (0, 1))[0] / v.size
		assert abs(share - 0.01).max() < 3e-4
	END
}

@test "the same options make the same bytes, whatever the number of processes" {
	for jobs in 1 2 5; do
		"$TESTDATA_GEN" --archives=7 --members=3 --rows=1001 --columns=3 --jobs=$jobs "jobs_$jobs"
	done
	"$TESTDATA_GEN" --archives=7 --members=3 --rows=1001 --columns=3 again
	TZ=Asia/Tokyo "$TESTDATA_GEN" --archives=7 --members=3 --rows=1001 --columns=3 elsewhere
	for other in jobs_2 jobs_5 again elsewhere; do
		diff -r jobs_1 "$other"
	done
}

@test "seeds, archives and members differ from each other" {
	"$TESTDATA_GEN" --archives=3 --members=3 --rows=100 --seed=1 one
	"$TESTDATA_GEN" --archives=3 --members=3 --rows=100 --seed=2 two
	"$PYTHON" - <<-'END'
		import glob, zipfile
		seen = [z.read(n) for z in map(zipfile.ZipFile, glob.glob("*/*.zip")) for n in z.namelist()]
		assert len(seen) == 18 == len(set(seen))
	END
}

@test "an archive of a number is the same in every data set" {
	"$TESTDATA_GEN" --archives=9 --rows=100 all
	"$TESTDATA_GEN" --archives=1 --first=8 --rows=100 one
	[ "$(ls one)" = file_8.zip ]
	cmp all/file_8.zip one/file_8.zip
}

@test "the names of several members sort as their numbers do" {
	"$TESTDATA_GEN" --archives=1 --members=120 --rows=2 data
	members data/file_1.zip >listed
	[ "$(wc -l <listed)" -eq 120 ]
	[ "$(head -n 1 listed)" = "file_1_001.dat 32 8" ]
	[ "$(tail -n 1 listed)" = "file_1_120.dat 32 8" ]
	LC_ALL=C sort -c listed
}

@test "prefix and suffix make the names, and the directory is made with those above it" {
	"$TESTDATA_GEN" --archives=2 --rows=2 --prefix=run- --suffix=.npz a/b/c
	[ "$(ls a/b/c)" = "$(printf 'run-1.npz\nrun-2.npz')" ]
	[ "$(members a/b/c/run-2.npz)" = "run-2.dat 32 8" ]
}

@test "a size is exact, and a cut of the endless stream" {
	for kind in random sensor int16 zeros csv; do
		"$TESTDATA_GEN" --archives=1 --values=$kind --size=100001 "long_$kind"
		for size in 0 1 7 8191 8192 8193 100000; do
			"$TESTDATA_GEN" --archives=1 --values=$kind --size=$size short
			[ "$(members short/file_1.zip)" = "file_1.dat $size 8" ]
			cmp <(unzip -p short/file_1.zip) <(unzip -p "long_$kind/file_1.zip" | head -c $size)
		done
	done
	"$TESTDATA_GEN" --archives=1 --size=3K short
	[ "$(members short/file_1.zip)" = "file_1.dat 3072 8" ]
}

@test "sensor and int16 values are smooth, of the width that they say, and compress better" {
	for kind in random sensor int16 zeros; do
		"$TESTDATA_GEN" --archives=1 --rows=50000 --columns=5 --values=$kind $kind
	done
	"$PYTHON" "$BATS_TEST_DIRNAME/check_values.py"
}

@test "csv is text of rows and columns of numbers" {
	"$TESTDATA_GEN" --archives=1 --rows=3000 --columns=7 --values=csv csv
	unzip -p csv/file_1.zip >text
	[ "$(wc -l <text)" -eq 3000 ]
	[ "$(LC_ALL=C grep -cE '^(-?[0-9]+\.[0-9]{3},){6}-?[0-9]+\.[0-9]{3}$' text)" -eq 3000 ]
	"$TESTDATA_GEN" --archives=1 --rows=3000 --columns=7 --values=sensor sensor
	"$PYTHON" - <<-'END'
		import numpy, zipfile
		text = numpy.loadtxt("text", delimiter=",")
		assert text.shape == (3000, 7)
		# The same key makes the same signal.
		sensor = zipfile.ZipFile("sensor/file_1.zip").read("file_1.dat")
		assert abs(text - numpy.frombuffer(sensor, "<f4").reshape(3000, 7)).max() < 0.0011
	END
}

@test "a CSV row longer than any buffer is whole" {
	"$TESTDATA_GEN" --archives=1 --rows=3 --columns=20000 --values=csv csv
	unzip -p csv/file_1.zip | awk -F, 'NF != 20000 { exit 1 } END { exit NR != 3 }'
}

@test "every method writes the same values" {
	"$TESTDATA_GEN" --archives=1 --rows=5000 --method=deflate deflate
	"$TESTDATA_GEN" --archives=1 --rows=5000 --method=store store
	"$TESTDATA_GEN" --archives=1 --rows=5000 --method=bzip2 bzip2
	[ "$(members deflate/file_1.zip)" = "file_1.dat 80000 8" ]
	[ "$(members store/file_1.zip)" = "file_1.dat 80000 0" ]
	[ "$(members bzip2/file_1.zip)" = "file_1.dat 80000 12" ]
	unzip -p deflate/file_1.zip >values
	unzip -p store/file_1.zip | cmp - values
	"$PYTHON" -c 'import sys, zipfile
sys.stdout.buffer.write(zipfile.ZipFile("bzip2/file_1.zip").read("file_1.dat"))' | cmp - values
}

@test "a level makes a member smaller" {
	"$TESTDATA_GEN" --archives=1 --rows=20000 --values=sensor --level=1 fast
	"$TESTDATA_GEN" --archives=1 --rows=20000 --values=sensor --level=9 small
	[ "$(stat -c %s small/file_1.zip)" -lt "$(stat -c %s fast/file_1.zip)" ]
}

@test "encrypted members need the password" {
	"$TESTDATA_GEN" --archives=1 --rows=500 plain
	"$TESTDATA_GEN" --archives=1 --rows=500 --encrypt=zipcrypto --password=sesame zipcrypto
	unzip -p plain/file_1.zip >values
	unzip -P sesame -p zipcrypto/file_1.zip | cmp - values
	run unzip -P wrong -tq zipcrypto/file_1.zip
	[ "$status" -ne 0 ]
	for bits in 128 192 256; do
		"$TESTDATA_GEN" --archives=1 --rows=500 --encrypt=aes$bits --password=sesame aes$bits
		[ "$(directory aes$bits/file_1.zip 'e[0]["flags"] & 1, e[0]["method"]')" = "(1, 99)" ]
		if command -v bsdtar >/dev/null; then
			bsdtar --passphrase sesame -xOf aes$bits/file_1.zip | cmp - values
		fi
	done
}

@test "100,000 members in one archive" {
	"$TESTDATA_GEN" --archives=1 --members=100000 --size=64 data
	[ "$(members data/file_1.zip | wc -l)" -eq 100000 ]
}

@test "2,000 archives of 4 KiB, and no file besides" {
	"$TESTDATA_GEN" --archives=2000 --size=4K data
	diff <(find data -type f -printf '%f\n' | LC_ALL=C sort) <(seq -f 'file_%.0f.zip' 2000 | LC_ALL=C sort)
	[ "$(members data/file_1999.zip)" = "file_1999.dat 4096 8" ]
}

@test "broken: every kind that is listed is made by 'all', and each alone is the same" {
	"$TESTDATA_GEN" --list-broken | cut -f 1 >kinds
	[ "$(wc -l <kinds)" -ge 20 ]
	"$TESTDATA_GEN" --broken=all all
	diff <(find all -type f -printf '%f\n' | LC_ALL=C sort) <(sed 's/$/.zip/' kinds | LC_ALL=C sort)
	while read -r kind; do
		"$TESTDATA_GEN" --broken="$kind" one
		case $kind in
		encrypted | encrypted-aes) ;; # salted
		*) cmp "all/$kind.zip" "one/$kind.zip" ;;
		esac
	done <kinds
}

@test "broken: crc, data, data-invalid, data-short: the middle member is bad" {
	one_is_broken crc 3 BadZipFile
	[ "$(unzip -tq broken/crc.zip | grep -c 'bad CRC')" -eq 1 ]
	one_is_broken data 3 BadZipFile
	one_is_broken data-invalid 3 error
	one_is_broken data-short 3 BadZipFile
	run unzip -tq broken/data-invalid.zip
	[ "$status" -ne 0 ]
	# The half that data-short states does not reach the end of the stream.
	"$PYTHON" - <<-'END'
		import zipfile, zlib
		d = open("broken/data-short.zip", "rb").read()
		i = zipfile.ZipFile("broken/data-short.zip").infolist()[2]
		stream = zlib.decompressobj(-15)
		stream.decompress(d[i.header_offset + 30 + len(i.filename):][:i.compress_size])
		assert not stream.eof
	END
}

@test "broken: crc is wrong in both headers, and nothing else is" {
	"$TESTDATA_GEN" --broken=crc broken
	"$TESTDATA_GEN" --broken=data broken
	"$PYTHON" - <<-'END'
		import zipfile
		crc, data = (open(f"broken/{k}.zip", "rb").read() for k in ("crc", "data"))
		entry = zipfile.ZipFile("broken/crc.zip").infolist()[2]
		other = zipfile.ZipFile("broken/data.zip").infolist()[2]
		assert entry.CRC == other.CRC ^ 0xffffffff
		wrong = entry.CRC.to_bytes(4, "little")
		assert crc[entry.header_offset + 14:][:4] == wrong and crc.count(wrong) == 2
		right = crc.replace(wrong, other.CRC.to_bytes(4, "little"))
		assert sum(a != b for a, b in zip(right, data)) == 16 and len(right) == len(data)
	END
}

@test "broken: size-short and size-long state a byte too few and too many" {
	"$TESTDATA_GEN" --broken=size-short broken
	"$TESTDATA_GEN" --broken=size-long broken
	[ "$(directory broken/size-short.zip '[f["size"] for f in e]')" = "[65536, 65536, 65535, 65536, 65536]" ]
	[ "$(directory broken/size-long.zip '[f["size"] for f in e]')" = "[65536, 65536, 65537, 65536, 65536]" ]
	# The data are whole.
	for kind in size-short size-long; do
		"$PYTHON" - broken/$kind.zip <<-'END'
			import sys, zipfile, zlib
			d = open(sys.argv[1], "rb").read()
			for i in zipfile.ZipFile(sys.argv[1]).infolist():
			    at = i.header_offset + 30 + len(i.filename)
			    v = zlib.decompress(d[at:at + i.compress_size], -15)
			    assert len(v) == 65536 and zlib.crc32(v) == i.CRC
		END
	done
}

@test "broken: data-past-end: the last member's data would end behind the file's end" {
	"$TESTDATA_GEN" --broken=data-past-end broken
	[ "$(directory broken/data-past-end.zip '[f["offset"] + f["csize"] > len(d) for f in e]')" = \
		"[False, False, False, False, True]" ]
}

@test "broken: local-header, method, deflate64" {
	one_is_broken local-header 3 BadZipFile
	one_is_broken method 3 NotImplementedError
	one_is_broken deflate64 3 NotImplementedError
	[ "$(directory broken/method.zip '[f["method"] for f in e]')" = "[8, 8, 97, 8, 8]" ]
	[ "$(directory broken/deflate64.zip '[f["method"] for f in e]')" = "[8, 8, 9, 8, 8]" ]
}

@test "broken: encrypted, encrypted-aes, encrypted-flag" {
	one_is_broken encrypted 3 RuntimeError
	one_is_broken encrypted-aes 3 RuntimeError
	one_is_broken encrypted-flag 3 RuntimeError
	[ "$(directory broken/encrypted-aes.zip '[f["method"] for f in e]')" = "[8, 8, 99, 8, 8]" ]
	unzip -P secret -tq broken/encrypted.zip
	run unzip -P secret -tq broken/encrypted-flag.zip
	[ "$status" -ne 0 ]
	"$TESTDATA_GEN" --broken=encrypted --encrypt=aes128 --password=other broken
	[ "$(directory broken/encrypted.zip 'e[2]["method"]')" = 99 ]
}

@test "broken: overlap: two entries tell the same local header" {
	one_is_broken overlap 3 BadZipFile
	[ "$(directory broken/overlap.zip 'e[1]["offset"] == e[2]["offset"], len({f["offset"] for f in e})')" = \
		"(True, 4)" ]
}

@test "broken: truncated, central-header, empty, not-zip: no member can be had" {
	for kind in truncated central-header empty not-zip; do
		[ "$(broken_verdicts $kind)" = "archive BadZipFile" ]
	done
	[ ! -s broken/empty.zip ]
	grep -q text broken/not-zip.zip
	# All before the cut is as it was.
	"$TESTDATA_GEN" --broken=crc broken
	size=$(stat -c %s broken/truncated.zip)
	[ "$(directory broken/crc.zip "e[2]['offset'] < $size < e[3]['offset']")" = True ]
	run unzip -tq broken/truncated.zip
	[ "$status" -ne 0 ]
}

@test "broken: multi-disk says so" {
	"$TESTDATA_GEN" --broken=multi-disk broken
	run unzip -tq broken/multi-disk.zip
	[[ $output == *multi-part* ]]
}

@test "broken: no-members is a right archive of none" {
	[ "$(stat -c %s "$("$TESTDATA_GEN" --broken=no-members broken && echo broken/no-members.zip)")" -eq 22 ]
	[ -z "$(broken_verdicts no-members)" ]
}

@test "odd but right: prefix, prefix-adjusted, descriptors, zip64" {
	for kind in prefix prefix-adjusted descriptors zip64; do
		all_are_right $kind
		run unzip -tq broken/$kind.zip
		[[ $output == *"No errors detected"* ]]
	done
	[ "$(directory broken/prefix-adjusted.zip 'e[0]["offset"], d[1024:1028]')" = "(1024, b'PK\\x03\\x04')" ]
	[ "$(head -c 1028 broken/prefix.zip | tail -c 4 | od -An -c | tr -d ' ')" = 'PK003004' ]
	[ "$(directory broken/descriptors.zip '[f["flags"] for f in e]')" = "[8, 8, 8, 8, 8]" ]
	[ "$(directory broken/zip64.zip '{f[k] for f in e for k in ("size", "csize", "offset")}')" = "{4294967295}" ]
}

@test "odd but right: names, byte for byte" {
	"$TESTDATA_GEN" --broken=names broken
	directory broken/names.zip '"\n".join(repr(f["name"]) for f in e)' >names
	for name in "b'../../etc/passwd'" "b'/etc/passwd'" "b'a/../b.dat'" "b'.'" "b'..'" "b''" \
		"b'new\\nline.dat'" "b'\\x1b[31mescape\\x1b[0m.dat'" "b'invalid \\xff\\xfe\\xc3.dat'" \
		"b'nul\\x00byte.dat'" "b'back\\\\slash\\\\..\\\\file.dat'" "b'gr\\xc3\\xbc\\xc3\\x9f.dat'"; do
		grep -qxF -- "$name" names
	done
	[ "$(grep -cF duplicate names)" -eq 2 ]
	[ "$(directory broken/names.zip 'max(f["name_size"] for f in e)')" -eq 300 ]
	# The local headers have the same names, and all data are right.
	[ "$(directory broken/names.zip 'all(d[f["offset"] + 30:][:f["name_size"]] == f["name"] for f in e)')" = True ]
	[ "$(verdicts broken/names.zip | grep -c ' ok$')" -eq "$(wc -l <names)" ]
}

@test "odd but right: directories" {
	diff <(broken_verdicts directories) - <<-'END'
		empty/ ok
		data/ ok
		data/file_1.dat ok
		data/deep/ ok
		data/deep/file_2.dat ok
		data/deep/empty.dat ok
		no_entry_of_its_own/file_3.dat ok
	END
	unzip -tq broken/directories.zip
}

@test "broken archives have the members, sizes, values and method that are asked for" {
	"$TESTDATA_GEN" --broken=crc --members=9 --size=1000001 --values=sensor --method=store broken
	[ "$(directory broken/crc.zip 'len(e), {(f["size"], f["method"]) for f in e}')" = "(9, {(1000001, 0)})" ]
	[ "$(verdicts broken/crc.zip | grep -v ' ok$')" = "member_5.dat BadZipFile" ]
}

@test "help lists every option, on stdout" {
	run --separate-stderr "$TESTDATA_GEN" --help
	expect_status 0
	[ -z "$stderr" ]
	for option in archives members rows columns size values method level encrypt password seed first \
		prefix suffix jobs broken list-broken help; do
		[[ $output == *"--$option"* ]]
	done
}

@test "a wrong command line is status 2, a message on stderr, and nothing made" {
	for arguments in "" "a b" "--nonsense a" "--archives=0 a" "--archives=x a" "--archives=-1 a" \
		"--rows=1x a" "--level=10 a" "--values=what a" "--method=what a" "--encrypt=what a" \
		"--jobs=0 a" "--broken=what a" "--broken=crc --members=2 a" "--size=99999999999999999999 a" \
		"--size=1Q a" "--size=16777216T a" "--rows=4294967295 --columns=4294967295 a"; do
		# shellcheck disable=SC2086 # several words
		run --separate-stderr "$TESTDATA_GEN" $arguments
		expect_status 2
		[ -z "$output" ]
		[[ $stderr == *testdata-gen* ]]
	done
	[ -z "$(ls)" ]
}

@test "what cannot be written is status 1 and a message" {
	: >file
	run --separate-stderr "$TESTDATA_GEN" --rows=1 file/directory
	expect_status 1
	[[ $stderr == "testdata-gen: file/directory: "* ]]
	run --separate-stderr "$TESTDATA_GEN" --rows=1 --prefix=missing/x here
	expect_status 1
	[[ $stderr == "testdata-gen: here/missing/x"* ]]
	run --separate-stderr "$TESTDATA_GEN" --rows=1 --broken=crc file
	expect_status 1
	run bash -c '"$1" --help >/dev/full' - "$TESTDATA_GEN"
	expect_status 1
}
