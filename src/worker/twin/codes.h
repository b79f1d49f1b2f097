// SPDX-License-Identifier: MIT

/*
 * Huffman codes as DEFLATE has them, and what tables of literals and of distances are both made
 * with.
 */

#ifndef ZIPMAP_WORKER_TWIN_CODES_H
#define ZIPMAP_WORKER_TWIN_CODES_H

#include "worker/twin/twin.h"

#include <stddef.h>
#include <string.h>

/**
 * Put the symbols in the order of their codes, RFC 1951, 3.2.2. False if zlib refuses the lengths:
 * there are more codes than there is room for, or fewer. A single code of one bit is allowed, and
 * so is none.
 */
bool twin_sort_symbols(struct twin_code *code, const uint8_t *lengths, unsigned count);

/** Codes as they appear in the input: the first bit of the code lowest. */
struct twin_reversed {
	unsigned count;
	uint16_t bits[TWIN_FIXED_LITERALS];
};

/** The codes of the symbols in their order. */
void twin_make_codes(const struct twin_code *code, struct twin_reversed *reversed);

/**
 * A table of n bits is that of n - 1 bits twice: the last bit makes no difference to what is
 * decided by those before it. So tables are made bit by bit: doubled, and then what takes just so
 * many bits is put in its places. No place is written more than once a bit.
 */
static inline void twin_double_table(uint32_t *table, unsigned bits)
{
	size_t half = (size_t)1 << (bits - 1);

	memcpy(table + half, table, half * sizeof(*table));
}

/** What a code that is too long for the table has in it. */
struct twin_long_codes {
	unsigned table_bits;
	unsigned table_max;   /**< entries, with those behind */
	uint32_t longer;      /**< an entry that leads to such a table, less its bits and place */
	unsigned start_shift; /**< how far that place is shifted, */
	unsigned start_base;  /**< and from where it is counted */
	uint32_t bit;         /**< what each bit of a code adds to an entry */
	uint32_t special_bit; /**< the same for one with TWIN_SPECIAL_BIT */
	const uint32_t *entries; /**< of the symbols in their order, without that */
	const uint8_t *lengths;  /**< by symbol */
};

/**
 * Put codes that are longer than the table, those of the symbols from @index on in their order, in
 * tables behind it: one for each beginning.
 */
void twin_put_long_codes(uint32_t *table, const struct twin_code *code,
	const struct twin_reversed *reversed, unsigned index, const struct twin_long_codes *what);

#endif
