// SPDX-License-Identifier: MIT

#include "worker/twin/codes.h"

#include "worker/twin/entries.h"

#include <assert.h>

bool twin_sort_symbols(struct twin_code *code, const uint8_t *lengths, unsigned count)
{
	uint16_t counts[TWIN_CODE_BITS + 1] = {0};
	uint16_t next[TWIN_CODE_BITS + 1];
	unsigned room = 1; /* codes that are free at the length in hand */
	unsigned longest = 0;
	unsigned used = 0;

	for (unsigned symbol = 0; symbol < count; symbol++)
		counts[lengths[symbol]]++;
	for (unsigned length = 1; length <= TWIN_CODE_BITS; length++) {
		room <<= 1;
		if (counts[length] > room)
			return false;
		room -= counts[length];
		if (counts[length] > 0)
			longest = length;
		next[length] = (uint16_t)used;
		used += counts[length];
	}
	if (room > 0 && longest > 1)
		return false;
	memcpy(code->count, counts, sizeof(counts));
	/* Symbols without a code go behind all others, where they harm nothing. */
	next[0] = (uint16_t)used;
	for (unsigned symbol = 0; symbol < count; symbol++)
		code->symbols[next[lengths[symbol]]++] = (uint16_t)symbol;
	code->longest = (uint16_t)longest;
	return true;
}

static uint16_t reverse16(uint16_t value)
{
	unsigned v = value;

	v = (v & 0x5555) << 1 | (v >> 1 & 0x5555);
	v = (v & 0x3333) << 2 | (v >> 2 & 0x3333);
	v = (v & 0x0f0f) << 4 | (v >> 4 & 0x0f0f);
	return (uint16_t)(v << 8 | v >> 8);
}

/*
 * At the left of 16 bits, the next code is the last one plus one unit of its length. Reversed, the
 * codes stand at the right, as they do in the input.
 */
TWIN_CPU void twin_make_codes(const struct twin_code *code, struct twin_reversed *reversed)
{
	unsigned next = 0;
	unsigned made = 0;

	memset(reversed->bits, 0, sizeof(reversed->bits));
	for (unsigned length = 1; length <= code->longest; length++) {
		for (unsigned n = code->count[length]; n > 0; n--) {
			reversed->bits[made++] = (uint16_t)next;
			next += 1U << (16 - length);
		}
	}
	reversed->count = made;
	/* All of them, so that it is done with vectors. */
	for (unsigned i = 0; i < TWIN_FIXED_LITERALS; i++)
		reversed->bits[i] = reverse16(reversed->bits[i]);
}

void twin_put_long_codes(uint32_t *table, const struct twin_code *code,
	const struct twin_reversed *reversed, unsigned index, const struct twin_long_codes *what)
{
	unsigned table_size = 1U << what->table_bits;
	unsigned start = table_size;

	while (index < reversed->count) {
		unsigned beginning = reversed->bits[index] & (table_size - 1);
		unsigned end = index;
		/* They follow each other, and so the last one is the longest. */
		while (end < reversed->count &&
			(reversed->bits[end] & (table_size - 1)) == beginning)
			end++;
		unsigned bits = what->lengths[code->symbols[end - 1]] - what->table_bits;
		assert(start + (1U << bits) <= what->table_max);
		table[beginning] =
			what->longer | bits << 8 | (start - what->start_base) << what->start_shift;
		for (; index < end; index++) {
			unsigned length = what->lengths[code->symbols[index]] - what->table_bits;
			uint32_t entry = what->entries[index];
			entry +=
				length * (entry & TWIN_SPECIAL_BIT ? what->special_bit : what->bit);
			unsigned at = (unsigned)reversed->bits[index] >> what->table_bits;
			for (; at < 1U << bits; at += 1U << length)
				table[start + at] = entry;
		}
		start += 1U << bits;
	}
}
