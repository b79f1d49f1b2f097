// SPDX-License-Identifier: MIT

/*
 * Stored members (method 0), whose data come as they are.
 */

#include "worker/decode/decoder.h"

#include <string.h>

static struct decoder the_one = {.type = &decoder_stored};

/* It has no state, and so one serves all streams at once. */
static struct decoder *stored_open(void)
{
	return &the_one;
}

static int stored_reset(struct decoder *decoder, uint64_t size_bytes)
{
	(void)decoder;
	(void)size_bytes;
	return 0;
}

static enum decode_status stored_run(struct decoder *decoder, struct decode_span *span, bool last)
{
	size_t size = span->in_size < span->out_size ? span->in_size : span->out_size;

	(void)decoder;
	if (size > 0 && span->out != span->in)
		memcpy(span->out, span->in, size);
	decode_span_move(span, size, size);
	if (span->in_size == 0 && last)
		return DECODE_END;
	return span->out_size == 0 ? DECODE_NEED_OUTPUT : DECODE_NEED_INPUT;
}

static void stored_close(struct decoder *decoder)
{
	(void)decoder;
}

const struct decoder_type decoder_stored = {
	.methods = {DECODE_STORED},
	.method_count = 1,
	.library = "zipmap",
	.most_bytes = UINT64_MAX,
	.copies = true,
	.open = stored_open,
	.reset = stored_reset,
	.run = stored_run,
	.close = stored_close,
};
