#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The walls between the rooms of src/, and that the check of them sees each kind of hole and each
# circle of files. Every test but the first breaks a small tree that has the rooms of the real one
# and no more than a module in each.

setup()
{
	local room
	tree=$BATS_TEST_TMPDIR/tree
	for room in cli parent worker worker/decode worker/extract worker/twin protocol numpy util; do
		mkdir -p "$tree/src/$room"
		echo "int ${room##*/}_number(void);" >"$tree/src/$room/${room##*/}.h"
		echo "#include \"$room/${room##*/}.h\"" >"$tree/src/$room/${room##*/}.c"
	done
	echo 'int main(void);' >"$tree/src/main.c"
}

check_walls()
{
	run "$ZIPMAP_SOURCE/tests/tools/check-walls" "$tree"
}

# The source of a room's module, and its header as it is included.
source_of()
{
	printf 'src/%s/%s.c
' "$1" "${1##*/}"
}
header_of()
{
	printf '%s/%s.h
' "$1" "${1##*/}"
}

# break_wall FILE LINE WHY [LINE WHY]...: with these lines at its end, the check names FILE, the
# number of each line and WHY.
break_wall()
{
	local file=$1 original number
	original=$(cat "$tree/$file")
	number=$(wc -l <"$tree/$file")
	shift
	printf '%b\n%.0s' "$@" >>"$tree/$file"
	check_walls
	printf '%s\n' "$original" >"$tree/$file"
	if [ "$status" -ne 1 ]; then
		echo "status $status for '$1' in $file"
		return 1
	fi
	while [ $# -ge 2 ]; do
		number=$((number + 1))
		if [[ $output != *"$file:$number: "*"$2"* ]]; then
			echo "'$1' in $file gave: $output"
			return 1
		fi
		shift 2
	done
}

# hold_wall FILE LINE...: the lines are allowed there. Only the walls count, not a circle.
hold_wall()
{
	local file=$1 original
	original=$(cat "$tree/$file")
	shift
	printf '%b\n' "$@" >>"$tree/$file"
	check_walls
	printf '%s\n' "$original" >"$tree/$file"
	if [[ $output == *"$file"* ]]; then
		echo "'$*' in $file gave: $output"
		return 1
	fi
}

# circle FILE...: the check says that these files, without .c and .h, are one circle.
circle()
{
	check_walls
	[ "$status" -eq 1 ] && [[ $output == *"a circle of files: $*"* ]] || {
		echo "expected the circle $*, got: $output"
		return 1
	}
}

@test "the walls of the sources hold, and no circle of files exists" {
	tree=$ZIPMAP_SOURCE
	check_walls
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "no header of an archive or a decoder is included outside worker/" {
	local room header headers=(zip.h zlib.h isa-l.h isa-l/igzip_lib.h libdeflate.h zstd.h bzlib.h
		lzma.h nettle/aes.h)
	local refused=('#include "zip.h"' 'only worker/ may include zip.h')
	for header in "${headers[@]}"; do
		refused+=("#include <$header>" "only worker/ may include $header")
	done
	for room in cli parent protocol numpy util; do
		break_wall "$(source_of $room)" "${refused[@]}"
	done
	break_wall src/main.c "${refused[@]}"
	headers=("${headers[@]/#/#include <}")
	hold_wall "$(source_of worker)" "${headers[@]/%/>}"
	hold_wall "$(source_of worker/decode)" "${headers[@]/%/>}"
}

@test "a decoder's header is seen in a header too" {
	break_wall src/protocol/protocol.h '#include <zlib.h>' 'only worker/ may include zlib.h'
	break_wall src/parent/parent.h '#include <zip.h>' 'only worker/ may include zip.h'
}

# room_includes ROOM ROOM...: a file of ROOM may include a header of the others, and of no other one.
room_includes()
{
	local file=$1 room header may=() must_not=()
	[ "$file" = main.c ] && file=src/main.c || file=$(source_of "$file")
	for room in cli parent worker protocol numpy util; do
		header=$(header_of $room)
		case " $2 " in
		*" $room "*) may+=("#include \"$header\"") ;;
		*) must_not+=("#include \"$header\"" "must not include $header") ;;
		esac
	done
	hold_wall "$file" "${may[@]}"
	[ ${#must_not[@]} -eq 0 ] || break_wall "$file" "${must_not[@]}"
}

@test "each room includes the rooms that it may, and no others" {
	room_includes main.c 'cli parent worker protocol numpy util'
	room_includes cli 'cli parent protocol numpy util'
	room_includes parent 'parent protocol numpy util'
	room_includes worker 'worker protocol numpy util'
	room_includes worker/extract 'worker protocol numpy util'
	room_includes protocol 'protocol numpy util'
	room_includes numpy 'numpy util'
	room_includes util 'util'
}

@test "a hole is seen however the include is written" {
	local file
	file=$(source_of parent)
	break_wall "$file" '#include <worker/worker.h>' 'must not include worker/worker.h'
	break_wall "$file" '\t#  include\t"worker/worker.h"' 'must not include worker/worker.h'
	break_wall "$file" '#include"worker/worker.h"' 'must not include worker/worker.h'
	break_wall "$file" '/* why */ #include /* not */ <zip.h>' 'only worker/'
	break_wall "$file" '#include_next <zip.h>' 'only worker/'
	break_wall "$file" '#include <zip.h>\r' 'only worker/'
	break_wall "$file" '#include </usr/include/zip.h>' 'a relative or absolute include'
	break_wall "$file" '#include ZIP_HEADER' 'cannot be read off'
}

@test "relative includes and includes that are not rooted are refused" {
	local file
	file=$(source_of parent)
	break_wall "$file" '#include "../worker/worker.h"' 'a relative or absolute include'
	break_wall "$file" '#include "util/../worker/worker.h"' 'a relative or absolute include'
	break_wall "$file" '#include "./parent.h"' 'a relative or absolute include'
	break_wall "$file" '#include <util/../worker/worker.h>' 'a relative or absolute include'
	break_wall "$file" '#include "parent.h"' 'not rooted at src/'
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

@test "a file outside the rooms, and a symbolic link, are refused" {
	echo '// empty' >"$tree/src/stray.c"
	check_walls
	[ "$status" -eq 1 ]
	[[ $output == *"src/stray.c:1: no rule"* ]]
	rm "$tree/src/stray.c"

	mkdir "$tree/src/misc"
	echo '// empty' >"$tree/src/misc/stray.c"
	check_walls
	[ "$status" -eq 1 ]
	[[ $output == *"src/misc/stray.c:1: no rule"* ]]
	rm -r "$tree/src/misc"

	ln -s ../worker/worker.h "$tree/src/util/worker.h"
	check_walls
	[ "$status" -eq 1 ]
	[[ $output == *"src/util/worker.h:1: a symbolic link"* ]]
}

@test "two headers that include each other are a circle" {
	printf '#include "util/second.h"\n' >"$tree/src/util/first.h"
	printf '#include "util/first.h"\n' >"$tree/src/util/second.h"
	circle util/first util/second
}

@test "two sources that include each other's headers are a circle" {
	touch "$tree"/src/util/{first,second}.h
	printf '#include "util/second.h"\n' >"$tree/src/util/first.c"
	printf '#include "util/first.h"\n' >"$tree/src/util/second.c"
	circle util/first util/second
}

@test "a circle by way of a third file, across folders of a room, is found" {
	touch "$tree"/src/worker/decode/third.h
	printf '#include "worker/twin/second.h"\n' >"$tree/src/worker/extract/first.h"
	printf '#include "worker/decode/third.h"\n' >"$tree/src/worker/twin/second.h"
	printf '#include "worker/extract/first.h"\n' >"$tree/src/worker/decode/third.c"
	circle worker/decode/third worker/extract/first worker/twin/second
}

@test "a circle that a call closes, whose function is declared elsewhere, is found" {
	printf 'void first(void);\nvoid second(void);\n' >"$tree/src/util/names.h"
	printf '#include "util/names.h"\nvoid first(void)\n{\n\tsecond();\n}\n' >"$tree/src/util/first.c"
	printf '#include "util/names.h"\nvoid second(void)\n{\n\tfirst();\n}\n' >"$tree/src/util/second.c"
	circle util/first util/second
}

@test "a module that includes its own header, and a chain of files, are no circle" {
	touch "$tree"/src/util/third.h
	printf '#include "util/second.h"\n' >"$tree/src/util/first.c"
	printf '#include "util/third.h"\n' >"$tree/src/util/second.h"
	printf '#include "util/second.h"\n' >"$tree/src/util/second.c"
	check_walls
	[[ $output != *"util/first"* && $output != *"util/second"* ]]
}

@test "every hole is told, not only the first" {
	echo '#include <zip.h>' >>"$tree/$(source_of parent)"
	echo '#include <zlib.h>' >>"$tree/$(source_of util)"
	check_walls
	[ "$status" -eq 1 ]
	[[ $output == *'only worker/ may include zip.h'* ]]
	[[ $output == *'only worker/ may include zlib.h'* ]]
}

@test "sources that are not there are an error, not a success" {
	rm -r "$tree/src"
	check_walls
	[ "$status" -eq 2 ]
	mkdir "$tree/src"
	check_walls
	[ "$status" -eq 1 ]
}
