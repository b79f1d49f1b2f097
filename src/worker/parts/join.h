// SPDX-License-Identifier: MIT

/*
 * One member by several workers, as the one that owns it sees it. The owner decodes from where the
 * window is known. Helpers decode stretches further on; when the owner comes to the block with
 * which such a stretch begins, the helper is told where in the file it belongs, and the owner goes
 * on behind it. Who does what next, and what the pieces are together, is decided here. This is pure
 * data: no decoding, no files, no messages.
 *
 * Nothing that a helper says is believed until the owner has come to the begin of its stretch: a
 * stretch that begins where no block does is passed by.
 */

#ifndef ZIPMAP_WORKER_PARTS_JOIN_H
#define ZIPMAP_WORKER_PARTS_JOIN_H

#include "protocol/message.h"

#include <stdbool.h>
#include <stdint.h>

/** Members of fewer bytes, unzipped, are not worth it. */
#define JOIN_MEMBER_MIN (UINT64_C(8) * 1024 * 1024)

#define JOIN_HELPERS_MAX PART_HELPERS_MAX

/** Pieces of the member that may wait for one before them to be written. */
#define JOIN_PIECES_MAX 192

enum join_state {
	JOIN_FREE,      /**< the helper has nothing to do */
	JOIN_SEARCHING, /**< it looks for the begin of its stretch */
	JOIN_FOUND,     /**< it decodes from there */
	JOIN_DECODED,   /**< it knows where the stretch ends, and waits for its turn */
	JOIN_JOINED,    /**< it has its turn, and writes its last 32 KiB first */
	JOIN_TAILED,    /**< these are in the file, and the owner can go on behind them */
};

struct join_helper {
	enum join_state state;
	uint64_t to;    /**< where its stretch may begin at most */
	uint64_t begin; /**< from JOIN_FOUND on. In bits of the stream (worker/parts/blocks.h). */
	uint64_t end;   /**< from JOIN_DECODED on */
	uint64_t size_bytes;
	bool final;          /**< the stream ends with it */
	uint64_t asked_at;   /**< where the owner was when it was asked */
	uint64_t asked_ns;   /**< and when that was */
	uint64_t decoded_ns; /**< when it was decoded */
	uint64_t reached_ns; /**< when the owner came to its begin; 0: not yet */
};

/** A piece of the member, in the order of the file. */
struct join_piece {
	uint64_t begin, end; /**< of a stretch */
	uint64_t at_bytes;   /**< of the member */
	uint64_t size_bytes;
	uint32_t crc32;
	int helper; /**< whose it is until it is written, or JOIN_OWN */
	bool written;
};

/** Nobody's, or the owner's: a piece that was lost with its helper is to be done again. */
#define JOIN_OWN (-1)

struct join {
	uint64_t stream_bits;
	uint64_t stretch_bits;
	uint64_t lead_bits; /**< how far ahead of the owner the next stretch begins */
	uint64_t now_ns;    /**< a clock, which the caller sets */
	uint64_t place;     /**< where the owner is, or is to go on */
	bool ended;         /**< that is the end of the stream */
	struct join_helper helpers[JOIN_HELPERS_MAX];
	struct join_piece
		pieces[JOIN_PIECES_MAX]; /**< those behind the first that is not written */
	unsigned piece_count;
	uint64_t joined_bytes; /**< of the member so far, with all pieces */
	uint64_t whole_bytes;  /**< without them */
	uint32_t whole_crc32;
};

/** Whether a member is worth being decoded by several: large, and neither random nor all the same.
 */
bool join_is_worth_it(uint64_t compressed_bytes, uint64_t size_bytes);

void join_init(struct join *join, uint64_t compressed_bytes, uint64_t size_bytes);

/**
 * Give the free @helper something to do: it shall look for a block that begins in the bits from
 * *@from up to but not including *@to, and decode to the first one behind. False: there is nothing.
 */
bool join_ask(struct join *join, unsigned helper, uint64_t *from, uint64_t *to);

/** @helper decodes from @begin, and not from where it said before. -1 with EBADMSG: it may not. */
int join_found(struct join *join, unsigned helper, uint64_t begin);

/** @helper has decoded. -1 with EBADMSG: it has not begun, or this cannot be. */
int join_decoded(struct join *join, unsigned helper, uint64_t end, uint64_t size_bytes, bool final);

/**
 * @helper has written its last bytes: the owner goes on at join->place, which is behind them. -1
 * with EBADMSG: it was not its turn.
 */
int join_tailed(struct join *join, unsigned helper);

/** @helper has written all, and is free. -1 with EBADMSG: it was not its turn. */
int join_written(struct join *join, unsigned helper, uint32_t crc32);

/** @helper has nothing to give, or is gone: it is free. What was its turn is to be done again. */
void join_lost(struct join *join, unsigned helper);

/** A helper that is to stop, since the owner has passed its stretch by. It is free. -1: none. */
int join_dropped(struct join *join);

/** Where the owner has to stop next: the nearest begin of a stretch, or BLOCKS_NOWHERE. */
uint64_t join_stop(const struct join *join);

enum join_next {
	JOIN_GO_ON,     /**< decode on from here */
	JOIN_WAIT,      /**< a stretch begins here: for what its helper says */
	JOIN_HAND_OVER, /**< a stretch begins here: tell *@helper that it has its turn */
};

/**
 * The owner has written @size_bytes with @crc32, and has come to @place: the begin of a block, if
 * it has stopped there, or anywhere.
 */
void join_own(struct join *join, uint64_t size_bytes, uint32_t crc32, uint64_t place);

/** What the owner does at a block that begins at join->place. */
enum join_next join_next(struct join *join, unsigned *helper);

/**
 * After the end of the stream: a piece that was lost and is to be decoded again by the owner; or
 * NULL. Its bytes in front are written.
 */
struct join_piece *join_to_redo(struct join *join);

/** That piece is written. */
void join_redone(struct join *join, struct join_piece *piece, uint32_t crc32);

/** Whether all pieces are written: join->whole_bytes and join->whole_crc32 are those of them all.
 */
bool join_is_whole(const struct join *join);

#endif
