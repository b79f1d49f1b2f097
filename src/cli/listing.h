// SPDX-License-Identifier: MIT

/*
 * What --list prints: a line for each member. At a terminal the columns are lined up under a
 * heading. Otherwise tabs separate them and there is no heading. Names are made printable, so that
 * a member is always one line and a tab always separates columns.
 */

#ifndef ZIPMAP_CLI_LISTING_H
#define ZIPMAP_CLI_LISTING_H

#include "protocol/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct listing {
	bool lined_up;
	bool begun;    /**< the heading was printed */
	uint64_t day;  /**< the days from 1970 to that of @date */
	char date[16]; /**< "2026-11-28 ", or nothing yet */
};

/**
 * Print the line of @record: size, compressed size, method, CRC-32, time, archive, member. The
 * heading comes before the first line. Errors are left in the stream.
 */
void listing_print(FILE *stream, struct listing *listing, const struct record *record,
	const char *archive_path);

#endif
