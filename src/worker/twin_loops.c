// SPDX-License-Identifier: MIT

/*
 * The loops of the twin decoder. A round decodes a few symbols of each stream; what it may read and
 * write is checked once before it, so that nothing is checked within. Which loop is best depends on
 * how often there are matches in the blocks of the two streams (twin_steps.h).
 */

#include "worker/twin_steps.h"

/* What can still be read in the middle of a stream's window (RFC 1951, 2). */
#define WINDOW 32768

TWIN_CPU static __attribute__((noinline)) void literal_one(struct twin *twin)
{
	struct lane a = load(twin);

	begin_scaled(&a);
	do {
		refill(&a);
		if (!literal_step(&a, twin, true) || !literal_step(&a, twin, false) ||
			!literal_step(&a, twin, false) || !literal_step(&a, twin, false))
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
	do {
		refill(&a);
		refill(&b);
		if (!literal_step(&a, first, true) || !literal_step(&b, second, true) ||
			!literal_step(&a, first, false) || !literal_step(&b, second, false) ||
			!literal_step(&a, first, false) || !literal_step(&b, second, false) ||
			!literal_step(&a, first, false) || !literal_step(&b, second, false))
			break;
	} while (has_round(&a, first) && has_round(&b, second));
	end_scaled(&a);
	end_scaled(&b);
	save(&a, first);
	save(&b, second);
}

/* Have 56 bits, and the first entry. */
INLINE void begin_ahead(struct lane *lane, const struct twin *twin, unsigned scale)
{
	refill(lane);
	lane->next = look_up(lane, twin, scale);
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

TWIN_CPU static __attribute__((noinline)) void match_one_long(struct twin *twin)
{
	match_one(twin, MATCH_LONG);
}

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

TWIN_CPU static __attribute__((noinline)) void match_two_long(
	struct twin *restrict first, struct twin *restrict second)
{
	match_two(first, second, MATCH_LONG);
}

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
	begin_ahead(&b, second, 0);
	do {
		refill(&a);
		if (!literal_step(&a, first, true) || !match_step(&b, second, kind) ||
			!literal_step(&a, first, false) || !literal_step(&a, first, false) ||
			!match_step(&b, second, kind) || !literal_step(&a, first, false))
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
	return twin->out - twin->oldest >= WINDOW;
}

/*
 * How much is likely to be gained by MATCH_LONG: there are long matches to be taken without a
 * branch and few near ones, which it takes slowly. Machine code, sensors' values and text lie so
 * far apart that the place of the line between them hardly matters.
 */
static int long_gain(const struct twin *twin)
{
	const unsigned cost = 1U << (TWIN_CODE_BITS - 4);

	return (int)(2 * twin->long_share) - (int)(twin->near_share + cost);
}

void twin_loop_one(struct twin *twin)
{
	if (twin->matches != TWIN_OFTEN)
		literal_one(twin);
	else if (!has_window(twin))
		match_one_checked(twin);
	else if (long_gain(twin) > 0)
		match_one_long(twin);
	else
		match_one_short(twin);
}

void twin_loop_two(struct twin *first, struct twin *second)
{
	bool windows = has_window(first) && has_window(second);

	if (first->matches == TWIN_OFTEN && second->matches != TWIN_OFTEN) {
		twin_loop_two(second, first);
	} else if (second->matches != TWIN_OFTEN) {
		if (windows &&
			(first->matches == TWIN_SOMETIMES || second->matches == TWIN_SOMETIMES))
			blend_two(first, second);
		else
			literal_two(first, second);
	} else if (first->matches != TWIN_OFTEN) {
		if (has_window(second))
			mixed_two_unchecked(first, second);
		else
			mixed_two_checked(first, second);
	} else if (!windows) {
		match_two_checked(first, second);
	} else if (long_gain(first) + long_gain(second) > 0) {
		match_two_long(first, second);
	} else {
		match_two_short(first, second);
	}
}
