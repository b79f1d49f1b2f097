#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The installer of packages, on a machine that is made up: the PATH holds nothing but stand-ins,
# which note how they are called.

setup()
{
	bin=$BATS_TEST_TMPDIR/bin
	log=$BATS_TEST_TMPDIR/log
	mkdir "$bin"
	: >"$log"
}

# stand_in NAME LINE...: a command with these lines of shell.
stand_in()
{
	local name=$1
	shift
	printf '%s\n' '#!/bin/sh' "$@" >"$bin/$name"
	chmod +x "$bin/$name"
}

# debian USER-ID PACKAGE...: a Debian where these packages are installed.
debian()
{
	local user=$1
	shift
	stand_in id "echo $user"
	stand_in dpkg 'echo amd64'
	stand_in dpkg-query "installed=' $* '" 'status=0' \
		'for package in "$@"; do' \
		'	case $package in -*|\$*) continue ;; esac' \
		'	case $installed in *" $package "*) echo "installed:$package" ;; *) status=1 ;; esac' \
		'done' 'exit $status'
	stand_in apt-get "echo \"apt-get \$*\" >>'$log'"
	stand_in env 'shift; exec "$@"'
}

install_deps()
{
	PATH=$bin run "$ZIPMAP_SOURCE/tests/tools/install-deps" "$@"
}

build_packages='gcc libc6-dev pkg-config libzip-dev zlib1g-dev libseccomp-dev libjansson-dev libdeflate-dev nettle-dev libbz2-dev liblzma-dev libzstd-dev libisal-dev'

@test "where nothing is missing, apt-get is not called" {
	# shellcheck disable=SC2086
	debian 0 $build_packages
	install_deps build demo
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ ! -s "$log" ]
}

@test "what is missing, and only that, is installed after one update" {
	debian 0 libc6-dev zlib1g-dev libseccomp-dev libjansson-dev libdeflate-dev nettle-dev libbz2-dev liblzma-dev libzstd-dev libisal-dev
	install_deps build demo
	[ "$status" -eq 0 ]
	[ "$(cat "$log")" = 'apt-get -q update
apt-get -q install -y --no-install-recommends gcc pkg-config libzip-dev' ]
}

@test "a package of two sets is asked for once" {
	# shellcheck disable=SC2086
	debian 0 ${build_packages#gcc} clang clang-tidy cppcheck mandoc shellcheck
	install_deps build lint
	[ "$status" -eq 0 ]
	[ "$(tail -n 1 "$log")" = 'apt-get -q install -y --no-install-recommends gcc clang-format' ]
}

@test "where the user is not root, sudo is used" {
	debian 1000 libc6-dev zlib1g-dev libseccomp-dev libjansson-dev libdeflate-dev nettle-dev libbz2-dev liblzma-dev libzstd-dev libisal-dev gcc pkg-config
	stand_in sudo "echo sudo >>'$log'" '"$@"'
	install_deps build
	[ "$status" -eq 0 ]
	[ "$(cat "$log")" = 'sudo
apt-get -q update
sudo
apt-get -q install -y --no-install-recommends libzip-dev' ]
}

@test "neither root nor sudo: says what to install, and fails" {
	debian 1000 libc6-dev zlib1g-dev libseccomp-dev libjansson-dev libdeflate-dev nettle-dev libbz2-dev liblzma-dev libzstd-dev libisal-dev gcc
	install_deps build
	[ "$status" -eq 1 ]
	[[ $output == *'apt-get install pkg-config libzip-dev'* ]]
	[ ! -s "$log" ]
}

@test "an installation that fails is a failure" {
	debian 0
	stand_in apt-get 'case "$*" in *install*) exit 100 ;; esac'
	install_deps build
	[ "$status" -eq 1 ]
	[[ $output == *'apt-get could not install: gcc libc6-dev'* ]]
}

@test "ISA-L is asked for only where Debian has it" {
	debian 0
	stand_in dpkg 'echo riscv64'
	install_deps build
	[ "$status" -eq 0 ]
	[[ $(cat "$log") != *libisal* ]]
}

@test "without apt-get, what is missing is named and nothing is done" {
	stand_in gcc
	stand_in pkg-config 'case $* in *zlib) exit 0 ;; esac; exit 1'
	stand_in python3 'exit 1'
	install_deps build check
	[ "$status" -eq 1 ]
	[ "$output" = "install-deps: there is no apt-get here; please install: the headers of libzip,\
 the headers of libseccomp, the headers of jansson, the headers of nettle, the headers of check, bats, numpy for python3, unzip,\
 strace, mandoc, parallel, ps, 7zz, zstd, jq" ]
}

@test "without apt-get, a command is there under either of its names" {
	local name
	for name in gcc bats unzip strace mandoc parallel ps zstd jq pkg-config python3; do
		stand_in $name
	done
	install_deps check
	[[ $output == *'please install: 7zz' ]]
	stand_in 7z
	install_deps check
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "without apt-get, nothing is said where all is there" {
	stand_in gcc
	stand_in pkg-config
	install_deps build demo
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "an unknown set, or none, is an error" {
	debian 0
	install_deps biuld
	[ "$status" -eq 1 ]
	[[ $output == *"no set 'biuld'"* ]]
	install_deps
	[ "$status" -eq 1 ]
	[ ! -s "$log" ]
}
