// SPDX-License-Identifier: MIT

#include "parent/scratch.h"

#include <check.h>
#include <stdlib.h>

static struct scratch scratch;

static void begin(uint64_t most_bytes)
{
	scratch_init(&scratch, most_bytes);
}

static void end(void)
{
	scratch_release(&scratch);
}

/* Ask for a unit whose first member needs so much; the room, or -1 if it has to wait. */
static int64_t ask(uint64_t granted, bool in_hand, uint64_t space, uint64_t needed)
{
	const struct scratch_request request = {granted, in_hand, space, needed};
	uint64_t room;

	return scratch_allow(&scratch, &request, &room) ? (int64_t)room : -1;
}

START_TEST(what_lives_and_what_is_granted_is_taken_from_the_limit)
{
	begin(100);
	ck_assert_int_eq(ask(0, false, UINT64_MAX, 0), 100);
	scratch_put(&scratch, 0, 0, 30);
	ck_assert_int_eq(ask(0, false, UINT64_MAX, 0), 70);
	ck_assert_int_eq(ask(50, true, UINT64_MAX, 0), 20);
	ck_assert_int_eq(ask(50, true, UINT64_MAX, 20), 20);
	ck_assert_int_eq(ask(50, true, UINT64_MAX, 21), -1);
	ck_assert_int_eq(ask(70, true, UINT64_MAX, 0), -1);
	ck_assert(scratch_remove(&scratch, 0, 0, true));
	ck_assert_int_eq(ask(50, true, UINT64_MAX, 50), 50);
	end();
}
END_TEST

START_TEST(more_than_the_limit_never_makes_room)
{
	begin(100);
	scratch_put(&scratch, 0, 0, 130);
	ck_assert_int_eq(ask(0, false, UINT64_MAX, 0), -1);
	ck_assert_int_eq(ask(200, true, UINT64_MAX, 0), -1);
	end();
}
END_TEST

START_TEST(the_file_system_bounds_too)
{
	begin(100);
	ck_assert_int_eq(ask(10, true, 50, 40), 40);
	ck_assert_int_eq(ask(10, true, 50, 41), -1);
	ck_assert_int_eq(ask(60, true, 50, 0), -1);
	end();
	begin(0);
	ck_assert_int_eq(ask(10, true, 1000, 0), 990);
	scratch_put(&scratch, 0, 0, 800); /* the file system knows of it already */
	ck_assert_int_eq(ask(0, false, 1000, 0), 1000);
	end();
}
END_TEST

START_TEST(one_that_is_alone_is_never_kept_waiting)
{
	begin(0);
	ck_assert_int_eq(ask(0, false, 0, 0), 0);
	ck_assert_int_eq(ask(0, false, 50, 70), 70);
	ck_assert_int_eq(ask(0, true, 50, 70), -1);
	scratch_put(&scratch, 0, 0, 1);
	ck_assert_int_eq(ask(0, false, 50, 70), -1);
	end();
}
END_TEST

START_TEST(a_file_that_is_not_known_frees_nothing)
{
	begin(100);
	scratch_put(&scratch, 1, 2, 30);
	ck_assert(!scratch_remove(&scratch, 2, 1, true));
	ck_assert(!scratch_remove(&scratch, 1, 3, true));
	ck_assert(scratch_remove(&scratch, 1, 2, false));
	ck_assert(!scratch_remove(&scratch, 1, 2, true));
	ck_assert_uint_eq(scratch.bytes, 0);
	ck_assert_uint_eq(scratch.count, 0);
	ck_assert_uint_eq(scratch.removed, 1);
	end();
}
END_TEST

START_TEST(a_file_that_is_known_is_not_counted_again)
{
	begin(100);
	scratch_put(&scratch, 1, 2, 30);
	scratch_put(&scratch, 1, 2, 20);
	ck_assert_uint_eq(scratch.bytes, 20);
	ck_assert_uint_eq(scratch.count, 1);
	ck_assert(scratch_remove(&scratch, 1, 2, true));
	ck_assert_uint_eq(scratch.bytes, 0);
	ck_assert_uint_eq(scratch.count, 0);
	ck_assert_uint_eq(scratch.known_count, 0);
	end();
}
END_TEST

#define MANY 20000

