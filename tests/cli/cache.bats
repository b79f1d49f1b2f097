#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --cache: files are kept for later runs, and used again as long as they are what they should be.
# CACHE_ROUNDS: how often twenty runs use one directory at once; CACHE_STEP=1: cut manifests at
# each byte.

load helpers
load keeping

# The same run starts no worker, and prints the same.
expect_kept() {
	keep "$@"
	cp out first
	keep --stats=json "$@"
	expect_status 0
	grep -q '"workers": 0,' err || fail "a worker was started"
	cmp first out || fail "another list"
}

check_cache() {
	"$PYTHON" "$here/check_cache.py" "$@" || fail "not as it should be"
}

@test "a second run prints the same paths and starts no worker, however they are printed" {
	make_archives 4
	for options in "" --json "--json --pack" "--json --in-place" "--printf=%p:%m:%s:%c:%o\n" \
		"--dtype=u1 --npy" "-0" "--encoding=CP1252"; do
		# shellcheck disable=SC2086 # several options
		expect_kept $options d
		expect_lines first $([[ $options == -0 ]] && echo 0 || echo 12)
	done
}

@test "kept files have the right bytes, under names that say the member" {
	make_archives 3
	keep --printf='%a\t%m\t%p\n' d
	expect_good
	while IFS=$'\t' read -r archive member path; do
		[[ $path =~ ^kept/[0-9a-f]{2}/[0-9a-f]{64}/[0-9]-${member##*/}$ ]] || fail "$path"
		cmp <(unzip -p "$archive" "$member") "$path"
	done <out
	[[ "$(ls -A "$TMPDIR")" == "" ]]
	[[ "$(stat -c %a kept kept/?? kept/??/* | sort -u)" == 700 ]]
	[[ "$(stat -c %a kept/??/*/*.* | sort -u)" == 400 ]]
	[[ "$(stat -c %a kept/??/*/manifest | sort -u)" == 600 ]]
}

@test "kept files are for reading, since a tmpfs does not tell of writing through a map" {
	make_archives 1
	keep d
	# Root may write to any file.
	path=$(head -n 1 out)
	[[ $(stat -c %a "$path") == 400 ]]
	((EUID == 0)) || [[ ! -w $path ]]
}

@test "directories of kept files are left out by --recursive, so that nothing is unzipped again" {
	mkdir inner outer
	make_archive members inner/a.zip 2 100
	(cd inner && "$PYTHON" -c 'import zipfile; zipfile.ZipFile("../outer/b.zip", "w").write("a.zip")')
	make_old outer/b.zip
	cd outer
	for ((i = 0; i < 3; i++)); do
		keep -r .
		expect_status 0
		expect_lines out 1
	done
	# Somebody who names it means it, and other caches are no cache of zipmap.
	keep -r kept
	expect_lines out 2
	printf 'Signature: 8a477f597d28d172789f06886806bc55\n' >CACHEDIR.TAG
	mkdir other
	mv CACHEDIR.TAG b.zip other
	zipmap -r .
	expect_lines out 1
}

@test "a second run reads manifests and nothing else" {
	skip_under_sanitizer "LeakSanitizer does not work under strace"
	need_strace
	make_archives 3
	keep d
	strace -f -o trace "$ZIPMAP" --cache=kept d >out
	[[ $(grep -c -E ' (clone|clone3|fork|vfork|execve)\(' trace) -eq 1 ]] || fail "a process"
	sed -n '/openat(.*"d\/0\.zip"/,$p' trace >part
	[[ $(grep -c 'read(.*kept_files' part) -eq 3 ]] || fail "not three manifests"
	# jansson asks for four random bytes.
	! grep 'read' part | grep -v -E 'kept_files|urandom|, 4\) += 4$' || fail "other reads"
	! grep -E 'mmap\(.*, [0-9]+, 0(x[0-9a-f]+)?\)' part || fail "a map"
}

@test "the manifest is JSON lines that jq reads, with the paths in the entry" {
	make_archives 1
	keep --json d
	cd kept/??/*/
	jq -r 'select(.path) | .path' manifest | sort >"$BATS_TEST_TMPDIR/paths"
	ls | grep -v manifest | sort | diff - "$BATS_TEST_TMPDIR/paths"
	[[ "$(jq -r 'select(.kept_files) | [.kept_files, .version, .entries, .archive] | join(" ")' \
		manifest)" == "zipmap 1 3 d/0.zip" ]]
	diff <(jq -c 'select(.path) | [.member, .size, .crc32, .offset]' manifest) \
		<(jq -c '[.member, .size, .crc32, .offset]' "$BATS_TEST_TMPDIR/out")
}

@test "options that shape the files have entries of their own, others do not" {
	make_archives 1
	count=0
	printf 'one\n' >one
	printf 'two\n' >two
	for options in "" --include=a* --exclude=a* --dtype=u1 --dtype=u1\ --shape=-1,1 \
		--dtype=u1\ --npy --json\ --pack --json\ --in-place --json\ --in-place=unchecked \
		--encoding=CP1252 --max-member=1G --max-members=9 --max-ratio=2000 \
		--password-file=one --password-file=two; do
		# shellcheck disable=SC2086
		keep -q $options d
		expect_entries $((++count))
	done
	for options in -j1 -u --json --decoder=zlib --parts=never --no-sandbox --stats -q \
		--max-total=1G "-x true ;" "-X true ;"; do
		# shellcheck disable=SC2086
		keep -q $options d
		expect_status 0
		expect_entries $count
	done
	! grep -r -E 'one|two' kept || fail "a password"
}

@test "archives and files that were changed in any way are never mistaken for what they were" {
	check_cache stale
}

@test "a manifest that was cut, or lies, or is of another version is not believed" {
	check_cache manifest
}

@test "kill -9 at each step of making an entry: nothing of it is used, and --gc takes it" {
	skip_under_sanitizer "its malloc and ours cannot both stand before libc's"
	check_cache kills "$(dirname "$ZIPMAP")/faults.so"
}

@test "a call that fails at any step of making or finding an entry: right, or a message" {
	skip_under_sanitizer "its malloc and ours cannot both stand before libc's"
	check_cache faults "$(dirname "$ZIPMAP")/faults.so"
}

@test "twenty runs at once, with prunes and kills among them, are all right" {
	check_cache together
}

@test "a run without order keeps the order of the archive for those with order" {
	make_archive members many.zip 4000 20
	make_archive members other.zip 4000 20
	make_old many.zip other.zip
	keep -u -j3 --printf='%a %m\n' many.zip other.zip
	expect_good
	LC_ALL=C sort -V out >sorted
	keep --stats=json --printf='%a %m\n' many.zip other.zip
	grep -q '"workers": 0,' err || fail "a worker was started"
	diff <(unzip -Z1 many.zip; unzip -Z1 other.zip) <(cut -d ' ' -f 2 out)
	cp out ordered
	keep -u --printf='%a %m\n' many.zip other.zip
	LC_ALL=C sort -V out | diff - sorted
}

@test "commands get kept files, which stay" {
	make_archives 2
	for how in -x -X; do
		keep "$how" cksum \; d
		expect_good
		cp out first
		[[ $(find kept -name '*-*' | wc -l) -eq 6 ]]
		keep --stats=json "$how" cksum \; d
		grep -q '"workers": 0,' err
		cmp first out
		keep --json "$how" true \; d
		expect_good
		expect_lines out 6
		jq -r .path out | xargs ls >/dev/null
		rm -rf kept
	done
}

@test "an archive with a failure has its other members printed each time, and is not kept" {
	make_archive bad_crc bad.zip stored
	make_old bad.zip
	for _ in 1 2 3; do
		keep bad.zip
		expect_status 1
		expect_message "bad.zip" "CRC"
		[[ -s out ]]
		xargs cat <out >/dev/null
		expect_entries 0
		[[ $(find kept/?? -type f | wc -l) -eq $(wc -l <out) ]] || fail "more files than members"
	done
	"$ZIPMAP" --gc --cache=kept
	[[ $(find kept/?? 2>/dev/null | wc -l) -eq 0 ]]
}

@test "what the archive is said to be is said again: no members, and another one before it" {
	make_archive no_members empty.zip
	make_old empty.zip
	for _ in 1 2; do
		keep --stats=json empty.zip
		expect_status 0
		grep -q 'empty.zip: no members' err
	done
	grep -q '"workers": 0,' err
}

@test "standard input and archives that are just two seconds old are not kept" {
	make_archive members a.zip 2 100
	keep a.zip
	expect_good
	expect_entries 0
	make_old a.zip
	keep - <a.zip
	expect_good
	expect_entries 0
	xargs cat <out >/dev/null
	keep a.zip
	expect_entries 1
	# Even if it says another time.
	touch -d '2 days ago' a.zip
	keep a.zip
	expect_entries 1
	# A time to come is as good as any.
	touch -d '2 days' a.zip
	make_old a.zip
	keep a.zip
	expect_entries 2
}

@test "an archive that is given twice is printed twice" {
	make_archives 2
	for _ in 1 2; do
		keep d d/1.zip
		expect_good
		expect_lines out 9
		xargs cat <out >/dev/null
	done
}

@test "--list and --test neither use nor make kept files" {
	make_archives 1
	keep --list d
	expect_good
	keep --test d
	expect_good
	[[ ! -e kept ]]
}

@test "limits hold for kept files, too" {
	make_archives 2
	keep d
	keep --max-total=9001 d
	expect_status 1
	expect_lines out 3
	[[ $(grep -c 'max-total' err) -eq 3 ]]
	keep --max-member=3000 d
	expect_status 1
	expect_lines out 3
}

@test "a directory that others can write to, or that holds other things, is refused" {
	make_archives 1
	mkdir kept
	for mode in 777 770 1777; do
		chmod "$mode" kept
		keep d
		expect_status 2
		expect_message "cannot keep files in kept: others may write there"
		[[ ! -s out ]]
	done
	chmod 700 kept
	touch kept/mine
	keep d
	expect_status 2
	expect_message "cannot keep files in kept: it is not empty"
	[[ "$(ls -A kept)" == mine ]]
	"$ZIPMAP" --gc --cache=kept 2>err && fail "pruned"
	expect_message "it is not a directory of kept files"
	rm kept/mine
	keep d
	expect_good
	grep -q '^Signature: 8a477f597d28d172789f06886806bc55' kept/CACHEDIR.TAG
	zipmap --cache=d/0.zip d
	expect_status 2
	expect_message "Not a directory"
	zipmap --cache=d/0.zip/such d
	expect_status 2
	expect_message "Not a directory"
	"$ZIPMAP" --gc --cache=none 2>err && fail "made"
	[[ ! -e none ]]
}

@test "a file system without locks is told, and nothing is unzipped" {
	skip_under_sanitizer "its malloc and ours cannot both stand before libc's"
	make_archives 1
	truncate -s 4096 table
	for number in 95 37 38; do # ENOTSUP ENOLCK ENOSYS
		LD_PRELOAD=$(dirname "$ZIPMAP")/faults.so FAULTS_TABLE=table \
			FAULTS="parent:fcntl:1+:$number" keep d
		expect_status 2
		expect_message "cannot keep files in kept: its file system has no locks"
		[[ ! -s out ]]
		[[ -z "$(find kept -mindepth 1 ! -name lock ! -name CACHEDIR.TAG)" ]]
	done
}

@test "a run that is interrupted leaves what it has printed, and no entry that is not whole" {
	make_archive members many.zip 3000 20
	make_old many.zip
	"$ZIPMAP" --cache=kept many.zip 2>err | head -n 5 >out
	xargs cat <out >/dev/null
	expect_lines out 5
	expect_entries 0
	expect_kept --printf='%m\n' many.zip
	diff out <(unzip -Z1 many.zip)
}

@test "directories above that of kept files are made, with the modes that mkdir -p gives" {
	make_archives 1
	for mask in 027 0 777; do
		(umask $mask && mkdir -p "expected$mask/a/b/kept" && "$ZIPMAP" --cache="made$mask/a/b/kept/" d >out)
		xargs cat <out >/dev/null
		diff <(cd "expected$mask" && stat -c '%a %n' . a a/b) \
			<(cd "made$mask" && stat -c '%a %n' . a a/b)
		[[ $(stat -c %a "made$mask/a/b/kept") == 700 ]]
		(cd "made$mask" && "$ZIPMAP" --cache=a/b/kept --gc --cache-max=1)
	done
	"$ZIPMAP" --cache="$PWD/made/at/root" d >out
	[[ -d made/at/root ]]
	xargs cat <out >/dev/null
}
