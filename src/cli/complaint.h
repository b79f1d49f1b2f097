// SPDX-License-Identifier: MIT

/*
 * What is wrong with an input that never becomes an archive to open: a directory without any, a
 * list that cannot be read. It is said on stderr at once, and kept for the record of it.
 */

#ifndef ZIPMAP_CLI_COMPLAINT_H
#define ZIPMAP_CLI_COMPLAINT_H

#include "util/printable.h"

struct complaint {
	const char *path;  /**< the input, as the user gave it; not owned */
	const char *error; /**< a fixed word for scripts, as failure_slug() has them; static */
	char message[PRINTABLE_MAX + 256];
};

/** Say that @path is wrong: the words are those of @format. errno is left as it was. */
__attribute__((format(printf, 4, 5))) void complain(
	struct complaint *complaint, const char *path, const char *error, const char *format, ...);

#endif
