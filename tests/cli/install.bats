#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# make install and make uninstall.

setup()
{
	export DESTDIR="$BATS_TEST_TMPDIR/image"
}

make_target()
{
	"$MAKE" -C "$ZIPMAP_SOURCE" VARIANT="$ZIPMAP_VARIANT" "$@"
}

# What is not a directory below a directory, with modes.
files_below()
{
	find "$1" ! -type d -printf '%m %P\n' | LC_ALL=C sort -k 2
}

# What files_below prints of an installation below $1.
installed()
{
	local file
	echo "755 ${1}bin/zipmap"
	for file in bash-completion/completions/zipmap fish/vendor_completions.d/zipmap.fish \
		man/man1/zipmap.1 zsh/site-functions/_zipmap; do
		echo "644 ${1}share/$file"
	done
}

@test "install puts the program, its manual and completions under DESTDIR and /usr/local" {
	make_target install DESTDIR="$DESTDIR"
	[ "$(files_below "$DESTDIR")" = "$(installed usr/local/)" ]
	cmp "$DESTDIR/usr/local/bin/zipmap" "$ZIPMAP"
	cmp "$DESTDIR/usr/local/share/man/man1/zipmap.1" "$ZIPMAP_SOURCE/man/zipmap.1"
}

@test "install follows prefix, with and without DESTDIR" {
	make_target install DESTDIR="$DESTDIR" prefix=/opt/zipmap
	[ "$(files_below "$DESTDIR")" = "$(installed opt/zipmap/)" ]

	unset DESTDIR
	make_target install prefix="$BATS_TEST_TMPDIR/a prefix"
	[ "$(files_below "$BATS_TEST_TMPDIR/a prefix")" = "$(installed '')" ]
}

@test "an installed program runs and knows its version" {
	make_target install DESTDIR="$DESTDIR" prefix=/usr
	run "$DESTDIR/usr/bin/zipmap" --version
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "zipmap $(sed -n 's/^VERSION := //p' "$ZIPMAP_SOURCE/Makefile")" ]
}

@test "the completions of each shell can be put elsewhere" {
	make_target install DESTDIR="$DESTDIR" prefix=/usr bashcompdir=/a zshcompdir=/b/c fishcompdir=/d
	[ "$(files_below "$DESTDIR")" = "644 a/zipmap
644 b/c/_zipmap
644 d/zipmap.fish
755 usr/bin/zipmap
644 usr/share/man/man1/zipmap.1" ]
	make_target uninstall DESTDIR="$DESTDIR" prefix=/usr bashcompdir=/a zshcompdir=/b/c fishcompdir=/d
	[ -z "$(files_below "$DESTDIR")" ]
}

@test "installing does not depend on the umask" {
	(umask 077 && make_target install DESTDIR="$DESTDIR")
	[ "$(stat -c %a "$DESTDIR/usr/local/bin/zipmap")" = 755 ]
	[ "$(stat -c %a "$DESTDIR/usr/local/share/man/man1/zipmap.1")" = 644 ]
}

@test "installing twice is as good as once" {
	make_target install DESTDIR="$DESTDIR"
	make_target install DESTDIR="$DESTDIR"
	[ "$(files_below "$DESTDIR" | wc -l)" -eq 5 ]
}

@test "uninstall removes what install made, and nothing else" {
	mkdir -p "$DESTDIR/usr/local/bin"
	echo mine >"$DESTDIR/usr/local/bin/zipmap-mine"
	make_target install DESTDIR="$DESTDIR"
	make_target uninstall DESTDIR="$DESTDIR"
	[ "$(find "$DESTDIR" ! -type d -printf '%P\n')" = usr/local/bin/zipmap-mine ]
}

@test "uninstall where nothing is installed is no error" {
	make_target uninstall DESTDIR="$DESTDIR" prefix=/nowhere
}
