// SPDX-License-Identifier: MIT

/*
 * Bits of an input that comes in pieces and may stop anywhere. They are taken for a step of a
 * decoder, which uses them up once it has all that it needs; what it does not get to is the
 * beginning of that step when more input comes. No byte is taken before it is needed, or else
 * bits_give_back() returns it.
 */

#ifndef ZIPMAP_WORKER_DECODE_BITS_H
#define ZIPMAP_WORKER_DECODE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** No step may need more bits at once. */
#define BITS_STEP_MAX 32

struct bits {
	uint64_t word;  /**< taken from the input and not used, the next bit lowest; 0 above */
	unsigned count; /**< bits in @word */
	const uint8_t *in_start, *in, *in_end; /**< the piece of input in hand */
};

/** Go on with a piece of input. */
static inline void bits_feed(struct bits *bits, const uint8_t *in, size_t size)
{
	bits->in_start = in;
	bits->in = in;
	bits->in_end = in + size;
}

/** Have @count bits, at most BITS_STEP_MAX. False: all input is taken, and there are fewer. */
static inline bool bits_need(struct bits *bits, unsigned count)
{
	while (bits->count < count) {
		if (bits->in == bits->in_end)
			return false;
		bits->word |= (uint64_t)*bits->in++ << bits->count;
		bits->count += 8;
	}
	return true;
}

/** Take enough for any step, if the input has plenty. */
static inline void bits_refill(struct bits *bits)
{
	const uint8_t *in = bits->in;

	if (bits->count >= BITS_STEP_MAX || bits->in_end - in < 4)
		return;
	uint64_t four = (uint64_t)in[0] | (uint64_t)in[1] << 8 | (uint64_t)in[2] << 16 |
			(uint64_t)in[3] << 24;
	bits->word |= four << bits->count;
	bits->count += 32;
	bits->in += 4;
}

/** Give whole bytes back to the piece of input in hand, as far as they were taken from it. */
static inline void bits_give_back(struct bits *bits)
{
	unsigned bytes = bits->count / 8;

	if (bytes > (size_t)(bits->in - bits->in_start))
		bytes = (unsigned)(bits->in - bits->in_start);
	bits->in -= bytes;
	bits->count -= 8 * bytes;
	bits->word &= (UINT64_C(1) << bits->count) - 1;
}

/** Use up @count bits, which are there. */
static inline void bits_drop(struct bits *bits, unsigned count)
{
	bits->word >>= count;
	bits->count -= count;
}

/** The next @count bits as a number, at most 16, which are there. They are used up. */
static inline unsigned bits_take(struct bits *bits, unsigned count)
{
	unsigned value = (unsigned)bits->word & ((1U << count) - 1);

	bits_drop(bits, count);
	return value;
}

#endif
