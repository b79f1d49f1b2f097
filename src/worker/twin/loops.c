// SPDX-License-Identifier: MIT

/*
 * The loops of the twin decoder. A round decodes a few symbols of each stream; what it may read and
 * write is checked once before it, so that nothing is checked within. Which loop is best depends on
 * how often there are matches in the blocks of the two streams (steps.h).
 */

#include "worker/twin/steps.h"

/* Have 56 bits, and the first entry. */
INLINE void begin_ahead(struct lane *lane, const struct twin *twin, unsigned scale)
{
	refill(lane);
	lane->next = look_up(lane, twin, scale);
}

TWIN_CPU static __attribute__((noinline)) void literal_one(struct twin *twin)
{
	struct lane a = load(twin);

	begin_scaled(&a);
	begin_ahead(&a, twin, SCALE);
	do {
		refill(&a);
		if (!literal_step(&a, twin) || !literal_step(&a, twin) || !literal_step(&a, twin) ||
			!literal_step(&a, twin))
			break;
	} while (has_round(&a, twin));
	end_scaled(&a);
	save(&a, twin);
}

TWIN_CPU static __attribute__((noinline)) void literal_two(
	struct twin *restrict first, struct twin *restrict second)
{
	struct lane a = load(first);
	struct lane b = load(second);

	begin_scaled(&a);
	begin_scaled(&b);
	begin_ahead(&a, first, SCALE);
	begin_ahead(&b, second, SCALE);
	do {
		refill(&a);
		refill(&b);
		if (!literal_step(&a, first) || !literal_step(&b, second) ||
			!literal_step(&a, first) || !literal_step(&b, second) ||
			!literal_step(&a, first) || !literal_step(&b, second) ||
			!literal_step(&a, first) || !literal_step(&b, second))
			break;
	} while (has_round(&a, first) && has_round(&b, second));
	end_scaled(&a);
	end_scaled(&b);
	save(&a, first);
	save(&b, second);
}

/* Two steps to a round: less of the time goes into looking whether there is another one. Four are
 * no better. */
INLINE void match_one(struct twin *twin, enum match_kind kind)
{
	struct lane a = load(twin);

	begin_ahead(&a, twin, 0);
	do {
		if (!match_step(&a, twin, kind) || !match_step(&a, twin, kind))
			break;
	} while (has_round(&a, twin));
	save(&a, twin);
}

INLINE void match_two(
	struct twin *restrict first, struct twin *restrict second, enum match_kind kind)
{
	struct lane a = load(first);
	struct lane b = load(second);

	begin_ahead(&a, first, 0);
	begin_ahead(&b, second, 0);
	do {
		if (!match_step(&a, first, kind) || !match_step(&b, second, kind) ||
			!match_step(&a, first, kind) || !match_step(&b, second, kind))
			break;
	} while (has_round(&a, first) && has_round(&b, second));
	save(&a, first);
	save(&b, second);
}

TWIN_CPU static __attribute__((noinline)) void match_one_checked(struct twin *twin)
{
	match_one(twin, MATCH_CHECKED);
}

TWIN_CPU static __attribute__((noinline)) void match_one_short(struct twin *twin)
{
	match_one(twin, MATCH_SHORT);
}

TWIN_CPU static __attribute__((noinline)) void match_one_overlapping(struct twin *twin)
{
	match_one(twin, MATCH_OVERLAPPING);
}

TWIN_CPU static __attribute__((noinline)) void match_one_long(struct twin *twin)
{
	match_one(twin, MATCH_LONG);
}

static void (*const match_one_loops[])(struct twin *) = {
	[MATCH_CHECKED] = match_one_checked,
	[MATCH_SHORT] = match_one_short,
	[MATCH_OVERLAPPING] = match_one_overlapping,
	[MATCH_LONG] = match_one_long,
};

TWIN_CPU static __attribute__((noinline)) void match_two_checked(
	struct twin *restrict first, struct twin *restrict second)
{
	match_two(first, second, MATCH_CHECKED);
}

TWIN_CPU static __attribute__((noinline)) void match_two_short(
	struct twin *restrict first, struct twin *restrict second)
{
	match_two(first, second, MATCH_SHORT);
}

TWIN_CPU static __attribute__((noinline)) void match_two_overlapping(
	struct twin *restrict first, struct twin *restrict second)
{
	match_two(first, second, MATCH_OVERLAPPING);
}

TWIN_CPU static __attribute__((noinline)) void match_two_long(
	struct twin *restrict first, struct twin *restrict second)
{
	match_two(first, second, MATCH_LONG);
}

static void (*const match_two_loops[])(struct twin *restrict, struct twin *restrict) = {
	[MATCH_CHECKED] = match_two_checked,
	[MATCH_SHORT] = match_two_short,
	[MATCH_OVERLAPPING] = match_two_overlapping,
	[MATCH_LONG] = match_two_long,
};

