// SPDX-License-Identifier: MIT

/*
 * What --stats prints: what was done, what passed between the processes, and what is in the memory.
 */

#ifndef ZIPMAP_CLI_REPORT_H
#define ZIPMAP_CLI_REPORT_H

#include "parent/run.h"

#include <stdio.h>

/**
 * Print the report of a run, lines of "key: value". The keys do not change, and each value that has
 * a unit is followed by the exact number in parentheses. Errors are left in the stream (ferror).
 */
void report_print(FILE *stream, const struct run_stats *stats);

#endif
