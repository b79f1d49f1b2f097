// SPDX-License-Identifier: MIT

/*
 * Members in place: which can stay in their archive, and reading through one that stands in a file
 * as it is, which is all that is done with it.
 */

#ifndef ZIPMAP_WORKER_EXTRACT_INPLACE_H
#define ZIPMAP_WORKER_EXTRACT_INPLACE_H

#include "protocol/inplace.h"
#include "worker/container/entry.h"
#include "worker/container/source.h"

/** Whether @member can stay in place, as far as the central directory tells. */
bool in_place_is_possible(const struct in_place *in_place, const struct member *member);

/** Whether @member will stay in place, whatever its data are, unless it fails. */
bool in_place_is_certain(const struct in_place *in_place, const struct member *member);

/** The bytes of a member as they stand in a file: in its archive, or in a file of its own. */
struct in_place_bytes {
	struct source *source;
	uint64_t start;       /**< where they begin in the file */
	uint64_t size_bytes;  /**< how many there are, */
	uint64_t taken_bytes; /**< and how many of them were read by in_place_read() */
};

/** Read the first @size bytes, of which there are so many. 0, or -1 with *@failure. */
int in_place_peek(
	const struct in_place_bytes *bytes, uint8_t *buffer, size_t size, struct failure *failure);

/**
 * Read the next ones through @buffer (@size bytes, which begin at a page: buffer.h) and continue
 * *@crc32 by them. How many these were; 0 at the end; -1 with *@failure.
 */
ssize_t in_place_read(struct in_place_bytes *bytes, uint8_t *buffer, size_t size, uint32_t *crc32,
	struct failure *failure);

#endif
