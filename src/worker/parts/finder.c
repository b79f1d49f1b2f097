// SPDX-License-Identifier: MIT

#include "worker/parts/finder.h"

#include "worker/decode/blockheader.h"

#include <stdbool.h>
#include <string.h>

/* The header of a block with codes of its own (RFC 1951, 3.2.7): what is where, in bits. */
#define TYPE_BITS  3
#define HCLEN_AT   13 /* how many lengths there are in what comes next */
#define LENGTHS_AT 17 /* those of the code that lengths of codes are written in */

#define LENGTH_SHARES 128 /* of that code: its longest codewords have 7 bits */

/* Not the last block, and its type. */
#define TYPE_STORED  0
#define TYPE_DYNAMIC 4

/* Where a load of 8 bytes begins at any bit, so many are right. */
#define LOAD_BITS 57

/* What the bits up to HDIST, inclusive, say together. Candidates so far apart are in one load. */
#define CANDIDATE_BITS 13
#define CANDIDATES     (LOAD_BITS - CANDIDATE_BITS)

/* How far to look for one kind of block before the other is looked for. */
#define STRIDE_BITS ((uint64_t)64 * 1024)

static uint64_t load_bits(const uint8_t *bytes, uint64_t at)
{
	uint64_t value;

	memcpy(&value, bytes + at / 8, sizeof(value)); /* x86-64: the first byte lowest */
	return value >> at % 8;
}

void finder_init(struct finder *finder)
{
	for (unsigned lengths = 0; lengths < 4096; lengths++) {
		unsigned share = 0;
		for (unsigned i = 0; i < 4; i++) {
			unsigned length = lengths >> 3 * i & 7;
			share += length > 0 ? (unsigned)LENGTH_SHARES >> length : 0;
		}
		finder->share[lengths] = (uint16_t)share;
	}
}

/* --- blocks with codes of their own ----------------------------------------------------------- */

/* Whether the code of code lengths is complete in the block at @begin. */
static bool has_length_code(const struct finder *finder, const uint8_t *bytes, uint64_t begin)
{
	unsigned count = (load_bits(bytes, begin + HCLEN_AT) & 15) + 4;
	uint64_t lengths = load_bits(bytes, begin + LENGTHS_AT) & ((UINT64_C(1) << 3 * count) - 1);
	unsigned share = 0U + finder->share[lengths & 4095] + finder->share[lengths >> 12 & 4095] +
			 finder->share[lengths >> 24 & 4095] + finder->share[lengths >> 36 & 4095] +
			 finder->share[lengths >> 48];

	return share == LENGTH_SHARES;
}

/* Whether a block with codes of its own seems to begin at @begin, by all of its header. */
static bool is_dynamic(
	const struct finder *finder, const uint8_t *bytes, size_t size, uint64_t begin)
{
	size_t first = (size_t)(begin / 8);
	size_t header_size;

	return first < size && (load_bits(bytes, begin) & 7) == TYPE_DYNAMIC &&
	       has_length_code(finder, bytes, begin) &&
	       blockheader_judge(bytes + first, size - first, begin % 8, &header_size) >=
		       BLOCK_HEADER_INCOMPLETE;
}

/*
 * A bit for each of the next CANDIDATES places from @at on: whether the first 13 bits there can be
 * those of such a block. One in nine places can.
 */
static uint64_t candidates(const uint8_t *bytes, uint64_t at)
{
	uint64_t bits = load_bits(bytes, at);
	uint64_t type = ~bits & ~(bits >> 1) & bits >> 2;
	uint64_t literals = bits >> 4 & bits >> 5 & bits >> 6 & bits >> 7; /* HLIT is 30 or 31 */
	uint64_t distances = bits >> 9 & bits >> 10 & bits >> 11 & bits >> 12; /* and HDIST */

	return type & ~literals & ~distances & ((UINT64_C(1) << CANDIDATES) - 1);
}

static uint64_t next_dynamic(
	const struct finder *finder, const uint8_t *bytes, size_t size, uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at < to; at += CANDIDATES) {
		uint64_t left = candidates(bytes, at);
		for (; left != 0; left &= left - 1) {
			uint64_t begin = at + (unsigned)__builtin_ctzll(left);
			if (begin < to && is_dynamic(finder, bytes, size, begin))
				return begin;
		}
	}
	return FINDER_NOTHING;
}

/* --- stored blocks ---------------------------------------------------------------------------- */

/* Whether two bytes and their complement stand at @at. */
static bool is_stored_size(const uint8_t *at)
{
	uint32_t size;

	memcpy(&size, at, sizeof(size));
	return ((size ^ size >> 16) & 0xffff) == 0xffff;
}

/*
 * Whether a stored block has its size at byte @at. By itself that says little; one of no bytes, as
 * writers put where they flush, is rare enough, and behind others a block must begin as well.
 */
static bool is_stored(const struct finder *finder, const uint8_t *bytes, size_t size, size_t at)
{
	if (at < 1 || size - at < 4 || !is_stored_size(bytes + at) || bytes[at - 1] >> 5 != 0)
		return false;
	size_t stored = (size_t)bytes[at] | (size_t)bytes[at + 1] << 8;
	if (stored == 0)
		return true;
	if (size - at - 4 < stored + 10)
		return false;
	size_t next = at + 4 + stored;
	switch (bytes[next] & 7) {
	case TYPE_STORED:
		return is_stored_size(bytes + next + 1);
	case TYPE_DYNAMIC:
		return is_dynamic(finder, bytes, size, 8 * (uint64_t)next);
	default:
		return false;
	}
}

static uint64_t next_stored(
	const struct finder *finder, const uint8_t *bytes, size_t size, uint64_t from, uint64_t to)
{
	size_t last = to + TYPE_BITS <= 8 * (uint64_t)size ? (size_t)((to + TYPE_BITS) / 8) : size;

	for (size_t at = (size_t)((from + TYPE_BITS + 7) / 8); at <= last && at + 4 <= size; at++) {
		if (is_stored_size(bytes + at) && 8 * (uint64_t)at - TYPE_BITS < to &&
			is_stored(finder, bytes, size, at))
			return 8 * (uint64_t)at - TYPE_BITS;
	}
	return FINDER_NOTHING;
}

uint64_t finder_next(
	const struct finder *finder, const uint8_t *bytes, size_t size, uint64_t from, uint64_t to)
{
	uint64_t end = 8 * (uint64_t)size;

	to = to < end ? to : end;
	for (; from < to; from += STRIDE_BITS) {
		uint64_t stop = to - from < STRIDE_BITS ? to : from + STRIDE_BITS;
		uint64_t stored = next_stored(finder, bytes, size, from, stop);
		uint64_t dynamic =
			next_dynamic(finder, bytes, size, from, stored < stop ? stored : stop);
		if (dynamic != FINDER_NOTHING || stored != FINDER_NOTHING)
			return dynamic < stored ? dynamic : stored;
	}
	return FINDER_NOTHING;
}
