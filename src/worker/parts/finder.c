// SPDX-License-Identifier: MIT

#include "worker/parts/finder.h"

#include <stdbool.h>
#include <string.h>

/* The header of a block with codes of its own (RFC 1951, 3.2.7): what is where, in bits. */
#define TYPE_BITS  3
#define COUNTS_AT  3  /* HLIT, HDIST and HCLEN */
#define LENGTHS_AT 17 /* those of the code that lengths of codes are written in */

#define LENGTH_CODES  19
#define LENGTH_BITS   7 /* of that code */
#define LENGTH_SHARES 128
#define LITERALS_MAX  286
#define DISTANCES_MAX 30
#define END_OF_BLOCK  256
#define CODE_SHARES   (1U << 15)

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
			share += length > 0 ? LENGTH_SHARES >> length : 0;
		}
		finder->share[lengths] = (uint16_t)share;
	}
}

/* --- blocks with codes of their own ----------------------------------------------------------- */

/* Whether the code of code lengths is complete in the block at @begin. */
static bool has_length_code(const struct finder *finder, const uint8_t *bytes, uint64_t begin)
{
	unsigned count = (load_bits(bytes, begin + 13) & 15) + 4;
	uint64_t lengths = load_bits(bytes, begin + LENGTHS_AT) & ((UINT64_C(1) << 3 * count) - 1);
	unsigned share = 0U + finder->share[lengths & 4095] + finder->share[lengths >> 12 & 4095] +
			 finder->share[lengths >> 24 & 4095] + finder->share[lengths >> 36 & 4095] +
			 finder->share[lengths >> 48];

	return share == LENGTH_SHARES;
}

/* Make a table of that code: by the next bits of input, a symbol << 3 | the bits of its code. */
static void make_length_table(uint8_t table[1 << LENGTH_BITS], uint64_t lengths)
{
	static const uint8_t order[LENGTH_CODES] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
	uint8_t by_symbol[LENGTH_CODES];
	unsigned next = 0; /* code */

	for (unsigned i = 0; i < LENGTH_CODES; i++, lengths >>= 3)
		by_symbol[order[i]] = lengths & 7;
	for (unsigned bits = 1; bits <= LENGTH_BITS; bits++, next <<= 1) {
		for (unsigned symbol = 0; symbol < LENGTH_CODES; symbol++) {
			if (by_symbol[symbol] != bits)
				continue;
			unsigned reversed = 0;
			for (unsigned i = 0; i < bits; i++)
				reversed |= (next >> i & 1) << (bits - 1 - i);
			for (; reversed < 1 << LENGTH_BITS; reversed += 1U << bits)
				table[reversed] = (uint8_t)(symbol << 3 | bits);
			next++;
		}
	}
}

/* Read @total lengths of codes from @at on, which is before @end. False: they are none. */
static bool read_lengths(const uint8_t *bytes, uint64_t at, uint64_t end, const uint8_t *table,
	uint8_t *lengths, unsigned total)
{
	unsigned read = 0;

	while (read < total) {
		uint64_t bits = load_bits(bytes, at);
		unsigned symbol = table[bits & ((1U << LENGTH_BITS) - 1)] >> 3;
		unsigned used = table[bits & ((1U << LENGTH_BITS) - 1)] & 7;
		unsigned repeat = 1;
		uint8_t length = (uint8_t)symbol;
		bits >>= used;
		if (symbol == 16) {
			if (read == 0)
				return false;
			length = lengths[read - 1];
			repeat = 3 + (bits & 3);
			used += 2;
		} else if (symbol == 17) {
			length = 0;
			repeat = 3 + (bits & 7);
			used += 3;
		} else if (symbol == 18) {
			length = 0;
			repeat = 11 + (bits & 127);
			used += 7;
		}
		at += used;
		if (repeat > total - read || at > end)
			return false;
		memset(lengths + read, length, repeat);
		read += repeat;
	}
	return true;
}

/* Whether a block may have a code of these @lengths. @incomplete: it may be of one bit, or none. */
static bool is_code(const uint8_t *lengths, unsigned count, bool incomplete)
{
	unsigned share = 0;
	unsigned codes = 0;

	for (unsigned i = 0; i < count; i++) {
		share += lengths[i] > 0 ? CODE_SHARES >> lengths[i] : 0;
		codes += lengths[i] > 0;
	}
	if (share == CODE_SHARES)
		return true;
	return incomplete && (codes == 0 || (codes == 1 && share == CODE_SHARES / 2));
}

/* Whether a block with codes of its own seems to begin at @begin, by all of its header. */
static bool is_dynamic(
	const struct finder *finder, const uint8_t *bytes, uint64_t begin, uint64_t end)
{
	uint8_t table[1 << LENGTH_BITS];
	uint8_t lengths[LITERALS_MAX + DISTANCES_MAX];

	if (begin + LENGTHS_AT + 3 * LENGTH_CODES > end ||
		(load_bits(bytes, begin) & 7) != TYPE_DYNAMIC)
		return false;
	unsigned counts = (unsigned)load_bits(bytes, begin + COUNTS_AT);
	unsigned literals = (counts & 31) + 257;
	unsigned distances = (counts >> 5 & 31) + 1;
	unsigned codes = (counts >> 10 & 15) + 4;
	if (literals > LITERALS_MAX || distances > DISTANCES_MAX ||
		!has_length_code(finder, bytes, begin))
		return false;
	uint64_t code_lengths = load_bits(bytes, begin + LENGTHS_AT);
	make_length_table(table, code_lengths & ((UINT64_C(1) << 3 * codes) - 1));
	if (!read_lengths(bytes, begin + LENGTHS_AT + 3 * codes, end, table, lengths,
		    literals + distances))
		return false;
	return lengths[END_OF_BLOCK] > 0 && is_code(lengths, literals, false) &&
	       is_code(lengths + literals, distances, true);
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
	const struct finder *finder, const uint8_t *bytes, uint64_t from, uint64_t to, uint64_t end)
{
	for (uint64_t at = from; at < to; at += CANDIDATES) {
		uint64_t left = candidates(bytes, at);
		for (; left != 0; left &= left - 1) {
			uint64_t begin = at + (unsigned)__builtin_ctzll(left);
			if (has_length_code(finder, bytes, begin) && begin < to &&
				is_dynamic(finder, bytes, begin, end))
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
		return is_dynamic(finder, bytes, 8 * (uint64_t)next, 8 * (uint64_t)size);
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
			next_dynamic(finder, bytes, from, stored < stop ? stored : stop, end);
		if (dynamic != FINDER_NOTHING || stored != FINDER_NOTHING)
			return dynamic < stored ? dynamic : stored;
	}
	return FINDER_NOTHING;
}
