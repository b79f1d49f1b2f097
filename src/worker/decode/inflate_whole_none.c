// SPDX-License-Identifier: MIT

/*
 * No decoder of small members: the stream decoder does them all.
 */

#include "worker/decode/inflate_whole.h"

const char *whole_inflater_name(void)
{
	return NULL;
}

struct whole_inflater *whole_inflater_new(void)
{
	return NULL;
}

void whole_inflater_free(struct whole_inflater *whole)
{
	(void)whole;
}

bool whole_inflater_run(struct whole_inflater *whole, const uint8_t *in, size_t in_size,
	uint8_t *out, size_t out_size)
{
	(void)whole;
	(void)in;
	(void)in_size;
	(void)out;
	(void)out_size;
	return false;
}
