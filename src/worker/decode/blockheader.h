// SPDX-License-Identifier: MIT

/*
 * What zlib says of the header of a DEFLATE block. RFC 1951 leaves open what a code with too few
 * codewords means, and libraries differ there; zlib's verdict is the one that holds. A library that
 * takes more gets a block only once its header was judged here.
 */

#ifndef ZIPMAP_WORKER_DECODE_BLOCKHEADER_H
#define ZIPMAP_WORKER_DECODE_BLOCKHEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of a header at most, with the bits in front of it: 3.2.7 with the longest codewords. */
#define BLOCK_HEADER_MAX 328

enum block_header {
	BLOCK_HEADER_CUT,        /**< more of it is needed to tell */
	BLOCK_HEADER_BAD,        /**< zlib refuses it */
	BLOCK_HEADER_INCOMPLETE, /**< zlib takes it, but not each sequence of bits is a codeword */
	BLOCK_HEADER_COMPLETE,   /**< each sequence of bits is a codeword, of symbols that there are
				  */
	BLOCK_HEADER_PLAIN,      /**< a block that has no codes of its own */
};

/**
 * Judge the header that begins in the first byte of @in behind @skipped_bits, at most 7. What
 * follows the header is not looked at. It ends in the byte before *@size_bytes, unless it is
 * BLOCK_HEADER_CUT.
 */
enum block_header blockheader_judge(
	const uint8_t *in, size_t in_size, unsigned skipped_bits, size_t *size_bytes);

/**
 * Whether a stream is a single block with codes of its own that are BLOCK_HEADER_COMPLETE. Most
 * small members are. False is no verdict: such a stream is for a decoder that checks all that zlib
 * does.
 */
bool blockheader_is_strict(const uint8_t *in, size_t in_size);

#endif
