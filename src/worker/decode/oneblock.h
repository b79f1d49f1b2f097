// SPDX-License-Identifier: MIT

/*
 * Whether a DEFLATE stream is one that all decoders judge alike. RFC 1951 leaves open what a code
 * with too few codewords means, and libraries differ there; zlib's verdict is the one that holds.
 */

#ifndef ZIPMAP_WORKER_DECODE_ONEBLOCK_H
#define ZIPMAP_WORKER_DECODE_ONEBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Whether the stream is a single block with codes of its own (RFC 1951, 3.2.7) to which zlib has
 * nothing to object, and in which every sequence of bits is a codeword: no more symbols than there
 * are, and all three codes complete. Most small members are. What follows the header is not looked
 * at. False is no verdict: such a stream is for a decoder that checks all that zlib does.
 */
bool oneblock_is_strict(const uint8_t *in, size_t in_size);

#endif
