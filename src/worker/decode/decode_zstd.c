// SPDX-License-Identifier: MIT

/*
 * Zstandard (method 93; RFC 8878) by libzstd.
 */

#include "worker/decode/decode.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/* 2 to this power is DECODE_WINDOW_MAX. */
#define WINDOW_LOG_MAX 27

struct zstd {
	ZSTD_DCtx *context;
	bool between; /* at the end of a frame: the stream may end, or another frame begin */
};

static void destroy(void *state)
{
	struct zstd *zstd = state;

	ZSTD_freeDCtx(zstd->context);
	free(zstd);
}

static void *create(void)
{
	struct zstd *zstd = calloc(1, sizeof(*zstd));

	if (!zstd)
		return NULL;
	zstd->context = ZSTD_createDCtx();
	if (zstd->context && !ZSTD_isError(ZSTD_DCtx_setParameter(
				     zstd->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return zstd;
	destroy(zstd);
	return NULL;
}

static enum decode_status reset(void *state, uint64_t size_bytes)
{
	struct zstd *zstd = state;

	(void)size_bytes; /* a frame that states its own needs no larger window than that */
	zstd->between = false;
	ZSTD_DCtx_reset(zstd->context, ZSTD_reset_session_only);
	return DECODE_NEED_INPUT;
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

static enum decode_status run(void *state, struct inflate_span *span, bool last)
{
	struct zstd *zstd = state;
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
	span->in += in.pos;
	span->in_size -= in.pos;
	span->out += out.pos;
	span->out_size -= out.pos;
	/* A full output may leave bytes inside of the decoder. */
	return span->out_size == 0 ? DECODE_NEED_OUTPUT : DECODE_NEED_INPUT;
}

/* The number that the method had first (APPNOTE 4.4.5: deprecated). */
const struct codec_type codec_zstd_first = {
	.method = 20,
	.name = NULL,
	.create = create,
	.reset = reset,
	.run = run,
	.destroy = destroy,
};

const struct codec_type codec_zstd = {
	.method = 93,
	.name = "Zstandard by libzstd " ZSTD_VERSION_STRING,
	.create = create,
	.reset = reset,
	.run = run,
	.destroy = destroy,
};
