// SPDX-License-Identifier: MIT

/*
 * --printf=FORMAT: what is printed of each member, in the manner of find(1)'s -printf.
 */

#ifndef ZIPMAP_CLI_FORMAT_H
#define ZIPMAP_CLI_FORMAT_H

#include "protocol/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/**
 * Whether @format is one: every '%' begins a directive (%p path, %a archive, %m member, %s size,
 * %c CRC-32, %o offset, %t type and %d shape of an array, %%) and every '\\' an escape (\n \t \0
 * \\). Else false, and *@wrong_size bytes at *@wrong are what is none.
 */
bool format_check(const char *format, const char **wrong, size_t *wrong_size);

/** Whether @format, which is one, has the directive %@letter. */
bool format_uses(const char *format, char letter);

/** Print a whole member's record by @format, which is one. Errors are left in the stream. */
void format_print(FILE *stream, const char *format, const struct record *record,
	const char *archive_path, const char *path);

#endif
