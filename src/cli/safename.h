// SPDX-License-Identifier: MIT

/*
 * A member's name in a form that is safe as the name of a file: one component of a path, which no
 * program takes for an option, and which can be shown. The names of zipmap's own files are another
 * form (protocol/membername.h): those need no quoting, and their numbers keep them apart.
 */

#ifndef ZIPMAP_CLI_SAFENAME_H
#define ZIPMAP_CLI_SAFENAME_H

#include <stddef.h>

/** The most bytes of a safe name, as of any name of a file on Linux (NAME_MAX). */
#define SAFENAME_MAX 255

/**
 * Write the safe form of @name (@size bytes, any) to @safe, which has room for SAFENAME_MAX bytes;
 * no NUL is put behind it. Slashes, characters that are not shown as they are
 * (printable_character()) and bytes that are not UTF-8 become '_', each one, and so does '.' or '-'
 * at the start. Of a longer name the last characters are kept, which are those that tell members of
 * a directory apart. An empty one becomes "_". Returns its length. The safe form of a safe name is
 * itself.
 */
size_t safename_make(const char *name, size_t size, char *safe);

#endif
