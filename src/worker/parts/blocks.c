// SPDX-License-Identifier: MIT

#include "worker/parts/blocks.h"

#define HEADER_BITS 3

static void reset(struct twin *twin, uint64_t produced)
{
	twin->state = TWIN_BLOCK;
	twin->produced = produced;
	twin->bits = 0;
	twin->bit_count = 0;
}

void blocks_start(struct blocks *blocks, struct twin *twin)
{
	reset(twin, 0);
	*blocks = (struct blocks){.twin = twin};
}

void blocks_start_at(struct blocks *blocks, struct twin *twin, uint64_t place, uint8_t first)
{
	unsigned skip = place % 8;

	reset(twin, TWIN_WINDOW);
	twin->bits = (uint64_t)first >> skip;
	twin->bit_count = 8 - skip;
	*blocks = (struct blocks){.twin = twin, .in_place = place / 8 + 1};
}

uint64_t blocks_place(const struct blocks *blocks)
{
	return 8 * blocks->in_place - blocks->twin->bit_count;
}

bool blocks_step(struct blocks *blocks, uint64_t end_place, enum decode_status *status)
{
	struct twin *twin = blocks->twin;
	bool header = twin->state == TWIN_BLOCK;
	uint64_t before = 8 * (end_place - (size_t)(twin->in_end - twin->in)) - twin->bit_count;

	*status = twin_careful(twin);
	if (!header || *status != DECODE_PAUSED)
		return false;
	uint64_t after = 8 * (end_place - (size_t)(twin->in_end - twin->in)) - twin->bit_count;
	blocks->begin = after - HEADER_BITS;
	blocks->header = before;
	return !twin->last_block && (twin->state == TWIN_STORED_SIZE || twin->state == TWIN_COUNTS);
}

static enum blocks_status status_of(enum decode_status status)
{
	switch (status) {
	case DECODE_NEED_INPUT:
		return BLOCKS_NEED_INPUT;
	case DECODE_NEED_OUTPUT:
		return BLOCKS_NEED_OUTPUT;
	case DECODE_END:
		return BLOCKS_END;
	default:
		return BLOCKS_BAD_DATA;
	}
}

enum blocks_status blocks_run(struct blocks *blocks, struct decode_span *span, uint64_t stop)
{
	struct twin *twin = blocks->twin;
	enum decode_status status = DECODE_PAUSED;
	bool stopped = false;

	twin_begin(twin, span);
	while (status == DECODE_PAUSED && !stopped) {
		if (twin_is_fast(twin))
			twin_loop_one(twin);
		else
			stopped = blocks_step(blocks, blocks->in_place + span->in_size, &status) &&
				  blocks->begin >= stop;
	}
	blocks->in_place += (uint64_t)(twin->in - span->in);
	twin_end(twin, span);
	return stopped ? BLOCKS_STOPPED : status_of(status);
}
