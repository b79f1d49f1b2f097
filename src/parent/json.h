// SPDX-License-Identifier: MIT

/*
 * One JSON object a line for each member and each failure: what --json prints, and what the
 * manifest of kept files has.
 */

#ifndef ZIPMAP_PARENT_JSON_H
#define ZIPMAP_PARENT_JSON_H

#include "parent/interface.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/**
 * Print the record of a whole member as an object and a newline. @path is empty if there is no
 * file. A name that is not UTF-8 is printed with U+FFFD for each wrong byte, and once more as
 * KEY_bytes with all of its bytes in hexadecimal. 0, or -1 if memory ran out or the stream failed.
 */
int json_print_member(
	FILE *stream, const struct record *record, const char *archive_path, const char *path);

/** The times of a kept file, in nanoseconds from 1970. */
struct json_file {
	int64_t mtime_ns;
	int64_t ctime_ns;
};

/**
 * The same for a manifest: with an object "kept", which has what keptrecord_read() needs beside.
 * @file counts only if the member is in a file. -1 also if a number is too large for that.
 */
int json_print_kept(FILE *stream, const struct record *record, const char *archive_path,
	const char *path, const struct json_file *file);

/** The first line of a manifest. */
struct json_head {
	unsigned version;
	const char *sha256;  /**< in hexadecimal */
	uint64_t entries;    /**< members of the archive, all of them */
	bool behind_another; /**< before it, its file holds members of another one */
	const char *archive_path;
};

/** Print it, in this order, behind "kept_files". 0, or -1 as the others. */
int json_print_head(FILE *stream, const struct json_head *head);

/** json_print_member() for a failure. */
int json_print_failure(FILE *stream, const struct failed *failure);

#endif
