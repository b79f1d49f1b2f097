// SPDX-License-Identifier: MIT

/*
 * A decoder of DEFLATE (RFC 1951) that takes two streams at once. Decoding a Huffman code is a
 * chain: look a code up, shift by its length, look the next one up; one stream leaves most of a
 * core idle. A worker always has another member at hand, so two independent streams are decoded
 * turn by turn in one loop, which is 1.4 to 1.6 times as fast as one after the other.
 *
 * A stream goes through the states of its blocks (careful.c), with a look at every byte and bit.
 * In the middle of a block, if there is plenty of input and of room, the loops take over (loops.c),
 * with the tables of tables.c. This header is for those files and for decode/twin.c, which has the
 * stream behind the interface of all decoders.
 */

#ifndef ZIPMAP_WORKER_TWIN_TWIN_H
#define ZIPMAP_WORKER_TWIN_TWIN_H

#include "worker/decode/decoder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The code that needs it is compiled for CPUs with AVX2 and BMI2 (Intel since 2013, AMD since
 * 2015), function by function: a file compiled for them could hand such code to the linker for what
 * other files inline as well. twin_available() names the same.
 */
#define TWIN_CPU __attribute__((target("avx2,bmi,bmi2")))

/* --- the codes of a block --------------------------------------------------------------------- */

/** RFC 1951, 3.2.7: how many there can be in a block with its own codes, and how long they are. */
#define TWIN_LITERALS_MAX  286 /**< literals, end of block and lengths */
#define TWIN_DISTANCES_MAX 30
#define TWIN_CODE_BITS     15

/** RFC 1951, 3.2.6: the fixed codes have symbols that mean nothing as well. */
#define TWIN_FIXED_LITERALS  288
#define TWIN_FIXED_DISTANCES 32

#define TWIN_END_OF_BLOCK 256

/** RFC 1951, 2 and 3.2.5: how far back a match may refer, and how long it may be. */
#define TWIN_WINDOW    ((size_t)32 * 1024)
#define TWIN_MATCH_MAX 258

/**
 * Bits of input that are looked up at once. Tables of 10 bits for literals and lengths are 5 to 20%
 * slower, those of 12 take too long to build. Longer codes go on in a table of their own, behind.
 */
#define TWIN_LITERAL_BITS  11
#define TWIN_DISTANCE_BITS 8

/**
 * Entries of the tables at most, with those behind: what zlib's examples/enough.c finds for 288
 * symbols at 11 bits, and 32 at 8.
 */
#define TWIN_LITERAL_TABLE  2342
#define TWIN_DISTANCE_TABLE 402

/**
 * A Huffman code as RFC 1951, 3.2.2, has it: its symbols in the order of their codes. It is what
 * is decoded by bit by bit if little input is left.
 */
struct twin_code {
	uint16_t count[TWIN_CODE_BITS + 1]; /**< codes that long; [0]: symbols that have none */
	uint16_t longest;                   /**< bits; 0: there is no code */
	uint16_t symbols[TWIN_FIXED_LITERALS];
};

/* --- a stream --------------------------------------------------------------------------------- */

/** How often a match is likely in a block, by its codes: that decides on the loop. */
enum twin_matches {
	TWIN_SELDOM,    /**< below 4% of the code space */
	TWIN_SOMETIMES, /**< below 15% */
	TWIN_OFTEN,
};

/** What comes next in the stream. */
enum twin_state {
	TWIN_BLOCK,        /**< the header of a block */
	TWIN_STORED_SIZE,  /**< a stored block: its length, twice */
	TWIN_STORED,       /**< its bytes */
	TWIN_COUNTS,       /**< a block with codes of its own: how many lengths of codes follow */
	TWIN_CODE_LENGTHS, /**< the code that those are written in */
	TWIN_LENGTHS,      /**< they themselves */
	TWIN_SYMBOLS,      /**< what the codes encode */
	TWIN_END,
	TWIN_BAD,
};

struct twin {
	struct decoder base;
	enum twin_state state;
	bool last_block;
	bool fixed_tables; /**< the tables are those of the fixed codes */
	enum twin_matches matches;
	/* In units of 2^-15, by the codes: how likely a match is to be above 16 bytes long, to be
	 * below 33 bytes away, and below 5, so that it mostly reaches into itself. */
	int long_share;
	int near_share;
	int overlap_share;
	uint64_t produced; /**< bytes put out before this run */

	/**
	 * Bits of input that have been taken and not used, the next one lowest. Those above
	 * @bit_count are 0 outside of the loops. If input has run out they are the beginning of
	 * a symbol, so that the stream's last byte is the last that is ever taken.
	 */
	uint64_t bits;
	uint32_t bit_count;

	/* Of this run: what is left of the span. */
	const uint8_t *in_start;
	const uint8_t *in;
	const uint8_t *in_end;
	const uint8_t *in_fast_end; /**< the loops may begin another round up to here */
	uint8_t *out;
	uint8_t *out_end;      /**< where to stop; there is slack behind it */
	const uint8_t *oldest; /**< of what was put out, the first byte that can be referred to */

