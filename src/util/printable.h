// SPDX-License-Identifier: MIT

/*
 * Names from archives and file systems can have any bytes: terminal escapes, newlines, invalid
 * UTF-8. A name is made printable before it is shown to a person.
 */

#ifndef ZIPMAP_UTIL_PRINTABLE_H
#define ZIPMAP_UTIL_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Room for almost any path in a message. A longer name is cut and ends in "...". */
#define PRINTABLE_MAX 1024

/**
 * Whether @character can be shown as it is: it is no backslash or control character, ends no line
 * and does not change the direction of text.
 */
bool printable_character(uint32_t character);

/**
 * Write the @size bytes of @name to @text (@capacity bytes, at least 8) as a string of printable
 * UTF-8. Printable characters stay. Backslashes, control characters, characters that change the
 * direction of text, and bytes that are not UTF-8 become \\, \n, \t, \r or \xHH. Returns @text.
 */
char *printable(const char *name, size_t size, char *text, size_t capacity);

#endif
