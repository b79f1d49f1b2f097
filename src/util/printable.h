// SPDX-License-Identifier: MIT

/*
 * Names from archives and from file systems can hold any byte: terminal escapes, newlines,
 * invalid UTF-8. Before one is shown to a person it is made printable.
 */

#ifndef ZIPMAP_UTIL_PRINTABLE_H
#define ZIPMAP_UTIL_PRINTABLE_H

#include <stddef.h>

/** Enough for any path in a message; a longer name is cut, with "..." at its end. */
#define PRINTABLE_MAX 1024

/**
 * Write @name (@size bytes, any) to @text (@capacity bytes, at least 8) as printable UTF-8 with a
 * NUL at its end. Printable characters stay; a backslash, a control character, a character
 * that changes the direction of text, and a byte that is not UTF-8 become \\, \n, \t, \r or \xHH.
 * Returns @text.
 */
char *printable(const char *name, size_t size, char *text, size_t capacity);

#endif
