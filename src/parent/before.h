// SPDX-License-Identifier: MIT

/*
 * Which files were there before the run, and which it has made or changed itself: by a time of the
 * file system's own clock, so that no memory of names is needed to tell the two apart.
 */

#ifndef ZIPMAP_PARENT_BEFORE_H
#define ZIPMAP_PARENT_BEFORE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

struct before {
	struct timespec begun;
};

/**
 * Note a time that is later than what was changed before the run, and not later than what is
 * changed from now on, on the file system of the directory @directory_fd, which the run has made.
 * 0, or -1 with errno.
 */
int before_note(struct before *before, int directory_fd);

/** Whether the file of @status was not changed since, nor made. */
bool before_has(const struct before *before, const struct stat *status);

#endif
