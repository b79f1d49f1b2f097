// SPDX-License-Identifier: MIT

/*
 * LZMA (method 14; APPNOTE 5.8) and XZ (method 95) by liblzma.
 */

#include "worker/decode/decoder.h"

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
	struct decoder base;
	lzma_stream stream;
	uint64_t size_bytes;
	uint8_t header[ZIP_HEADER + PROPERTIES]; /* of LZMA in a zip archive */
	size_t header_size;                      /* how much of it has come */
};

static struct lzma *lzma_of(struct decoder *decoder)
{
	return (struct lzma *)(void *)decoder;
}

static struct decoder *open_as(const struct decoder_type *type)
{
	struct lzma *lzma = calloc(1, sizeof(*lzma));

	if (!lzma)
		return NULL;
	lzma->base.type = type;
	lzma->stream = (lzma_stream)LZMA_STREAM_INIT;
	return &lzma->base;
}

static void lzma_close(struct decoder *decoder)
{
	lzma_end(&lzma_of(decoder)->stream);
	free(decoder);
}

static enum decode_status status_of(lzma_ret result, const struct decode_span *span)
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

static enum decode_status run_stream(struct lzma *lzma, struct decode_span *span, bool last)
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

/* --- LZMA ------------------------------------------------------------------------------------- */

static struct decoder *lzma_open(void)
{
	return open_as(&decoder_lzma);
}

static int lzma_reset(struct decoder *decoder, uint64_t size_bytes)
{
	struct lzma *lzma = lzma_of(decoder);

	lzma->size_bytes = size_bytes;
	lzma->header_size = 0;
	return lzma_alone_decoder(&lzma->stream, MEMORY_MAX) == LZMA_OK ? 0 : -1;
}

/*
 * Hand liblzma the header that a file .lzma has: the properties, and the size, without which a
 * stream that has no end marker would have no end. The dictionary need not be larger than the data.
 */
static enum decode_status put_header(struct lzma *lzma)
{
	const uint8_t *properties = lzma->header + ZIP_HEADER;
	uint8_t alone[ALONE_SIZE];
	uint8_t unused; /* liblzma reads nothing if it could not write */
	struct decode_span span = {alone, sizeof(alone), &unused, sizeof(unused)};
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

static enum decode_status lzma_run(struct decoder *decoder, struct decode_span *span, bool last)
{
	struct lzma *lzma = lzma_of(decoder);

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
	if (lzma->stream.total_out == lzma->size_bytes && status != DECODE_NO_MEMORY)
		return DECODE_END;
	return status;
}

const struct decoder_type decoder_lzma = {
	.methods = {14},
	.method_count = 1,
	.library = "liblzma " LZMA_VERSION_STRING,
	.most_bytes = UINT64_MAX,
	.large = true,
	.open = lzma_open,
	.reset = lzma_reset,
	.run = lzma_run,
	.close = lzma_close,
};

/* --- XZ --------------------------------------------------------------------------------------- */

static struct decoder *xz_open(void)
{
	return open_as(&decoder_xz);
}

static int xz_reset(struct decoder *decoder, uint64_t size_bytes)
{
	(void)size_bytes;
	return lzma_stream_decoder(&lzma_of(decoder)->stream, MEMORY_MAX, 0) == LZMA_OK ? 0 : -1;
}

static enum decode_status xz_run(struct decoder *decoder, struct decode_span *span, bool last)
{
	return run_stream(lzma_of(decoder), span, last);
}

const struct decoder_type decoder_xz = {
	.methods = {95},
	.method_count = 1,
	.library = "liblzma " LZMA_VERSION_STRING,
	.most_bytes = UINT64_MAX,
	.large = true,
	.open = xz_open,
	.reset = xz_reset,
	.run = xz_run,
	.close = lzma_close,
};
