#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --progress: a line on a terminal that is drawn again and again and of which nothing is left, and
# USR1, which asks for it. tests/cli/terminal.py is the terminal. What is unzipped while it is shown
# takes as long as a command of -x waits.

load helpers

setup_file() {
	export TERM=xterm
	unset VTE_VERSION TERM_PROGRAM WT_SESSION ConEmuANSI
}

# Run the program on a terminal. What is seen at the end goes to ./out.
on_terminal() {
	status=0
	timeout --foreground -k 5 "$bound" "$PYTHON" "$here/terminal.py" "$@" >out 2>err 3>&- || status=$?
}

make_archives() {
	"$TESTDATA_GEN" --archives="$1" --members=2 --rows=1000 --jobs=1 data >/dev/null
}

# Wait until ./$1 has a line that matches $2.
wait_for_line() {
	local tries=0
	until grep -q "$2" "$1"; do
		((tries++ < 1200)) || fail "no line '$2' in $1"
		sleep 0.1
	done
}

@test "a bar at 40, 80 and 200 columns, which change meanwhile; messages and output stand as they are" {
	make_archives 20
	for columns in 40 80 200 80,40,200,50; do
		rm -rf tmp/*
		on_terminal --columns=$columns -- "$ZIPMAP" -j2 data -x sh -c 'sleep 0.1
			case {/} in
			*-file_5_1.dat) echo printed ;;
			*-file_7_2.dat) echo said >&2 ;;
			*-file_9_1.dat) exit 3 ;;
			esac'
		expect_status 1
		diff - out <<-END || fail "columns $columns"
			printed
			said
			zipmap: data/file_9.zip: file_9_1.dat: command failed (exit status 3)
		END
	done
}

@test "paths on the same terminal are whole, in order, and the bar is between none of them" {
	make_archives 40
	on_terminal -- "$ZIPMAP" -j2 data --printf '%a %m\n' -x sh -c 'sleep 0.05' --
	expect_status 0
	"$ZIPMAP" --list data --printf '%a %m\n' >expected
	diff expected out
}

@test "standard output has the paths and nothing else" {
	make_archives 20
	on_terminal --stdout=list -- "$ZIPMAP" -j2 data --json -x sh -c 'sleep 0.1' --
	expect_status 0
	[[ ! -s out ]] || fail "something is left on the terminal"
	expect_lines list 40
	if grep -q $'\e' list; then fail "control characters in the list"; fi
}

@test "while the last line on the terminal is not finished, nothing is drawn" {
	make_archives 10
	on_terminal -- "$ZIPMAP" -j2 data -x sh -c 'printf .; sleep 0.1'
	# One may be drawn before the first command has ended.
	[[ $status == 0 || $status == 98 ]] || fail "the screen is wrong"
	[[ $(cat out) == "...................." ]]
}

@test "a command of --exec-batch has the terminal for itself" {
	make_archives 3
	on_terminal -- "$ZIPMAP" -j2 data -X sh -c 'echo begins; sleep 1; echo ends' -
	expect_status 98
	[[ $(cat out) == $'begins\nends' ]]
}

@test "nothing is drawn with --progress=never, -q, --list, TERM=dumb, or if stderr is no terminal" {
	make_archives 8
	local slow=(-j2 data -x sh -c 'sleep 0.2')
	on_terminal -- "$ZIPMAP" --progress=never "${slow[@]}"
	expect_status 98
	on_terminal -- "$ZIPMAP" -q "${slow[@]}"
	expect_status 98
	on_terminal -- env TERM=dumb "$ZIPMAP" "${slow[@]}"
	expect_status 98
	on_terminal -- env -u TERM "$ZIPMAP" "${slow[@]}"
	expect_status 98
	on_terminal -- "$ZIPMAP" --list data
	expect_status 98
	zipmap "${slow[@]}"
	expect_good
	on_terminal -- "$ZIPMAP" -q --progress=always "${slow[@]}"
	expect_status 0
}

@test "--progress=always is lines without control characters where stderr is no terminal" {
	make_archives 3
	mkfifo list
	"$ZIPMAP" --progress=always -T list >out 2>err 3>&- &
	local pid=$!
	exec 7>list
	ls data/*.zip >&7
	wait_for_line err '^zipmap: 3 archives, 6 members, 93\.8 KiB, .* so far$'
	exec 7>&-
	wait $pid
	if LC_ALL=C grep -q '[^ -~]' err; then fail "control characters"; fi
	expect_lines out 6
}

@test "a terminal that shows the share is told it, and told when it is over, also by a signal" {
	make_archives 20
	local slow=(-j2 data -x sh -c 'sleep 0.1')
	for number in "" INT TERM HUP; do
		on_terminal --raw=raw ${number:+--signal=$number} -- env VTE_VERSION=8000 "$ZIPMAP" "${slow[@]}"
		[[ -n $number ]] || expect_status 0
		[[ -z $number ]] || expect_status $((128 + $(kill -l $number)))
		[[ $(grep -a -o $'\e]9;4;[0-9;]*' raw | tail -1) == $'\e]9;4;0' ]] || fail "it is not over"
		grep -a -q $'\e]9;4;1;[0-9]' raw || fail "it was not told"
	done
	on_terminal --raw=raw -- "$ZIPMAP" "${slow[@]}"
	if grep -a -q ']9;4' raw; then fail "others are told nothing"; fi
}

@test "USR1 100 times: it is answered, and nothing is lost" {
	"$TESTDATA_GEN" --archives=30 --rows=200000 data >/dev/null
	"$ZIPMAP" -j2 data >out 2>err 3>&- &
	local pid=$! sent=0
	# Before that, it may be another program yet.
	until compgen -G 'tmp/zipmap.*' >/dev/null; do sleep 0.001; done
	while ((sent < 100)) && kill -USR1 $pid 2>/dev/null; do
		sent=$((sent + 1))
	done
	status=0
	wait $pid || status=$?
	expect_status 0
	verify data/*.zip
	((sent > 0))
	grep -q '^zipmap: [0-9]* of 30 archives, [0-9]* members*, ' err || fail "no answer"
	if grep -v '^zipmap: [0-9]* of 30 archives, [0-9]* members*, ' err; then fail "something else"; fi
}

@test "USR1 before the run is set up is answered, and with --help it is nothing" {
	make_archives 1
	local early='import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
os.kill(os.getpid(), signal.SIGUSR1)
os.execv(sys.argv[1], sys.argv[1:])'
	"$PYTHON" -c "$early" "$ZIPMAP" data >out 2>err
	grep -q '^zipmap: 0 of 1 archive, ' err
	expect_lines out 2
	"$PYTHON" -c "$early" "$ZIPMAP" --help >out 2>err
	[[ ! -s err ]]
}

@test "USR1 that is ignored from the start stays so" {
	make_archives 1
	(
		trap '' USR1
		"$ZIPMAP" data -x sh -c 'kill -USR1 $PPID; kill -USR1 $$; echo lives' >out 2>err
	)
	[[ $(cat out) == $'lives\nlives' && ! -s err ]]
}

@test "commands get USR1 as it was, and so they may die of it" {
	make_archives 1
	"$ZIPMAP" data --include='*_1.dat' -x sh -c 'grep SigBlk /proc/self/status' -- >out
	grep SigBlk /proc/self/status >expected
	diff expected out
	zipmap data --include='*_1.dat' -x sh -c 'kill -USR1 $$'
	expect_status 1
	grep -q 'User defined signal 1\|signal 10' err
}

@test "workers do not die of USR1" {
	make_archives 3
	mkfifo list
	for how in --no-sandbox --tasks-per-worker=100; do
		rm -rf tmp/*
		"$ZIPMAP" -j2 $how -T list >out 2>err 3>&- &
		local pid=$!
		exec 7>list
		echo data >&7
		wait_for_line out 'file_3_2.dat'
		local children=/proc/$pid/task/$pid/children
		cat "$children" >workers
		# shellcheck disable=SC2046 # each is a process
		kill -USR1 $(cat workers)
		echo data/file_1.zip >&7
		wait_for_line out '3\.0-file_1_1.dat'
		diff workers "$children" || fail "other workers than before"
		exec 7>&-
		wait $pid
		[[ ! -s err ]] || fail "something was said"
	done
}

@test "USR1 is answered while files are held" {
	make_archives 1
	mkfifo lease
	"$ZIPMAP" --hold data >out 2>err <lease 3>&- &
	local pid=$!
	exec 7>lease
	wait_for_line out file_1_2.dat
	kill -USR1 $pid
	wait_for_line err '^zipmap: 1 of 1 archive, 2 members, .* so far$'
	[[ -f $(head -1 out) ]]
	exec 7>&-
	wait $pid
	[[ ! -e $(head -1 out) ]]
}

@test "-v sums up in one line at the end" {
	make_archives 2
	zipmap -v data
	expect_status 0
	grep -q '^zipmap: unzipped 4 members of 2 archives, 62\.5 KiB in [0-9.]* s ([0-9.]* [KMG]iB/s)$' err
	zipmap -v --list data
	grep -q '^zipmap: listed 4 members of 2 archives in [0-9.]* s$' err
	zipmap data
	expect_good
}
