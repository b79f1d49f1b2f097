#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run a program as on a kernel that lacks system calls.

usage: lacking.py CALL[,CALL...] PROGRAM [ARGUMENT...]

CALL is NUMBER[@FIRST][=ERRNO]: the system call of that number, if its first argument is FIRST, fails
with ERRNO (a name, by default ENOSYS), in PROGRAM and in all that it starts.
"""

import ctypes
import errno
import os
import re
import struct
import sys

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # classic BPF: linux/filter.h
RETURN_ALLOW, RETURN_ERRNO = 0x7FFF0000, 0x00050000  # linux/seccomp.h
NUMBER_AT, FIRST_AT = 0, 16  # in struct seccomp_data


def instruction(code, then, otherwise, value):
    return struct.pack("=HBBI", code, then, otherwise, value)


def refuse(call):
    """Instructions that end in an error if the call is this one."""
    number, first, name = re.fullmatch(r"(\d+)(?:@(\d+))?(?:=(E\w+))?", call).groups()
    answer = instruction(RETURN, 0, 0, RETURN_ERRNO | getattr(errno, name or "ENOSYS"))
    if first:
        answer = (instruction(LOAD_WORD, 0, 0, FIRST_AT)
                  + instruction(JUMP_IF_EQUAL, 0, 1, int(first)) + answer)
    return (instruction(LOAD_WORD, 0, 0, NUMBER_AT)
            + instruction(JUMP_IF_EQUAL, 0, len(answer) // 8, int(number)) + answer)


def main(calls, *command):
    code = b"".join(refuse(call) for call in calls.split(","))
    code += instruction(RETURN, 0, 0, RETURN_ALLOW)
    instructions = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(instructions))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(
            PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(program), 0, 0):
        sys.exit("lacking.py: " + os.strerror(ctypes.get_errno()))
    os.execvp(command[0], command)


main(*sys.argv[1:])
