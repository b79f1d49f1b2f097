// SPDX-License-Identifier: MIT

/*
 * Zstandard (method 93; RFC 8878) by libzstd.
 */

#include "worker/decode/decoder.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG_MAX 27

static_assert(UINT64_C(1) << WINDOW_LOG_MAX == DECODE_WINDOW_MAX, "the same window");

struct zstd {
	struct decoder base;
	ZSTD_DCtx *context;
	bool between; /* at the end of a frame: the stream may end, or another frame begin */
};

static struct zstd *zstd_of(struct decoder *decoder)
{
	return (struct zstd *)(void *)decoder;
}

static void zstd_close(struct decoder *decoder)
{
	ZSTD_freeDCtx(zstd_of(decoder)->context);
	free(decoder);
}

static struct decoder *zstd_open(void)
{
	struct zstd *zstd = calloc(1, sizeof(*zstd));

	if (!zstd)
		return NULL;
	zstd->base.type = &decoder_zstd;
	zstd->context = ZSTD_createDCtx();
	if (zstd->context && !ZSTD_isError(ZSTD_DCtx_setParameter(
				     zstd->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return &zstd->base;
	zstd_close(&zstd->base);
	return NULL;
}

static int zstd_reset(struct decoder *decoder, uint64_t size_bytes)
{
	struct zstd *zstd = zstd_of(decoder);

	(void)size_bytes; /* a frame that states its own needs no larger window than that */
	zstd->between = false;
	return ZSTD_isError(ZSTD_DCtx_reset(zstd->context, ZSTD_reset_session_only)) ? -1 : 0;
}

static enum decode_status status_of_error(size_t result)
{
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return DECODE_WINDOW;
	case ZSTD_error_memory_allocation:
		return DECODE_NO_MEMORY;
	default:
		return DECODE_BAD_DATA;
	}
}

static enum decode_status zstd_run(struct decoder *decoder, struct decode_span *span, bool last)
{
	struct zstd *zstd = zstd_of(decoder);
	ZSTD_inBuffer in = {span->in, span->in_size, 0};
	ZSTD_outBuffer out = {span->out, span->out_size, 0};
	size_t result = 0;

	if (last && zstd->between)
		return DECODE_END;
	/* One call stops at the end of a frame, of which there may be several. */
	for (;;) {
		size_t in_before = in.pos;
		size_t out_before = out.pos;
		result = ZSTD_decompressStream(zstd->context, &out, &in);
		if (ZSTD_isError(result))
			return status_of_error(result);
		zstd->between = result == 0;
		if (in.pos == in.size || out.pos == out.size)
			break;
		if (in.pos == in_before && out.pos == out_before)
			return DECODE_BAD_DATA;
	}
	decode_span_move(span, in.pos, out.pos);
	/* A full output may leave bytes inside of the decoder. */
	return span->out_size == 0 ? DECODE_NEED_OUTPUT : DECODE_NEED_INPUT;
}

const struct decoder_type decoder_zstd = {
	.methods = {93, 20}, /* the second is the one that it had first (deprecated) */
	.method_count = 2,
	.library = "libzstd " ZSTD_VERSION_STRING,
	.most_bytes = UINT64_MAX,
	.large = true,
	.open = zstd_open,
	.reset = zstd_reset,
	.run = zstd_run,
	.close = zstd_close,
};
