// SPDX-License-Identifier: MIT

/*
 * Places in a DEFLATE stream, and decoding from one to another by the twin decoder.
 *
 * A place is counted in bits from the beginning of the stream. A block is called after the place
 * three bits in front of what follows its header. For most blocks that is where the header begins.
 * For a stored block these are the last three bits in front of its size, and there may be padding
 * between them and the header. So whoever finds the block by its size and whoever comes to it by
 * decoding call it the same.
 */

#ifndef ZIPMAP_WORKER_PARTS_BLOCKS_H
#define ZIPMAP_WORKER_PARTS_BLOCKS_H

#include "worker/decode/decoder.h"
#include "worker/twin/twin.h"

#include <stdint.h>

/** No place. As a stop: do not stop. */
#define BLOCKS_NOWHERE UINT64_MAX

/** A stream that is decoded from some place on. */
struct blocks {
	struct twin *twin; /**< not owned */
	uint64_t in_place; /**< in bytes of the stream: where the input that follows begins */
	uint64_t begin;    /**< what the block is called whose header was read last */
	uint64_t header;   /**< where that header begins: the block can be decoded from there */
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
 * Decode from the header or begin of a block at @place on. @first is the byte that this bit is in;
 * the input that follows begins at blocks->in_place. A whole window stands in front of the output.
 */
void blocks_start_at(struct blocks *blocks, struct twin *twin, uint64_t place, uint8_t first);

/**
 * Decode as decoder_run() does. Stop in the header of the first block whose begin is @stop or
 * later, but of none that is the last one or has the fixed codes: these are never found by their
 * looks. A further run goes on from there.
 */
enum blocks_status blocks_run(struct blocks *blocks, struct decode_span *span, uint64_t stop);

/** The next bit of the stream that is read, between two runs. */
uint64_t blocks_place(const struct blocks *blocks);

/**
 * A step of twin_careful(), which may be that of a header. True: it was, and one can stop at the
 * block. *@status is that of the step. The input of @twin ends at byte @end_place of the stream.
 */
bool blocks_step(struct blocks *blocks, uint64_t end_place, enum decode_status *status);

#endif
