// SPDX-License-Identifier: MIT

#include "worker/decode/blockheader.h"

#include <string.h>

/* RFC 1951, 3.2.5 and 3.2.7. Symbols above these can be stated, but mean nothing. */
enum {
	LITERALS_MAX = 286,
	DISTANCES_MAX = 30,
	END_OF_BLOCK = 256,
	CODE_BITS = 15,
	LENGTH_CODE_SYMBOLS = 19,
	LENGTH_CODE_BITS = 7,
};

struct bits {
	const uint8_t *in;
	const uint8_t *end;
	uint64_t held;
	unsigned count;
	unsigned made_up; /* of these, how many are zeros from behind the end */
};

/* Have 32 bits or more. */
static inline void refill(struct bits *bits)
{
	while (bits->count < 32) {
		bool is_there = bits->in < bits->end;
		bits->held |= (uint64_t)(is_there ? *bits->in++ : 0) << bits->count;
		bits->count += 8;
		bits->made_up += is_there ? 0 : 8;
	}
}

static inline unsigned take(struct bits *bits, unsigned count)
{
	unsigned value = (unsigned)bits->held & ((1U << count) - 1);

	bits->held >>= count;
	bits->count -= count;
	return value;
}

/*
 * The share that a codeword of @length bits has of a code whose longest may have @longest: shares
 * of a code that leaves nothing out, and in which nothing is there twice, add up to 1 << @longest.
 */
static inline unsigned share(unsigned length, unsigned longest)
{
	unsigned whole = 1U << longest;

	return (whole >> length) & (whole - 1); /* none for a length of 0 */
}

/* The code of code lengths: by the next bits, the symbol << 3 and the bits of its codeword. */
static bool read_length_code(
	struct bits *bits, unsigned symbols, uint8_t table[1 << LENGTH_CODE_BITS])
{
	static const uint8_t order[LENGTH_CODE_SYMBOLS] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
	uint8_t lengths[LENGTH_CODE_SYMBOLS] = {0};
	unsigned shares = 0;
	unsigned code = 0;

	for (unsigned i = 0; i < symbols; i++) {
		refill(bits);
		lengths[order[i]] = (uint8_t)take(bits, 3);
		shares += share(lengths[order[i]], LENGTH_CODE_BITS);
	}
	if (shares != 1 << LENGTH_CODE_BITS)
		return false;
	/* Codewords in their order, counted with their first bit lowest: 3.1.1. */
	for (unsigned length = 1; length <= LENGTH_CODE_BITS; length++) {
		for (unsigned symbol = 0; symbol < LENGTH_CODE_SYMBOLS; symbol++) {
			if (lengths[symbol] != length)
				continue;
			for (unsigned at = code; at < 1 << LENGTH_CODE_BITS; at += 1U << length)
				table[at] = (uint8_t)(symbol << 3 | length);
			unsigned bit = 1U << (length - 1);
			for (; code & bit; bit >>= 1)
				code ^= bit;
			code |= bit;
		}
	}
	return true;
}

/* The lengths of all codewords. False: they are not @total. */
static bool read_lengths(struct bits *bits, const uint8_t *table, uint8_t *lengths, unsigned total)
{
	static const uint8_t repeat_base[3] = {3, 3, 11};
	static const uint8_t repeat_extra[3] = {2, 3, 7};

	for (unsigned at = 0; at < total;) {
		refill(bits);
		unsigned entry = table[bits->held & ((1 << LENGTH_CODE_BITS) - 1)];
		unsigned symbol = entry >> 3;
		(void)take(bits, entry & 7);
		if (symbol < 16) {
			lengths[at++] = (uint8_t)symbol;
			continue;
		}
		unsigned repeat = repeat_base[symbol - 16] + take(bits, repeat_extra[symbol - 16]);
		if ((symbol == 16 && at == 0) || repeat > total - at)
			return false;
		memset(lengths + at, symbol == 16 ? lengths[at - 1] : 0, repeat);
		at += repeat;
	}
	return true;
}

/* Whether zlib takes a code of these @lengths, and whether each sequence of bits is a codeword. */
static enum block_header judge_code(const uint8_t *lengths, unsigned count)
{
	unsigned shares = 0;
	unsigned longest = 0;

	for (unsigned i = 0; i < count; i++) {
		shares += share(lengths[i], CODE_BITS);
		longest = lengths[i] > longest ? lengths[i] : longest;
	}
	if (shares == 1 << CODE_BITS)
		return BLOCK_HEADER_COMPLETE;
	/* A single symbol of one bit, or none: zlib waits for the codeword that is missing. */
	return shares < 1 << CODE_BITS && longest <= 1 ? BLOCK_HEADER_INCOMPLETE : BLOCK_HEADER_BAD;
}

/* A block with codes of its own, behind the three bits of each header. */
static enum block_header judge_codes(struct bits *bits)
{
	uint8_t table[1 << LENGTH_CODE_BITS];
	uint8_t lengths[LITERALS_MAX + DISTANCES_MAX] = {0};
	unsigned literals = take(bits, 5) + 257;
	unsigned distances = take(bits, 5) + 1;
	unsigned length_symbols = take(bits, 4) + 4;

	if (literals > LITERALS_MAX || distances > DISTANCES_MAX ||
		!read_length_code(bits, length_symbols, table) ||
		!read_lengths(bits, table, lengths, literals + distances) ||
		lengths[END_OF_BLOCK] == 0)
		return BLOCK_HEADER_BAD;
	enum block_header first = judge_code(lengths, literals);
	enum block_header second = judge_code(lengths + literals, distances);
	return first < second ? first : second;
}

enum block_header blockheader_judge(
	const uint8_t *in, size_t in_size, unsigned skipped_bits, size_t *size_bytes)
{
	struct bits bits = {.in = in, .end = in + in_size};
	enum block_header result = BLOCK_HEADER_PLAIN;

	refill(&bits);
	(void)take(&bits, skipped_bits + 1);
	unsigned kind = take(&bits, 2);
	if (kind == 2)
		result = judge_codes(&bits);
	else if (kind == 3)
		result = BLOCK_HEADER_BAD;
	*size_bytes = (size_t)(bits.in - in) - (bits.count - bits.made_up) / 8;
	return bits.count < bits.made_up ? BLOCK_HEADER_CUT : result;
}

bool blockheader_is_strict(const uint8_t *in, size_t in_size)
{
	size_t ignored;

	return in_size > 0 && (in[0] & 1) == 1 &&
	       blockheader_judge(in, in_size, 0, &ignored) == BLOCK_HEADER_COMPLETE;
}
