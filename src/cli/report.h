// SPDX-License-Identifier: MIT

/*
 * What is said at the end of a run. --stats: what was done, the traffic between the processes, and
 * the memory in use.
 */

#ifndef ZIPMAP_CLI_REPORT_H
#define ZIPMAP_CLI_REPORT_H

#include "cli/options.h"
#include "parent/run.h"

#include <stdbool.h>
#include <stdio.h>

/**
 * Print the report of a run, which has done @action, as lines of "key: value". The keys do not
 * change. The exact number of bytes follows each size in parentheses. Errors are left in the stream
 * (ferror).
 */
void report_print(FILE *stream, const struct run_stats *stats, enum options_action action);

/** The same as one JSON object on a line. @complete: all of the input was dealt with. */
void report_print_json(
	FILE *stream, const struct run_stats *stats, enum options_action action, bool complete);

/** Say in one line what was done (-v). */
void report_sum_up(const struct run_stats *stats, enum options_action action);

#endif
