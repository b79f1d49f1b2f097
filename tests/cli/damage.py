# SPDX-License-Identifier: MIT
"""Copy NAME.zip to bad-NAME.zip for each NAME, with 40 zeros at PLACE of its size, from 0 to 1."""

import os
import shutil
import sys

place = float(sys.argv[1])
for name in sys.argv[2:]:
    bad = "bad-%s.zip" % name
    shutil.copy(name + ".zip", bad)
    with open(bad, "r+b") as file:
        file.seek(int(os.path.getsize(bad) * place))
        file.write(bytes(40))
