// SPDX-License-Identifier: MIT

/*
 * A stream in one of the loops of the twin decoder: its bits, its output. Its state is held in
 * registers meanwhile: a struct lane, which the compiler takes apart, since all functions that are
 * given its address are inlined. For steps.h only.
 */

#ifndef ZIPMAP_WORKER_TWIN_LANE_H
#define ZIPMAP_WORKER_TWIN_LANE_H

#include "worker/twin/entries.h"
#include "worker/twin/twin.h"

#include <immintrin.h>
#include <string.h>

#define INLINE TWIN_CPU static inline __attribute__((always_inline))

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

struct lane {
	const uint8_t *in;
	uint8_t *out;
	uint64_t bits;  /* the next one lowest, but see begin_scaled() */
	uint32_t count; /* of them, in the low 6 bits; entries are taken off whole */
	uint32_t next;  /* the entry that was looked up ahead */
};

INLINE struct lane load(const struct twin *twin)
{
	return (struct lane){twin->in, twin->out, twin->bits, twin->bit_count, 0};
}

INLINE void save(const struct lane *lane, struct twin *twin)
{
	twin->in = lane->in;
	twin->out = lane->out;
	twin->bits = lane->bits;
	twin->bit_count = lane->count;
	twin_give_back(twin);
}

INLINE bool has_round(const struct lane *lane, const struct twin *twin)
{
	return lane->in <= twin->in_fast_end && lane->out < twin->out_end;
}

/* --- bits ------------------------------------------------------------------------------------- */

/*
 * How many whole bytes there is room for above @count bits, of which the low 6 bits are right:
 * ~count >> 3 & 7. The compiler makes four instructions of that and a copy, of two.
 */
INLINE uint64_t free_bytes(uint32_t count)
{
	static const uint32_t mask = 7;
	uint64_t bytes;

	__asm__("rorx $3, %1, %k0\n\tandn %2, %k0, %k0"
		: "=&r"(bytes)
		: "rm"(count), "m"(mask)
		: "cc");
	return bytes;
}

/* Have at least 56 bits. */
INLINE void refill(struct lane *lane)
{
	uint64_t next;

	memcpy(&next, lane->in, sizeof(next));
	lane->bits |= next << (lane->count & 63);
	lane->in += free_bytes(lane->count);
	lane->count |= 56;
}

/* Take the bits off that @entry says were used. */
INLINE void use(struct lane *lane, uint32_t entry)
{
	lane->bits >>= entry & TWIN_BITS_MASK;
	lane->count -= entry; /* the low 6 bits */
}

/*
 * If literals prevail the bits are kept two places higher: then, masked, they are the offset of
 * a table's entry, and that chain of instructions is shorter by one. That makes it faster by 7 to
 * 10%. For match_step() it is not worth what else has to be shifted then. Streams come here with 55
 * bits at most.
 */
#define SCALE 2

INLINE void begin_scaled(struct lane *lane)
{
	lane->bits <<= SCALE;
	lane->count += SCALE;
}

INLINE void end_scaled(struct lane *lane)
{
	lane->bits >>= SCALE;
	lane->count -= SCALE;
}

INLINE uint32_t look_up_scaled(const struct lane *lane, const struct twin *twin)
{
	uint64_t offset = lane->bits & (((1U << TWIN_LITERAL_BITS) - 1) << SCALE);
	uint32_t entry;

	memcpy(&entry, (const char *)twin->literal_table + offset, sizeof(entry));
	return entry;
}

INLINE uint32_t look_up(const struct lane *lane, const struct twin *twin, unsigned scale)
{
	if (scale == SCALE)
		return look_up_scaled(lane, twin);
	return twin->literal_table[lane->bits & ((1U << TWIN_LITERAL_BITS) - 1)];
}

/* --- output ----------------------------------------------------------------------------------- */

/* Put four bytes, of which up to two are literals. The rotation is one instruction. */
INLINE void put_literals(struct lane *lane, uint32_t entry)
{
	uint32_t bytes = entry >> 8 | entry << 24;

	memcpy(lane->out, &bytes, sizeof(bytes));
	lane->out += bytes >> 30;
}

/*
 * By distance: which of the bytes that stand so far back make up the next 16, if they repeat
 * themselves. 16 stands for all that do not.
 */
static const uint8_t spread[17][16] __attribute__((aligned(64))) = {
	{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1},
	{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0},
	{0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3},
	{0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0},
	{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3},
	{0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1},
	{0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 2},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0, 1},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
};

/* Put a match of @length bytes at @out. Up to 31 more are written: TWIN_COPY_AHEAD is above that.
 */
INLINE void put_match(uint8_t *out, size_t distance, size_t length)
{
	const uint8_t *from = out - distance;
	const uint8_t *end = out + length;

	if (likely(distance >= 32)) {
		do {
			_mm256_storeu_si256((__m256i *)(void *)out,
				_mm256_loadu_si256((const __m256i *)(const void *)from));
			out += 32;
			from += 32;
		} while (unlikely(out < end));
	} else if (distance >= 16) {
		do {
			_mm_storeu_si128((__m128i *)(void *)out,
				_mm_loadu_si128((const __m128i *)(const void *)from));
			out += 16;
			from += 16;
		} while (out < end);
	} else {
		/* As many whole repetitions as 16 bytes hold. */
		static const uint8_t step[16] = {
			16, 16, 16, 15, 16, 15, 12, 14, 16, 9, 10, 11, 12, 13, 14, 15};
		__m128i bytes =
			_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)from),
				_mm_load_si128((const __m128i *)(const void *)spread[distance]));
		do {
			_mm_storeu_si128((__m128i *)(void *)out, bytes);
			out += step[distance];
		} while (out < end);
	}
}

INLINE void copy_16(uint8_t *out, const uint8_t *from)
{
	_mm_storeu_si128(
		(__m128i *)(void *)out, _mm_loadu_si128((const __m128i *)(const void *)from));
}

/*
 * Three more ways to put a match: they write at once what is right for most, and then look whether
 * it was. Which of them is best depends on how often that look is mispredicted. Up to
 * TWIN_COPY_AHEAD bytes more than the match has are written.
 */

/* Most are of 16 bytes at most and do not reach into themselves. */
INLINE void put_short(uint8_t *out, size_t distance, size_t length)
{
	copy_16(out, out - distance);
	if (unlikely(length > 16) || unlikely(length > distance))
		put_match(out, distance, length);
}

/*
 * Many are longer, and most are from 16 bytes back or more. A distance from 17 to 31 has the second
 * 16 bytes wait for the first ones to be in the cache: a load of what several stores have written
 * cannot have it from them.
 */
INLINE void put_long(uint8_t *out, size_t distance, size_t length)
{
	const uint8_t *from = out - distance;

	copy_16(out, from);
	copy_16(out + 16, from + 16);
	if (unlikely(length > 32) || unlikely(distance < 16))
		put_match(out, distance, length);
}

/* Many reach into themselves, so that their bytes repeat. */
INLINE void put_overlapping(uint8_t *out, size_t distance, size_t length)
{
	static const size_t whole = 16;
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(out - distance));
	size_t row = distance;

	/* By a conditional move from memory, since registers are scarce. */
	__asm__("cmp $16, %0\n\tcmova %1, %0" : "+r"(row) : "m"(whole) : "cc");

	bytes = _mm_shuffle_epi8(bytes, _mm_load_si128((const __m128i *)(const void *)spread[row]));
	_mm_storeu_si128((__m128i *)(void *)out, bytes);
	if (unlikely(length > 16))
		put_match(out, distance, length);
}

#endif
