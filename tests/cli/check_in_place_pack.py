# SPDX-License-Identifier: MIT
"""
usage: check_in_place_pack.py

Check ./out, from --json --in-place --pack a.zip: stored members stay in the archive, other
members below 1 MiB are in packs, and the bytes of each are at its place.
"""

import json
import zipfile

archive = zipfile.ZipFile("a.zip")
for line, info in zip(open("out"), archive.infolist(), strict=True):
    record = json.loads(line)
    stays = info.compress_type == zipfile.ZIP_STORED
    assert stays == (record["path"] == "a.zip") == record.get("in_place", False), record
    packed = not stays and info.file_size < 1 << 20
    assert packed == record["path"].endswith("-pack"), record
    with open(record["path"], "rb") as file:
        file.seek(record["offset"])
        assert file.read(record["size"]) == archive.read(info), record
