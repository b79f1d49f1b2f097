// SPDX-License-Identifier: MIT

/*
 * A SIZE on the command line: a whole number, perhaps with a unit.
 */

#ifndef ZIPMAP_CLI_SIZE_H
#define ZIPMAP_CLI_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Read @text, a decimal number that may end in K, M, G or T (powers of 1024, as dd(1) and GNU
 * coreutils have them), to *@bytes. False, *@bytes untouched, where it is anything else, is 0, or
 * is more than INT64_MAX, the most that a file can have.
 */
bool size_parse(const char *text, uint64_t *bytes);

#endif
