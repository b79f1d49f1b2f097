// SPDX-License-Identifier: MIT

#include "worker/parts/section.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int section_init(struct section *section, void *memory, size_t memory_bytes)
{
	*section = (struct section){.memory = memory, .memory_bytes = memory_bytes};
	section->twin = aligned_alloc(64, (sizeof(struct twin) + 63) / 64 * 64);
	if (!section->twin)
		return -1;
	memset(section->twin, 0, sizeof(*section->twin));
	twin_make_marker_table(section->table, section->table + TWIN_MARKER);
	return 0;
}

void section_release(struct section *section)
{
	free(section->twin);
}

void section_begin(
	struct section *section, const struct stretch_input *input, uint64_t begin, uint64_t stop)
{
	struct twin *twin = section->twin;
	size_t at = (size_t)(begin / 8 - input->place);

	assert(at < input->size);
	for (size_t i = 0; i < TWIN_MARKER_WINDOW; i++)
		section->memory[i] = (uint16_t)(TWIN_MARKER + i);
	blocks_start_at(&section->blocks, twin, begin, input->bytes[at]);
	twin->in_start = twin->in = input->bytes + at + 1;
	twin->in_end = twin->in_fast_end = input->bytes + input->size;
	section->end_place = input->place + input->size;
	section->begin = begin;
	section->stop = stop;
	section->values = 0;
	section->check = TWIN_WINDOW;
	section->bytes_start = NULL;
	section->cut = (struct section_cut){0};
	section->ended = false;
}

/* --- where it is ------------------------------------------------------------------------------ */

static uint16_t *values_of(const struct section *section)
{
	return section->memory + TWIN_MARKER_WINDOW;
}

static uint8_t *memory_end(const struct section *section)
{
	return (uint8_t *)section->memory + section->memory_bytes;
}

/* Where values have to end, so that a round may go beyond. */
static const uint16_t *values_end(const struct section *section)
{
	return section->memory + section->memory_bytes / sizeof(uint16_t) - TWIN_MARKER_OVERRUN;
}

static size_t bytes_of(const struct section *section)
{
	return section->bytes_start
		       ? (size_t)(section->twin->out - section->bytes_start) - TWIN_WINDOW
		       : 0;
}

static void cut(struct section *section, bool final)
{
	struct blocks *blocks = &section->blocks;

	blocks->in_place = section->end_place - (size_t)(section->twin->in_end - section->twin->in);
	section->cut = (struct section_cut){
		.known = true,
		.final = final,
		.begin = blocks->begin,
		.end = final ? blocks_place(blocks) : blocks->header,
		.values = section->values,
		.bytes = bytes_of(section),
	};
}

/* --- what is not symbols ---------------------------------------------------------------------- */

/* The bytes of a stored block as values. False: there is no room, or no input. */
static bool put_stored(struct section *section)
{
	struct twin *twin = section->twin;
	uint16_t *out = values_of(section) + section->values;
	size_t size = twin->stored_left;

	if (size > (size_t)(twin->in_end - twin->in) ||
		(out < values_end(section) ? (size_t)(values_end(section) - out) : 0) < size)
		return false;
	for (size_t i = 0; i < size; i++)
		out[i] = twin->in[i];
	twin->in += size;
	section->values += size;
	twin->state = twin->last_block ? TWIN_END : TWIN_BLOCK;
	return true;
}

/* The window is clean: have it as bytes behind the values. False: there is no room. */
static bool begin_bytes(struct section *section)
{
	const uint16_t *end = values_of(section) + section->values;
	uint8_t *start = (uint8_t *)(values_of(section) + section->values);
	struct twin *twin = section->twin;

	if ((size_t)(memory_end(section) - start) <= TWIN_WINDOW + TWIN_OVERRUN)
		return false;
	section->bytes_start = start;
	/* Clean values do not need the table to be right. */
	twin_resolve_markers(start, end - TWIN_WINDOW, TWIN_WINDOW, section->table);
	twin->out = start + TWIN_WINDOW;
	twin->out_end = memory_end(section) - TWIN_OVERRUN;
	twin->oldest = start;
	return true;
}

