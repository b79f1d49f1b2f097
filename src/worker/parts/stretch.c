// SPDX-License-Identifier: MIT

#include "worker/parts/stretch.h"

#include "worker/decode/buffer.h"
#include "worker/parts/blocks.h"
#include "worker/parts/finder.h"
#include "worker/twin/markers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static_assert(STRETCH_WINDOW == TWIN_WINDOW, "it is the same window");
static_assert(STRETCH_IN_SLACK >= TWIN_IN_SLACK && STRETCH_IN_SLACK >= FINDER_SLACK,
	"whoever looks ahead finds something readable");

/* A place up to which all is well. */
struct cut {
	bool known;
	bool final;
	uint64_t end;
	size_t values;
	size_t bytes;
};

struct stretcher {
	struct finder finder;
	struct twin *twin;
	uint8_t table[TWIN_MARKER_TABLE];
	/*
	 * The markers of the window, then the values, and behind them the bytes: STRETCH_WINDOW
	 * bytes that the last values are, which begin at @bytes_start, and then what follows.
	 */
	uint16_t *memory;
	size_t values; /* without those of the window */
	size_t bytes;
	uint8_t *bytes_start;
	size_t clean_from; /* of the stretch: there are no markers from here on */
	struct cut cut;
};

struct stretcher *stretcher_new(void)
{
	struct stretcher *stretcher = calloc(1, sizeof(*stretcher));

	if (!stretcher)
		return NULL;
	stretcher->twin = aligned_alloc(64, (sizeof(struct twin) + 63) / 64 * 64);
	stretcher->memory = buffer_new_huge(STRETCH_MEMORY);
	if (!stretcher->twin || !stretcher->memory) {
		stretcher_free(stretcher);
		return NULL;
	}
	memset(stretcher->twin, 0, sizeof(*stretcher->twin));
	finder_init(&stretcher->finder);
	twin_make_marker_table(stretcher->table, stretcher->table + TWIN_MARKER);
	for (size_t i = 0; i < TWIN_MARKER_WINDOW; i++)
		stretcher->memory[i] = (uint16_t)(TWIN_MARKER + i);
	return stretcher;
}

void stretcher_free(struct stretcher *stretcher)
{
	if (!stretcher)
		return;
	free(stretcher->twin);
	free(stretcher->memory);
	free(stretcher);
}

uint64_t stretch_find(const struct stretcher *stretcher, const struct stretch_input *input,
	uint64_t from, uint64_t to)
{
	uint64_t origin = 8 * input->place;
	uint64_t found = finder_next(
		&stretcher->finder, input->bytes, input->size, from - origin, to - origin);

	return found == FINDER_NOTHING ? BLOCKS_NOWHERE : found + origin;
}

/* --- values ----------------------------------------------------------------------------------- */

static uint16_t *values_of(const struct stretcher *stretcher)
{
	return stretcher->memory + TWIN_MARKER_WINDOW;
}

/* Where values have to end, so that a round may go beyond. */
static const uint16_t *values_end(const struct stretcher *stretcher)
{
	return stretcher->memory + STRETCH_MEMORY / sizeof(uint16_t) - TWIN_MARKER_OVERRUN;
}

static struct cut cut_at(const struct stretcher *stretcher, uint64_t end, bool final)
{
	return (struct cut){true, final, end, stretcher->values, stretcher->bytes};
}

/* The bytes of a stored block as values. False: there is no room, or no input. */
static bool put_stored(struct stretcher *stretcher)
{
	struct twin *twin = stretcher->twin;
	uint16_t *out = values_of(stretcher) + stretcher->values;
	size_t size = twin->stored_left;

	if (size > (size_t)(twin->in_end - twin->in) ||
		(out < values_end(stretcher) ? (size_t)(values_end(stretcher) - out) : 0) < size)
		return false;
	for (size_t i = 0; i < size; i++)
		out[i] = twin->in[i];
	twin->in += size;
	stretcher->values += size;
	twin->state = twin->last_block ? TWIN_END : TWIN_BLOCK;
	return true;
}

/* Symbols as values, up to @most values in all. False: there is no room, or no input. */
static bool put_symbols(struct stretcher *stretcher, size_t most)
{
	struct twin *twin = stretcher->twin;
	uint16_t *out = values_of(stretcher) + stretcher->values;
	const uint16_t *out_end = values_of(stretcher) + most;

	if (out_end > values_end(stretcher))
		out_end = values_end(stretcher);
	twin_loop_markers(twin, &out, out_end);
	stretcher->values = (size_t)(out - values_of(stretcher));
	return twin->in <= twin->in_end && (twin->state != TWIN_SYMBOLS || out >= out_end) &&
	       (twin->state != TWIN_SYMBOLS || out < values_end(stretcher));
}

/*
 * Decode values until the window is clean, or to a block that begins at @stop. False: the stretch
 * ends at its last cut.
 */
