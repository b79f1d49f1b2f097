#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# make dist: the same files give the same archive, whoever makes it, when and where.

load helpers

setup_file() {
	command -v git >/dev/null || skip "no git here"
	# A source of its own: this one may be no repository, or may have changes.
	source=$BATS_FILE_TMPDIR/source
	mkdir "$source"
	(cd "$ZIPMAP_SOURCE" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$source"
	git -C "$source" init -q
	git -C "$source" add -A
	GIT_COMMITTER_DATE='2026-01-02T03:04:05Z' git -C "$source" -c user.name=a -c user.email=a@b.c \
		commit -q -m all
	export source
}

# Make it from $1, into $2.
make_dist() {
	"${MAKE:-make}" -s -C "$1" dist >made
	mv "$1"/build/dist/zipmap-*.tar.gz "$2"
	rm -r "$1"/build
}

@test "two runs give the same bytes, whatever the umask, the times and the order of files" {
	make_dist "$source" first
	cp -r "$source" copy
	chmod -R g+w copy
	find copy -name '*.c' -exec touch {} +
	(
		umask 077
		TZ=Asia/Tokyo LC_ALL=C make_dist copy second
	)
	cmp first second
}

@test "it has the files of the repository, no others, with the time of the last commit" {
	make_dist "$source" first
	tar -tzf first | sed 's,^zipmap-[^/]*/,,' >names
	git -C "$source" ls-files | LC_ALL=C sort >expected
	diff expected names
	[[ $(TZ=UTC tar -tvzf first | grep '/Makefile$') == *'2026-01-02 03:04'* ]]
	SOURCE_DATE_EPOCH=86400 make_dist "$source" second
	[[ $(TZ=UTC tar -tvzf second | grep '/Makefile$') == *'1970-01-02 00:00'* ]]
}

@test "an archive of what was unpacked from one is that one" {
	make_dist "$source" first
	tar -xzf first
	make_dist zipmap-* second
	cmp first second
}
