# SPDX-License-Identifier: MIT
"""
usage: check_in_place.py [--unchecked] [--missing=A.M] ARCHIVE...

Check ./out, from --json --in-place, against Python's reading of the archives. All members are
there, in order, and the bytes of each are at its place. Stored members are in their archives,
all others in files under $TMPDIR, which holds nothing else. --unchecked: no CRC-32 was checked.
--missing=A.M: member M of archive A is not there.
"""

import json
import os
import sys
import zipfile

options = [a for a in sys.argv[1:] if a.startswith("--")]
names = [a for a in sys.argv[1:] if not a.startswith("--")]
unchecked = "--unchecked" in options
wanted = []
for number, name in enumerate(names):
    archive = zipfile.ZipFile(name)
    for index, info in enumerate(archive.infolist()):
        if not info.is_dir() and "--missing=%d.%d" % (number, index) not in options:
            wanted.append((name, archive, info))
records = [json.loads(line) for line in open("out")]
records = [record for record in records if "error" not in record]
assert len(records) == len(wanted), (len(records), len(wanted))
files = set()
for record, (name, archive, info) in zip(records, wanted):
    assert record["archive"] == name and record["member"] == info.filename, record
    assert record["size"] == info.file_size, record
    assert record["crc32"] == "%08x" % info.CRC, record
    stays = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1
    if stays:
        assert record["path"] == name, record
        assert record["in_place"] is True, record
        assert record["checked"] is not unchecked, record
    else:
        assert record["path"].startswith(os.environ["TMPDIR"] + "/zipmap."), record
        assert "in_place" not in record and "checked" not in record, record
        files.add(record["path"])
    with open(record["path"], "rb") as file:
        file.seek(record["offset"])
        data = archive.read(info)
        if "dtype" in record: # the offset is behind the header: version 1
            data = data[10 + int.from_bytes(data[8:10], "little"):]
        assert file.read(len(data)) == data, record
found = {os.path.join(top, name) for top, _, names in os.walk(os.environ["TMPDIR"])
         for name in names}
assert found == files, found ^ files
