// SPDX-License-Identifier: MIT

/*
 * The decoder by zlib.
 */

#include "worker/inflate.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct inflater {
	z_stream stream;
};

const char *inflater_name(void)
{
	return "zlib " ZLIB_VERSION;
}

struct inflater *inflater_new(void)
{
	struct inflater *inflater = calloc(1, sizeof(*inflater));

	/* Negative window bits: raw DEFLATE, without zlib's header and trailer. */
	if (inflater && inflateInit2(&inflater->stream, -MAX_WBITS) != Z_OK) {
		free(inflater);
		return NULL;
	}
	return inflater;
}

void inflater_free(struct inflater *inflater)
{
	if (!inflater)
		return;
	inflateEnd(&inflater->stream);
	free(inflater);
}

void inflater_reset(struct inflater *inflater)
{
	inflateReset(&inflater->stream);
}

/* zlib counts in unsigned int. */
static unsigned clamp(size_t size)
{
	return size < UINT_MAX ? (unsigned)size : UINT_MAX;
}

enum inflate_status inflater_run(struct inflater *inflater, struct inflate_span *span)
{
	z_stream *stream = &inflater->stream;
	unsigned in_size = clamp(span->in_size);
	unsigned out_size = clamp(span->out_size);

	stream->next_in = (z_const Bytef *)span->in;
	stream->avail_in = in_size;
	stream->next_out = span->out;
	stream->avail_out = out_size;
	int result = inflate(stream, Z_NO_FLUSH);
	span->in += in_size - stream->avail_in;
	span->in_size -= in_size - stream->avail_in;
	span->out += out_size - stream->avail_out;
	span->out_size -= out_size - stream->avail_out;

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

uint32_t checksum_crc32(uint32_t crc32_before, const void *bytes, size_t size)
{
	return (uint32_t)crc32_z(crc32_before, bytes, size);
}
