// SPDX-License-Identifier: MIT

/*
 * The decoder of small members by libdeflate.
 */

#include "worker/decode/inflate_whole.h"

#include <libdeflate.h>

/* libdeflate's own type behind our name: nothing has to be kept beside it. */
static struct libdeflate_decompressor *decompressor(struct whole_inflater *whole)
{
	return (struct libdeflate_decompressor *)(void *)whole;
}

const char *whole_inflater_name(void)
{
	return "libdeflate " LIBDEFLATE_VERSION_STRING;
}

struct whole_inflater *whole_inflater_new(void)
{
	return (struct whole_inflater *)(void *)libdeflate_alloc_decompressor();
}

void whole_inflater_free(struct whole_inflater *whole)
{
	libdeflate_free_decompressor(decompressor(whole));
}

bool whole_inflater_run(struct whole_inflater *whole, const uint8_t *in, size_t in_size,
	uint8_t *out, size_t out_size)
{
	size_t used; /* bytes may follow the stream's end: then they do not count as an error */

	return whole && libdeflate_deflate_decompress_ex(decompressor(whole), in, in_size, out,
				out_size, &used, NULL) == LIBDEFLATE_SUCCESS;
}
