#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The directory for files: whose it may be, who else may write there, links to it, runs that need none.

load helpers

other=61234 # no user

need_root() {
	[[ "$(id -u)" == 0 ]] || skip "only root can give files away"
}

@test "a directory that everybody may write to is used with one warning, and files are the user's alone" {
	make_archive simple a.zip
	mkdir open
	chmod 0777 open
	zipmap --tmpdir=open a.zip
	expect_status 0
	[[ "$(cat err)" == 'zipmap: open: everybody may write there, and it has no sticky bit' ]]
	[[ "$(cat "$(cat out)")" == hello ]]
	[[ "$(stat -c %a open/zipmap.*/ open/zipmap.*/0 "$(cat out)" | xargs)" == '700 700 600' ]]
	zipmap -q --tmpdir=open a.zip
	expect_good
	chmod 1777 open
	zipmap --tmpdir=open a.zip
	expect_good
}

@test "--require-sandbox refuses a directory in which others could harm the files" {
	make_archive simple a.zip
	mkdir open
	chmod 0777 open
	zipmap --require-sandbox --tmpdir=open a.zip
	expect_status 2
	[[ "$(cat err)" == 'zipmap: cannot make a directory in open: everybody may write there, and it has no sticky bit' ]]
	[[ ! -s out && -z "$(ls -A open)" ]]
	chmod 1777 open
	zipmap --require-sandbox --tmpdir=open a.zip
	expect_good
}

@test "a directory that a group may write to, or another user's, is used with a warning" {
	need_root
	make_archive simple a.zip
	mkdir group theirs
	chmod 0770 group
	chown $other theirs
	zipmap --tmpdir=group a.zip
	expect_status 0
	[[ "$(cat err)" == 'zipmap: group: its group may write there, and it has no sticky bit' ]]
	zipmap --tmpdir=theirs a.zip
	expect_status 0
	[[ "$(cat err)" == 'zipmap: theirs: it belongs to another user' ]]
	[[ "$(cat "$(cat out)")" == hello && "$(stat -c %u "$(cat out)")" == 0 ]]
	chmod 1777 theirs
	zipmap --tmpdir=theirs a.zip
	[[ "$(cat err)" == 'zipmap: theirs: it belongs to another user' ]]
}

@test "a symbolic link of one's own is followed, and so is one that it leads to" {
	make_archive simple a.zip
	mkdir -p real/deep
	ln -s real/deep link
	ln -s "$PWD/link/../deep/" absolute
	ln -s ../../absolute real/deep/chain
	local place
	for place in link link/ absolute real/deep/chain "$PWD/link"; do
		zipmap --tmpdir="$place" a.zip
		expect_good
		[[ "$(cat out)" == "${place%/}"/zipmap.* && "$(cat "$(cat out)")" == hello ]]
		[[ "$(echo real/deep/zipmap.*/0/0.0-*)" == real/deep/zipmap.*/0/0.0-* ]]
		rm -r real/deep/zipmap.*
	done
	TMPDIR=link "$ZIPMAP" a.zip >out 2>err
	[[ "$(cat out)" == link/zipmap.* && ! -s err ]]
}

@test "a symbolic link of root's is followed by others, one of another user's is not" {
	need_root
	make_archive simple a.zip
	mkdir real
	ln -s real link
	ln -s link second
	chown -h $other link
	local place
	for place in link link/ second; do
		zipmap --tmpdir=$place a.zip
		expect_status 2
		[[ "$(cat err)" == "zipmap: cannot make a directory in $place: it is a symbolic link that belongs to another user" ]]
		[[ ! -s out && -z "$(ls -A real)" ]]
	done
	chown -h 0 link
	chown $other real
	setpriv --reuid=$other --clear-groups test -x "$ZIPMAP" -a -r a.zip -a -w real 2>/dev/null ||
		skip "another user does not get here"
	[[ $ZIPMAP_VARIANT != *cov* ]] || skip "another user may not write what a build for coverage counts"
	status=0
	setpriv --reuid=$other --clear-groups "$ZIPMAP" --tmpdir=link a.zip >out 2>err || status=$?
	expect_good
}

@test "links in a circle, to nothing, and to a file: status 2, and the reason in one line" {
	make_archive simple a.zip
	ln -s circle circle
	ln -s nothing dangling
	ln -s a.zip file
	local place
	while read -r place reason; do
		zipmap --tmpdir="$place" a.zip
		expect_status 2
		[[ "$(cat err)" == "zipmap: cannot make a directory in $place: $reason" ]]
	done <<-'END'
		circle Too many levels of symbolic links
		dangling No such file or directory
		file Not a directory
		a.zip Not a directory
	END
}

