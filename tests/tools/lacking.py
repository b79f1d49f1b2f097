#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run a program as on a kernel that lacks system calls.

usage: lacking.py NUMBER[,NUMBER...] PROGRAM [ARGUMENT...]

The system calls of these numbers fail with ENOSYS, in PROGRAM and in all that it starts.
"""

import ctypes
import errno
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # classic BPF: linux/filter.h
RETURN_ALLOW, RETURN_ERRNO = 0x7FFF0000, 0x00050000  # linux/seccomp.h


def main(numbers, *command):
    numbers = [int(number) for number in numbers.split(",")]
    code = struct.pack("=HBBI", LOAD_WORD, 0, 0, 0)  # the number: seccomp_data.nr
    for number in numbers:
        code += struct.pack("=HBBI", JUMP_IF_EQUAL, 0, 1, number)
        code += struct.pack("=HBBI", RETURN, 0, 0, RETURN_ERRNO | errno.ENOSYS)
    code += struct.pack("=HBBI", RETURN, 0, 0, RETURN_ALLOW)
    instructions = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(instructions))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(
            PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(program), 0, 0):
        sys.exit("lacking.py: " + os.strerror(ctypes.get_errno()))
    os.execvp(command[0], command)


main(*sys.argv[1:])
