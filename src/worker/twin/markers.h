// SPDX-License-Identifier: MIT

/*
 * A stream of the twin decoder that begins in the middle, at a block whose window is not known. Its
 * output is 16-bit values: below TWIN_MARKER a byte; from there on a marker, which stands for the
 * byte at that place of the 32 KiB in front of the first block. Matches copy markers like bytes.
 */

#ifndef ZIPMAP_WORKER_TWIN_MARKERS_H
#define ZIPMAP_WORKER_TWIN_MARKERS_H

#include "worker/twin/twin.h"

/** The marker of the first byte of the window that is not known; the last one is 2^15 - 1 higher.
 */
#define TWIN_MARKER 256

/** Values that are readable in front of the output: at its begin, all the markers in order. */
#define TWIN_MARKER_WINDOW TWIN_WINDOW

/** Values that a round may put behind the end of the output: as TWIN_OVERRUN, copied by 16. */
#define TWIN_MARKER_OVERRUN ((size_t)TWIN_ROUND_STEPS * TWIN_MATCH_MAX + 16)

/** Room for values. */
struct twin_values {
	uint16_t *out;
	const uint16_t *end; /**< where to stop; there is TWIN_MARKER_OVERRUN behind it */
};

/**
 * Decode symbols of a stream in the state TWIN_SYMBOLS until values->end or twin->in_fast_end is
 * reached, its block has ended (TWIN_BLOCK, TWIN_END), or its data are bad (TWIN_BAD). Moves
 * values->out on. TWIN_IN_SLACK bytes behind twin->in_fast_end must be readable.
 */
void twin_loop_markers(struct twin *twin, struct twin_values *values);

/** The same with two streams at once, until one of them can go on no more. */
void twin_loop_two_markers(struct twin *first, struct twin_values *first_values,
	struct twin *second, struct twin_values *second_values);

/** How many of the last values of @size that end at @end are bytes, TWIN_MARKER_WINDOW at most. */
size_t twin_count_clean(const uint16_t *end, size_t size);

/** What values are as bytes: those of bytes first, then the window. */
#define TWIN_MARKER_TABLE (TWIN_MARKER + TWIN_MARKER_WINDOW)

/** Make @table, of TWIN_MARKER_TABLE bytes, from the 32 KiB in front of the first block. */
void twin_make_marker_table(uint8_t *table, const uint8_t *window);

/** Make bytes of @size values. */
void twin_resolve_markers(
	uint8_t *bytes, const uint16_t *values, size_t size, const uint8_t *table);

#endif
