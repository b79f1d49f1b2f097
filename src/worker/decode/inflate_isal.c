// SPDX-License-Identifier: MIT

/*
 * The decoder by ISA-L, Intel's Intelligent Storage Acceleration Library.
 */

#include "worker/decode/inflate_method.h"

#include <isa-l.h>
#include <stdlib.h>

struct isal_inflater {
	struct inflater base;
	struct inflate_state state;
};

#define TO_STRING(token) #token
#define VERSION_STRING(major, minor, patch) \
	TO_STRING(major) "." TO_STRING(minor) "." TO_STRING(patch)

static struct inflate_state *state_of(struct inflater *inflater)
{
	return &((struct isal_inflater *)(void *)inflater)->state;
}

static bool isal_available(void)
{
	return true;
}

static const char *isal_describe(void)
{
	return "ISA-L " VERSION_STRING(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION);
}

static struct inflater *isal_new(void)
{
	struct isal_inflater *inflater = malloc(sizeof(*inflater));

	if (!inflater)
		return NULL;
	inflater->base.method = &inflate_isal;
	isal_inflate_init(&inflater->state);
	return &inflater->base;
}

static void isal_free(struct inflater *inflater)
{
	free(inflater);
}

static void isal_reset(struct inflater *inflater)
{
	isal_inflate_reset(state_of(inflater));
}

/* ISA-L counts in 32 bits. */
static uint32_t clamp(size_t size)
{
	return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

static enum inflate_status isal_run(struct inflater *inflater, struct inflate_span *span)
{
	struct inflate_state *state = state_of(inflater);
	uint32_t in_size = clamp(span->in_size);
	uint32_t out_size = clamp(span->out_size);

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
	inflate_span_move(span, used, out_size - state->avail_out);

	if (result < 0)
		return INFLATE_BAD_DATA;
	/* This state is reached only once all output has been taken. */
	if (state->block_state == ISAL_BLOCK_FINISH)
		return INFLATE_END;
	return span->out_size == 0 ? INFLATE_NEED_OUTPUT : INFLATE_NEED_INPUT;
}

const struct inflate_method inflate_isal = {
	.decoder = DECODER_ISAL,
	.available = isal_available,
	.describe = isal_describe,
	.new = isal_new,
	.free = isal_free,
	.reset = isal_reset,
	.run = isal_run,
};
