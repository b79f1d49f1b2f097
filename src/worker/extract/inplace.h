// SPDX-License-Identifier: MIT

/*
 * Members in place: which can stay in their archive, where there they are, and reading one through,
 * which is all that is done with it.
 */

#ifndef ZIPMAP_WORKER_EXTRACT_INPLACE_H
#define ZIPMAP_WORKER_EXTRACT_INPLACE_H

#include "protocol/inplace.h"
#include "worker/container/archive.h"

/** Whether @member can stay in place, as far as the central directory tells. */
bool in_place_is_possible(const struct in_place *in_place, const struct member *member);

/** Whether @member will stay in place, whatever its data are, unless it fails. */
bool in_place_is_certain(const struct in_place *in_place, const struct member *member);

/** Where the next byte of @data, raw data, is in the archive's file. */
uint64_t in_place_offset(const struct member_data *data);

/**
 * Read @size bytes of the member whose raw data @data reads, from @offset in the archive on; @data
 * is not moved. 0, or -1 with *@failure.
 */
int in_place_peek(const struct member_data *data, uint64_t offset, uint8_t *bytes, size_t size,
	struct failure *failure);

/**
 * Read a next piece of @data through @buffer (@size bytes, which begin at a page: buffer.h) and
 * continue *@crc32 by it. How much it was; 0 at the end; -1 with *@failure.
 */
ssize_t in_place_read(struct member_data *data, uint8_t *buffer, size_t size, uint32_t *crc32,
	struct failure *failure);

#endif
