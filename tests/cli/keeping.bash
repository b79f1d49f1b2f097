# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests of --cache, beside helpers.bash.

# Archives that are old enough to be kept: d/0.zip and so on, each with three members.
make_archives() { # COUNT
	mkdir d
	for ((i = 0; i < $1; i++)); do
		make_archive members "d/$i.zip" 3 $((3000 + i))
	done
	make_old d/*
}

# No file is kept of an archive that was changed in the last two seconds.
make_old() {
	"$PYTHON" - "$@" <<-'END'
		import os, sys, time
		newest = max(os.stat(path).st_ctime for path in sys.argv[1:])
		while time.time() < newest + 2.1:
		    time.sleep(0.05)
	END
}

keep() {
	zipmap --cache=kept "$@"
}

expect_entries() { # COUNT
	local count
	count=$(find kept -name manifest | wc -l)
	((count == $1)) || fail "expected $1 entries, not $count"
}
