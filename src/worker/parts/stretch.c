// SPDX-License-Identifier: MIT

#include "worker/parts/stretch.h"

#include "worker/decode/buffer.h"
#include "worker/parts/finder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static_assert(STRETCH_WINDOW == TWIN_WINDOW, "it is the same window");
static_assert(STRETCH_IN_SLACK >= TWIN_IN_SLACK && STRETCH_IN_SLACK >= FINDER_SLACK,
	"whoever looks ahead finds something readable");

#define SECTION_MEMORY (STRETCH_MEMORY / 2)

/* With fewer bits to be searched, half of them are hardly worth a section of their own. */
#define TWO_MIN (UINT64_C(8) * 32 * 1024)

struct stretcher {
	struct finder finder;
	struct section first, second;
	uint8_t *memory;
	bool joined; /* the second section is a part of the stretch */
};

struct stretcher *stretcher_new(void)
{
	struct stretcher *stretcher = calloc(1, sizeof(*stretcher));

	if (!stretcher)
		return NULL;
	stretcher->memory = buffer_new_huge(STRETCH_MEMORY);
	if (!stretcher->memory ||
		section_init(&stretcher->first, stretcher->memory, SECTION_MEMORY) < 0 ||
		section_init(&stretcher->second, stretcher->memory + SECTION_MEMORY,
			SECTION_MEMORY) < 0) {
		stretcher_free(stretcher);
		return NULL;
	}
	finder_init(&stretcher->finder);
	return stretcher;
}

void stretcher_free(struct stretcher *stretcher)
{
	if (!stretcher)
		return;
	section_release(&stretcher->first);
	section_release(&stretcher->second);
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

/*
 * Begin the second section at the first block that seems to begin from @from on. False: there is
 * none, and the first one goes on to the end.
 */
static bool begin_second(struct stretcher *stretcher, const struct stretch_input *input,
	uint64_t from, uint64_t stop)
{
	uint64_t input_end = 8 * (input->place + input->size);
	uint64_t end = stop < input_end ? stop : input_end;
	uint64_t begin = from < end ? stretch_find(stretcher, input, from, end) : BLOCKS_NOWHERE;

	if (begin == BLOCKS_NOWHERE) {
		stretcher->first.stop = stop;
		return false;
	}
	section_begin(&stretcher->second, input, begin, stop);
	return true;
}

/* Decode as two sections at once. False: it has become the first one alone, if there is one. */
static bool decode_two(struct stretcher *stretcher, const struct stretch_input *input,
	uint64_t begin, uint64_t stop)
{
	struct section *first = &stretcher->first;
	struct section *second = &stretcher->second;

	first->memory_bytes = SECTION_MEMORY;
	section_begin(first, input, begin, begin + (stop - begin) / 2);
	bool two = begin_second(stretcher, input, first->stop, stop);
	while (two && !first->ended) {
		section_run_two(first, second);
		if (second->ended && second->cut.known)
			section_run(first);
		else if (second->ended) /* what it began with was no block */
			two = begin_second(stretcher, input, second->begin + 1, stop);
	}
	section_run(first);
	/* Nor is it one if the first section does not end there. */
	if (!two || !first->cut.known || first->cut.final || first->cut.begin != second->begin)
		return false;
	section_run(second);
	return second->cut.known;
}

/* The same as one section, which has all of the memory. */
static void decode_alone(struct stretcher *stretcher, const struct stretch_input *input,
	uint64_t begin, uint64_t stop)
{
	struct section *first = &stretcher->first;

	first->memory_bytes = STRETCH_MEMORY;
	section_begin(first, input, begin, stop);
	section_run(first);
}

int stretch_decode(struct stretcher *stretcher, const struct stretch_input *input, uint64_t begin,
	uint64_t stop, struct stretch *stretch)
{
	const struct section *first = &stretcher->first;
	const struct section *second = &stretcher->second;
	bool large = stop > begin && stop - begin >= TWO_MIN;

	stretcher->joined = large && decode_two(stretcher, input, begin, stop);
	if (!large || !first->cut.known)
		decode_alone(stretcher, input, begin, stop);
	if (!first->cut.known)
		return -1;
	const struct section *last = stretcher->joined ? second : first;
	*stretch = (struct stretch){
		.begin = begin,
		.end = last->cut.end,
		.final = last->cut.final,
		.size_bytes = section_size(first) + (stretcher->joined ? section_size(second) : 0),
	};
	return 0;
}

void stretch_set_window(struct stretcher *stretcher, const uint8_t *window)
{
	struct section *first = &stretcher->first;
	uint8_t own[STRETCH_WINDOW];
	uint64_t size = section_size(first);
	size_t tail = size < sizeof(own) ? (size_t)size : sizeof(own);

	section_set_window(first, window);
	if (!stretcher->joined)
		return;
	memcpy(own, window + tail, sizeof(own) - tail);
	section_read(first, size - tail, tail, own + sizeof(own) - tail);
	section_set_window(&stretcher->second, own);
}

void stretch_read(const struct stretcher *stretcher, uint64_t at, size_t size, uint8_t *bytes)
{
	uint64_t first_size = section_size(&stretcher->first);
	size_t from_first = 0;

	if (at < first_size) {
		from_first = first_size - at < size ? (size_t)(first_size - at) : size;
		section_read(&stretcher->first, at, from_first, bytes);
		at += from_first;
	}
	if (size > from_first)
		section_read(
			&stretcher->second, at - first_size, size - from_first, bytes + from_first);
}
