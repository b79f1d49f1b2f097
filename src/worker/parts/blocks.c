// SPDX-License-Identifier: MIT

#include "worker/parts/blocks.h"

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

void blocks_start_at(struct blocks *blocks, struct twin *twin, uint64_t begin, uint8_t first)
{
	unsigned skip = begin % 8;

	reset(twin, TWIN_WINDOW);
	twin->bits = (uint64_t)first >> skip;
	twin->bit_count = 8 - skip;
	*blocks = (struct blocks){.twin = twin, .in_place = begin / 8 + 1};
}

uint64_t blocks_place(const struct blocks *blocks)
{
	return 8 * blocks->in_place - blocks->twin->bit_count;
}

/* Go on by a step or a loop. Whether it was the header of a block that one can stop at. */
static enum decode_status step(struct twin *twin, bool *can_stop)
{
	bool header = twin->state == TWIN_BLOCK;

	*can_stop = false;
	if (twin_is_fast(twin)) {
		twin_loop_one(twin);
		return DECODE_PAUSED;
	}
	enum decode_status status = twin_careful(twin);
	*can_stop = header && status == DECODE_PAUSED && blocks_can_stop(twin);
	return status;
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

enum blocks_status blocks_run(
	struct blocks *blocks, struct decode_span *span, uint64_t stop, uint64_t *begin)
{
	struct twin *twin = blocks->twin;
	size_t reach = twin->produced < TWIN_WINDOW ? (size_t)twin->produced : TWIN_WINDOW;
	enum decode_status status;
	bool can_stop;
	bool stopped;

	twin->in_start = span->in;
	twin->in = span->in;
	twin->in_end = span->in + span->in_size;
	twin->in_fast_end = span->in_size >= TWIN_IN_SLACK ? twin->in_end - TWIN_IN_SLACK : NULL;
	twin->out = span->out;
	twin->out_end = span->out + span->out_size;
	twin->oldest = span->out - reach;
	do {
		status = step(twin, &can_stop);
		uint64_t read = blocks->in_place + (size_t)(twin->in - span->in);
		*begin = 8 * read - twin->bit_count - BLOCKS_HEADER_BITS;
		stopped = can_stop && *begin >= stop;
	} while (status == DECODE_PAUSED && !stopped);
	size_t read = (size_t)(twin->in - span->in);
	size_t written = (size_t)(twin->out - span->out);
	blocks->in_place += read;
	twin->produced += written;
	span->in += read;
	span->in_size -= read;
	span->out += written;
	span->out_size -= written < span->out_size ? written : span->out_size;
	return stopped ? BLOCKS_STOPPED : status_of(status);
}
