// SPDX-License-Identifier: MIT

/*
 * --json: what is printed of each member and of each failure, one object of JSON a line.
 */

#ifndef ZIPMAP_CLI_JSON_H
#define ZIPMAP_CLI_JSON_H

#include "parent/run.h"

#include <stdio.h>

/**
 * Print a whole member's record as an object and a newline. Where @path is empty there is no file.
 * A name that is not UTF-8 is printed with U+FFFD for each byte that is wrong, and beside it, as
 * KEY_bytes, all of its bytes in hexadecimal. 0, or -1: no memory, or the stream failed.
 */
int json_print_member(
	FILE *stream, const struct record *record, const char *archive_path, const char *path);

/** The same of what has failed. */
int json_print_failure(FILE *stream, const struct failed *failure);

#endif
