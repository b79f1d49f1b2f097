// SPDX-License-Identifier: MIT

/*
 * Complaints about inputs that give no archive: a directory without archives, a list that cannot
 * be read. A complaint is printed on stderr at once and kept for the record of the failure.
 */

#ifndef ZIPMAP_CLI_COMPLAINT_H
#define ZIPMAP_CLI_COMPLAINT_H

#include "util/printable.h"

struct complaint {
	const char *path;  /**< the input, as the user gave it; not owned */
	const char *error; /**< a fixed word for scripts, like those of failure_slug(); static */
	char message[PRINTABLE_MAX + 256];
};

/** Say what is wrong with @path. The words are @format's. errno is left as it was. */
__attribute__((format(printf, 4, 5))) void complain(
	struct complaint *complaint, const char *path, const char *error, const char *format, ...);

#endif
