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
 * Decode the character at the start of @text (@size bytes, at least 1). Returns its length in
 * bytes, or 0 if no character begins there.
 */
size_t utf8_decode(const char *text, size_t size, uint32_t *character);

/** Whether all of @text is valid UTF-8. */
bool utf8_is_valid(const char *text, size_t size);

/**
 * How many of the @size bytes of @text to keep if there is room for @most. The text is cut between
 * characters. Text that is not UTF-8 may be cut anywhere.
 */
size_t utf8_cut(const char *text, size_t size, size_t most);

#endif
