// SPDX-License-Identifier: MIT

/*
 * A stretch of a DEFLATE stream, decoded by itself: from a block that begins in it to the first one
 * that begins behind it. A large one is decoded as two sections at once (section.h). It is whole
 * once the window in front of it is known.
 */

#ifndef ZIPMAP_WORKER_PARTS_STRETCH_H
#define ZIPMAP_WORKER_PARTS_STRETCH_H

#include "worker/parts/section.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The window of DEFLATE: so many bytes in front of a stretch are to be known. */
#define STRETCH_WINDOW ((size_t)32 * 1024)

/** Private memory for what is decoded, in whole huge pages. A value takes two bytes. */
#define STRETCH_MEMORY ((size_t)14 * 1024 * 1024)

/** Bytes behind the input that must be readable. */
#define STRETCH_IN_SLACK ((size_t)128)

/** What was decoded. Places are in bits of the stream (worker/parts/blocks.h). */
struct stretch {
	uint64_t begin; /**< of its first block */
	uint64_t end;   /**< where the header behind it begins, or where the stream ends */
	bool final;     /**< the stream ends with it */
	uint64_t size_bytes;
};

struct stretcher;

/** What decodes stretches, one after the other; or NULL: no memory. */
struct stretcher *stretcher_new(void);

/** @stretcher may be NULL. */
void stretcher_free(struct stretcher *stretcher);

/**
 * The first place in the bits from @from up to but not including @to where a block seems to begin,
 * or BLOCKS_NOWHERE. Both lie in the input.
 */
uint64_t stretch_find(const struct stretcher *stretcher, const struct stretch_input *input,
	uint64_t from, uint64_t to);

/**
 * Decode from the block that seems to begin at @begin, up to the first one that begins at @stop or
 * later, and has the looks by which it is found. If memory or input does not reach so far, or the
 * data are bad there, the stretch ends with the last block that does, or before: with its first
 * section. 0 with *@stretch; -1: there is no such block, or it is too large.
 */
int stretch_decode(struct stretcher *stretcher, const struct stretch_input *input, uint64_t begin,
	uint64_t stop, struct stretch *stretch);

/** The STRETCH_WINDOW bytes in front of the stretch are these. */
void stretch_set_window(struct stretcher *stretcher, const uint8_t *window);

/** Have @size bytes at @at of the stretch, whose window is set. */
void stretch_read(const struct stretcher *stretcher, uint64_t at, size_t size, uint8_t *bytes);

#endif
