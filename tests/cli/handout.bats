#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A kernel without Landlock: workers may name no path, and the parent makes their files. All is as it
# is with Landlock.

load helpers

# As zipmap of the helpers, on such a kernel.
zipmap_without_landlock() {
	[[ $ZIPMAP_VARIANT == release ]] || skip 'only the release build has seccomp in workers'
	rm -rf "${TMPDIR:?}"/*
	status=0
	timeout --foreground -k 5 "$bound" "$PYTHON" "$tools/lacking.py" 444,445,446 \
		"$ZIPMAP" "$@" >out 2>err 3>&- || status=$?
}

# Run both ways: the status, what is printed but for the run directory, and the files are the same.
same_both_ways() {
	zipmap -q "$@"
	sed 's,zipmap\.[A-Za-z0-9]*/[0-9]*/,,' out >out.with
	(cd "$TMPDIR" && find . -type f -printf '%f %s %m\n' -exec md5sum {} + | sed 's,  .*/, ,' | sort) >files.with
	local before=$status
	zipmap_without_landlock -q "$@"
	sed 's,zipmap\.[A-Za-z0-9]*/[0-9]*/,,' out | cmp - out.with || fail "other output"
	(cd "$TMPDIR" && find . -type f -printf '%f %s %m\n' -exec md5sum {} + | sed 's,  .*/, ,' | sort) |
		cmp - files.with || fail "other files"
	expect_status "$before"
}

@test "-v says that files are handed out, and one warning that Landlock is lacking" {
	make_archive simple a.zip
	zipmap_without_landlock -v a.zip
	expect_status 0
	grep -q -x 'zipmap: without Landlock workers name no paths: their files are made for them and handed out' err
	zipmap_without_landlock a.zip
	expect_message 'lacks what this kernel does not have: Landlock'
	verify a.zip
	zipmap -v a.zip
	! grep -q 'handed out' err || fail 'with Landlock they are not'
}

@test "files that are handed out are as others: small, large and empty ones, many and in order" {
	make_archive members many.zip 700 3000
	make_archive members large.zip 3 3000000
	make_archive simple one.zip
	"$PYTHON" -c 'import zipfile; zipfile.ZipFile("empty.zip", "w").writestr("nothing", b"")'
	local archives=(one.zip many.zip large.zip empty.zip one.zip one.zip one.zip)
	same_both_ways -j1 "${archives[@]}"
	same_both_ways -j3 "${archives[@]}"
	zipmap_without_landlock -q -j3 -u "${archives[@]}"
	expect_good
	verify --unordered "${archives[@]}"
}

@test "packs and headers are handed out" {
	make_archive members many.zip 300 3000
	make_archive members large.zip 3 2000000
	same_both_ways -j2 --pack --printf='%p %o %s %c\n' many.zip large.zip
	same_both_ways -j2 --npy --dtype=u1 many.zip large.zip
}

@test "members that fail leave nothing where files are handed out" {
	make_archive members good.zip 20 3000
	"$PYTHON" - <<-'END'
		import re
		content = bytearray(open("good.zip", "rb").read())
		for at in [found.start() for found in re.finditer(b"PK\3\4", bytes(content))][3:9]:
		    content[at + 60] ^= 255
		open("bad.zip", "wb").write(content)
	END
	same_both_ways -j2 bad.zip good.zip
	expect_status 1
	same_both_ways -j2 --pack --printf='%p %o %s\n' bad.zip good.zip
	same_both_ways -j1 --max-member=2K good.zip
	same_both_ways -j1 --max-total=10K good.zip
	same_both_ways -j2 --test bad.zip
	same_both_ways -j2 --list bad.zip
}

@test "a worker without Landlock names no path once it is in its sandbox" {
	[[ $ZIPMAP_VARIANT == release ]] || skip 'only the release build has seccomp in workers'
	need_strace
	make_archive members many.zip 30 3000
	# Who writes files is the worker; from the first of them on it is in its sandbox.
	local before=("$PYTHON" "$tools/lacking.py" 444,445,446)
	for _ in without with; do
		strace -f -qq -o trace -e trace=file,desc "${before[@]}" "$ZIPMAP" -q -j1 many.zip >out 2>err
		expect_lines out 30
		awk '/pwrite64\(/ && !worker { worker = $1 }
			$1 == worker && /(open|unlink|stat|rename|link|access|mk)[a-z]*at?\(/ { print }' trace |
			grep -v fstat >named || true
		((${#before[@]} == 0)) || [[ ! -s named ]] || fail "$(cat named)"
		before=()
	done
	grep -q openat named # of whoever has Landlock
}
