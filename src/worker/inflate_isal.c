// SPDX-License-Identifier: MIT

/*
 * The decoder by ISA-L, Intel's Intelligent Storage Acceleration Library.
 */

#include "worker/inflate.h"

#include <isa-l.h>
#include <limits.h>
#include <stdlib.h>

struct inflater {
	struct inflate_state state;
};

#define TO_STRING(token) #token
#define VERSION_STRING(major, minor, patch) \
	TO_STRING(major) "." TO_STRING(minor) "." TO_STRING(patch)

const char *inflater_name(void)
{
	return "ISA-L " VERSION_STRING(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION);
}

struct inflater *inflater_new(void)
{
	struct inflater *inflater = malloc(sizeof(*inflater));

	if (inflater)
		isal_inflate_init(&inflater->state);
	return inflater;
}

void inflater_free(struct inflater *inflater)
{
	free(inflater);
}

void inflater_reset(struct inflater *inflater)
{
	isal_inflate_reset(&inflater->state);
}

/* ISA-L counts in 32 bits. */
static uint32_t clamp(size_t size)
{
	return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

enum inflate_status inflater_run(struct inflater *inflater, struct inflate_span *span)
{
	struct inflate_state *state = &inflater->state;
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
	span->in += used;
	span->in_size -= used;
	span->out += out_size - state->avail_out;
	span->out_size -= out_size - state->avail_out;

	if (result < 0)
		return INFLATE_BAD_DATA;
	/* This state is reached only once all output has been taken. */
	if (state->block_state == ISAL_BLOCK_FINISH)
		return INFLATE_END;
	return span->out_size == 0 ? INFLATE_NEED_OUTPUT : INFLATE_NEED_INPUT;
}

uint32_t checksum_crc32(uint32_t crc32, const void *bytes, size_t size)
{
	/* "gzip_refl" is the reflected CRC-32 of gzip and zip. */
	return crc32_gzip_refl(crc32, bytes, size);
}
