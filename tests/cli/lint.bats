#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The walls between the folders of src/, and that the check of them sees each kind of hole. Every
# test breaks a fresh copy of the sources by one line.

setup()
{
	tree=$BATS_TEST_TMPDIR/tree
	mkdir "$tree"
	cp -R "$ZIPMAP_SOURCE/src" "$tree/src"
}

check_walls()
{
	run "$ZIPMAP_SOURCE/tests/tools/check-walls" "$tree"
}

# The first source of a folder.
source_of()
{
	local sources=("$tree/src/$1"/*.c)
	printf '%s\n' "${sources[0]#"$tree/"}"
}

# break_wall FILE LINE WHY: with LINE at its end, the check names FILE and the line and says WHY.
break_wall()
{
	local file=$1 line=$2 why=$3 original
	original=$(cat "$tree/$file")
	printf '%b\n' "$line" >>"$tree/$file"
	check_walls
	printf '%s\n' "$original" >"$tree/$file"
	if [ "$status" -ne 1 ]; then
		echo "status $status for '$line' in $file"
		return 1
	fi
	local number
	number=$(($(printf '%s\n' "$original" | wc -l) + 1))
	if [[ $output != *"$file:$number: "*"$why"* ]]; then
		echo "'$line' in $file gave: $output"
		return 1
	fi
}

# hold_wall FILE LINE: LINE is allowed there.
hold_wall()
{
	local file=$1 line=$2 original
	original=$(cat "$tree/$file")
	printf '%b\n' "$line" >>"$tree/$file"
	check_walls
	printf '%s\n' "$original" >"$tree/$file"
	if [ "$status" -ne 0 ]; then
		echo "'$line' in $file gave: $output"
		return 1
	fi
}

@test "the walls of the sources hold" {
	check_walls
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "no archive's or decoder's header outside worker/" {
	local folder header
	for folder in cli parent common; do
		for header in zip.h zlib.h isa-l.h isa-l/igzip_lib.h libdeflate.h zstd.h bzlib.h lzma.h; do
			break_wall "$(source_of $folder)" "#include <$header>" "only worker/ may include $header"
		done
		break_wall "$(source_of $folder)" '#include "zip.h"' 'only worker/ may include zip.h'
	done
	break_wall src/main.c '#include <zip.h>' 'only worker/ may include zip.h'
	for header in zip.h zlib.h isa-l.h libdeflate.h; do
		hold_wall "$(source_of worker)" "#include <$header>"
	done
}

@test "a decoder's header is seen in a header too" {
	break_wall src/protocol/record.h '#include <zlib.h>' 'only worker/ may include zlib.h'
	break_wall src/parent/run.h '#include <zip.h>' 'only worker/ may include zip.h'
}

@test "cli/ includes cli/, parent/ and common/ only" {
	break_wall "$(source_of cli)" '#include "worker/container/archive.h"' 'must not include worker/archive.h'
	hold_wall "$(source_of cli)" '#include "parent/run.h"'
	hold_wall "$(source_of cli)" '#include "protocol/record.h"'
	hold_wall "$(source_of cli)" '#include "cli/options.h"'
}

@test "parent/ includes parent/ and common/ only" {
	break_wall "$(source_of parent)" '#include "worker/container/archive.h"' 'must not include worker/archive.h'
	break_wall "$(source_of parent)" '#include "cli/options.h"' 'must not include cli/options.h'
	hold_wall "$(source_of parent)" '#include "parent/run.h"'
	hold_wall "$(source_of parent)" '#include "protocol/record.h"'
}

@test "worker/ includes worker/ and common/ only" {
	break_wall "$(source_of worker)" '#include "parent/run.h"' 'must not include parent/run.h'
	break_wall "$(source_of worker)" '#include "cli/options.h"' 'must not include cli/options.h'
	hold_wall "$(source_of worker)" '#include "protocol/record.h"'
}

@test "common/ includes common/ only" {
	break_wall "$(source_of common)" '#include "worker/container/archive.h"' 'must not include worker/archive.h'
	break_wall "$(source_of common)" '#include "parent/run.h"' 'must not include parent/run.h'
	break_wall "$(source_of common)" '#include "cli/options.h"' 'must not include cli/options.h'
}

@test "main.c includes all folders" {
	hold_wall src/main.c '#include "cli/options.h"'
	hold_wall src/main.c '#include "parent/run.h"'
	hold_wall src/main.c '#include "worker/container/archive.h"'
}

@test "a hole is seen however the include is written" {
	local file
	file=$(source_of parent)
	break_wall "$file" '#include <worker/archive.h>' 'must not include worker/archive.h'
	break_wall "$file" '\t#  include\t"worker/archive.h"' 'must not include worker/archive.h'
	break_wall "$file" '#include"worker/archive.h"' 'must not include worker/archive.h'
	break_wall "$file" '/* why */ #include /* not */ <zip.h>' 'only worker/'
	break_wall "$file" '#inc\\\nlude <zip.h>' 'only worker/'
	break_wall "$file" '%:include <zip.h>' 'only worker/'
	break_wall "$file" '#include_next <zip.h>' 'only worker/'
	break_wall "$file" '#include <zip.h>\r' 'only worker/'
	break_wall "$file" '#include </usr/include/zip.h>' 'an absolute include'
	break_wall "$file" '#include ZIP_HEADER' 'cannot be read off'
}

@test "relative includes and includes that are not rooted are refused" {
	local file
	file=$(source_of parent)
	break_wall "$file" '#include "../worker/archive.h"' 'a relative include'
	break_wall "$file" '#include "common/../worker/archive.h"' 'a relative include'
	break_wall "$file" '#include "./run.h"' 'a relative include'
	break_wall "$file" '#include "run.h"' 'not rooted at src/'
	break_wall "$file" '#include <common/../worker/archive.h>' 'a relative include'
}

@test "what only looks like an include is none" {
	local file
	file=$(source_of parent)
	hold_wall "$file" '// #include <zip.h>'
	hold_wall "$file" '/*\n#include <zip.h>\n*/'
	hold_wall "$file" 'static const char text[] = "/*";\nstatic const char more[] = "#include <zip.h>";'
	hold_wall "$file" '#define include_zip zip'
}

@test "a comment sign in a string hides no include after it" {
	local file
	file=$(source_of parent)
	printf '%s\n' 'static const char text[] = "/*";' "static const char quote = '\"';" >>"$tree/$file"
	break_wall "$file" '#include <zip.h>' 'only worker/'
}

@test "a file outside the folders, and a symbolic link, are refused" {
	echo '// empty' >"$tree/src/util.c"
	check_walls
	[ "$status" -eq 1 ]
	[[ $output == *"src/util.c:0: no rule"* ]]
	rm "$tree/src/util.c"

	mkdir "$tree/src/misc"
	echo '// empty' >"$tree/src/misc/util.c"
	check_walls
	[ "$status" -eq 1 ]
	[[ $output == *"src/misc/util.c:0: no rule"* ]]
	rm -r "$tree/src/misc"

	ln -s ../worker/archive.h "$tree/src/common/archive.h"
	check_walls
	[ "$status" -eq 1 ]
	[[ $output == *"src/common/archive.h:1: a symbolic link"* ]]
}

@test "every hole is told, not only the first" {
	echo '#include <zip.h>' >>"$tree/$(source_of parent)"
	echo '#include <zlib.h>' >>"$tree/$(source_of common)"
	check_walls
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 2 ]
}

@test "sources that are not there are an error, not a success" {
	rm -r "$tree/src"
	check_walls
	[ "$status" -eq 2 ]
	mkdir "$tree/src"
	check_walls
	[ "$status" -eq 1 ]
}
