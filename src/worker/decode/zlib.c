// SPDX-License-Identifier: MIT

/*
 * DEFLATE by zlib.
 */

#include "worker/decode/decoder.h"

#include <stdlib.h>
#include <zlib.h>

struct zlib {
	struct decoder base;
	z_stream stream;
};

static z_stream *stream_of(struct decoder *decoder)
{
	return &((struct zlib *)(void *)decoder)->stream;
}

static struct decoder *zlib_open(void)
{
	struct zlib *zlib = calloc(1, sizeof(*zlib));

	if (!zlib)
		return NULL;
	zlib->base.type = &decoder_zlib;
	/* Negative window bits: raw DEFLATE, without zlib's header and trailer. */
	if (inflateInit2(&zlib->stream, -MAX_WBITS) == Z_OK)
		return &zlib->base;
	free(zlib);
	return NULL;
}

static int zlib_reset(struct decoder *decoder, uint64_t size_bytes)
{
	(void)size_bytes;
	return inflateReset(stream_of(decoder)) == Z_OK ? 0 : -1;
}

static enum decode_status zlib_run(struct decoder *decoder, struct decode_span *span, bool last)
{
	z_stream *stream = stream_of(decoder);
	unsigned in_size = decode_clamp(span->in_size);
	unsigned out_size = decode_clamp(span->out_size);

	(void)last;
	stream->next_in = (z_const Bytef *)span->in;
	stream->avail_in = in_size;
	stream->next_out = span->out;
	stream->avail_out = out_size;
	int result = inflate(stream, Z_NO_FLUSH);
	decode_span_move(span, in_size - stream->avail_in, out_size - stream->avail_out);

	switch (result) {
	case Z_STREAM_END:
		return DECODE_END;
	case Z_OK:
	case Z_BUF_ERROR: /* no progress was possible, which is no error */
		return span->out_size == 0 ? DECODE_NEED_OUTPUT : DECODE_NEED_INPUT;
	case Z_MEM_ERROR:
		return DECODE_NO_MEMORY;
	default:
		return DECODE_BAD_DATA;
	}
}

static void zlib_close(struct decoder *decoder)
{
	inflateEnd(stream_of(decoder));
	free(decoder);
}

const struct decoder_type decoder_zlib = {
	.methods = {DECODE_DEFLATE},
	.method_count = 1,
	.library = "zlib " ZLIB_VERSION,
	.choice = DECODER_ZLIB,
	.most_bytes = UINT64_MAX,
	.open = zlib_open,
	.reset = zlib_reset,
	.run = zlib_run,
	.close = zlib_close,
};
