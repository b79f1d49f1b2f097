// SPDX-License-Identifier: MIT

/*
 * What speaks against a member before anything of it is written: the limits that the user has set,
 * and the room that the file system has (util/freespace.h). Both go by the size that the archive
 * states. That is as good as what will come out, since extraction stops at the first byte beyond it
 * (extract.h).
 */

#ifndef ZIPMAP_WORKER_EXTRACT_BOUNDS_H
#define ZIPMAP_WORKER_EXTRACT_BOUNDS_H

#include "protocol/failure.h"
#include "protocol/limits.h"
#include "worker/container/archive.h"

#include <stdbool.h>
#include <stdint.h>

/** Members from this size on are held against the free space one by one. */
#define BOUNDS_LARGE_MEMBER ((uint64_t)1024 * 1024)

struct bounds {
	struct limits limits;
	uint64_t total_left; /**< bytes until --max-total, less those of members since then */
	uint64_t files_left; /**< files in memory that may still be made */
	bool tight;          /**< small members have to be held against the free space, too */
};

/** No limits; members are held against the free space. */
void bounds_init(struct bounds *bounds);

/** Hold @member, alone, against the limits. 0, or -1 with *@failure. */
int bounds_check(const struct bounds *bounds, const struct member *member, struct failure *failure);

/**
 * See that the file system of @directory_fd has room for @files more files of @size_bytes together.
 * It has if it does not say what is left, and if no files are made (-1). 0, or -1 with *@failure.
 */
int bounds_check_room(
	int directory_fd, uint64_t size_bytes, uint64_t files, struct failure *failure);

/**
 * Whether the file system of @directory_fd takes as long to set room aside as to write there: it
 * keeps files in memory, and gets all the pages.
 */
bool bounds_reserve_slowly(int directory_fd);

/**
 * What one process may use before it asks the file system again: a small part of what was free, so
 * that many processes together do not use more than there is. All zero: it has to ask.
 */
struct room {
	uint64_t bytes;
	uint64_t files;
};

/** As bounds_check_room(), but out of *@room as long as that lasts. */
int room_take(struct room *room, int directory_fd, uint64_t size_bytes, uint64_t files,
	struct failure *failure);

#endif
