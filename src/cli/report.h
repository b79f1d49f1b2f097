// SPDX-License-Identifier: MIT

/*
 * What is said at the end of a run. --stats: what was done, the traffic between the processes, and
 * the memory in use.
 */

#ifndef ZIPMAP_CLI_REPORT_H
#define ZIPMAP_CLI_REPORT_H

#include "parent/run.h"

#include <stdbool.h>
#include <stdio.h>

/**
 * Print the report of a run as lines of "key: value". The keys do not change. The exact number of
 * bytes follows each size in parentheses. Errors are left in the stream (ferror).
 */
void report_print(FILE *stream, const struct run_stats *stats);

/** Say in one line what a run has unzipped, or listed (-v). */
void report_sum_up(const struct run_stats *stats, bool lists);

#endif