@test "--list, --test and members that stay in place need no directory" {
	"$PYTHON" - <<-'END'
		import zipfile
		with zipfile.ZipFile("a.zip", "w") as archive:
		    archive.writestr("stored", b"stored")
		    archive.writestr("packed", bytes(1000), zipfile.ZIP_DEFLATED)
		    archive.writestr("again", b"again")
		    for info in archive.infolist():
		        if info.compress_type == zipfile.ZIP_STORED:
		            print("a.zip", info.header_offset + 30 + len(info.filename), file=open("places", "a"))
	END
	zipmap --list --tmpdir=nowhere a.zip
	expect_good
	zipmap --test --tmpdir=nowhere a.zip
	expect_good
	zipmap --in-place --exclude=packed --printf='%p %o\n' --tmpdir=nowhere a.zip
	expect_good
	cmp out places

	# One that cannot stay there fails, and the others are printed.
	local how
	for how in --in-place --in-place=unchecked; do
		zipmap $how --json -j 2 --tmpdir=nowhere a.zip a.zip
		expect_status 1
		[[ "$(jq -r '.member + " " + (.error // "-")' out | xargs)" == \
			'stored - packed no-directory again - stored - packed no-directory again -' ]]
		[[ "$(sort -u err)" == \
			'zipmap: a.zip: packed: it cannot stay in place, and no directory for its file can be made in nowhere' ]]
	done
	zipmap --in-place --json -v --tmpdir=nowhere a.zip
	grep -q -x 'zipmap: cannot make a directory in nowhere: No such file or directory' err

	# What comes without a path has no place to stay in.
	zipmap --in-place --json --tmpdir=nowhere - <a.zip
	expect_status 1
	[[ "$(jq -r .error out | xargs)" == 'no-directory no-directory no-directory' ]]
}

# Begin to swap what has the given PREFIXES in ./open, as another user. It goes on beside runs.
start_swapping() {
	setpriv --reuid=$other --clear-groups test -x . 2>/dev/null || skip "another user does not get here"
	mkdir -p open victim/0
	chmod 0777 open
	chmod 0755 victim
	touch victim/lock victim/0/0.0-hello
	find victim -printf '%p %m %U %s\n' | sort >before
	coproc swapper { exec "$PYTHON" "$tools/swap.py" open ../victim $other "$@"; } 3>&-
	read -r -u "${swapper[0]}" _
}

stop_swapping() {
	local swapped
	echo >&"${swapper[1]}"
	read -r -u "${swapper[0]}" swapped
	echo "# swapped $swapped times" >&3
}

# One run in ./open. The victim is as before, and what the other user has made has nothing in it but
# what that user put there, whatever has been swapped before, in this run or after it.
run_among_swaps() {
	mkdir -p open/other
	touch open/other/mine
	chown -R $other open/other
	status=0
	timeout -k 5 "$bound" "$ZIPMAP" -q --tmpdir=open "$@" >out 2>err 3>&- || status=$?
	((status <= 2)) || fail "status $status"
	find victim -printf '%p %m %U %s\n' | sort | cmp before - || fail "the victim is another"
	find open -maxdepth 1 -type d -uid $other -exec find {} -mindepth 1 ! -name mine \; >used
	[[ ! -s used ]] || fail "used: $(cat used)"
}

@test "who swaps the directory for a link while a run starts gets zipmap to touch nothing else" {
	need_root
	local run
	make_archive simple a.zip
	start_swapping .zipmap.
	for run in {1..50}; do
		run_among_swaps a.zip
		((status != 1)) || fail "run $run"
		# Once a directory has its name, nobody swaps it here: it is the user's, and so is the file.
		((status != 0)) || [[ "$(stat -c '%u %a' "$(dirname "$(cat out)")/..")" == '0 700' &&
			"$(cat "$(cat out)")" == hello ]] || fail "run $run"
	done
	stop_swapping
}

@test "who swaps the directory for a link while a run lives and ends gets no more" {
	need_root
	local run
	make_archive simple a.zip
	head -c 100 a.zip >bad.zip
	start_swapping .zipmap. zipmap.
	for run in {1..6}; do
		run_among_swaps a.zip
		run_among_swaps bad.zip
		run_among_swaps a.zip -x true
		"$ZIPMAP" -q --gc --tmpdir=open 2>err 3>&- || (($? == 1)) || fail "--gc"
		find victim -printf '%p %m %U %s\n' | sort | cmp before - || fail "the victim is another"
	done
	stop_swapping
}
