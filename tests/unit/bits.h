// SPDX-License-Identifier: MIT

/*
 * Streams of DEFLATE (RFC 1951) made bit by bit.
 */

#ifndef ZIPMAP_TESTS_UNIT_BITS_H
#define ZIPMAP_TESTS_UNIT_BITS_H

#include "zips.h"

struct bits {
	struct bytes bytes;
	unsigned used; /**< bits in all */
};

/** Numbers go lowest bit first. */
void put_bits(struct bits *bits, unsigned value, unsigned count);

/** Huffman codes go highest bit first. */
void put_code(struct bits *bits, unsigned code, unsigned count);

/** The header of a last block: 0 stored, 1 fixed codes, 2 dynamic codes. */
struct bits begin_block(unsigned type);

/** A symbol of the fixed code, RFC 1951 3.2.6. */
void put_fixed(struct bits *bits, unsigned symbol);

#endif
