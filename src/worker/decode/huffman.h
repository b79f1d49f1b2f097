// SPDX-License-Identifier: MIT

/*
 * Huffman codes as DEFLATE has them (RFC 1951, 3.2.2), decoded symbol by symbol from bits that may
 * be too few. They are checked as zlib checks them.
 */

#ifndef ZIPMAP_WORKER_DECODE_HUFFMAN_H
#define ZIPMAP_WORKER_DECODE_HUFFMAN_H

#include <stdbool.h>
#include <stdint.h>

/** Bits of a code at most. */
#define HUFFMAN_BITS 15

/** Symbols at most: those of the fixed code for literals and lengths (RFC 1951, 3.2.6). */
#define HUFFMAN_SYMBOLS 288

/** Bits that are looked up at once. Longer codes are rare, and are decoded bit by bit. */
#define HUFFMAN_TABLE_BITS 10

struct huffman {
	uint16_t count[HUFFMAN_BITS + 1];  /**< how many codes have that many bits */
	uint16_t longest;                  /**< bits; 0: there is no code */
	uint16_t symbols[HUFFMAN_SYMBOLS]; /**< in the order of their codes */
	/** By the next bits: a symbol << 4 | the bits of its code. 0: a longer code, or none. */
	uint16_t table[1 << HUFFMAN_TABLE_BITS];
};

/**
 * Make the code whose symbols have codes of these @lengths, 0 for none. 0, or -1: there are more
 * codes than there is room for, or fewer. Only a code with a single symbol of one bit, or without
 * symbols, may be incomplete.
 */
int huffman_make(struct huffman *code, const uint8_t *lengths, unsigned symbol_count);

/** Whether each sequence of bits is one of codes: no symbol, or one alone, does not give that. */
bool huffman_is_complete(const struct huffman *code);

/** What huffman_find() returns instead of a length. */
#define HUFFMAN_MISSING 0
#define HUFFMAN_NO_CODE (-1)

/**
 * Decode the *@symbol whose code begins at the lowest of @bits, of which there are @bit_count;
 * those above must be 0. Returns how many bits the code has, HUFFMAN_MISSING if more are needed to
 * tell, or HUFFMAN_NO_CODE.
 */
int huffman_find(const struct huffman *code, uint64_t bits, unsigned bit_count, unsigned *symbol);

#endif
