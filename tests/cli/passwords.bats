#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --password-file: members encrypted by ZipCrypto and by WinZip's AES, made by libzip and by 7-Zip.

load helpers

kinds='ZipCrypto AES128 AES192 AES256'

need_7zz() {
	command -v 7zz || skip "7zz is not there"
}

# Two files, one that compresses and one that does not: 7-Zip stores that one.
make_files() {
	"$PYTHON" - <<-'END'
		import random
		open("noise", "wb").write(random.Random(1).randbytes(300000))
		open("text", "wb").write(b"all work and no play\n" * 30000)
		open("tiny", "wb").write(b"x")
	END
}

# What was printed has the bytes of the files of the given names.
expect_files() {
	expect_good
	expect_lines out $#
	local name
	for name; do
		cmp "$name" "$(grep -- "-$name\$" out)" || fail "other bytes: $name"
	done
}

@test "a password on standard input, and archives that then come from elsewhere" {
	"$TESTDATA_GEN" --archives=1 --members=2 --size=2K --encrypt=aes256 archives
	zipmap --password-file=- archives <<<secret
	expect_good
	expect_lines out 2
	zipmap --password-file=- - <<<secret
	expect_status 2
}

@test "made by libzip: right with the password, wrong-password with another, encrypted without" {
	echo secret >right
	echo Secret >wrong
	"$TESTDATA_GEN" --archives=1 --members=3 --size=200K plain
	for kind in $kinds; do
		kind=${kind,,}
		"$TESTDATA_GEN" --archives=1 --members=3 --size=200K --encrypt=$kind $kind
		zipmap --password-file=right $kind
		expect_good
		verify plain/file_1.zip
		zipmap --password-file=wrong $kind
		expect_status 1
		expect_nothing
		expect_lines err 3
		(("$(grep -c ': wrong password' err)" == 3)) || fail "wrong password"
		zipmap $kind
		expect_status 1
		expect_nothing
		(("$(grep -c ': encrypted: --password-file gives the password$' err)" == 3)) ||
			fail "without a password"
	done
}

@test "made by 7-Zip, of each method: right with the password, no file with another or without" {
	need_7zz
	make_files
	echo secret >right
	echo wrong >wrong
	for method in Copy Deflate BZip2 LZMA; do
		[[ $method != LZMA ]] || "$ZIPMAP" -V | grep -q "LZMA by" || continue
		for kind in $kinds; do
			rm -f a.zip
			7zz a -tzip -mm=$method -mem=$kind -psecret a.zip noise text tiny
			zipmap --password-file=right a.zip
			expect_files noise text tiny
			zipmap --password-file=wrong a.zip
			expect_status 1
			expect_nothing
			(("$(grep -c ': wrong password' err)" == 3)) || fail "wrong password"
			zipmap a.zip
			expect_status 1
			expect_nothing
			(("$(grep -c ': encrypted' err)" == 3)) || fail "without a password"
		done
	done
}

@test "members that are not encrypted need no password, and one does no harm" {
	need_7zz
	make_files
	echo secret >right
	7zz a -tzip -psecret a.zip noise
	7zz a -tzip a.zip text
	zipmap --password-file=right a.zip
	expect_files noise text
	zipmap a.zip
	expect_status 1
	expect_message noise encrypted
	expect_names 0.1-text
}

@test "of a thousand wrong passwords none gives a file, and each is called one" {
	"$TESTDATA_GEN" --archives=1 --members=1000 --size=2000 --encrypt=zipcrypto d
	echo wrong >wrong
	zipmap --password-file=wrong d
	expect_status 1
	expect_nothing
	(("$(grep -c ': wrong password' err)" == 1000)) || fail "not each"
	# One byte verifies the password, so that some hundredths of the members were decoded.
	(("$(grep -c 'wrong password, or damaged' err)" > 0)) || fail "no one was decoded"
}