/* Have bytes from here on if the window is clean. False: there is no room. */
static bool look_at_window(struct section *section)
{
	size_t clean = twin_count_clean(values_of(section) + section->values, section->values);

	if (clean == TWIN_WINDOW)
		return begin_bytes(section);
	section->check = section->values + TWIN_WINDOW - clean;
	return true;
}

/* A step of a header, or with bytes of anything. False: the section ends at its last cut. */
static bool step(struct section *section)
{
	struct twin *twin = section->twin;
	enum decode_status status;
	bool can_stop = blocks_step(&section->blocks, section->end_place, &status);

	if (twin->state == TWIN_END) {
		cut(section, true);
		return false;
	}
	if (status != DECODE_PAUSED)
		return false;
	if (can_stop && section->values > 0) {
		cut(section, false);
		return section->blocks.begin < section->stop;
	}
	return true;
}

/* Whether a loop can take over. */
static bool is_fast(const struct section *section)
{
	const struct twin *twin = section->twin;

	if (section->bytes_start)
		return twin_is_fast(twin);
	return twin->state == TWIN_SYMBOLS && twin->in <= twin->in_end &&
	       section->values < section->check &&
	       values_of(section) + section->values < values_end(section);
}

/* A step without a loop, in what is put out as values. False: the section ends at its last cut. */
static bool values_step(struct section *section)
{
	if (section->values >= section->check)
		return look_at_window(section);
	if (section->twin->state == TWIN_STORED)
		return put_stored(section);
	return section->twin->state != TWIN_SYMBOLS && step(section);
}

/* Go on to where a loop can take over. False: the section has ended. */
static bool prepare(struct section *section)
{
	const struct twin *twin = section->twin;

	while (!section->ended && !is_fast(section))
		section->ended = twin->in > twin->in_end || twin->state == TWIN_BAD ||
				 !(section->bytes_start ? step(section) : values_step(section));
	return !section->ended;
}

/* --- symbols ---------------------------------------------------------------------------------- */

/* Where a loop puts values. */
static struct twin_values room_for_values(const struct section *section)
{
	const uint16_t *end = values_of(section) + section->check;

	return (struct twin_values){.out = values_of(section) + section->values,
		.end = end < values_end(section) ? end : values_end(section)};
}

static void take_values(struct section *section, const struct twin_values *values)
{
	section->values = (size_t)(values->out - values_of(section));
}

static void run_loop(struct section *section)
{
	if (section->bytes_start) {
		twin_loop_one(section->twin);
		return;
	}
	struct twin_values values = room_for_values(section);
	twin_loop_markers(section->twin, &values);
	take_values(section, &values);
}

void section_run(struct section *section)
{
	while (prepare(section))
		run_loop(section);
}

void section_run_two(struct section *first, struct section *second)
{
	while (prepare(first) && prepare(second)) {
		if (first->bytes_start && second->bytes_start) {
			twin_loop_two(first->twin, second->twin);
		} else if (first->bytes_start) {
			run_loop(second);
		} else if (second->bytes_start) {
			run_loop(first);
		} else {
			struct twin_values a = room_for_values(first);
			struct twin_values b = room_for_values(second);
			twin_loop_two_markers(first->twin, &a, second->twin, &b);
			take_values(first, &a);
			take_values(second, &b);
		}
	}
}

/* --- bytes ------------------------------------------------------------------------------------ */

void section_set_window(struct section *section, const uint8_t *window)
{
	twin_make_marker_table(section->table, window);
}

void section_read(const struct section *section, uint64_t at, size_t size, uint8_t *bytes)
{
	size_t values = section->cut.values;
	size_t from_values = 0;

	assert(at + size <= section_size(section));
	if (at < values) {
		from_values = values - (size_t)at < size ? values - (size_t)at : size;
		twin_resolve_markers(bytes, values_of(section) + at, from_values, section->table);
		at += from_values;
	}
	if (size > from_values)
		memcpy(bytes + from_values, section->bytes_start + TWIN_WINDOW + (at - values),
			size - from_values);
}
