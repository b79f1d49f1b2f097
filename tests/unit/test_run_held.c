// SPDX-License-Identifier: MIT

/*
 * Whole runs in which more waits for its turn than is held: what workers go on to say waits in the
 * kernel, and no memory of the parent's is taken by it.
 */

#include "runs.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A test is a process with more of its own than the program: what must not come is many times that.
 */
#define PRIVATE_MAX ((uint64_t)8 * 1024 * 1024)

/** Say that @count members of @unit from @first on have failed, each with a name of 60,000 bytes.
 */
static void flood(const struct self *self, uint64_t unit, uint64_t first, uint64_t count)
{
	static char name[60000];
	struct message message = {.kind = MESSAGE_RECORD,
		.unit = unit,
		.record = {.failure = {.kind = FAILURE_BAD_DATA},
			.name = name,
			.name_size = sizeof(name)}};

	memset(name, 'n', sizeof(name));
	for (uint64_t member = first; member < first + count; member++) {
		message.record.member = member;
		say(self, &message);
		atomic_fetch_add(&shared->finished, 1); /* it goes on */
	}
}

UNIT_DEED(wait_until_nothing_goes_on)
{
	wait_for_standstill();
	do_unit(self, work);
}

UNIT_DEED(say_long_names)
{
	say_plan(self, scene.members);
	flood(self, self->unit, 0, scene.members);
	say_done(self, FAILURE_NONE);
}

static void check_private_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
	ck_assert_uint_gt(stats.parent_private_peak_bytes, 0);
	ck_assert_msg(stats.parent_private_peak_bytes <= PRIVATE_MAX, "%llu bytes",
		(unsigned long long)stats.parent_private_peak_bytes);
#endif
}

START_TEST(a_flood_of_records_out_of_turn_takes_no_memory)
{
	scene.archives = 3;
	scene.members = 1000;
	scene.per_unit = 1000;
	scene.settings.measure = true;
	scene.at_unit[0] = wait_until_nothing_goes_on;
	scene.at_unit[1] = say_long_names;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_private_memory();
	check_files();
	ck_assert_uint_eq(printed_of(0), scene.members);
	ck_assert_uint_eq(printed_of(1), 0);
	ck_assert_uint_eq(printed_of(2), scene.members);
	ck_assert_uint_eq(stats.failures, scene.members);
}
END_TEST

/** The unit that is queued behind the one in hand, which must be the first one of another archive.
 */
static uint64_t take_next(const struct self *self)
{
	struct self next = *self;
	struct message_work work;

	if (!take_work(&next, &work, -1) || work.members.first != 0 || !work.has_archive)
		_exit(86);
	return next.unit;
}

static void plan_next(const struct self *self, uint64_t unit)
{
	say(self, &(struct message){.kind = MESSAGE_PLAN,
			  .unit = unit,
			  .plan = {.end = scene.members, .entries = scene.members}});
}

UNIT_DEED(flood_with_the_next_archive)
{
	if (attempt > 0) {
		do_unit(self, work);
		return;
	}
	say_plan(self, scene.members);
	uint64_t next = take_next(self);
	plan_next(self, next);
	flood(self, next, 0, scene.members);
	say_done(self, FAILURE_NONE);
	pause();
}

START_TEST(a_flood_beside_what_has_its_turn_takes_no_memory_and_its_worker_is_recalled)
{
	scene.archives = 3;
	scene.members = 1000;
	scene.per_unit = 1000;
	scene.settings.measure = true;
	scene.settings.jobs = 1;
	scene.at_unit[0] = flood_with_the_next_archive;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_private_memory();
	check_files();
	ck_assert_uint_eq(printed_of(0), scene.members);
	ck_assert_uint_eq(printed_of(2), scene.members);
	/* What was believed of archive 1, and no more. */
	ck_assert_uint_eq(printed_of(1) + stats.failures, scene.members);
	ck_assert_uint_eq(atomic_load(&shared->attempts[0]), 2);
}
END_TEST

/** More waits than is held when the unit that comes next has nobody to do it. */
UNIT_DEED(fill_up_with_the_next_archive)
{
	if (attempt > 0) {
		do_unit(self, work);
		return;
	}
	say_plan(self, unit_end(work));
	uint64_t next = take_next(self);
	plan_next(self, next);
	flood(self, next, 0, 24);
	do_members(self, work);
	say_done(self, FAILURE_NONE);
	pause();
}

START_TEST(the_unit_that_has_its_turn_gets_the_place_of_a_worker_that_waits)
{
	scene.archives = 3;
	scene.members = 100;
	scene.per_unit = 50;
	scene.settings.jobs = 1;
	scene.at_unit[0] = fill_up_with_the_next_archive;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(printed_of(0), scene.members);
	ck_assert_uint_eq(printed_of(1), scene.members - 24);
	ck_assert_uint_eq(printed_of(2), scene.members);
	ck_assert_uint_eq(stats.failures, 24);
}
END_TEST

UNIT_DEED(say_long_names_in_time)
{
	uint64_t end = scene.members;

	say_plan(self, end);
	flood(self, self->unit, work->members.first, end - work->members.first);
	say_done(self, FAILURE_NONE);
}

START_TEST(a_unit_that_tells_more_than_is_held_before_its_worker_may_leave_is_done_by_several)
{
	bool unordered = _i;

	scene.archives = 3;
	scene.members = 1000;
	scene.per_unit = 1000;
	scene.settings.measure = true;
	scene.settings.unordered = unordered;
	scene.settings.archives_per_worker = 1;
	scene.at_unit[1] = say_long_names_in_time;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_private_memory();
	check_files();
	ck_assert_uint_eq(printed_of(0), scene.members);
	ck_assert_uint_eq(printed_of(2), scene.members);
	ck_assert_uint_eq(stats.failures, scene.members);
	ck_assert_uint_gt(atomic_load(&shared->attempts[1]), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("held");
	TCase *tests = tcase_create("runs");

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, runs_set_up, runs_tear_down);
	tcase_add_test(tests, a_flood_of_records_out_of_turn_takes_no_memory);
	tcase_add_test(
		tests, a_flood_beside_what_has_its_turn_takes_no_memory_and_its_worker_is_recalled);
	tcase_add_test(tests, the_unit_that_has_its_turn_gets_the_place_of_a_worker_that_waits);
	tcase_add_loop_test(tests,
		a_unit_that_tells_more_than_is_held_before_its_worker_may_leave_is_done_by_several,
		0, 2);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
