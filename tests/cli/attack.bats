#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Workers that a hostile archive has taken over: a sample of what `make attack` does.

load helpers

# Runs of that kind of foul play; tests/attack/hostile.c has the kinds.
play() {
	"$here/../attack/attack" "$(dirname "$ZIPMAP")" "$2" "$1" >attacked || {
		cut -c 1-500 attacked
		return 1
	}
}

@test "a worker that lies in nearly valid messages harms no other worker's archive" {
	play lies 4
	play claims 4
}

@test "a worker that sends noise, other messages and descriptors is killed" {
	play noise 5
}

@test "a worker that asks for files gets none but its own" {
	[[ $ZIPMAP_VARIANT = release ]] || skip 'only the release build has seccomp in workers'
	play asks 5
}

@test "a worker that floods the parent costs it no memory" {
	play floods 3
}

@test "a worker that keeps files, and changes them, changes its own alone" {
	play keeps 5
}

@test "a worker that hands over what is no sealed file in memory harms no other archive" {
	play hands 5
}

@test "a worker that scribbles over what it shares reaches no terminal and no other archive" {
	play scribbles 5
}

@test "a worker that dies at any moment costs its own archive alone" {
	play dies 5
}

@test "a worker that does all of it at random" {
	play mixture 5
}
