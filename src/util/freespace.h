// SPDX-License-Identifier: MIT

/*
 * What a file system has left for a run. A run does not take the last of it: a 64th of its bytes
 * and of its inodes, but at most FREESPACE_KEPT_BYTES and FREESPACE_KEPT_INODES, stay free, so that
 * others who need a little still work.
 */

#ifndef ZIPMAP_UTIL_FREESPACE_H
#define ZIPMAP_UTIL_FREESPACE_H

#include <stdint.h>

/** The blocks of most file systems, and the pages of those in memory. */
#define FREESPACE_BLOCK_BYTES ((uint64_t)4096)

/** What a file of @bytes takes at least. */
static inline uint64_t freespace_taken(uint64_t bytes)
{
	uint64_t rest = bytes % FREESPACE_BLOCK_BYTES;

	return rest == 0 || bytes > UINT64_MAX - FREESPACE_BLOCK_BYTES
		       ? bytes
		       : bytes - rest + FREESPACE_BLOCK_BYTES;
}

/** The most that is left free. */
#define FREESPACE_KEPT_BYTES  ((uint64_t)64 * 1024 * 1024)
#define FREESPACE_KEPT_INODES ((uint64_t)1024)

/** What may still be used; UINT64_MAX: there is no end of it. */
struct freespace {
	uint64_t bytes;
	uint64_t files;
	uint64_t all_bytes; /**< what there would be without any file */
};

/**
 * What the file system of @directory_fd has left. If it does not say that, and if @directory_fd is
 * -1, there is no end of it.
 */
struct freespace freespace_ask(int directory_fd);

#endif
