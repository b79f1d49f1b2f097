// SPDX-License-Identifier: MIT

/*
 * What is said of a member that several workers decode (worker/parts/join.h): a MESSAGE_PART. Its
 * owner, the worker that has the member's unit, calls helpers by number. The parent knows which
 * worker that is, and which unit of kind UNIT_PART it has. Places are in bits of the member's data,
 * but in the file in bytes.
 */

#ifndef ZIPMAP_PROTOCOL_MESSAGEPART_H
#define ZIPMAP_PROTOCOL_MESSAGEPART_H

#include "protocol/wire.h"

#include <stdbool.h>
#include <stdint.h>

/** The values go over the wire: append, never reorder. */
enum part_step {
	/* From the owner to the parent. */
	PART_OFFER = 1, /**< a member can be divided: @member, @place of its data in the archive's
			   file, @bytes of them, @end: its size, @name of its file,
			   or none if members are only checked */
	PART_STRETCH,   /**< @helper is to have the stretch from @place to @end */
	PART_NONE,      /**< @helper is to have nothing: there is little left */

	/* From the parent to the owner. */
	PART_ASK, /**< there could be a worker for @helper. Where no file is made, the first one
		     brings the descriptor of one in memory, for what is in front of stretches. */

	/* From the owner by way of the parent to a helper. */
	PART_TURN, /**< its bytes begin at @place of the file, whose descriptor comes along */
	PART_DROP, /**< it is to stop */

	/* From a helper by way of the parent to the owner. The last two end its unit. */
	PART_FOUND,   /**< a block begins at @place */
	PART_DECODED, /**< up to @place, @bytes; @final: the stream ends there */
	PART_TAILED,  /**< its last 32 KiB are in the file */
	PART_WRITTEN, /**< all of it is, with @crc32 */
	PART_LOST,    /**< it has nothing to give; or it is gone, as the parent says */

	PART_STEPS,
};

struct message_part {
	enum part_step step;
	uint32_t helper;
	uint64_t member;
	uint64_t place;
	uint64_t end;
	uint64_t bytes;
	uint32_t crc32;
	bool final;
	const char *name; /**< of the file; not terminated; NULL: none */
	uint16_t name_size;
};

/** The most that there may be for one member. */
#define PART_HELPERS_MAX 32

void message_part_put(struct wire_writer *out, const struct message_part *part);

/** What is out of range makes the reader fail. */
void message_part_get(struct wire_reader *in, struct message_part *part);

#endif