	/* Of a block. */
	uint32_t stored_left;
	uint16_t literal_count, distance_count, length_code_count;
	uint16_t lengths_read;
	uint8_t lengths[TWIN_FIXED_LITERALS + TWIN_FIXED_DISTANCES];
	uint8_t length_table[1 << 7]; /**< codes of code lengths: symbol << 3 | bits */
	struct twin_code literal_code;
	struct twin_code distance_code;
	uint32_t literal_table[TWIN_LITERAL_TABLE] __attribute__((aligned(64)));
	uint32_t distance_table[TWIN_DISTANCE_TABLE] __attribute__((aligned(64)));
};

/** RFC 1951, 3.2.5: lengths and distances by symbol, and how many extra bits follow each. */
extern const uint16_t twin_length_base[29];
extern const uint8_t twin_length_extra[29];
extern const uint16_t twin_distance_base[30];
extern const uint8_t twin_distance_extra[30];

/* --- careful ---------------------------------------------------------------------------------- */

/**
 * Go on by one step without the loops: a header, a part of it, or as many symbols as there is input
 * and room for. DECODE_PAUSED if another step can follow.
 */
enum decode_status twin_careful(struct twin *twin);

/**
 * Give whole bytes that were taken ahead of need back to the input, as far as they are of this run,
 * and clear what lies above the bits that are left.
 */
static inline void twin_give_back(struct twin *twin)
{
	uint32_t count = twin->bit_count & 63;
	uint32_t bytes = count >> 3;

	if (bytes > (size_t)(twin->in - twin->in_start))
		bytes = (uint32_t)(twin->in - twin->in_start);
	twin->in -= bytes;
	twin->bit_count = count - 8 * bytes;
	twin->bits &= (UINT64_C(1) << twin->bit_count) - 1;
}

/* --- loops ------------------------------------------------------------------------------------ */

/*
 * What a round of a loop may touch. Before each round, and nowhere within, a loop checks that there
 * is one byte of room, and TWIN_IN_SLACK bytes of input. All else follows:
 *
 * A round has up to TWIN_ROUND_STEPS steps. A step puts out the literals and the match of one
 * entry, or one match of any length: TWIN_MATCH_MAX bytes at most (steps.h asserts it). Copies are
 * made in whole vectors, so that TWIN_COPY_AHEAD bytes behind the last one may be written as well.
 *
 * A refill looks at TWIN_REFILL_BYTES bytes and takes one less at most. There is one at the
 * beginning of a loop, one at the beginning of a round, and up to TWIN_STEP_REFILLS in a step.
 */
#define TWIN_ROUND_STEPS  4
#define TWIN_STEP_REFILLS 2
#define TWIN_REFILL_BYTES 8
#define TWIN_COPY_AHEAD   32

/** Bytes behind the room that a round may write to. */
#define TWIN_OVERRUN ((size_t)TWIN_ROUND_STEPS * TWIN_MATCH_MAX + TWIN_COPY_AHEAD)

/** Bytes of input that a round may look at. */
#define TWIN_IN_SLACK ((2 + TWIN_ROUND_STEPS * TWIN_STEP_REFILLS) * (TWIN_REFILL_BYTES - 1) + 1)

/** Take up @span for the steps and loops below. */
static inline void twin_begin(struct twin *twin, const struct decode_span *span)
{
	size_t reach = twin->produced < TWIN_WINDOW ? (size_t)twin->produced : TWIN_WINDOW;

	twin->in_start = span->in;
	twin->in = span->in;
	twin->in_end = span->in + span->in_size;
	twin->in_fast_end = span->in_size >= TWIN_IN_SLACK ? twin->in_end - TWIN_IN_SLACK : NULL;
	twin->out = span->out;
	twin->out_end = span->out + span->out_size;
	twin->oldest = span->out - reach;
}

/** Move @span on by what was read and written since twin_begin(). */
static inline void twin_end(struct twin *twin, struct decode_span *span)
{
	size_t written = (size_t)(twin->out - span->out);

	twin->produced += written;
	span->in = twin->in;
	span->in_size = (size_t)(twin->in_end - twin->in);
	span->out = twin->out;
	span->out_size -= written < span->out_size ? written : span->out_size;
}

/** Whether a loop can take the stream: it is among symbols, with input and room for a round. */
static inline bool twin_is_fast(const struct twin *twin)
{
	return twin->state == TWIN_SYMBOLS && twin->in_fast_end && twin->in <= twin->in_fast_end &&
	       twin->out < twin->out_end;
}

/**
 * Decode symbols of a stream, or of two at once, until one of them has less than a round's input or
 * room, its block has ended (TWIN_BLOCK, TWIN_END), or its data are bad (TWIN_BAD).
 */
void twin_loop_one(struct twin *twin);
void twin_loop_two(struct twin *first, struct twin *second);

#endif
