// SPDX-License-Identifier: MIT

/*
 * Where records go: each member's path, one a line, or what --printf or --json says, on a
 * descriptor that may be a pipe whose reader is slow, has gone away, or has made it non-blocking.
 */

#ifndef ZIPMAP_CLI_OUTPUT_H
#define ZIPMAP_CLI_OUTPUT_H

#include "cli/listing.h"
#include "parent/run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct output {
	int fd;             /**< not owned */
	bool regular;       /**< a regular file, which never makes the writer wait */
	char separator;     /**< ends each path */
	const char *format; /**< --printf, or NULL */
	bool json;          /**< --json */
	bool lists;         /**< print the table of --list instead */
	struct listing listing;
	FILE *formatter; /**< writes to @formatted, from its start for each record */
	char *formatted;
	size_t formatted_size;

	char *bytes; /**< those from @begin to @end are not written yet */
	size_t begin, end, capacity;

	/** How many bytes of each record, of those from @first to @last, are not written yet. */
	uint32_t *sizes;
	size_t first, last, size_capacity;

	uint64_t written; /**< records written to their last byte */
};

/** What is printed of each record: paths, unless one of the others is set. */
struct output_style {
	char separator;     /**< ends each path */
	const char *format; /**< what --printf says (format.h), or NULL */
	bool json;          /**< objects of JSON (json.h), of failures as well */
};

/** Prepare output to @fd, which stays the caller's. 0, or -1 with errno. */
int output_init(struct output *output, int fd, const struct output_style *style);

/**
 * From now on print the table of --list; the @output must have a format, which is not used then.
 */
void output_list(struct output *output);

/** Free the buffers; what is in them is lost. */
void output_release(struct output *output);

/** The output as the parent uses it; valid as long as @output. */
struct record_sink output_sink(struct output *output);

#endif
