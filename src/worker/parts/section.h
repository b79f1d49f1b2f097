// SPDX-License-Identifier: MIT

/*
 * A section of a DEFLATE stream, decoded by itself: from a block that begins in it to the first one
 * that begins behind it. What it refers to in front of itself is not known, so its output is values
 * (worker/twin/markers.h), and bytes from where the last 32 KiB no longer have a marker. Once that
 * window is known, all of it is bytes. Two sections are decoded at once in 0.6 to 0.7 of the time
 * that they take one after the other.
 */

#ifndef ZIPMAP_WORKER_PARTS_SECTION_H
#define ZIPMAP_WORKER_PARTS_SECTION_H

#include "worker/parts/blocks.h"
#include "worker/twin/markers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Some input: @size bytes of the stream, from byte @place of it on. */
struct stretch_input {
	const uint8_t *bytes;
	size_t size;
	uint64_t place;
};

/** A place up to which all is well. */
struct section_cut {
	bool known;
	bool final;     /**< the stream ends there */
	uint64_t begin; /**< what the block behind it is called */
	uint64_t end;   /**< where its header begins, or where the stream ends */
	size_t values;
	size_t bytes;
};

struct section {
	struct twin *twin;
	uint8_t table[TWIN_MARKER_TABLE];
	/*
	 * The markers of the window, then the values, and behind them the bytes: TWIN_WINDOW bytes
	 * that the last values are, which begin at @bytes_start, and then what follows.
	 */
	uint16_t *memory;
	size_t memory_bytes;
	struct blocks blocks;
	uint64_t end_place;     /**< where the input ends, in bytes of the stream */
	uint64_t begin;         /**< what its first block is called */
	uint64_t stop;          /**< the last block is the first that begins here or later */
	size_t values;          /**< without those of the window */
	size_t check;           /**< with so many values, look whether the window is clean */
	uint8_t *bytes_start;   /**< NULL: it was not clean yet */
	struct section_cut cut; /**< the last one, where the section ends */
	bool ended;
};

/** Use @memory of @memory_bytes, which must stay, aligned for values. 0, or -1: no memory. */
int section_init(struct section *section, void *memory, size_t memory_bytes);

void section_release(struct section *section);

/** Begin at the block that seems to begin at @begin, which is in @input. */
void section_begin(
	struct section *section, const struct stretch_input *input, uint64_t begin, uint64_t stop);

/**
 * Decode on, to the end: a block that begins at section->stop or later and has the looks by which
 * it is found. If memory or input does not reach so far, or the data are bad there, it is the last
 * block that does.
 */
void section_run(struct section *section);

/** Decode two until one of them has ended. */
void section_run_two(struct section *first, struct section *second);

/** How many bytes an ended section has. */
static inline uint64_t section_size(const struct section *section)
{
	return (uint64_t)section->cut.values + section->cut.bytes;
}

/** The TWIN_WINDOW bytes in front of the section are these. */
void section_set_window(struct section *section, const uint8_t *window);

/** Have @size bytes at @at of an ended section whose window is set. */
void section_read(const struct section *section, uint64_t at, size_t size, uint8_t *bytes);

#endif
