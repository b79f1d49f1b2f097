// SPDX-License-Identifier: MIT

/*
 * The last bytes that a decoder has put out, for matches that reach back before the piece of output
 * in hand. They are kept as a ring, of the size that Deflate64 reaches back.
 */

#ifndef ZIPMAP_WORKER_DECODE_WINDOW_H
#define ZIPMAP_WORKER_DECODE_WINDOW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WINDOW_SIZE ((size_t)64 * 1024)

struct window {
	size_t end; /**< where the next byte goes */
	uint8_t bytes[WINDOW_SIZE];
};

/** Keep the last of the @size bytes that end before @end. */
static inline void window_keep(struct window *window, const uint8_t *end, size_t size)
{
	size = size < WINDOW_SIZE ? size : WINDOW_SIZE;
	size_t to_end = WINDOW_SIZE - window->end;
	size_t first = size < to_end ? size : to_end;

	memcpy(window->bytes + window->end, end - size, first);
	memcpy(window->bytes, end - size + first, size - first);
	window->end = (window->end + size) % WINDOW_SIZE;
}

/**
 * Copy a match to @out, before which the piece of output in hand has @done bytes: what was put out
 * @back bytes before, at most WINDOW_SIZE. Returns how many bytes were copied: at least one and at
 * most @size.
 */
static inline size_t window_copy(
	const struct window *window, uint8_t *out, size_t done, size_t back, size_t size)
{
	const uint8_t *from;

	if (back <= done) {
		from = out - back;
	} else {
		size_t at = (window->end + WINDOW_SIZE - (back - done)) % WINDOW_SIZE;
		size_t there = back - done < WINDOW_SIZE - at ? back - done : WINDOW_SIZE - at;
		from = window->bytes + at;
		size = size < there ? size : there;
	}
	/* The bytes may be among those that are copied. */
	for (size_t i = 0; i < size; i++)
		out[i] = from[i];
	return size;
}

#endif
