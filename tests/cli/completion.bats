#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --generate: completions, in the shells that they are for.

load helpers

setup_file() {
	local shell
	mkdir "$BATS_FILE_TMPDIR/scripts"
	for shell in bash zsh fish; do
		"$ZIPMAP" --generate=complete-$shell >"$BATS_FILE_TMPDIR/scripts/$shell"
	done
}

# In the shell $1, the line $2 and a tab make the line $3. fish only offers its last word.
expect_completed() {
	local got want=$3
	command -v "$1" >/dev/null || skip "no $1"
	[[ $1 != fish ]] || want=${want#"${2% *} "}
	got=$("$PYTHON" "$tools/complete.py" "$1" "$BATS_FILE_TMPDIR/scripts/$1" "$2")
	[[ $got == "$want" ]] || fail "$1: '$2' becomes '$got', not '$want'"
}

# What is the same in all of them.
expect_completions() {
	touch archive.zip array.NPZ 'two words.zip'
	mkdir place
	expect_completed "$1" 'zipmap --decod' "zipmap --decoder$2"
	expect_completed "$1" 'zipmap --passw' "zipmap --password-file$2"
	expect_completed "$1" 'zipmap --unord' 'zipmap --unordered'
	expect_completed "$1" 'zipmap --decoder=tw' 'zipmap --decoder=twin'
	expect_completed "$1" 'zipmap --in-place=al' 'zipmap --in-place=aligned'
	expect_completed "$1" 'zipmap --generate=complete-z' 'zipmap --generate=complete-zsh'
	expect_completed "$1" 'zipmap -u arc' 'zipmap -u archive.zip'
	expect_completed "$1" 'zipmap arr' 'zipmap array.NPZ'
	expect_completed "$1" 'zipmap two' 'zipmap two words.zip'
	expect_completed "$1" 'zipmap -T arc' 'zipmap -T archive.zip'
	expect_completed "$1" 'zipmap --tmpdir pla' "zipmap --tmpdir place$3"
	expect_completed "$1" 'zipmap -x unlin' 'zipmap -x unlink'
}

@test "bash completes options, their values, archives, directories and commands" {
	expect_completions bash = /
	touch other.txt
	expect_completed bash 'zipmap oth' 'zipmap oth'
}

@test "zsh completes options, their values, archives, directories and commands" {
	expect_completions zsh '' ''
}

@test "fish completes options, their values, archives, directories and commands" {
	expect_completions fish '' /
}

@test "every option is completed" {
	local option shell
	for option in $("$ZIPMAP" --help | grep -o -- '^ .* --[a-z-]*' | grep -o -- '--[a-z-]*'); do
		for shell in bash zsh fish; do
			grep -q -w -e "${option#--}" "$BATS_FILE_TMPDIR/scripts/$shell" ||
				fail "$shell: no $option"
		done
	done
}

@test "another kind of completion: status 2, and the kinds" {
	zipmap --generate=complete-csh
	expect_status 2
	grep -q -F "'complete-csh' is not one of complete-bash, complete-zsh and complete-fish" err
}
