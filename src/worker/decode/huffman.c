// SPDX-License-Identifier: MIT

#include "worker/decode/huffman.h"

#include <string.h>

static unsigned reverse(unsigned code, unsigned bits)
{
	unsigned reversed = 0;

	for (; bits > 0; bits--, code >>= 1)
		reversed = reversed << 1 | (code & 1);
	return reversed;
}

/* Enter all codes that fit in the table. */
static void fill_table(struct huffman *code)
{
	const uint16_t *symbol = code->symbols;
	unsigned next = 0; /* code */

	memset(code->table, 0, sizeof(code->table));
	for (unsigned bits = 1; bits <= HUFFMAN_TABLE_BITS; bits++, next <<= 1) {
		for (unsigned n = code->count[bits]; n > 0; n--, next++, symbol++) {
			unsigned at = reverse(next, bits);
			for (; at < 1U << HUFFMAN_TABLE_BITS; at += 1U << bits)
				code->table[at] = (uint16_t)((unsigned)*symbol << 4 | bits);
		}
	}
}

int huffman_make(struct huffman *code, const uint8_t *lengths, unsigned symbol_count)
{
	uint16_t place[HUFFMAN_BITS + 1];
	unsigned room = 1; /* codes of the length in hand that are free */
	unsigned used = 0;

	memset(code->count, 0, sizeof(code->count));
	for (unsigned symbol = 0; symbol < symbol_count; symbol++)
		code->count[lengths[symbol]]++;
	code->count[0] = 0;
	code->longest = 0;
	for (unsigned bits = 1; bits <= HUFFMAN_BITS; bits++) {
		room <<= 1;
		if (code->count[bits] > room)
			return -1;
		room -= code->count[bits];
		place[bits] = (uint16_t)used;
		used += code->count[bits];
		if (code->count[bits] > 0)
			code->longest = (uint16_t)bits;
	}
	if (room > 0 && code->longest > 1)
		return -1;
	for (unsigned symbol = 0; symbol < symbol_count; symbol++) {
		if (lengths[symbol] > 0)
			code->symbols[place[lengths[symbol]]++] = (uint16_t)symbol;
	}
	fill_table(code);
	return 0;
}

bool huffman_is_complete(const struct huffman *code)
{
	return code->longest > 1 || code->count[1] == 2;
}

/* Codes of one length are consecutive numbers: find the symbol bit by bit. */
static int find_long(
	const struct huffman *code, uint64_t bits, unsigned bit_count, unsigned *symbol)
{
	unsigned longest = code->longest > 0 ? code->longest : 1;
	unsigned number = 0; /* the bits read */
	unsigned first = 0;  /* the first code of this length */
	unsigned index = 0;  /* of its symbol */

	for (unsigned length = 1; length <= longest; length++, bits >>= 1) {
		if (length > bit_count)
			return HUFFMAN_MISSING;
		number = number << 1 | (unsigned)(bits & 1);
		unsigned count = code->count[length];
		if (number - first < count) {
			*symbol = code->symbols[index + number - first];
			return (int)length;
		}
		index += count;
		first = (first + count) << 1;
	}
	return HUFFMAN_NO_CODE;
}

/*
 * Bits that are missing are looked up as 0. A code that then comes out longer than what there is
 * need not be the right one, but the right one is not shorter.
 */
int huffman_find(const struct huffman *code, uint64_t bits, unsigned bit_count, unsigned *symbol)
{
	unsigned entry = code->table[bits & ((1U << HUFFMAN_TABLE_BITS) - 1)];
	unsigned length = entry & 15;

	if (entry == 0)
		return find_long(code, bits, bit_count, symbol);
	*symbol = entry >> 4;
	return length <= bit_count ? (int)length : HUFFMAN_MISSING;
}
