# SPDX-License-Identifier: MIT
"""
usage: check_odd_names.py

Check ./out, from --json for two archives with the same odd names of members: text that is UTF-8
stands as it is, and other bytes can be told apart by the keys *_bytes.
"""

import json

records = [json.loads(line) for line in open("out", encoding="utf-8")]
names = ["quote\" \\ x", "\u00e9\u20ac\U0001f600", "\ufffd\ufffdx\ufffd.da", "replaced-\ufffd"]
assert [record["member"] for record in records] == names * 2
for number, record in enumerate(records):
    odd = b"\xff\xc3x\xc0.da".hex()
    assert record.get("member_bytes") == (odd if number % 4 == 2 else None), record
    if number < 4:
        assert record["archive"] == "a.zip" and "archive_bytes" not in record
    else:
        assert record["archive"] == "odd\ufffd\n.zip"
        assert bytes.fromhex(record["archive_bytes"]) == b"odd\xfe\n.zip"
