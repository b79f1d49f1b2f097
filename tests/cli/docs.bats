#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the documents say holds: the examples of the README and of the manual print what stands below
# them, and --help, the manual and the README know the same options.

setup()
{
	root=$BATS_TEST_DIRNAME/../..
	tools=$root/tests/tools
	: "${ZIPMAP:?the program to test}" "${PYTHON:=/usr/bin/python3}"

	# The examples call zipmap and python3 by name.
	mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/tmp" "$BATS_TEST_TMPDIR/home"
	ln -s "$(realpath "$ZIPMAP")" "$BATS_TEST_TMPDIR/bin/zipmap"
	ln -s "$(realpath "${TESTDATA_GEN:?the generator}")" "$BATS_TEST_TMPDIR/bin/testdata-gen"
	# Not a link: a Python environment finds its modules by the name it is called by.
	printf '#!/bin/sh\nexec %q "$@"\n' "$PYTHON" >"$BATS_TEST_TMPDIR/bin/python3"
	chmod +x "$BATS_TEST_TMPDIR/bin/python3"
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
	export PYTHONPATH=$root/src/python # where the module is not installed
	export TMPDIR=$BATS_TEST_TMPDIR/tmp HOME=$BATS_TEST_TMPDIR/home LC_ALL=C.UTF-8
}

# Make what the examples of the document $1 read, in the current directory: with the line of the README
# that makes it, else with Python's zipfile.
make_example_data()
{
	if [[ $1 == *README.md ]]; then
		sed -n '/^```bash$/,/^```$/{/^```/d; p}' "$1" >make-data
		grep -q '^testdata-gen ' make-data && bash -eu make-data && rm make-data
	else
		"$PYTHON" "$BATS_TEST_DIRNAME/make_example_data.py"
	fi
}

# What differs from run to run made the same: the name of the run directory, the number of the worker
# and, in a report of --stats, the figures.
normalise()
{
	local figures=
	grep -q -e --stats "$1" && figures='s/[0-9]+(\.[0-9]+)?/N/g; s/[KMG]iB/SIZE/g; s/  +/  /g; s/(byte|message)s?/\1/g'
	sed -E -e "s|$TMPDIR/zipmap|/tmp/zipmap|g" \
		-e 's|zipmap\.[A-Za-z0-9]{6}/[0-9]+/|zipmap.XXXXXX/W/|g' -e "$figures"
}

# Run the example in the file $1, of the document $2, in a fresh directory. Print what differs from NAME.expected beside it.
# An example that removes its files must leave nothing in TMPDIR.
run_example()
{
	local example=$1 directory expected=${1%.*}.expected status=0
	directory=$BATS_TEST_TMPDIR/$(basename "$example").d
	mkdir "$directory" || return 1
	find "$TMPDIR" -mindepth 1 -delete
	(
		cd "$directory" && make_example_data "$2" || exit 125
		case $example in
		*.sh) exec bash -eu -o pipefail "$example" ;;
		*.py) exec python3 "$example" ;;
		esac
	) >"$example.output" 2>&1 </dev/null || status=$?
	if [ "$status" -ne 0 ]; then
		echo "status $status"
		cat "$example.output"
		return 1
	fi
	diff -u --label 'the document' --label 'what it prints' \
		<(normalise "$example" <"$expected") <(normalise "$example" <"$example.output") || return 1
	if grep -q -E '\brm\b|TemporaryDirectory' "$example"; then
		# A run directory may stay where only its files were removed one by one.
		if [ -n "$(find "$TMPDIR" -type f)" ]; then
			echo 'files are left:'
			find "$TMPDIR" -type f
			return 1
		fi
	fi
}

