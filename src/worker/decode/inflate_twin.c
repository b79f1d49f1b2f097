// SPDX-License-Identifier: MIT

/*
 * The twin decoder (twin.h) behind the interface of inflate.h.
 */

#include "worker/decode/inflate_method.h"
#include "worker/twin/twin.h"

#include <stdlib.h>
#include <string.h>

static struct twin *twin_of(struct inflater *inflater)
{
	return (struct twin *)(void *)inflater;
}

static bool twin_available(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("bmi2");
}

static const char *twin_describe(void)
{
	return "the twin decoder of zipmap";
}

static void twin_reset(struct inflater *inflater)
{
	struct twin *twin = twin_of(inflater);

	twin->state = TWIN_BLOCK;
	twin->produced = 0;
	twin->bits = 0;
	twin->bit_count = 0;
}

static struct inflater *twin_new(void)
{
	struct twin *twin = aligned_alloc(64, sizeof(*twin));

	if (!twin)
		return NULL;
	memset(twin, 0, sizeof(*twin));
	twin->base.method = &inflate_twin;
	twin_reset(&twin->base);
	return &twin->base;
}

static void twin_free(struct inflater *inflater)
{
	free(inflater);
}

static void begin(struct twin *twin, const struct inflate_span *span)
{
	size_t reach = twin->produced < INFLATE_HISTORY ? (size_t)twin->produced : INFLATE_HISTORY;

	twin->in_start = span->in;
	twin->in = span->in;
	twin->in_end = span->in + span->in_size;
	twin->in_fast_end = span->in_size >= TWIN_IN_SLACK ? twin->in_end - TWIN_IN_SLACK : NULL;
	twin->out = span->out;
	twin->out_end = span->out + span->out_size;
	twin->oldest = span->out - reach;
}

static void end(struct twin *twin, struct inflate_span *span)
{
	size_t written = (size_t)(twin->out - span->out);

	twin->produced += written;
	span->in = twin->in;
	span->in_size = (size_t)(twin->in_end - twin->in);
	span->out = twin->out;
	span->out_size -= written < span->out_size ? written : span->out_size;
}

/* Go on to where a loop can take over (INFLATE_PAUSED), or to where nothing more can be done. */
static enum inflate_status to_loop(struct twin *twin)
{
	enum inflate_status status = INFLATE_PAUSED;

	while (status == INFLATE_PAUSED && !twin_is_fast(twin))
		status = twin_careful(twin);
	return status;
}

static enum inflate_status twin_run(struct inflater *inflater, struct inflate_span *span)
{
	struct twin *twin = twin_of(inflater);
	enum inflate_status status;

	begin(twin, span);
	while ((status = to_loop(twin)) == INFLATE_PAUSED)
		twin_loop_one(twin);
	end(twin, span);
	return status;
}

static void twin_run_two(struct inflater *const inflaters[2], struct inflate_span *const spans[2],
	enum inflate_status statuses[2])
{
	struct twin *first = twin_of(inflaters[0]);
	struct twin *second = twin_of(inflaters[1]);

	begin(first, spans[0]);
	begin(second, spans[1]);
	for (;;) {
		statuses[0] = to_loop(first);
		statuses[1] = to_loop(second);
		if (statuses[0] != INFLATE_PAUSED || statuses[1] != INFLATE_PAUSED)
			break;
		twin_loop_two(first, second);
	}
	end(first, spans[0]);
	end(second, spans[1]);
}

const struct inflate_method inflate_twin = {
	.decoder = DECODER_TWIN,
	.available = twin_available,
	.describe = twin_describe,
	.new = twin_new,
	.free = twin_free,
	.reset = twin_reset,
	.run = twin_run,
	.run_two = twin_run_two,
};
