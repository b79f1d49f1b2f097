// SPDX-License-Identifier: MIT

/*
 * The decoders of methods other than DEFLATE, as streams that are fed and drained in pieces. Which
 * of them there are is decided when zipmap is built. What a stream refers back to (its window, or
 * dictionary) is private memory, so it is bounded: DECODE_WINDOW_MAX is what the decoders of xz -9
 * (64 MiB) and zstd --ultra -22 or --long (128 MiB) need.
 */

#ifndef ZIPMAP_WORKER_DECODE_DECODE_H
#define ZIPMAP_WORKER_DECODE_DECODE_H

#include "worker/decode/inflate.h"

#include <stdbool.h>
#include <stdint.h>

/** The largest window of a stream, in bytes. */
#define DECODE_WINDOW_MAX (UINT64_C(128) << 20)

enum decode_status {
	DECODE_NEED_INPUT,  /**< all input is used up, and the stream has not ended */
	DECODE_NEED_OUTPUT, /**< the output is full */
	DECODE_END,         /**< the stream is complete */
	DECODE_BAD_DATA,    /**< this is no stream of the method */
	DECODE_WINDOW,      /**< it needs a larger window than DECODE_WINDOW_MAX */
	DECODE_NO_MEMORY,
};

/** One method's decoder, as the files that implement one give it. */
struct codec_type {
	uint16_t method;  /**< APPNOTE 4.4.5 */
	const char *name; /**< method and library, for --version; or NULL: another has it */
	void *(*create)(void);
	/** Begin a new stream, which states that it holds @size_bytes. */
	enum decode_status (*reset)(void *state, uint64_t size_bytes);
	enum decode_status (*run)(void *state, struct inflate_span *span, bool last);
	void (*destroy)(void *state);
};

extern const struct codec_type codec_bzip2; /* decode_bzip2.c */
extern const struct codec_type codec_lzma;  /* decode_lzma.c */
extern const struct codec_type codec_xz;    /* decode_lzma.c */
extern const struct codec_type codec_zstd;  /* decode_zstd.c */
extern const struct codec_type codec_zstd_first;

struct codec;

/** Whether there is a decoder for @method. */
bool codec_knows(uint16_t method);

/** The @index-th decoder there is, from 0; NULL past the last one. */
const struct codec_type *codec_listed(unsigned index);

/** A decoder for @method, which there must be. NULL: no memory. */
struct codec *codec_new(uint16_t method);

/** @codec may be NULL. */
void codec_free(struct codec *codec);

uint16_t codec_method(const struct codec *codec);

/**
 * Begin a new stream, of which the archive states that it unzips to @size_bytes: no more window is
 * set up than that takes. DECODE_NEED_INPUT, or an error.
 */
enum decode_status codec_reset(struct codec *codec, uint64_t size_bytes);

/**
 * Decode until the input is used up, the output is full, or the stream ends or breaks; moves @span
 * on. @last: no input will follow that of @span (which may be empty).
 */
enum decode_status codec_run(struct codec *codec, struct inflate_span *span, bool last);

#endif
