// SPDX-License-Identifier: MIT

/*
 * Decoding DEFLATE (RFC 1951) as a stream that is fed and drained in pieces. There are several
 * decoders, chosen at run time; who uses this need not know which one it is.
 */

#ifndef ZIPMAP_WORKER_DECODE_INFLATE_H
#define ZIPMAP_WORKER_DECODE_INFLATE_H

#include "protocol/decoder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How far back a stream may refer (RFC 1951, 2): so much of its output has to be kept. */
#define INFLATE_HISTORY ((size_t)32 * 1024)

/** Bytes after the room for output that may be written to. */
#define INFLATE_SLACK ((size_t)4 * 1024)

/** Members from this size on, unzipped, are worth decoding two at a time. */
#define INFLATE_TWIN_MIN ((uint64_t)16 * 1024)

struct inflater;

enum inflate_status {
	INFLATE_NEED_INPUT,  /**< all input is used up, and the stream has not ended */
	INFLATE_NEED_OUTPUT, /**< the output is full */
	INFLATE_END,         /**< the stream is complete; input of this call may be left over */
	INFLATE_BAD_DATA,    /**< this is no DEFLATE stream */
	INFLATE_NO_MEMORY,
	INFLATE_PAUSED, /**< of two: this one can go on as it is, the other one can not */
};

/**
 * Input still to be read and room still to be filled; inflater_run() moves both on. The output is
 * one buffer: what the stream has put out stands before @out, the last INFLATE_HISTORY bytes of it
 * at least, in memory of that size in any case; INFLATE_SLACK bytes stand after the room. Decoded
 * bytes may reach into that slack by up to half: then @out has moved past the end of the room.
 */
struct inflate_span {
	const uint8_t *in;
	size_t in_size;
	uint8_t *out;
	size_t out_size;
};

/** Whether this decoder can be used: it was built in, and this CPU has what it needs. */
bool inflate_has(enum decoder decoder);

/**
 * The decoder for a member of @size_bytes where @wanted is asked for: itself or, for DECODER_AUTO,
 * the one that is fastest here.
 */
enum decoder inflate_choose(enum decoder wanted, uint64_t size_bytes);

/** The decoder in words, for --version. Static. */
const char *inflate_describe(enum decoder decoder);

/** A decoder at the start of a stream, or NULL. It takes less than 256 KiB. Not DECODER_AUTO. */
struct inflater *inflater_new(enum decoder decoder);

void inflater_free(struct inflater *inflater);

/** Which decoder this is. */
enum decoder inflater_decoder(const struct inflater *inflater);

/** Begin a new stream. */
void inflater_reset(struct inflater *inflater);

/** Decode until the input is used up, the output is full, or the stream ends or breaks. */
enum inflate_status inflater_run(struct inflater *inflater, struct inflate_span *span);

/**
 * Decode two streams at once, both by DECODER_TWIN, until one of them comes to where inflater_run()
 * would return. The other's status is that as well, or INFLATE_PAUSED.
 */
void inflater_run_two(struct inflater *const inflaters[2], struct inflate_span *const spans[2],
	enum inflate_status statuses[2]);

#endif
