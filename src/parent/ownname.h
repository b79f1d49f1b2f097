// SPDX-License-Identifier: MIT

/*
 * The path that a member's file gets below the directory of --directory: <archive>/<member's path>.
 * Pure: no file is looked at. The path has no component that is "", "." or "..", and no control
 * character; whatever could lead out of the directory makes the name an unsafe one.
 */

#ifndef ZIPMAP_PARENT_OWNNAME_H
#define ZIPMAP_PARENT_OWNNAME_H

#include "protocol/namefault.h"
#include "protocol/record.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/** What the directory of an archive from standard input is called. */
#define OWNNAME_STDIN "stdin"

/** A path relative to the directory, with its NUL. */
struct ownname {
	char text[PATH_MAX];
	size_t size;    /**< bytes before the NUL */
	size_t base_at; /**< where the last component begins */
};

/**
 * Make the path of @record's member of the archive @archive_path, which is a file or a directory
 * entry: record->own_name is set. It has at most @most bytes. Without @flat, its first component is
 * the base name of the archive without ".zip" or ".npz".
 *
 * Components that are "." or empty are left out. In a name of MS-DOS's kind without any slash,
 * backslashes are separators. Each control character, of ASCII or above, becomes '_'. All other
 * bytes stay. MEMBER_NPY_SUFFIX follows if there is a header that was put before the member.
 *
 * NAME_GOOD, or what makes the name an unsafe one.
 */
enum name_fault ownname_make(const struct record *record, const char *archive_path, bool flat,
	size_t most, struct ownname *path);

/** Whether the path is that of a directory, by its entry or, if it is of MS-DOS's kind, by its end.
 */
bool ownname_is_directory(const struct record *record);

#endif
