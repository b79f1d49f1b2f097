// SPDX-License-Identifier: MIT

/*
 * What a decoder is made of: for inflate.c and the decoders only.
 */

#ifndef ZIPMAP_WORKER_DECODE_INFLATE_METHOD_H
#define ZIPMAP_WORKER_DECODE_INFLATE_METHOD_H

#include "worker/decode/inflate.h"

/** The functions of one decoder, as those of inflate.h of the same names. */
struct inflate_method {
	enum decoder decoder;
	bool (*available)(void);
	const char *(*describe)(void);
	struct inflater *(*new)(void);
	void (*free)(struct inflater *inflater); /* not of NULL */
	void (*reset)(struct inflater *inflater);
	enum inflate_status (*run)(struct inflater *inflater, struct inflate_span *span);
	/* NULL: it takes one at a time. */
	void (*run_two)(struct inflater *const inflaters[2], struct inflate_span *const spans[2],
		enum inflate_status statuses[2]);
};

/** The beginning of each decoder's own structure. */
struct inflater {
	const struct inflate_method *method;
};

extern const struct inflate_method inflate_zlib;
#ifdef HAVE_TWIN
extern const struct inflate_method inflate_twin;
#endif
#ifdef HAVE_ISAL
extern const struct inflate_method inflate_isal;
#endif

/**
 * Count what a library that does not know of the slack has read and written: its room was
 * span->out_size bytes.
 */
static inline void inflate_span_move(struct inflate_span *span, size_t read, size_t written)
{
	span->in += read;
	span->in_size -= read;
	span->out += written;
	span->out_size -= written;
}

#endif
