// SPDX-License-Identifier: MIT

/*
 * Directories beneath one that stands, opened or made component by component. No link is followed,
 * and no "..": whatever others do to the names meanwhile, what is opened was reached from the
 * directory above it, as a directory.
 */

#ifndef ZIPMAP_PARENT_DESCEND_H
#define ZIPMAP_PARENT_DESCEND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct descend {
	int root_fd; /**< where all paths begin; not owned */
	mode_t mode; /**< of directories that are made */
	int fd;      /**< the directory of the last path, or -1 */
	char path[PATH_MAX];
	size_t size;
};

/** Begin at @root_fd, which must stay open. */
void descend_init(struct descend *descend, int root_fd, mode_t mode);

void descend_release(struct descend *descend);

/**
 * Open the directory of the first @size bytes of @path, making what is not there: components
 * without "", "." and "..", with a slash between two; none: the root. It stays open until the next
 * call. Returns its descriptor, or -1 with errno: ENOTDIR or ELOOP, something else than a directory
 * has a name in it.
 */
int descend_to(struct descend *descend, const char *path, size_t size);

/** As descend_to(), but nothing is made: ENOENT, a directory is not there. */
int descend_find(struct descend *descend, const char *path, size_t size);

/** The directory of the last path may have been removed: look for it anew next time. */
void descend_forget(struct descend *descend);

/** As descend_to() below the working directory or the root, following links, and nothing is opened.
 * 0, or -1 with errno. */
int descend_make_all(const char *path, mode_t mode);

#endif
