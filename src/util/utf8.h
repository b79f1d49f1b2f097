// SPDX-License-Identifier: MIT

/*
 * UTF-8 by RFC 3629: no overlong form, no surrogate, no value above U+10FFFF.
 */

#ifndef ZIPMAP_UTIL_UTF8_H
#define ZIPMAP_UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * How many bytes the character at the beginning of @text (@size bytes, at least 1) has, and which
 * character it is; 0 if there is none.
 */
size_t utf8_decode(const char *text, size_t size, uint32_t *character);

/** Whether all of @text is UTF-8. */
bool utf8_is_valid(const char *text, size_t size);

/**
 * How many bytes of @text (@size bytes) to take where there is room for @most: all, or as many as
 * end with a whole character. What is not UTF-8 is cut anywhere.
 */
size_t utf8_cut(const char *text, size_t size, size_t most);

#endif