/* Streams of literals, and of matches now and then. */
TWIN_CPU static __attribute__((noinline)) void blend_two(
	struct twin *restrict first, struct twin *restrict second)
{
	struct lane a = load(first);
	struct lane b = load(second);

	begin_scaled(&a);
	begin_scaled(&b);
	begin_ahead(&a, first, SCALE);
	begin_ahead(&b, second, SCALE);
	do {
		plain_step(&a, first);
		plain_step(&b, second);
		plain_step(&a, first);
		plain_step(&b, second);
		plain_step(&a, first);
		plain_step(&b, second);
		plain_step(&a, first);
		plain_step(&b, second);
		refill(&a);
		refill(&b);
		if (!blend_step(&a, first) || !blend_step(&b, second))
			break;
	} while (has_round(&a, first) && has_round(&b, second));
	end_scaled(&a);
	end_scaled(&b);
	save(&a, first);
	save(&b, second);
}

/* A stream of literals and one of matches. */
INLINE void mixed_two(struct twin *restrict first, struct twin *restrict second, bool checked)
{
	const enum match_kind kind = checked ? MATCH_CHECKED : MATCH_SHORT;
	struct lane a = load(first);
	struct lane b = load(second);

	begin_scaled(&a);
	begin_ahead(&a, first, SCALE);
	begin_ahead(&b, second, 0);
	do {
		refill(&a);
		if (!literal_step(&a, first) || !match_step(&b, second, kind) ||
			!literal_step(&a, first) || !literal_step(&a, first) ||
			!match_step(&b, second, kind) || !literal_step(&a, first))
			break;
	} while (has_round(&a, first) && has_round(&b, second));
	end_scaled(&a);
	save(&a, first);
	save(&b, second);
}

TWIN_CPU static __attribute__((noinline)) void mixed_two_checked(
	struct twin *restrict first, struct twin *restrict second)
{
	mixed_two(first, second, true);
}

TWIN_CPU static __attribute__((noinline)) void mixed_two_unchecked(
	struct twin *restrict first, struct twin *restrict second)
{
	mixed_two(first, second, false);
}

/* --- the choice ------------------------------------------------------------------------------- */

/* Whether no distance can reach too far: a whole window has been put out. */
static bool has_window(const struct twin *twin)
{
	return twin->out - twin->oldest >= (ptrdiff_t)TWIN_WINDOW;
}

/*
 * How much is likely to be gained by MATCH_LONG, which takes near matches slowly, and by
 * MATCH_OVERLAPPING; 0: nothing. Machine code, sensors' values, images and text lie so far apart
 * that the place of the lines between them hardly matters.
 */
static int long_gain(const struct twin *twin)
{
	const int cost = 1 << (TWIN_CODE_BITS - 4);

	return 2 * twin->long_share - twin->near_share - cost;
}

static int overlap_gain(const struct twin *twin)
{
	const int cost = 1 << (TWIN_CODE_BITS - 3);

	return twin->overlap_share - cost;
}

/* By the gains of one stream, or of both together. */
static enum match_kind kind_of(int by_long, int by_overlapping)
{
	return by_long > 0 ? MATCH_LONG : by_overlapping > 0 ? MATCH_OVERLAPPING : MATCH_SHORT;
}

void twin_loop_one(struct twin *twin)
{
	enum match_kind kind = MATCH_CHECKED;

	if (twin->matches != TWIN_OFTEN) {
		literal_one(twin);
		return;
	}
	if (has_window(twin))
		kind = kind_of(long_gain(twin), overlap_gain(twin));
	match_one_loops[kind](twin);
}

/* For two streams of matches. */
static void match_loop_two(struct twin *first, struct twin *second)
{
	enum match_kind kind = MATCH_CHECKED;

	if (has_window(first) && has_window(second))
		kind = kind_of(long_gain(first) + long_gain(second),
			overlap_gain(first) + overlap_gain(second));
	match_two_loops[kind](first, second);
}

/* For two streams of literals. */
static void literal_loop_two(struct twin *first, struct twin *second)
{
	bool sometimes = first->matches == TWIN_SOMETIMES || second->matches == TWIN_SOMETIMES;

	if (sometimes && has_window(first) && has_window(second))
		blend_two(first, second);
	else
		literal_two(first, second);
}

void twin_loop_two(struct twin *first, struct twin *second)
{
	if (first->matches == TWIN_OFTEN && second->matches == TWIN_OFTEN)
		match_loop_two(first, second);
	else if (first->matches == TWIN_OFTEN)
		twin_loop_two(second, first);
	else if (second->matches != TWIN_OFTEN)
		literal_loop_two(first, second);
	else if (has_window(second))
		mixed_two_unchecked(first, second);
	else
		mixed_two_checked(first, second);
}
