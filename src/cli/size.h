// SPDX-License-Identifier: MIT

/*
 * Sizes: as the command line has them, a number with or without a unit, and as people read them.
 */

#ifndef ZIPMAP_CLI_SIZE_H
#define ZIPMAP_CLI_SIZE_H

#include <stdint.h>

/**
 * Read @text into *@bytes: a decimal number that may end in K, M, G or T, or KiB and so on (powers
 * of 1024), or in KB and so on (powers of 1000), as in GNU coreutils. With a unit, it may have up
 * to six digits behind a point; a part of a byte is left out. 0, or -1 if it is anything else, is
 * 0, or is more than INT64_MAX, the largest size of a file; *@bytes is then unchanged.
 */
int size_parse(const char *text, uint64_t *bytes);

/** Room for what size_text() writes. */
#define SIZE_TEXT_MAX 16

/** Write @bytes to @text, as in "1.2 MiB". Returns @text. */
const char *size_text(uint64_t bytes, char text[static SIZE_TEXT_MAX]);

#endif