# Run all examples with the suffix $2 of the document $1, which are at least $3.
run_examples()
{
	local directory=$BATS_TEST_TMPDIR/examples name count=0 bad=0
	mkdir "$directory" || return 1
	"$PYTHON" "$tools/extract-examples.py" "$1" "$directory" >"$BATS_TEST_TMPDIR/names" || return 1
	while read -r name <&3; do
		[[ $name == *"$2" ]] || continue
		count=$((count + 1))
		if ! run_example "$directory/$name" "$1" >"$BATS_TEST_TMPDIR/wrong"; then
			bad=$((bad + 1))
			echo "example $name:"
			sed 's/^/    /' "$directory/$name"
			cat "$BATS_TEST_TMPDIR/wrong"
		fi
	done 3<"$BATS_TEST_TMPDIR/names"
	echo "$count examples, $bad bad"
	[ "$count" -ge "$3" ] && [ "$bad" -eq 0 ]
}

@test "each shell example of the README prints what stands below it" {
	run_examples "$root/README.md" .sh 8
}

@test "each Python example of the README prints what stands below it" {
	run_examples "$root/README.md" .py 2
}

@test "each example of the manual of the module for Python prints what stands below it" {
	run_examples "$root/man/zipmap-python.7" .py 12
}

@test "each example of the manual with its output prints that" {
	run_examples "$root/man/zipmap.1" .sh 3
}

@test "an example that prints something else, fails, or leaves its files is found" {
	cd "$BATS_TEST_TMPDIR"
	fence='```'
	printf '%s\n' "${fence}sh" 'zipmap data/' "$fence" '' "${fence}text" \
		/tmp/zipmap.Ab3kQ9/7/{0.0-file_1,1.0-file_2,2.0-file_3}.dat "$fence" >good.md
	sed 's/file_2/file_4/' good.md >bad-output.md
	sed 's/data\/$/data\/; exit 3/' good.md >bad-status.md
	sed 's/data\/$/data\/; : rm/' good.md >leak.md
	sed 's/^```text/```console/' good.md >silent.md

	(run_examples "$PWD/good.md" .sh 1)
	while IFS=: read -r kind reason; do
		rm -r examples
		rm -rf ./*.d
		run run_examples "$PWD/$kind.md" .sh 1
		echo "$kind: $output"
		[ "$status" -ne 0 ]
		[[ $output == *"$reason"* ]]
	done <<-'EOF'
		bad-output:-/tmp/zipmap.XXXXXX/W/1.0-file_4.dat
		bad-status:status 3
		leak:files are left:
		silent:no output follows this example
	EOF
}

@test "the Python example of the manual maps what the archives hold" {
	cd "$BATS_TEST_TMPDIR"
	make_example_data "$root/man/zipmap.1"
	sed -n '/^import subprocess/,/^\.Ed/{/^\.Ed/d; p}' "$root/man/zipmap.1" >example.py
	run python3 example.py
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "[11998. 11999. 12000. 12001.]
[21998. 21999. 22000. 22001.]
[31998. 31999. 32000. 32001.]" ]
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "the shell examples of the manual run, and its script leaves no file behind" {
	cd "$BATS_TEST_TMPDIR"
	make_example_data "$root/man/zipmap.1"
	sed -n '/^set -eu/,/^\.Ed/{/^\.Ed/d; s/\\e/\\/g; p}' "$root/man/zipmap.1" >script
	run bash script
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = $'16000\n16000\n16000' ]
	[ -z "$(ls -A "$TMPDIR")" ]

	# Lines that begin with a prompt, with those that go on from them.
	sed -n -e '/^\.Dl \$/{s/^\.Dl \$ //; s/\\&//g; p}' \
		-e '/^\$ /,/^\.Ed/{/^\.Ed/d; s/^\$ //; s/\\e/\\/g; p}' "$root/man/zipmap.1" >commands
	[ "$(grep -c zipmap commands)" -ge 4 ]
	run bash -eu -o pipefail commands
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^/.*/zipmap\.' <<<"$output")" -eq 4 ] # three of a directory, one of a pipe
	[ "$(grep -c '^16000 ' <<<"$output")" -eq 6 ]
	[ "$(grep -c -E '^[0-9a-f]{64} ' <<<"$output")" -eq 3 ]
}

