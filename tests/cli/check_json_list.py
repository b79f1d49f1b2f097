# SPDX-License-Identifier: MIT
"""
usage: check_json_list.py

Check ./out, from --list --json, against what zipfile reads in the archives of the
test.
"""

import json
import zipfile

names = {0: "stored", 8: "DEFLATE", 12: "bzip2", 14: "LZMA"}
records = [json.loads(line) for line in open("out")]
wanted = []
for path in ("stored", "deflate", "bzip2", "lzma", "odd", "secret/file_1"):
    for info in zipfile.ZipFile(path + ".zip").infolist():
        if info.is_dir():
            continue
        wanted.append({
            "archive": path + ".zip", "member": info.filename, "size": info.file_size,
            "crc32": "%08x" % info.CRC, "compressed_size": info.compress_size,
            "method": names.get(info.compress_type), "method_number": info.compress_type,
            "time": "%04d-%02d-%02dT%02d:%02d:%02d" % info.date_time,
            "encrypted": bool(info.flag_bits & 1)})
for record, want in zip(records, wanted, strict=True):
    if want["method"] is None:
        assert want["method_number"] not in (0, 8, 9, 12, 14)
        want["method"] = record["method"]
    assert record == want, (record, want)
assert {want["encrypted"] for want in wanted} == {False, True}
