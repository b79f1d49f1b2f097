// SPDX-License-Identifier: MIT

/*
 * Prints records: the path of each member, one a line, or what --printf or --json asks for. The
 * descriptor may be a pipe whose reader is slow, has gone away, or has made it non-blocking.
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
	bool regular;       /**< a regular file never makes the writer wait */
	bool terminal;      /**< a status may be shown on it (util/diag.h) */
	bool may_wait;      /**< this one may, and there is no call that would not */
	char separator;     /**< ends each path */
	const char *format; /**< --printf, or NULL */
	bool json;          /**< --json */
	bool lists;         /**< print the table of --list instead */
	struct listing listing;
	FILE *formatter; /**< writes each record to the start of @formatted */
	char *formatted;
	size_t formatted_size;

	char *bytes; /**< the bytes from @begin to @end are not written yet */
	size_t begin, end, capacity;

	/** The bytes that are not written yet of each record from @first to @last. */
	uint32_t *sizes;
	size_t first, last, size_capacity;

	uint64_t written; /**< the records that are written completely */
};

/** What is printed for each record: its path, unless @format or @json is set. */
struct output_style {
	char separator;     /**< ends each path */
	const char *format; /**< the checked format of --printf (format.h), or NULL */
	bool json;          /**< JSON objects (json.h), for failures as well */
};

/** Prepare output to @fd, which still belongs to the caller. 0, or -1 with errno. */
int output_init(struct output *output, int fd, const struct output_style *style);

/** Print the table of --list from now on. The @output must have a format, which is ignored. */
void output_list(struct output *output);

/** Free the buffers. What is in them is lost. */
void output_release(struct output *output);

/** The output as a sink for the parent. It is valid as long as @output. */
struct record_sink output_sink(struct output *output);

#endif