/* Against an array that knows all: put and removed in an order of chance. */
START_TEST(many_files_are_known_one_by_one)
{
	static uint64_t sizes[MANY];
	uint64_t bytes = 0;
	uint64_t count = 0;

	begin(1);
	srandom(7);
	for (int i = 0; i < 10 * MANY; i++) {
		uint64_t file = (uint64_t)random() % MANY;
		if (sizes[file] > 0) {
			ck_assert(scratch_remove(&scratch, file / 100, file % 100, false));
			bytes -= sizes[file];
			count--;
			sizes[file] = 0;
		} else {
			sizes[file] = (uint64_t)random() % 1000 + 1;
			scratch_put(&scratch, file / 100, file % 100, sizes[file]);
			bytes += sizes[file];
			count++;
		}
		ck_assert_uint_eq(scratch.bytes, bytes);
		ck_assert_uint_eq(scratch.count, count);
	}
	for (uint64_t file = 0; file < MANY; file++)
		ck_assert(scratch_remove(&scratch, file / 100, file % 100, false) ==
			  (sizes[file] > 0));
	ck_assert_uint_eq(scratch.bytes, 0);
	end();
}
END_TEST

START_TEST(memory_is_bounded_and_the_sum_is_right_in_the_end)
{
	const uint64_t count = SCRATCH_KNOWN_MAX + 1000;

	begin(1);
	for (uint64_t i = 0; i < count; i++)
		scratch_put(&scratch, 0, i, i % 10);
	ck_assert_uint_eq(scratch.known_count, SCRATCH_KNOWN_MAX);
	ck_assert(!scratch_remove(&scratch, 0, count - 1, false));
	/* Whichever goes first. */
	for (uint64_t i = count; i-- > 0;)
		ck_assert(scratch_remove(&scratch, 0, i, true));
	ck_assert_uint_eq(scratch.bytes, 0);
	ck_assert_uint_eq(scratch.count, 0);
	ck_assert(!scratch_remove(&scratch, 0, 0, true));
	end();
}
END_TEST

/*
 * The proof of scratch.h, played: units of chance are given out in order as scratch_allow() says,
 * end in an order of chance, and their files are removed only once all before them have ended.
 */
#define UNITS 400

static uint64_t need_of(unsigned unit)
{
	return (unit * UINT64_C(2654435761) >> 7) % 101;
}

START_TEST(whatever_the_order_of_ends_all_units_come_to_theirs)
{
	static enum { WAITS, WORKS, LIVES, GONE } states[UNITS];
	unsigned next = 0;
	unsigned printed = 0;

	begin(100);
	srandom((unsigned)_i);
	for (unsigned i = 0; i < UNITS; i++)
		states[i] = WAITS;
	for (unsigned steps = 0; printed < UNITS; steps++) {
		uint64_t granted = 0;
		unsigned works[UNITS];
		unsigned working = 0;
		for (unsigned i = printed; i < next; i++) {
			if (states[i] != WORKS)
				continue;
			granted += need_of(i);
			works[working++] = i;
		}
		bool given = working < 4 && next < UNITS &&
			     ask(granted, working > 0, UINT64_MAX, need_of(next)) >= 0;
		ck_assert(given || working > 0); /* something can go on */
		ck_assert_uint_le(granted + scratch.bytes, 100);
		if (given && (working == 0 || random() % 2)) {
			states[next++] = WORKS;
		} else {
			unsigned unit = works[(unsigned)random() % working];
			states[unit] = LIVES;
			scratch_put(&scratch, 0, unit, need_of(unit));
		}
		for (; printed < next && states[printed] == LIVES; printed++) {
			states[printed] = GONE;
			ck_assert(scratch_remove(&scratch, 0, printed, true));
		}
	}
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scratch");
	TCase *cases = tcase_create("scratch");

	tcase_add_test(cases, what_lives_and_what_is_granted_is_taken_from_the_limit);
	tcase_add_test(cases, more_than_the_limit_never_makes_room);
	tcase_add_test(cases, the_file_system_bounds_too);
	tcase_add_test(cases, one_that_is_alone_is_never_kept_waiting);
	tcase_add_test(cases, a_file_that_is_not_known_frees_nothing);
	tcase_add_test(cases, a_file_that_is_known_is_not_counted_again);
	tcase_add_test(cases, many_files_are_known_one_by_one);
	tcase_add_test(cases, memory_is_bounded_and_the_sum_is_right_in_the_end);
	tcase_add_loop_test(cases, whatever_the_order_of_ends_all_units_come_to_theirs, 0, 20);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
