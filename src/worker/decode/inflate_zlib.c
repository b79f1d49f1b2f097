// SPDX-License-Identifier: MIT

/*
 * The decoder by zlib.
 */

#include "worker/decode/inflate_method.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct zlib_inflater {
	struct inflater base;
	z_stream stream;
};

static z_stream *stream_of(struct inflater *inflater)
{
	return &((struct zlib_inflater *)(void *)inflater)->stream;
}

static bool zlib_available(void)
{
	return true;
}

static const char *zlib_describe(void)
{
	return "zlib " ZLIB_VERSION;
}

static struct inflater *zlib_new(void)
{
	struct zlib_inflater *inflater = calloc(1, sizeof(*inflater));

	if (!inflater)
		return NULL;
	inflater->base.method = &inflate_zlib;
	/* Negative window bits: raw DEFLATE, without zlib's header and trailer. */
	if (inflateInit2(&inflater->stream, -MAX_WBITS) != Z_OK) {
		free(inflater);
		return NULL;
	}
	return &inflater->base;
}

static void zlib_free(struct inflater *inflater)
{
	inflateEnd(stream_of(inflater));
	free(inflater);
}

static void zlib_reset(struct inflater *inflater)
{
	inflateReset(stream_of(inflater));
}

/* zlib counts in unsigned int. */
static unsigned clamp(size_t size)
{
	return size < UINT_MAX ? (unsigned)size : UINT_MAX;
}

static enum inflate_status zlib_run(struct inflater *inflater, struct inflate_span *span)
{
	z_stream *stream = stream_of(inflater);
	unsigned in_size = clamp(span->in_size);
	unsigned out_size = clamp(span->out_size);

	stream->next_in = (z_const Bytef *)span->in;
	stream->avail_in = in_size;
	stream->next_out = span->out;
	stream->avail_out = out_size;
	int result = inflate(stream, Z_NO_FLUSH);
	inflate_span_move(span, in_size - stream->avail_in, out_size - stream->avail_out);

	switch (result) {
	case Z_STREAM_END:
		return INFLATE_END;
	case Z_OK:
	case Z_BUF_ERROR: /* no progress was possible, which is no error */
		return span->out_size == 0 ? INFLATE_NEED_OUTPUT : INFLATE_NEED_INPUT;
	case Z_MEM_ERROR:
		return INFLATE_NO_MEMORY;
	default:
		return INFLATE_BAD_DATA;
	}
}

const struct inflate_method inflate_zlib = {
	.decoder = DECODER_ZLIB,
	.available = zlib_available,
	.describe = zlib_describe,
	.new = zlib_new,
	.free = zlib_free,
	.reset = zlib_reset,
	.run = zlib_run,
};
