// SPDX-License-Identifier: MIT

/*
 * The parent's own look at a file that a worker says it has written: before a path is announced,
 * it has opened and mapped that same file.
 */

#ifndef ZIPMAP_PARENT_REMAP_H
#define ZIPMAP_PARENT_REMAP_H

#include <stdint.h>
#include <sys/types.h>

/** What a file must be. */
struct remap_expect {
	dev_t device; /**< that of the directory */
	uid_t owner;
	uint64_t inode;
};

/**
 * Open @file, a single component, in @directory_fd, without following a link or waiting for a
 * FIFO; check that it is a regular file with one link and what @expect says; map all of it, read
 * only, and unmap it again. No byte of it is touched: a worker that shrinks it cannot hurt. 0 with
 * its size, or -1 with errno; ESTALE where it is another file than expected.
 */
int remap(int directory_fd, const char *file, const struct remap_expect *expect,
	uint64_t *size_bytes);

#endif
