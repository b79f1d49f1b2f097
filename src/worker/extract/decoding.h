// SPDX-License-Identifier: MIT

/*
 * The data of one member after the other, decoded piece by piece to where the member goes. Pieces
 * are written, and their CRC-32 is taken, while they are in a core's cache.
 */

#ifndef ZIPMAP_WORKER_EXTRACT_DECODING_H
#define ZIPMAP_WORKER_EXTRACT_DECODING_H

#include "worker/container/archive.h"
#include "worker/decode/decoders.h"
#include "worker/extract/target.h"

/** Bytes of decoding->in. */
#define DECODING_INPUT_SIZE ((size_t)256 * 1024)

enum decoding_status {
	DECODING_MORE,   /**< go on */
	DECODING_END,    /**< all is decoded; data may be left that are not the stream's */
	DECODING_WAIT,   /**< there is nothing to do before something is said (owner.h) */
	DECODING_FAILED, /**< *@failure says why */
};

struct decoding {
	enum decoder_choice wanted;
	struct decoder_set decoders;
	uint8_t *in; /**< compressed data; anybody's while none are decoded */

	/* Of the member in hand. */
	const struct member *member; /**< not owned */
	struct target *target;       /**< not owned; a file is open there */
	struct member_data data;     /**< to be opened by the user */
	uint32_t crc32;              /**< of what is written */
	struct decoder *decoder;     /**< NULL: nothing is decoded */
	struct decode_span span;
	bool exhausted; /**< there are no more compressed bytes */
	uint8_t *room;  /**< where the piece in hand begins, in its buffer; NULL: there is none */
};

/** Decode to @target, by what --decoder=@wanted means. 0, or -1: no memory. */
int decoding_init(struct decoding *decoding, struct target *target, enum decoder_choice wanted);

void decoding_release(struct decoding *decoding);

/** The type of decoder for @member. NULL: there is none for its method. */
const struct decoder_type *decoding_choose(
	const struct decoding *decoding, const struct member *member);

/** No member is in hand. */
void decoding_stop(struct decoding *decoding);

/**
 * Have a decoder for @member, which must stay, before its file is open. @type is as
 * decoding_choose() says. 0, or -1: no memory.
 */
int decoding_begin(
	struct decoding *decoding, const struct member *member, const struct decoder_type *type);

/** Go on by about OUTFILE_BUFFER_SIZE bytes of output at most. */
enum decoding_status decoding_step(struct decoding *decoding, struct failure *failure);

/** Have input, unless the data have ended, and room. 0, or -1 with *@failure. */
int decoding_prepare(struct decoding *decoding, struct failure *failure);

/** Have what is decoded in decoding->room written. DECODING_MORE or DECODING_FAILED. */
enum decoding_status decoding_take(struct decoding *decoding, struct failure *failure);

/** Whether a step of both at once is faster than one of each. */
bool decoding_can_pair(const struct decoding *first, const struct decoding *second);

/** Go on with both. What becomes of one does not touch the other. */
void decoding_step_two(struct decoding *const both[2], enum decoding_status statuses[2],
	struct failure failures[2]);

#endif
