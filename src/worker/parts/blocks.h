// SPDX-License-Identifier: MIT

/*
 * Places in a DEFLATE stream, and decoding from one to another by the twin decoder.
 *
 * A place is counted in bits from the beginning of the stream. A block begins three bits in front
 * of what follows its header. For a stored block these are the last three bits in front of its
 * size: its type is 0, and the padding counts as part of it. So whoever finds the block by its size
 * and whoever comes to it by decoding name the same place.
 */

#ifndef ZIPMAP_WORKER_PARTS_BLOCKS_H
#define ZIPMAP_WORKER_PARTS_BLOCKS_H

#include "worker/decode/decoder.h"
#include "worker/twin/twin.h"

#include <stdint.h>

/** What a header has in front of that. */
#define BLOCKS_HEADER_BITS 3

/** No place. As a stop: do not stop. */
#define BLOCKS_NOWHERE UINT64_MAX

/** A stream that is decoded from some place on. */
struct blocks {
	struct twin *twin; /**< not owned */
	uint64_t in_place; /**< in bytes of the stream: where the input that follows begins */
};

enum blocks_status {
	BLOCKS_NEED_INPUT,  /**< all input is used up */
	BLOCKS_NEED_OUTPUT, /**< the output is full */
	BLOCKS_STOPPED,     /**< at the block that begins at the stop, or at the first one after */
	BLOCKS_END,         /**< the stream is complete */
	BLOCKS_BAD_DATA,
};

/** Decode from the beginning of the stream by @twin, whatever it was used for before. */
void blocks_start(struct blocks *blocks, struct twin *twin);

/**
 * Decode from the block that begins at @begin on. @first is the byte that this bit is in; the input
 * that follows begins at blocks->in_place. A whole window stands in front of the output.
 */
void blocks_start_at(struct blocks *blocks, struct twin *twin, uint64_t begin, uint8_t first);

/**
 * Decode as decoder_run() does. Stop in the header of the first block that begins at @stop or
 * later, but of no block that is the last one or has the fixed codes: none of these is ever found
 * by its looks. *@begin is where it begins then. A further run goes on from there.
 */
enum blocks_status blocks_run(
	struct blocks *blocks, struct decode_span *span, uint64_t stop, uint64_t *begin);

/** The next bit of the stream that is read, between two runs. */
uint64_t blocks_place(const struct blocks *blocks);

/** Whether the header that twin_careful() has just read is that of a block that can be a stop. */
static inline bool blocks_can_stop(const struct twin *twin)
{
	return !twin->last_block && (twin->state == TWIN_STORED_SIZE || twin->state == TWIN_COUNTS);
}

#endif