@test "--help and the manual have the same options with the same arguments" {
	"$ZIPMAP" --help | "$PYTHON" "$tools/list-options.py" help >"$BATS_TEST_TMPDIR/help"
	mandoc -T ascii "$root/man/zipmap.1" | "$PYTHON" "$tools/list-options.py" manual \
		>"$BATS_TEST_TMPDIR/manual"
	diff -u "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/manual"
}

@test "--help and the manual group the options alike, in the same order" {
	"$ZIPMAP" --help | sed -n '/^Examples/q; /^[A-Z].*:$/{s/:$//; p};
		s/^  \(-., \|    \)\(--[a-z-]*\).*/\2/p' >"$BATS_TEST_TMPDIR/help"
	sed -n '/^\.Sh OPTIONS/,/^\.Sh MEMORY/p' "$root/man/zipmap.1" |
		sed -n 's/^\.Ss //p; s/^\.It .*Fl \\-\([a-z-]*\).*/--\1/p' >"$BATS_TEST_TMPDIR/manual"
	grep -q '^[A-Z]' "$BATS_TEST_TMPDIR/help"
	diff -u "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/manual"
}

@test "the README and the manual mention no option that --help lacks" {
	"$ZIPMAP" --help | "$PYTHON" "$tools/list-options.py" words >"$BATS_TEST_TMPDIR/help"
	for document in README.md man/zipmap.1 man/zipmap-json.5 man/zipmap-python.7; do
		# The manual writes a minus as \-. The generator of data has options of its own.
		sed '/^testdata-gen /d; s/Fl \\-/--/g; s/\\-/-/g' "$root/$document" | "$PYTHON" "$tools/list-options.py" words \
			>"$BATS_TEST_TMPDIR/mentioned"
		run comm -13 "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/mentioned"
		echo "$document: $output"
		[ -z "$output" ]
	done
}

@test "the manuals are clean under mandoc -Tlint" {
	run mandoc -T lint -W style "$root"/man/zipmap*.[1-9]
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "the manual lists what can be wrong with an archive or a member" {
	mandoc -T ascii -O width=300 "$root/man/zipmap.1" | sed 's/.\x08//g' >"$BATS_TEST_TMPDIR/manual"
	# The texts stand in a table, one or two strings an entry: the slug and the words.
	sed -n '/^} kinds\[/,/^};/p' "$root/src/protocol/failure.c" | tr -d '\n\t' |
		grep -o -E '\{"[^"]*",[^"]*"[^"]*"' | sed -E 's/.*"([^"]*)"$/\1/' |
		grep -v -x -e '' -e 'no failure' >"$BATS_TEST_TMPDIR/failures"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/failures")" -ge 15 ]
	while read -r words; do
		grep -q -F -e "$words" "$BATS_TEST_TMPDIR/manual" || { echo "missing: $words"; false; }
	done <"$BATS_TEST_TMPDIR/failures"
}

