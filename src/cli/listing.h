// SPDX-License-Identifier: MIT

/*
 * What --list prints of a member: a line, its columns lined up under a heading for a person at a
 * terminal, else divided by tabs and without a heading. Names are made printable in both, so that a
 * member is one line and a tab divides columns.
 */

#ifndef ZIPMAP_CLI_LISTING_H
#define ZIPMAP_CLI_LISTING_H

#include "protocol/record.h"

#include <stdbool.h>
#include <stdio.h>

struct listing {
	bool lined_up;
	bool begun; /**< the heading was printed */
};

/**
 * Print the line of @record: size, compressed size, method, CRC-32, time, archive, member; before
 * the first one the heading. Errors are left in the stream.
 */
void listing_print(FILE *stream, struct listing *listing, const struct record *record,
	const char *archive_path);

#endif
