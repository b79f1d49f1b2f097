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
INLINE void match_one(struct twin *twin, bool checked)
{
	struct lane a = load(twin);

	begin_ahead(&a, twin, 0);
	do {
		if (!match_step(&a, twin, checked, 0) || !match_step(&a, twin, checked, 0))
			break;
	} while (has_round(&a, twin));
	save(&a, twin);
}

INLINE void match_two(struct twin *restrict first, struct twin *restrict second, bool checked)
{
	struct lane a = load(first);
	struct lane b = load(second);

	begin_ahead(&a, first, 0);
	begin_ahead(&b, second, 0);
	do {
		if (!match_step(&a, first, checked, 0) || !match_step(&b, second, checked, 0) ||
			!match_step(&a, first, checked, 0) || !match_step(&b, second, checked, 0))
			break;
	} while (has_round(&a, first) && has_round(&b, second));
	save(&a, first);
	save(&b, second);
}

TWIN_CPU static __attribute__((noinline)) void match_one_checked(struct twin *twin)
{
	match_one(twin, true);
}

TWIN_CPU static __attribute__((noinline)) void match_one_unchecked(struct twin *twin)
{
	match_one(twin, false);
}

TWIN_CPU static __attribute__((noinline)) void match_two_checked(
	struct twin *restrict first, struct twin *restrict second)
{
	match_two(first, second, true);
}

TWIN_CPU static __attribute__((noinline)) void match_two_unchecked(
	struct twin *restrict first, struct twin *restrict second)
{
	match_two(first, second, false);
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
		refill(&a);
		refill(&b);
		if (!match_step(&a, first, false, SCALE) || !match_step(&b, second, false, SCALE))
			break;
	} while (has_round(&a, first) && has_round(&b, second));
	end_scaled(&a);
	end_scaled(&b);
	save(&a, first);
	save(&b, second);
}

/* A stream of literals and one of matches. */
TWIN_CPU static __attribute__((noinline)) void mixed_two(
	struct twin *restrict first, struct twin *restrict second)
{
	struct lane a = load(first);
	struct lane b = load(second);

	begin_scaled(&a);
	begin_ahead(&b, second, 0);
	do {
		refill(&a);
		if (!literal_step(&a, first, true) || !match_step(&b, second, false, 0) ||
			!literal_step(&a, first, false) || !literal_step(&a, first, false) ||
			!match_step(&b, second, false, 0) || !literal_step(&a, first, false))
			break;
	} while (has_round(&a, first) && has_round(&b, second));
	end_scaled(&a);
	save(&a, first);
	save(&b, second);
}

/* --- the choice ------------------------------------------------------------------------------- */

/* Whether no distance can reach too far: a whole window has been put out. */
static bool has_window(const struct twin *twin)
{
	return twin->out - twin->oldest >= WINDOW;
}

void twin_loop_one(struct twin *twin)
{
	if (twin->matches != TWIN_OFTEN)
		literal_one(twin);
	else if (has_window(twin))
		match_one_unchecked(twin);
	else
		match_one_checked(twin);
}

void twin_loop_two(struct twin *first, struct twin *second)
{
	enum twin_matches more =
		first->matches > second->matches ? first->matches : second->matches;

	bool windows = has_window(first) && has_window(second);

	if (more == TWIN_SELDOM || (more == TWIN_SOMETIMES && !windows))
		literal_two(first, second);
	else if (!windows)
		match_two_checked(first, second);
	else if (more == TWIN_SOMETIMES)
		blend_two(first, second);
	else if (first->matches != TWIN_OFTEN)
		mixed_two(first, second);
	else if (second->matches != TWIN_OFTEN)
		mixed_two(second, first);
	else
		match_two_unchecked(first, second);
}