@test "the manual lists the words for failures" {
	sed -n '/^\.\\" words$/,/^\.\\" end of words$/s/^\.It Cm //p' "$root/man/zipmap-json.5" |
		sort >"$BATS_TEST_TMPDIR/manual"
	{
		sed -n '/^} kinds\[/,/^};/p' "$root/src/protocol/failure.c" | grep -o -E '\{"[^"]*"' |
			tr -d '{"' | grep -v -x none
		grep -h -o -E 'complain\(.*' -A 1 "$root"/src/cli/*.c | grep -o -E '"[a-z]+-[a-z]+",' |
			tr -d '",'
	} | sort -u >"$BATS_TEST_TMPDIR/source"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/source")" -ge 30 ]
	diff -u "$BATS_TEST_TMPDIR/source" "$BATS_TEST_TMPDIR/manual"
}

@test "the manual lists the words for warnings" {
	sed -n '/^\.Ss Warnings$/,/^\.Ss Lists$/s/^\.It Cm //p' "$root/man/zipmap-json.5" |
		sort >"$BATS_TEST_TMPDIR/manual"
	sed -n '/^} notes\[/,/^};/p' "$root/src/protocol/record.c" | grep -o -E '\{"[^"]*"' | tr -d '{"' |
		sort >"$BATS_TEST_TMPDIR/source"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/source")" -ge 4 ]
	diff -u "$BATS_TEST_TMPDIR/source" "$BATS_TEST_TMPDIR/manual"
}

@test "the manual has each field of --json and of --stats=json" {
	sed -n 's/^\.It Li //p' "$root/man/zipmap-json.5" | sort -u >"$BATS_TEST_TMPDIR/manual"
	tr -d '\n\t' <"$root/src/parent/json.c" >"$BATS_TEST_TMPDIR/json.c"
	{
		grep -o -E '\bset(_name|_number|_small)?\([^"()]*"[a-z0-9_]+"' "$BATS_TEST_TMPDIR/json.c" |
			sed -E 's/.*"(.*)"/\1/'
		# A name that is not UTF-8 has a second field.
		grep -o -E '\bset_name\([^"()]*"[a-z0-9_]+"' "$BATS_TEST_TMPDIR/json.c" |
			sed -E 's/.*"(.*)"/\1_bytes/'
		sed -n '/^void report_print_json/,/^}/p' "$root/src/cli/report.c" |
			grep -o -E '\\"[a-z_]+\\":|_json\(stream, "[a-z_]+"' | sed -E 's/.*"([a-z_]+).*/\1/'
	} | sort -u >"$BATS_TEST_TMPDIR/source"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/source")" -ge 40 ]
	diff -u "$BATS_TEST_TMPDIR/source" "$BATS_TEST_TMPDIR/manual"
}

@test "the manuals state the version, and no other system, under mandoc and man-db" {
	local version page
	version=$(sed -n 's/^VERSION := //p' "$root/Makefile")
	for page in "$root"/man/*.[1-9]; do
		mandoc -T ascii "$page" >"$BATS_TEST_TMPDIR/page"
		[[ "$(head -n 1 "$BATS_TEST_TMPDIR/page")" =~ ^ZIPMAP(-[A-Z]+)?\([157]\)\ +[A-Z][a-z]+.*\ Manual\ +ZIPMAP ]]
		[[ "$(tail -n 1 "$BATS_TEST_TMPDIR/page")" =~ ^"zipmap $version "\ +[A-Z].*\ "zipmap $version"$ ]]
		command -v man >/dev/null && man --version | grep -q '^man 2' || continue
		# The mdoc of groff 1.23 ends with the title again.
		MANWIDTH=80 man -l "$page" 2>/dev/null |
			sed -n "1p; \$ { s/ZIPMAP[-A-Z]*([157])\$/zipmap $version/; p; }" >"$BATS_TEST_TMPDIR/man-db"
		diff -u <(tr -s ' ' <"$BATS_TEST_TMPDIR/page" | sed -n '1p; $p') <(tr -s ' ' <"$BATS_TEST_TMPDIR/man-db")
	done
}

@test "links of the documents to files of the project lead somewhere" {
	for document in README.md CONTRIBUTING.md; do
		while read -r target; do
			echo "$document: $target"
			[ -e "$root/$target" ]
		done < <(grep -o -E '\]\([^):]+\)' "$root/$document" | sed 's/^](//; s/)$//; s/#.*//')
	done
}

@test "the script of the manual leaves no file behind when it is interrupted" {
	cd "$BATS_TEST_TMPDIR"
	make_example_data "$root/man/zipmap.1"
	# It has read one path and gets no further.
	mkfifo never
	sed -n '/^set -eu/,/^\.Ed/{/^\.Ed/d; s/\\e/\\/g; p}' "$root/man/zipmap.1" |
		sed 's/^[[:space:]]*wc .*/echo reached; read -r _ <never/' >script
	grep -q never script
	"$PYTHON" "$BATS_TEST_DIRNAME/interrupt_script.py" script
}
