// SPDX-License-Identifier: MIT

/*
 * bzip2 (method 12) by libbz2. libzip could decode it too, but not what WinZip's AES has encrypted
 * without a CRC-32, as 7-Zip does.
 */

#include "worker/decode/decode.h"

#include <bzlib.h>
#include <limits.h>
#include <stdlib.h>

struct bzip2 {
	bz_stream stream;
	bool open;
	bool between; /* at the end of a stream: all may end here, or another one begin */
};

static void *create(void)
{
	return calloc(1, sizeof(struct bzip2));
}

static void close_stream(struct bzip2 *bzip2)
{
	if (bzip2->open)
		BZ2_bzDecompressEnd(&bzip2->stream);
	bzip2->open = false;
}

static void destroy(void *state)
{
	close_stream(state);
	free(state);
}

static enum decode_status status_of(int result)
{
	return result == BZ_MEM_ERROR ? DECODE_NO_MEMORY : DECODE_BAD_DATA;
}

static int open_stream(struct bzip2 *bzip2)
{
	close_stream(bzip2);
	bzip2->stream = (bz_stream){0};
	bzip2->between = false;
	int result = BZ2_bzDecompressInit(&bzip2->stream, 0, 0);
	bzip2->open = result == BZ_OK;
	return result;
}

static enum decode_status reset(void *state, uint64_t size_bytes)
{
	(void)size_bytes; /* a block is 900 kB at most */
	int result = open_stream(state);
	return result == BZ_OK ? DECODE_NEED_INPUT : status_of(result);
}

/* libbz2 counts in unsigned int. */
static unsigned clamp(size_t size)
{
	return size < UINT_MAX ? (unsigned)size : UINT_MAX;
}

static enum decode_status run(void *state, struct inflate_span *span, bool last)
{
	struct bzip2 *bzip2 = state;
	int result = BZ_OK;

	if (bzip2->between && last)
		return DECODE_END;
	if (bzip2->between && (result = open_stream(bzip2)) != BZ_OK)
		return status_of(result);
	unsigned in_size = clamp(span->in_size);
	unsigned out_size = clamp(span->out_size);
	bzip2->stream.next_in = (char *)span->in; /* which it only reads */
	bzip2->stream.avail_in = in_size;
	bzip2->stream.next_out = (char *)span->out;
	bzip2->stream.avail_out = out_size;
	result = BZ2_bzDecompress(&bzip2->stream);
	span->in += in_size - bzip2->stream.avail_in;
	span->in_size -= in_size - bzip2->stream.avail_in;
	span->out += out_size - bzip2->stream.avail_out;
	span->out_size -= out_size - bzip2->stream.avail_out;
	bzip2->between = result == BZ_STREAM_END;
	if (result != BZ_OK && result != BZ_STREAM_END)
		return status_of(result);
	return span->out_size == 0 ? DECODE_NEED_OUTPUT : DECODE_NEED_INPUT;
}

const struct codec_type codec_bzip2 = {
	.method = 12,
	.name = "bzip2 by libbz2",
	.create = create,
	.reset = reset,
	.run = run,
	.destroy = destroy,
};
