// SPDX-License-Identifier: MIT

/*
 * A second decoder, for small members: DEFLATE (RFC 1951) from one piece of memory to another. A
 * stream decoder spends most of a small member's time on setting up its tables; one that sees the
 * whole does it with less. Measured for members of 4 KiB, ISA-L's time divided by libdeflate's: 1.3
 * on random float32, 1.1 on CSV text; at 16 KiB 1.1 and 1.0; from 64 KiB on it is the slower one on
 * all data but random ones. Which library does it, or none, is decided when zipmap is built.
 */

#ifndef ZIPMAP_WORKER_DECODE_INFLATE_WHOLE_H
#define ZIPMAP_WORKER_DECODE_INFLATE_WHOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Members up to this size, unzipped, are worth it. */
#define INFLATE_WHOLE_MAX ((size_t)16 * 1024)

struct whole_inflater;

/** The library in words, for --version, or NULL where there is none. Static. */
const char *whole_inflater_name(void);

/** A decoder, or NULL: no memory, or no library. It takes about 12 KiB. */
struct whole_inflater *whole_inflater_new(void);

/** @whole may be NULL. */
void whole_inflater_free(struct whole_inflater *whole);

/**
 * Decode the stream that begins at @in to exactly @out_size bytes. False where that did not come
 * out, or @whole is NULL: @out holds anything then, and the stream decoder says what is wrong.
 */
bool whole_inflater_run(struct whole_inflater *whole, const uint8_t *in, size_t in_size,
	uint8_t *out, size_t out_size);

#endif
