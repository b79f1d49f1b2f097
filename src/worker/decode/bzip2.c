// SPDX-License-Identifier: MIT

/*
 * bzip2 (method 12) by libbz2. libzip could decode it too, but not what WinZip's AES has encrypted
 * without a CRC-32, as 7-Zip does.
 */

#include "worker/decode/decoder.h"

#include <bzlib.h>
#include <stdlib.h>

struct bzip2 {
	struct decoder base;
	bz_stream stream;
	bool open;
	bool between; /* at the end of a stream: all may end here, or another one begin */
};

static struct bzip2 *bzip2_of(struct decoder *decoder)
{
	return (struct bzip2 *)(void *)decoder;
}

static struct decoder *bzip2_open(void)
{
	struct bzip2 *bzip2 = calloc(1, sizeof(*bzip2));

	if (!bzip2)
		return NULL;
	bzip2->base.type = &decoder_bzip2;
	return &bzip2->base;
}

static void close_stream(struct bzip2 *bzip2)
{
	if (bzip2->open)
		BZ2_bzDecompressEnd(&bzip2->stream);
	bzip2->open = false;
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

static int bzip2_reset(struct decoder *decoder, uint64_t size_bytes)
{
	(void)size_bytes; /* a block is 900 kB at most */
	return open_stream(bzip2_of(decoder)) == BZ_OK ? 0 : -1;
}

static enum decode_status bzip2_run(struct decoder *decoder, struct decode_span *span, bool last)
{
	struct bzip2 *bzip2 = bzip2_of(decoder);
	int result = BZ_OK;

	if (bzip2->between && last)
		return DECODE_END;
	if (bzip2->between && (result = open_stream(bzip2)) != BZ_OK)
		return status_of(result);
	unsigned in_size = decode_clamp(span->in_size);
	unsigned out_size = decode_clamp(span->out_size);
	bzip2->stream.next_in = (char *)span->in; /* which it only reads */
	bzip2->stream.avail_in = in_size;
	bzip2->stream.next_out = (char *)span->out;
	bzip2->stream.avail_out = out_size;
	result = BZ2_bzDecompress(&bzip2->stream);
	decode_span_move(
		span, in_size - bzip2->stream.avail_in, out_size - bzip2->stream.avail_out);
	bzip2->between = result == BZ_STREAM_END;
	if (result != BZ_OK && result != BZ_STREAM_END)
		return status_of(result);
	return span->out_size == 0 ? DECODE_NEED_OUTPUT : DECODE_NEED_INPUT;
}

static void bzip2_close(struct decoder *decoder)
{
	close_stream(bzip2_of(decoder));
	free(decoder);
}

const struct decoder_type decoder_bzip2 = {
	.methods = {12},
	.method_count = 1,
	.library = "libbz2",
	.most_bytes = UINT64_MAX,
	.large = true,
	.open = bzip2_open,
	.reset = bzip2_reset,
	.run = bzip2_run,
	.close = bzip2_close,
};
