# SPDX-License-Identifier: MIT
"""
usage: interrupt_script.py SCRIPT

Start the bash script SCRIPT, and send SIGINT, SIGTERM or SIGHUP to its process group once it
has printed "reached". It must end with a status other than 0 and leave nothing in $TMPDIR.
"""

import os
import signal
import subprocess
import sys

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    # All of its processes get the signal, as from a terminal or from systemd.
    script = subprocess.Popen(
        ["bash", "-eu", "-o", "pipefail", sys.argv[1]],
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: [signal.signal(n, signal.SIG_DFL) for n in (1, 2, 15)],
    )
    assert script.stdout.readline() == b"reached\n"
    os.killpg(script.pid, number)
    assert script.wait(60) != 0
    left = os.listdir(os.environ["TMPDIR"])
    assert not left, (number, left)
