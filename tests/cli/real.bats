#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Archives that are not called .zip: those that PyTorch, Java, office programs and pip write.

load helpers

# As torch.save() lays it out: stored, each record's data at a multiple of 64 bytes, which an extra
# field "FB" in its local header sees to.
make_pt() {
	"$PYTHON" "$BATS_TEST_DIRNAME/make_pt.py"
}

@test "a PyTorch-like .pt: unzipped, and in place at multiples of 64" {
	make_pt
	zipmap model.pt
	expect_good
	verify model.pt
	zipmap --in-place --json model.pt
	expect_good
	[[ -z "$(ls -A "$TMPDIR")" ]] || fail "left: $(find "$TMPDIR")"
	"$PYTHON" - <<-'END'
		import json, zipfile
		archive = zipfile.ZipFile("model.pt")
		data = open("model.pt", "rb").read()
		for line, info in zip(open("out"), archive.infolist(), strict=True):
		    record = json.loads(line)
		    assert record["path"] == "model.pt" and record["member"] == info.filename
		    assert record["offset"] % 64 == 0, record
		    at = record["offset"]
		    assert data[at:at + record["size"]] == archive.read(info), record
	END
}

@test ".pt, .jar, .docx, .whl and others of that kind extract right" {
	local archives=() kind
	shopt -s nullglob
	for kind in pt ptl jar docx whl apk; do
		archives+=("$SHARED_ARCHIVES"/real/*."$kind".zip)
	done
	((${#archives[@]} > 0)) || skip "no such archives at $SHARED_ARCHIVES/real"
	echo "# ${#archives[@]} archives" >&3
	zipmap -j2 "${archives[@]}"
	expect_good
	verify "${archives[@]}"
	zipmap -j2 --in-place --printf '%p\t%o\t%s\t%a\n' "${archives[@]}"
	expect_good
	"$PYTHON" - "${archives[@]}" <<-'END'
		import sys, zipfile
		members = ((name, archive, info) for name in sys.argv[1:]
		           for archive in [zipfile.ZipFile(name)]
		           for info in archive.infolist() if not info.is_dir())
		for line, (name, archive, info) in zip(open("out"), members, strict=True):
		    path, offset, size, of = line.rstrip("\n").split("\t")
		    assert of == name and (path == name) == (info.compress_type == 0), line
		    with open(path, "rb") as file:
		        file.seek(int(offset))
		        assert file.read(int(size)) == archive.read(info), line
	END
}