@test "damaged data of AES are refused though they state no CRC-32" {
	need_7zz
	make_files
	echo secret >right
	7zz a -tzip -mm=Copy -mem=AES256 -psecret a.zip noise
	"$PYTHON" - <<-'END'
		import sys, os
		sys.path.insert(0, os.environ["TOOLS"])
		import make_archives
		at, entry = make_archives._data_at("a.zip", 0)
		with open("a.zip", "r+b") as file:
		    file.seek(at + entry.stored_size // 2)
		    byte = file.read(1)[0]
		    file.seek(-1, 1)
		    file.write(bytes([byte ^ 1]))
	END
	zipmap --password-file=right a.zip
	expect_status 1
	expect_message "wrong password, or damaged"
	expect_nothing
}

@test "damage after the compressed stream of AES is seen" {
	need_7zz
	make_files
	echo secret >right
	7zz a -tzip -mm=Deflate -mem=AES128 -psecret a.zip text
	"$PYTHON" - <<-'END'
		import sys, os
		sys.path.insert(0, os.environ["TOOLS"])
		import make_archives
		at, entry = make_archives._data_at("a.zip", 0)
		with open("a.zip", "r+b") as file:
		    file.seek(at + entry.stored_size - 1)
		    byte = file.read(1)[0]
		    file.seek(-1, 1)
		    file.write(bytes([byte ^ 1]))
	END
	zipmap --password-file=right a.zip
	expect_status 1
	expect_message "wrong password, or damaged"
	expect_nothing
}

@test "one newline at the end of the file is no part of the password, a second one is" {
	need_7zz
	make_files
	7zz a -tzip '-psecret word' a.zip text
	for form in 'secret word' 'secret word\n'; do
		printf "$form" >pw
		zipmap --password-file=pw a.zip
		expect_files text
	done
	for form in 'secret word\n\n' 'secret word ' 'secret word\r\n'; do
		printf "$form" >pw
		zipmap --password-file=pw a.zip
		expect_status 1
		expect_message ': wrong password'
	done
}

@test "from a descriptor and from a pipe" {
	need_7zz
	make_files
	7zz a -tzip -psecret a.zip text
	echo secret >pw
	rm -rf "${TMPDIR:?}"/*
	"$ZIPMAP" --password-file=/dev/fd/7 a.zip 7<pw >out 2>err && status=0
	expect_files text
	rm -rf "${TMPDIR:?}"/*
	"$ZIPMAP" --password-file=<(echo secret) a.zip >out 2>err && status=0
	expect_files text
}

@test "a file without a password, with a NUL, too long or not there: status 2, nothing is begun" {
	make_archive simple a.zip
	printf '' >empty
	printf '\n' >newline
	printf 'a\0b' >nul
	head -c 5000 /dev/zero | tr '\0' x >long
	for file in empty newline nul long nowhere .; do
		zipmap --password-file=$file a.zip
		expect_status 2
		expect_message "zipmap: $file: "
		expect_nothing
	done
	head -c 4096 /dev/zero | tr '\0' x >longest
	zipmap --password-file=longest a.zip
	expect_good
}

@test "the password is in no argument, and a worker leaves no core file" {
	"$TESTDATA_GEN" --archives=1 --members=1 --size=1M --encrypt=aes256 d
	mkfifo list
	echo secret >pw
	"$ZIPMAP" --password-file=pw -T list >out 2>err &
	pid=$!
	exec 8>list
	echo d >&8
	wait_until test -s out
	worker=$(pgrep -P $pid)
	run ! grep -q secret "/proc/$pid/cmdline" "/proc/$worker/cmdline"
	# A process that may not be dumped has its files under /proc owned by root.
	if ((EUID != 0)); then
		[[ "$(stat -c %u "/proc/$worker/environ")" == 0 ]]
	fi
	grep -q '^Max core file size *0 ' "/proc/$worker/limits"
	exec 8>&-
	wait $pid
}

@test "archives of others with a known password" {
	[[ -f $SHARED_ARCHIVES/MANIFEST.tsv ]] || skip "no archives at $SHARED_ARCHIVES"
	while IFS='|' read -r file password count; do
		printf '%s' "$password" >pw
		zipmap --password-file=pw "$SHARED_ARCHIVES/$file"
		expect_good
		expect_lines out "$count"
	done <<-'END'
		odd/cpython__DecryptionTests-line2498.zip|python|1
		odd/cpython__DecryptionTests-line2506.zip|12345|1
		odd/libzip__empty-pkware.zip|1|1
		odd/libzip__encrypt-aes128.zip|foofoofoo|2
		odd/libzip__encrypt-aes256.zip|foofoofoo|2
		odd/sharpcompress__Zip.lzma.WinzipAES.zip|test|3
		odd/sharpcompress__Zip.zstd.WinzipAES.mixed.zip|test|4
	END
	printf 1234 >pw
	zipmap --password-file=pw "$SHARED_ARCHIVES/hostile/libzip__hmac-error.zip"
	expect_status 1
	expect_nothing
	expect_message "wrong password"
}
