// SPDX-License-Identifier: MIT

/*
 * Find where a block of a DEFLATE stream (RFC 1951) begins by its looks, from the middle of the
 * stream. A block with codes of its own has a header in which nearly every random sequence of bits
 * contradicts itself; a stored one has its size and the complement. What is found may still be
 * something else: who decodes from there has to see whether the block before ends there. Blocks
 * with the fixed codes and last blocks are not looked for.
 */

#ifndef ZIPMAP_WORKER_PARTS_FINDER_H
#define ZIPMAP_WORKER_PARTS_FINDER_H

#include <stddef.h>
#include <stdint.h>

/** Bytes behind those given that must be readable. */
#define FINDER_SLACK 16

/** Nothing was found. */
#define FINDER_NOTHING UINT64_MAX

struct finder {
	uint16_t share[4096]; /**< of 2^7, that four code lengths of three bits each take */
};

void finder_init(struct finder *finder);

/**
 * The first block of the @size bytes at @bytes that begins in the bits from @from up to but not
 * including @to, or FINDER_NOTHING. Its header has to be complete in those bytes.
 */
uint64_t finder_next(
	const struct finder *finder, const uint8_t *bytes, size_t size, uint64_t from, uint64_t to);

#endif
