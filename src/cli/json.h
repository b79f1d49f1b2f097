// SPDX-License-Identifier: MIT

/*
 * --json: one JSON object a line for each member and each failure.
 */

#ifndef ZIPMAP_CLI_JSON_H
#define ZIPMAP_CLI_JSON_H

#include "parent/run.h"

#include <stdio.h>

/**
 * Print the record of a whole member as an object and a newline. @path is empty if there is no
 * file. A name that is not UTF-8 is printed with U+FFFD for each wrong byte, and once more as
 * KEY_bytes with all of its bytes in hexadecimal. 0, or -1 if memory ran out or the stream failed.
 */
int json_print_member(
	FILE *stream, const struct record *record, const char *archive_path, const char *path);

/** The same for a failure. */
int json_print_failure(FILE *stream, const struct failed *failure);

#endif
