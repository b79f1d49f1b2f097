// SPDX-License-Identifier: MIT

/*
 * DEFLATE by ISA-L, Intel's Intelligent Storage Acceleration Library. It takes codes with too few
 * codewords, which zlib refuses, and goes from block to block by itself, so that the codes cannot
 * be checked before. So it decodes only for who asks for it.
 */

#include "worker/decode/decoder.h"

#include <isa-l.h>
#include <stdlib.h>

struct isal {
	struct decoder base;
	struct inflate_state state;
};

#define TO_STRING(token) #token
#define VERSION_STRING(major, minor, patch) \
	TO_STRING(major) "." TO_STRING(minor) "." TO_STRING(patch)

static struct inflate_state *state_of(struct decoder *decoder)
{
	return &((struct isal *)(void *)decoder)->state;
}

static struct decoder *isal_open(void)
{
	struct isal *isal = malloc(sizeof(*isal));

	if (!isal)
		return NULL;
	isal->base.type = &decoder_isal;
	isal_inflate_init(&isal->state);
	return &isal->base;
}

static int isal_reset(struct decoder *decoder, uint64_t size_bytes)
{
	(void)size_bytes;
	isal_inflate_reset(state_of(decoder));
	return 0;
}

static enum decode_status isal_run(struct decoder *decoder, struct decode_span *span, bool last)
{
	struct inflate_state *state = state_of(decoder);
	uint32_t in_size = decode_clamp(span->in_size);
	uint32_t out_size = decode_clamp(span->out_size);

	(void)last;
	state->next_in = (uint8_t *)span->in; /* only read from */
	state->avail_in = in_size;
	state->next_out = span->out;
	state->avail_out = out_size;
	int result = isal_inflate(state);
	/*
	 * ISA-L reads some bytes ahead and, at the end, gives back those that it did not need,
	 * also of an earlier piece, which are not the caller's any more.
	 */
	uint32_t used = state->avail_in < in_size ? in_size - state->avail_in : 0;
	decode_span_move(span, used, out_size - state->avail_out);

	if (result < 0)
		return DECODE_BAD_DATA;
	/* This state is reached only once all output has been taken. */
	if (state->block_state == ISAL_BLOCK_FINISH)
		return DECODE_END;
	return span->out_size == 0 ? DECODE_NEED_OUTPUT : DECODE_NEED_INPUT;
}

static void isal_close(struct decoder *decoder)
{
	free(decoder);
}

const struct decoder_type decoder_isal = {
	.methods = {DECODE_DEFLATE},
	.method_count = 1,
	.library =
		"ISA-L " VERSION_STRING(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION),
	.choice = DECODER_ISAL,
	.most_bytes = UINT64_MAX,
	.lenient = true,
	.open = isal_open,
	.reset = isal_reset,
	.run = isal_run,
	.close = isal_close,
};
