// SPDX-License-Identifier: MIT

/*
 * A decoder of one compression method: a stream that is fed and drained in pieces of any size. Who
 * uses one need not know which it is; decoders.h says which there are and chooses.
 *
 * What is to be known of a method or a library is in its struct decoder_type. A new one is a file
 * with such a struct, a declaration at the end of this header, and a line in the table of
 * decoders.c.
 */

#ifndef ZIPMAP_WORKER_DECODE_DECODER_H
#define ZIPMAP_WORKER_DECODE_DECODER_H

#include "protocol/decoder.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The methods that are named elsewhere too (APPNOTE 4.4.5). */
#define DECODE_STORED  0
#define DECODE_DEFLATE 8

/**
 * Around the room that a decoder fills: bytes in front of it that a decoder may refer back to, and
 * bytes behind it that a decoder may write to. Each type asserts that it needs no more than these;
 * who has an output buffer makes it larger by both.
 */
#define DECODE_HISTORY_MAX ((size_t)32 * 1024)
#define DECODE_SLACK       ((size_t)2 * 1024)

/**
 * The largest window that a decoder keeps in private memory, in bytes. It is what the decoders of
 * xz -9 (64 MiB) and of zstd --ultra -22 or --long (128 MiB) need.
 */
#define DECODE_WINDOW_MAX (UINT64_C(128) << 20)

/** The largest member that is decoded in one piece, unzipped. */
#define DECODE_WHOLE_MAX ((uint64_t)16 * 1024)

enum decode_status {
	DECODE_NEED_INPUT,  /**< all input is used up, and the stream has not ended */
	DECODE_NEED_OUTPUT, /**< the room is full */
	DECODE_END,         /**< the stream is complete; input of this call may be left over */
	DECODE_BAD_DATA,    /**< this is no stream of the method */
	DECODE_WINDOW,      /**< it needs a larger window than DECODE_WINDOW_MAX */
	DECODE_NO_MEMORY,
	DECODE_PAUSED, /**< one of two: it can go on as it is, the other one cannot */
};

/**
 * Input still to be read and room still to be filled; a run moves both on. The last
 * type->history_bytes of what the stream has put out stand before @out, in memory that can be read
 * in full even at the beginning; type->overrun_bytes behind the room can be written to. Decoded
 * bytes may reach into these: then @out has moved past the end of the room, and @out_size is 0.
 */
struct decode_span {
	const uint8_t *in;
	size_t in_size;
	uint8_t *out;
	size_t out_size;
};

/** An open decoder: the beginning of each decoder's own structure. */
struct decoder {
	const struct decoder_type *type;
};

struct decoder_type {
	uint16_t methods[2]; /**< the numbers of its method (APPNOTE 4.4.5), that of now first */
	unsigned method_count;
	const char *library;        /**< what decodes, for --version. Static. */
	enum decoder_choice choice; /**< what the user calls it; DECODER_AUTO: nothing */
	uint64_t least_bytes;       /**< the sizes of members that it is best for, unzipped: from */
	uint64_t most_bytes;        /**< this on, and up to this one */
	size_t history_bytes;       /**< how far back it looks in what was put out */
	size_t overrun_bytes;       /**< how far behind the room it may write */
	bool whole;  /**< a stream comes in one piece, into room for all of it, or is not decoded */
	bool copies; /**< the output is the input: it may be read to where the output goes */
	bool large;  /**< its memory is given back as soon as it is not needed */

	bool (*available)(void); /**< whether this CPU has what it needs; NULL: always */
	struct decoder *(*open)(void);
	int (*reset)(struct decoder *decoder, uint64_t size_bytes);
	enum decode_status (*run)(struct decoder *decoder, struct decode_span *span, bool last);
	/** NULL: it takes one stream at a time. */
	void (*run_two)(struct decoder *const decoders[2], struct decode_span *const spans[2],
		enum decode_status statuses[2]);
	void (*close)(struct decoder *decoder); /* not of NULL */
};

/** Open a decoder. reset it before it runs. NULL: no memory. */
static inline struct decoder *decoder_open(const struct decoder_type *type)
{
	return type->open();
}

/** @decoder may be NULL. */
static inline void decoder_close(struct decoder *decoder)
{
	if (decoder)
		decoder->type->close(decoder);
}

/**
 * Begin a new stream, of which the archive states that it unzips to @size_bytes: no larger window
 * is set up than that takes. 0, or -1: no memory.
 */
static inline int decoder_reset(struct decoder *decoder, uint64_t size_bytes)
{
	return decoder->type->reset(decoder, size_bytes);
}

/**
 * Decode until the input is used up, the room is full, or the stream ends or breaks; move @span on.
 * @last: no input will follow that of @span (which may be empty).
 */
static inline enum decode_status decoder_run(
	struct decoder *decoder, struct decode_span *span, bool last)
{
	return decoder->type->run(decoder, span, last);
}

/** Whether a second stream beside it makes both faster. */
static inline bool decoder_type_is_pairable(const struct decoder_type *type)
{
	return type->run_two != NULL;
}

/**
 * Decode two streams at once, both by decoders of one pairable type, until one of them comes to
 * where decoder_run() would return. The other's status is that as well, or DECODE_PAUSED.
 */
static inline void decoder_run_two(struct decoder *const decoders[2],
	struct decode_span *const spans[2], enum decode_status statuses[2])
{
	assert(decoders[0]->type == decoders[1]->type);
	decoders[0]->type->run_two(decoders, spans, statuses);
}

/** Count what a library has read and written that keeps to the room. */
static inline void decode_span_move(struct decode_span *span, size_t read, size_t written)
{
	span->in += read;
	span->in_size -= read;
	span->out += written;
	span->out_size -= written;
}

/** A size for a library that counts in unsigned int. */
static inline unsigned decode_clamp(size_t size)
{
	return size < UINT32_MAX ? (unsigned)size : UINT32_MAX;
}

extern const struct decoder_type decoder_stored;
extern const struct decoder_type decoder_zlib;
extern const struct decoder_type decoder_isal;       /* HAVE_ISAL */
extern const struct decoder_type decoder_twin;       /* HAVE_TWIN */
extern const struct decoder_type decoder_libdeflate; /* HAVE_LIBDEFLATE */
extern const struct decoder_type decoder_deflate64;
extern const struct decoder_type decoder_bzip2;
extern const struct decoder_type decoder_lzma; /* HAVE_LZMA */
extern const struct decoder_type decoder_xz;   /* HAVE_LZMA */
extern const struct decoder_type decoder_zstd; /* HAVE_ZSTD */

#endif
