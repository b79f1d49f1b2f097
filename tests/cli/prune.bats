#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --cache-max and --gc --cache: what is removed of kept files, and what is left.

load helpers
load keeping

@test "--cache-max holds after each run, and what was used least recently goes first" {
	make_archives 5
	for i in 0 1 2 3 4 0 2; do
		keep --cache-max=60K "d/$i.zip"
		expect_good
		xargs cat <out >/dev/null
		"$ZIPMAP" --gc --list --cache=kept >list
		(($(cut -f 1 list | paste -s -d +) <= 60 * 1024)) || fail "too much: $(cat list)"
	done
	# How many fit depends on the file system.
	[[ $(wc -l <list) -lt 5 ]]
	[[ $(wc -l <list) -lt 2 ]] || grep -q 'd/0\.zip' list
	grep -q 'd/2\.zip' list
	! grep 'd/1\.zip' list || fail "the oldest is there"
}

@test "what a run has printed is left, with a warning, even if it is more than --cache-max" {
	make_archives 3
	keep --cache-max=10K d
	expect_status 0
	expect_message "more than --cache-max"
	xargs cat <out >/dev/null
	keep --cache-max=10K -x true \; d
	expect_good
	expect_entries 0
}

@test "--gc --cache prunes to --cache-max, and --list shows size, last use, archive and path" {
	make_archives 3
	keep d
	cp out first
	"$ZIPMAP" --gc --cache=kept -v 2>err
	grep -q '0 removed, 3 left' err || fail "expected nothing to go"
	xargs cat <first >/dev/null
	"$ZIPMAP" --gc --list --cache=kept >list
	expect_lines list 3
	while IFS=$'\t' read -r size used archive path; do
		((size >= 9000))
		[[ $used =~ ^20[0-9-]{8}\ [0-9:]{8}$ ]]
		unzip -t "$archive" >/dev/null
		[[ -f $path/manifest ]]
	done <list
	rm "$(head -n 1 first | sed 's,/[^/]*$,,')/manifest"
	"$ZIPMAP" --gc --list --cache=kept | grep -q $'\tunfinished\t'
	"$ZIPMAP" --gc --cache=kept
	[[ $(find kept -mindepth 2 -maxdepth 2 | wc -l) -eq 2 ]]
	"$ZIPMAP" --gc --cache=kept --cache-max=1
	[[ "$(ls -A kept)" == $'CACHEDIR.TAG\nlock' ]]
}

@test "files that a run has printed and not kept are left by its own pruning" {
	make_archive members young.zip 2 3000
	for size in 1G 1; do
		keep --cache-max=$size young.zip
		expect_status 0
		expect_entries 0
		expect_lines out 2
		xargs cat <out | cmp - <(unzip -p young.zip) || fail "--cache-max=$size"
	done
}

# Leave what a run that was killed does, in kept; prints the name of its directory.
kill_run() {
	mkfifo "$BATS_TEST_TMPDIR/endless"
	make_archive members young.zip 2 3000
	"$ZIPMAP" --cache=kept -T endless >printed 2>err 3>&- &
	local run=$!
	exec 9>endless
	echo young.zip >&9
	until [[ -s printed ]]; do sleep 0.01; done
	"$ZIPMAP" --gc --cache=kept --list >listed
	kill -KILL "$run"
	wait "$run" || true
	exec 9>&-
	directory=$(basename kept/zipmap.*)
}

@test "--gc --cache --list tells a run that lives from one that was killed, and -v names what goes" {
	kill_run
	grep -q $'^[0-9]*\tin use\t\tkept/'"$directory"'$' listed || fail "alive: $(cat listed)"
	"$ZIPMAP" --gc --cache=kept --list >listed
	grep -q $'^[0-9]*\tleft over\t\tkept/'"$directory"'$' listed || fail "killed: $(cat listed)"
	[[ -d kept/$directory ]]
	"$ZIPMAP" --gc --cache=kept -v 2>err
	grep -q "^zipmap: removed $directory$" err || fail "$(cat err)"
	grep -q "1 removed, 0 left, 0 failed" err || fail "$(cat err)"
	[[ "$(ls -A kept)" == $'CACHEDIR.TAG\nlock' ]]
}

# Spoil both entries of kept: one has a directory in it, the other has become a link.
spoil_entries() {
	make_archives 2
	keep d
	expect_entries 2
	mkdir elsewhere
	echo mine >elsewhere/manifest
	entries=(kept/??/*)
	mkdir "${entries[0]}/foreign"
	echo mine >"${entries[0]}/foreign/notes"
	rm -r "${entries[1]}"
	ln -s "$PWD/elsewhere" "${entries[1]}"
}

# Nothing is left of them but what is somebody's.
expect_spoiled() {
	[[ "$(cat elsewhere/manifest "${entries[0]}/foreign/notes")" == $'mine\nmine' ]]
	[[ "$(ls "${entries[0]}")" == foreign ]] || fail "$(ls "${entries[0]}")"
	[[ ! -L ${entries[1]} ]] || fail "the link is left"
}

@test "--gc --cache removes what it can of an entry with a directory in it, and says so: status 1" {
	spoil_entries
	status=0
	"$ZIPMAP" --gc --cache=kept --cache-max=1 2>err || status=$?
	expect_status 1
	expect_lines err 1
	expect_message "cannot remove all of ${entries[0]#kept/}: Is a directory"
	expect_spoiled
	# Root may look into any directory.
	chmod 0 "${entries[0]}/foreign"
	"$ZIPMAP" --gc --cache=kept 2>err && fail "it is not seen"
	expect_message "cannot remove all of ${entries[0]#kept/}: Is a directory"
	chmod 700 "${entries[0]}/foreign"
	rm -r "${entries[0]}/foreign"
	"$ZIPMAP" --gc --cache=kept
	[[ "$(ls -A kept)" == $'CACHEDIR.TAG\nlock' ]]
}

@test "the pruning of a run warns once of what it cannot remove" {
	spoil_entries
	make_archive members young.zip 2 3000
	for _ in 1 2; do
		keep --cache-max=1 young.zip
		expect_status 0
		expect_lines err 1
		expect_message "cannot prune kept: cannot remove all of ${entries[0]#kept/}: Is a directory"
	done
	expect_spoiled
}

@test "an entry that is void is replaced as far as it can be, with one warning if it cannot" {
	spoil_entries
	rm "${entries[0]}"/0-*
	keep --printf='%a\n' d
	expect_status 0
	expect_lines out 6
	expect_lines err 1
	expect_message "cannot keep the files of d/" " in ${entries[0]}: Is a directory"
	expect_spoiled
	expect_entries 1
	[[ -f ${entries[1]}/manifest ]]
}

@test "an entry that is void makes room for its archive on a file system that holds it once" {
	need_mount
	make_archive members a.zip 1 5000000 noise
	make_old a.zip
	mkdir kept
	status=0
	timeout -k 5 "$bound" unshare -m bash -c '
		mount -t tmpfs -o size=8m,mode=700 none kept || exit 99
		"$ZIPMAP" --cache=kept a.zip >first 2>err || exit
		touch "$(cat first)"
		"$ZIPMAP" --cache=kept a.zip >out 2>>err || exit
		unzip -p a.zip | cmp - "$(cat out)"' 3>&- || status=$?
	expect_good
}
