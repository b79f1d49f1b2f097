// SPDX-License-Identifier: MIT

/*
 * The decoder interface: DEFLATE (RFC 1951) as a stream that is fed and drained in pieces, and the
 * CRC-32 of what comes out. Which library does it is decided when zipmap is built; nothing outside
 * the file that implements this knows it.
 */

#ifndef ZIPMAP_WORKER_INFLATE_H
#define ZIPMAP_WORKER_INFLATE_H

#include <stddef.h>
#include <stdint.h>

struct inflater;

enum inflate_status {
	INFLATE_NEED_INPUT,  /**< all input is used up, and the stream has not ended */
	INFLATE_NEED_OUTPUT, /**< the output is full */
	INFLATE_END,         /**< the stream is complete; input of this call may be left over */
	INFLATE_BAD_DATA,    /**< this is no DEFLATE stream */
	INFLATE_NO_MEMORY,
};

/** Input still to be read and room still to be filled; inflater_run() moves both on. */
struct inflate_span {
	const uint8_t *in;
	size_t in_size;
	uint8_t *out;
	size_t out_size;
};

/** The library in words, for --version. Static. */
const char *inflater_name(void);

/** A decoder at the start of a stream, or NULL. It takes less than 256 KiB. */
struct inflater *inflater_new(void);

void inflater_free(struct inflater *inflater);

/** Begin a new stream. */
void inflater_reset(struct inflater *inflater);

/** Decode until the input is used up, the output is full, or the stream ends or breaks. */
enum inflate_status inflater_run(struct inflater *inflater, struct inflate_span *span);

/** The CRC-32 (APPNOTE 4.4.7) of bytes whose beginning has @crc32 (0 for none) and @bytes. */
uint32_t checksum_crc32(uint32_t crc32, const void *bytes, size_t size);

#endif
