// SPDX-License-Identifier: MIT

/*
 * DEFLATE by the twin decoder (worker/twin/), two streams at once.
 */

#include "worker/twin/twin.h"
#include "worker/decode/decoder.h"

#include <stdlib.h>
#include <string.h>

static_assert(TWIN_WINDOW <= DECODE_HISTORY_MAX, "what a match refers to is still there");
static_assert(TWIN_OVERRUN <= DECODE_SLACK, "a round that begins in the room ends in the slack");

static struct twin *twin_of(struct decoder *decoder)
{
	return (struct twin *)(void *)decoder;
}

static bool twin_available(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("bmi2");
}

static int twin_reset(struct decoder *decoder, uint64_t size_bytes)
{
	struct twin *twin = twin_of(decoder);

	(void)size_bytes;
	twin->state = TWIN_BLOCK;
	twin->produced = 0;
	twin->bits = 0;
	twin->bit_count = 0;
	return 0;
}

static struct decoder *twin_open(void)
{
	struct twin *twin = aligned_alloc(64, sizeof(*twin));

	if (!twin)
		return NULL;
	memset(twin, 0, sizeof(*twin));
	twin->base.type = &decoder_twin;
	return &twin->base;
}

/* Go on to where a loop can take over (DECODE_PAUSED), or to where nothing more can be done. */
static enum decode_status to_loop(struct twin *twin)
{
	enum decode_status status = DECODE_PAUSED;

	while (status == DECODE_PAUSED && !twin_is_fast(twin))
		status = twin_careful(twin);
	return status;
}

static enum decode_status twin_run(struct decoder *decoder, struct decode_span *span, bool last)
{
	struct twin *twin = twin_of(decoder);
	enum decode_status status;

	(void)last;
	twin_begin(twin, span);
	while ((status = to_loop(twin)) == DECODE_PAUSED)
		twin_loop_one(twin);
	twin_end(twin, span);
	return status;
}

static void twin_run_two(struct decoder *const decoders[2], struct decode_span *const spans[2],
	enum decode_status statuses[2])
{
	struct twin *first = twin_of(decoders[0]);
	struct twin *second = twin_of(decoders[1]);

	twin_begin(first, spans[0]);
	twin_begin(second, spans[1]);
	for (;;) {
		statuses[0] = to_loop(first);
		statuses[1] = to_loop(second);
		if (statuses[0] != DECODE_PAUSED || statuses[1] != DECODE_PAUSED)
			break;
		twin_loop_two(first, second);
	}
	twin_end(first, spans[0]);
	twin_end(second, spans[1]);
}

static void twin_close(struct decoder *decoder)
{
	free(decoder);
}

const struct decoder_type decoder_twin = {
	.methods = {DECODE_DEFLATE},
	.method_count = 1,
	.library = "the twin decoder of zipmap",
	.choice = DECODER_TWIN,
	.least_bytes = (uint64_t)16 * 1024,
	.most_bytes = UINT64_MAX,
	.history_bytes = TWIN_WINDOW,
	.overrun_bytes = TWIN_OVERRUN,
	.available = twin_available,
	.open = twin_open,
	.reset = twin_reset,
	.run = twin_run,
	.run_two = twin_run_two,
	.close = twin_close,
};
