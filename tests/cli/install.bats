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
	echo "644 ${1}lib/python$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')/dist-packages/zipmap.py"
	for file in bash-completion/completions/zipmap fish/vendor_completions.d/zipmap.fish \
		man/man1/zipmap.1 man/man5/zipmap-json.5 man/man7/zipmap-cluster.7 man/man7/zipmap-python.7 \
		zsh/site-functions/_zipmap; do
		echo "644 ${1}share/$file"
	done
}

@test "install puts the program, its manual, completions and module under DESTDIR and /usr/local" {
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

@test "completions and the module for Python can be put elsewhere" {
	make_target install DESTDIR="$DESTDIR" prefix=/usr bashcompdir=/a zshcompdir=/b/c fishcompdir=/d pythondir=/e
	[ "$(files_below "$DESTDIR")" = "644 a/zipmap
644 b/c/_zipmap
644 d/zipmap.fish
644 e/zipmap.py
755 usr/bin/zipmap
644 usr/share/man/man1/zipmap.1
644 usr/share/man/man5/zipmap-json.5
644 usr/share/man/man7/zipmap-cluster.7
644 usr/share/man/man7/zipmap-python.7" ]
	make_target uninstall DESTDIR="$DESTDIR" prefix=/usr bashcompdir=/a zshcompdir=/b/c fishcompdir=/d pythondir=/e
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
	[ "$(files_below "$DESTDIR")" = "$(installed usr/local/)" ]
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

@test "Debian's Python finds the module that was installed below /usr or /usr/local" {
	local python=/usr/bin/python3 place
	for prefix in /usr /usr/local; do
		make_target install DESTDIR="$DESTDIR" prefix=$prefix
		place=$(cd "$DESTDIR" && find . -name zipmap.py -printf '/%P\n')
		[[ " $("$python" -S -c 'import site; print(*site.getsitepackages())') " == *" ${place%/zipmap.py} "* ]]
		PYTHONPATH=$DESTDIR${place%/zipmap.py} "$PYTHON" -c 'import zipmap; print(zipmap.load)'
		make_target uninstall DESTDIR="$DESTDIR" prefix=$prefix
	done
}
