# SPDX-License-Identifier: MIT
"""
usage: check_damaged_arrays.py

Check ./out and ./err, from --json broken.npz: only good.npy is an array, every other member
stays plain bytes with a warning, in the record and on standard error.
"""

import json
import zipfile

archive = zipfile.ZipFile("broken.npz")
records = [json.loads(line) for line in open("out")]
assert len(records) == len(archive.infolist()) > 20
for record in records:
    good = record["member"] == "good.npy"
    assert record.get("warning") == (None if good else "npy-damaged"), record
    assert ("dtype" in record) == good and record["offset"] == (128 if good else 0), record
    assert open(record["path"], "rb").read() == archive.read(record["member"])
warned = [line.split(": ")[2] for line in open("err")]
assert warned == [record["member"] for record in records if record["member"] != "good.npy"]
