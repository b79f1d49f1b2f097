// SPDX-License-Identifier: MIT

/*
 * --printf=FORMAT: what is printed for each member. The formats are like those of find -printf.
 */

#ifndef ZIPMAP_CLI_FORMAT_H
#define ZIPMAP_CLI_FORMAT_H

#include "protocol/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/**
 * Check @format. Every '%' must begin a directive (%p path, %a archive, %m member, %M its
 * safe name, %s size, %c CRC-32, %o offset, %t type and %d shape of an array, %%) and every '\\'
 * an escape (\n \t \0 \\). 0, or -1, and then the *@wrong_size bytes at *@wrong are neither.
 */
int format_check(const char *format, const char **wrong, size_t *wrong_size);

/** Whether the checked @format has the directive %@letter. */
bool format_uses(const char *format, char letter);

/** Print the record of a whole member by the checked @format. Errors are left in the stream. */
void format_print(FILE *stream, const char *format, const struct record *record,
	const char *archive_path, const char *path);

#endif