static bool decode_values(struct stretcher *stretcher, struct blocks *blocks, uint64_t stop)
{
	struct twin *twin = stretcher->twin;
	uint64_t end_place = blocks->in_place + (size_t)(twin->in_end - twin->in);
	size_t check = STRETCH_WINDOW; /* with so many values, look whether the window is clean */

	for (;;) {
		enum decode_status status;
		bool more = true;
		bool can_stop = false;
		if (twin->state == TWIN_SYMBOLS) {
			more = put_symbols(stretcher, check);
		} else if (twin->state == TWIN_STORED) {
			more = put_stored(stretcher);
		} else {
			can_stop = blocks_step(blocks, end_place, &status);
			more = status == DECODE_PAUSED || status == DECODE_END;
		}
		if (!more || twin->state == TWIN_BAD)
			return false;
		blocks->in_place = end_place - (size_t)(twin->in_end - twin->in);
		if (twin->state == TWIN_END) {
			stretcher->cut = cut_at(stretcher, blocks_place(blocks), true);
			return false;
		}
		if (can_stop && stretcher->values > 0) {
			stretcher->cut = cut_at(stretcher, blocks->header, false);
			if (blocks->begin >= stop)
				return false;
		}
		if (stretcher->values >= check) {
			size_t clean = twin_count_clean(
				values_of(stretcher) + stretcher->values, stretcher->values);
			if (clean == STRETCH_WINDOW)
				return true;
			check = stretcher->values + STRETCH_WINDOW - clean;
		}
	}
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* The window is clean: have it as bytes behind the values. False: there is no room. */
static bool begin_bytes(struct stretcher *stretcher)
{
	const uint16_t *end = values_of(stretcher) + stretcher->values;
	uint8_t *start = (uint8_t *)(values_of(stretcher) + stretcher->values);

	if ((size_t)((uint8_t *)stretcher->memory + STRETCH_MEMORY - start) <
		STRETCH_WINDOW + TWIN_OVERRUN)
		return false;
	stretcher->bytes_start = start;
	stretcher->clean_from = stretcher->values - STRETCH_WINDOW;
	/* Clean values do not need the table to be right. */
	twin_resolve_markers(start, end - STRETCH_WINDOW, STRETCH_WINDOW, stretcher->table);
	return true;
}

/* Decode bytes up to a block that begins at @stop. */
static void decode_bytes(struct stretcher *stretcher, struct blocks *blocks, uint64_t stop)
{
	struct twin *twin = stretcher->twin;
	uint8_t *first = stretcher->bytes_start + STRETCH_WINDOW;
	size_t room =
		(size_t)((uint8_t *)stretcher->memory + STRETCH_MEMORY - first) - TWIN_OVERRUN;
	struct decode_span span = {
		.in = twin->in, .in_size = (size_t)(twin->in_end - twin->in), .out = first};
	enum blocks_status status = BLOCKS_NEED_OUTPUT;

	twin->produced = STRETCH_WINDOW;
	while (status == BLOCKS_NEED_OUTPUT || status == BLOCKS_STOPPED) {
		size_t left = stretcher->bytes < room ? room - stretcher->bytes : 0;
		if (left == 0)
			return;
		span.out_size = left;
		status = blocks_run(blocks, &span, 0);
		stretcher->bytes = (size_t)(span.out - first);
		if (status == BLOCKS_STOPPED) {
			stretcher->cut = cut_at(stretcher, blocks->header, false);
			if (blocks->begin >= stop)
				return;
		} else if (status == BLOCKS_END) {
			stretcher->cut = cut_at(stretcher, blocks_place(blocks), true);
		}
	}
}

/* --- a stretch -------------------------------------------------------------------------------- */

int stretch_decode(struct stretcher *stretcher, const struct stretch_input *input, uint64_t begin,
	uint64_t stop, struct stretch *stretch)
{
	struct twin *twin = stretcher->twin;
	struct blocks blocks;
	size_t at = (size_t)(begin / 8 - input->place);

	assert(at < input->size);
	blocks_start_at(&blocks, twin, begin, input->bytes[at]);
	twin->in_start = twin->in = input->bytes + at + 1;
	twin->in_end = input->bytes + input->size;
	twin->in_fast_end = twin->in_end;
	stretcher->values = 0;
	stretcher->bytes = 0;
	stretcher->bytes_start = NULL;
	stretcher->clean_from = SIZE_MAX;
	stretcher->cut = (struct cut){0};
	if (decode_values(stretcher, &blocks, stop) && begin_bytes(stretcher))
		decode_bytes(stretcher, &blocks, stop);
	if (!stretcher->cut.known)
		return -1;
	stretcher->values = stretcher->cut.values;
	stretcher->bytes = stretcher->cut.bytes;
	*stretch = (struct stretch){
		.begin = begin,
		.end = stretcher->cut.end,
		.final = stretcher->cut.final,
		.size_bytes = (uint64_t)stretcher->values + stretcher->bytes,
	};
	return 0;
}

void stretch_set_window(struct stretcher *stretcher, const uint8_t *window)
{
	twin_make_marker_table(stretcher->table, window);
}

size_t stretch_known_from(const struct stretcher *stretcher)
{
	return stretcher->clean_from;
}

void stretch_read(const struct stretcher *stretcher, uint64_t at, size_t size, uint8_t *bytes)
{
	size_t from_values = 0;

	assert(at + size <= stretcher->values + stretcher->bytes);
	if (at < stretcher->values) {
		from_values = stretcher->values - (size_t)at;
		from_values = from_values < size ? from_values : size;
		twin_resolve_markers(
			bytes, values_of(stretcher) + at, from_values, stretcher->table);
		at += from_values;
	}
	if (size > from_values)
		memcpy(bytes + from_values,
			stretcher->bytes_start + STRETCH_WINDOW + (at - stretcher->values),
			size - from_values);
}
