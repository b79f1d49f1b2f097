// SPDX-License-Identifier: MIT

/*
 * Clean-up attributes. A local that owns something releases it at the end of its scope, unless a
 * steal_*() function handed it on.
 */

#ifndef ZIPMAP_UTIL_CLEANUP_H
#define ZIPMAP_UTIL_CLEANUP_H

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_impl(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_fd_impl(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_dir_impl(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/** The local is freed at the end of its scope. */
#define cleanup_free __attribute__((cleanup(cleanup_free_impl)))
/** The local descriptor is closed at the end of its scope unless it is negative. */
#define cleanup_fd __attribute__((cleanup(cleanup_fd_impl)))
/** The local `DIR *` is closed at the end of its scope unless it is NULL. */
#define cleanup_dir __attribute__((cleanup(cleanup_dir_impl)))

/** Take a descriptor out of its variable. The caller owns it, and the variable becomes -1. */
static inline int steal_fd(int *fd)
{
	int stolen = *fd;
	*fd = -1;
	return stolen;
}

/** Take a pointer out of its variable. The caller owns it, and the variable becomes NULL. */
#define steal_pointer(variable)                                \
	__extension__({                                        \
		__typeof__(*(variable)) stolen_ = *(variable); \
		*(variable) = NULL;                            \
		stolen_;                                       \
	})

#endif
