// SPDX-License-Identifier: MIT

/*
 * LZMA (method 14; APPNOTE 5.8) and XZ (method 95) by liblzma.
 */

#include "worker/decode/decode.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

/* What a decoder takes besides its window, rounded up. */
#define MEMORY_MAX (DECODE_WINDOW_MAX + (1 << 20))

enum {
	ZIP_HEADER = 4,  /* a version, and how many bytes of properties follow */
	PROPERTIES = 5,  /* one byte, and the size of the dictionary */
	ALONE_SIZE = 13, /* the header of a file .lzma: properties and the size of the data */
};

struct lzma {
	lzma_stream stream;
	uint64_t size_bytes;
	uint8_t header[ZIP_HEADER + PROPERTIES]; /* of LZMA in a zip archive */
	size_t header_size;                      /* how much of it has come */
};

static void *create(void)
{
	struct lzma *lzma = calloc(1, sizeof(*lzma));

	if (lzma)
		lzma->stream = (lzma_stream)LZMA_STREAM_INIT;
	return lzma;
}

static void destroy(void *state)
{
	struct lzma *lzma = state;

	lzma_end(&lzma->stream);
	free(lzma);
}

static enum decode_status status_of(lzma_ret result, const struct inflate_span *span)
{
	switch (result) {
	case LZMA_OK:
	case LZMA_BUF_ERROR: /* no progress was possible, which is no error */
		return span->out_size == 0 ? DECODE_NEED_OUTPUT : DECODE_NEED_INPUT;
	case LZMA_STREAM_END:
		return DECODE_END;
	case LZMA_MEM_ERROR:
		return DECODE_NO_MEMORY;
	case LZMA_MEMLIMIT_ERROR:
		return DECODE_WINDOW;
	default:
		return DECODE_BAD_DATA;
	}
}

static enum decode_status start_status(lzma_ret result)
{
	if (result == LZMA_OK)
		return DECODE_NEED_INPUT;
	return result == LZMA_MEM_ERROR ? DECODE_NO_MEMORY : DECODE_BAD_DATA;
}

static enum decode_status run_stream(struct lzma *lzma, struct inflate_span *span, bool last)
{
	lzma_stream *stream = &lzma->stream;

	stream->next_in = span->in;
	stream->avail_in = span->in_size;
	stream->next_out = span->out;
	stream->avail_out = span->out_size;
	lzma_ret result = lzma_code(stream, last ? LZMA_FINISH : LZMA_RUN);
	span->in = stream->next_in;
	span->in_size = stream->avail_in;
	span->out = stream->next_out;
	span->out_size = stream->avail_out;
	return status_of(result, span);
}

static enum decode_status reset_lzma(void *state, uint64_t size_bytes)
{
	struct lzma *lzma = state;

	lzma->size_bytes = size_bytes;
	lzma->header_size = 0;
	return start_status(lzma_alone_decoder(&lzma->stream, MEMORY_MAX));
}

/*
 * Hand liblzma the header that a file .lzma has: the properties, and the size, without which a
 * stream that has no end marker would have no end. The dictionary need not be larger than the data.
 */
static enum decode_status put_header(struct lzma *lzma)
{
	const uint8_t *properties = lzma->header + ZIP_HEADER;
	uint8_t alone[ALONE_SIZE];
	uint8_t unused; /* liblzma reads nothing where it could not write */
	struct inflate_span span = {alone, sizeof(alone), &unused, sizeof(unused)};
	uint32_t dictionary = 0;

	if (lzma->header[2] != PROPERTIES || lzma->header[3] != 0)
		return DECODE_BAD_DATA;
	for (int i = 0; i < 4; i++)
		dictionary |= (uint32_t)properties[1 + i] << 8 * i;
	if (dictionary > lzma->size_bytes)
		dictionary = (uint32_t)lzma->size_bytes;
	alone[0] = properties[0];
	for (int i = 0; i < 4; i++)
		alone[1 + i] = (uint8_t)(dictionary >> 8 * i);
	for (int i = 0; i < 8; i++)
		alone[5 + i] = (uint8_t)(lzma->size_bytes >> 8 * i);
	return run_stream(lzma, &span, false);
}

static enum decode_status run_lzma(void *state, struct inflate_span *span, bool last)
{
	struct lzma *lzma = state;

	while (lzma->header_size < sizeof(lzma->header)) {
		if (span->in_size == 0)
			return DECODE_NEED_INPUT;
		lzma->header[lzma->header_size++] = *span->in++;
		span->in_size--;
		if (lzma->header_size < sizeof(lzma->header))
			continue;
		enum decode_status status = put_header(lzma);
		if (status != DECODE_NEED_OUTPUT && status != DECODE_NEED_INPUT)
			return status;
	}
	enum decode_status status = run_stream(lzma, span, last);
	/*
	 * A marker may still follow the last byte. It says nothing new, and liblzma 5.4 takes one
	 * that comes in two pieces for damage.
	 */
	return lzma->stream.total_out == lzma->size_bytes && status != DECODE_NO_MEMORY ? DECODE_END
											: status;
}

static enum decode_status reset_xz(void *state, uint64_t size_bytes)
{
	struct lzma *lzma = state;

	(void)size_bytes;
	return start_status(lzma_stream_decoder(&lzma->stream, MEMORY_MAX, 0));
}

static enum decode_status run_xz(void *state, struct inflate_span *span, bool last)
{
	return run_stream(state, span, last);
}

const struct codec_type codec_lzma = {
	.method = 14,
	.name = "LZMA by liblzma " LZMA_VERSION_STRING,
	.create = create,
	.reset = reset_lzma,
	.run = run_lzma,
	.destroy = destroy,
};

const struct codec_type codec_xz = {
	.method = 95,
	.name = "XZ by liblzma " LZMA_VERSION_STRING,
	.create = create,
	.reset = reset_xz,
	.run = run_xz,
	.destroy = destroy,
};
