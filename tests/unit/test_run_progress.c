// SPDX-License-Identifier: MIT

/*
 * Whole runs with a display: when it is shown where they are, and what.
 */

#include "runs.h"

#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

static struct shows {
	unsigned timed, asked, ended;
	struct run_progress last;
	double least_share;
} shows;

static void show(void *context, const struct run_progress *progress, bool asked)
{
	struct shows *counts = context;

	ck_assert_uint_eq(counts->ended, 0);
	ck_assert_uint_le(progress->archives_done, progress->archives_known);
	ck_assert(progress->archives_share >= (double)progress->archives_done);
	ck_assert(progress->archives_share <= (double)progress->archives_known);
	/* It never goes back. */
	ck_assert(progress->archives_share >= counts->least_share);
	ck_assert_uint_ge(progress->members, counts->last.members);
	counts->least_share = progress->archives_share;
	counts->last = *progress;
	counts->timed += !asked;
	counts->asked += asked;
	if (!asked)
		ck_assert_int_eq(raise(SIGUSR1), 0);
}

static void end(void *context)
{
	struct shows *counts = context;

	counts->ended++;
}

static struct run_display display = {.show = show, .end = end, .context = &shows};

START_TEST(nothing_is_shown_unless_it_is_asked_for)
{
	display.every_ms = 0;
	scene.settings.display = &display;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_uint_eq(shows.timed + shows.asked, 0);
	ck_assert_uint_eq(shows.ended, 1);
}
END_TEST

UNIT_DEED(take_a_while)
{
	struct timespec while_ns = {.tv_nsec = 30000000};

	nanosleep(&while_ns, NULL);
	do_unit(self, work);
}

START_TEST(where_a_run_is_is_shown_in_time_and_when_usr1_asks)
{
	display.first_ms = display.every_ms = 5;
	scene.settings.display = &display;
	scene.archives = 8;
	for (unsigned i = 0; i < scene.archives; i++)
		scene.at_unit[i] = take_a_while;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_uint_gt(shows.timed, 0);
	ck_assert_uint_gt(shows.asked, 0);
	ck_assert_uint_le(shows.asked, shows.timed);
	ck_assert_uint_eq(shows.ended, 1);
	ck_assert_uint_gt(shows.last.members, 0);
	ck_assert_uint_le(shows.last.members, 8 * scene.members);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("run_progress");
	TCase *tests = tcase_create("run_progress");

	tcase_add_checked_fixture(tests, runs_set_up, runs_tear_down);
	tcase_add_test(tests, nothing_is_shown_unless_it_is_asked_for);
	tcase_add_test(tests, where_a_run_is_is_shown_in_time_and_when_usr1_asks);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
