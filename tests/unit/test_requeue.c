// SPDX-License-Identifier: MIT

#include "parent/lookup.h"
#include "parent/requeue.h"

#include "scheduling.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/** The worker of @unit has died. It was on @member of the unit with the id @on. */
static void lost_on(struct unit *unit, uint64_t on, uint64_t member)
{
	char name[4] = {'n', 'a', 'm', 'e'};
	struct message guilty = {.kind = MESSAGE_RECORD,
		.unit = on,
		.record = {.member = member,
			.failure = {FAILURE_WORKER_DIED, {9, 0}},
			.name = name,
			.name_size = 4}};

	ck_assert_int_eq(requeue_guilty(&schedule, unit, &guilty), 0);
	memset(name, '#', sizeof(name));
	pop_results();
}

/** The same, but it was on @member of @unit; NOBODY: on none. */
static void lost(struct unit *unit, uint64_t member)
{
	lost_on(unit, unit->id, member);
}

/** The same, but it was on a member of another unit too. */
static void suspected(struct unit *unit, uint64_t member)
{
	struct message suspect = {
		.kind = MESSAGE_RECORD, .unit = unit->id, .record = {.member = member}};

	ck_assert_int_eq(requeue_suspect(&schedule, unit, &suspect), 0);
	pop_results();
}

/** The same, but it was not at @unit. */
static void innocent(struct unit *unit)
{
	ck_assert_int_eq(requeue_innocent(&schedule, unit), 0);
	pop_results();
}

START_TEST(the_guilty_member_is_popped_as_failed_once_and_in_its_place)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 6, 6);
	records(a, 0, 2);
	lost(a, 3); /* 2 was left out, or its record did not arrive */
	assert_popped("0.0 0.1");
	struct unit *before = give(0, 2);
	ck_assert_uint_eq(before->members.end, 3);
	struct unit *after = give(0, 4);
	ck_assert_uint_eq(after->members.end, 6);
	whole(give(1, 0), 1, 1);
	plan(after, 6, 6);
	records(after, 4, 6);
	done(after);
	assert_popped("0.0 0.1");
	plan(before, 3, 6);
	records(before, 2, 3);
	done(before);
	assert_popped("0.0 0.1 0.2 0.3! 0.4 0.5 1.0");
	finish();
}
END_TEST

START_TEST(the_first_and_the_last_member_may_be_guilty)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	plan(a, 3, 3);
	lost(a, 0);
	assert_popped("0.0!");
	struct unit *rest = give(0, 1);
	plan(rest, 3, 3);
	records(rest, 1, 2);
	lost(rest, 2);
	assert_popped("0.0! 0.1 0.2!");
	finish();
}
END_TEST

START_TEST(the_only_member_may_be_guilty)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	plan(b, 1, 1);
	lost(b, 0);
	assert_popped("");
	whole(a, 1, 1);
	assert_popped("0.0 1.0!");
	finish();
}
END_TEST

START_TEST(a_member_that_kills_before_the_plan_is_heard_is_popped)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	lost(a, 2);
	assert_popped("");
	struct unit *before = give(0, 0);
	ck_assert_uint_eq(before->members.end, 2);
	struct unit *after = give(0, 3);
	ck_assert_uint_eq(after->members.end, UNIT_END_OPEN);
	plan(after, 5, 7);
	struct unit *rest = give(0, 5);
	whole(rest, 7, 7);
	records(after, 3, 5);
	done(after);
	assert_popped("");
	ck_assert(!lookup_was_popped(&schedule, 0, 2));
	whole(before, 2, 7);
	whole(give(1, 0), 1, 1);
	assert_popped("0.0 0.1 0.2! 0.3 0.4 0.5 0.6 1.0");
	finish();
}
END_TEST

START_TEST(the_last_member_may_kill_before_the_plan_is_heard)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	lost(a, 1);
	whole(give(0, 0), 1, 2);
	struct unit *rest = give(0, 2); /* which has none */
	plan(rest, 2, 2);
	done(rest);
	assert_popped("0.0 0.1!");
	finish();
}
END_TEST

START_TEST(a_guilty_member_that_is_not_missing_is_not_believed)
{
	static const struct {
		uint64_t unit, member; /* 0: its own unit */
	} wrong[] = {{0, 0}, {0, 1}, {0, 5}, {0, 99}, {0, NOBODY}, {1, 3}, {NOBODY, 3},
		{NOBODY, NOBODY}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin(false);
		add(1);
		struct unit *a = give(0, 0);
		plan(a, 5, 5);
		records(a, 0, 2);
		lost_on(a, wrong[i].unit == 0 ? a->id : wrong[i].unit, wrong[i].member);
		assert_popped("0.0 0.1");
		struct unit *again = give(0, 2);
		plan(again, 5, 5);
		records(again, 2, 5);
		done(again);
		assert_popped("0.0 0.1 0.2 0.3 0.4");
		finish();
	}
}
END_TEST

START_TEST(a_worker_lost_before_its_plan_costs_nothing)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	lost(a, NOBODY);
	a = give(0, 0);
	ck_assert_uint_eq(a->members.end, UNIT_END_OPEN);
	plan(a, 1, 2);
	records(a, 0, 1);
	done(a);
	struct unit *b = give(0, 1);
	lost(b, NOBODY);
	b = give(0, 1);
	whole(b, 2, 2);
	whole(give(1, 0), 1, 1);
	assert_popped("0.0 0.1 1.0");
	finish();
}
END_TEST

START_TEST(the_last_member_number_of_all_blames_nobody)
{
	begin(false);
	add(1);
	lost(give(0, 0), UNIT_END_OPEN - 1);
	whole(give(0, 0), 2, 2);
	assert_popped("0.0 0.1");
	finish();
}
END_TEST

START_TEST(a_member_past_the_archives_end_blames_nobody)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	plan(a, 1, 3);
	lost(give(0, 1), 3);
	whole(give(0, 1), 3, 3);
	records(a, 0, 1);
	done(a);
	assert_popped("0.0 0.1 0.2");
	finish();
}
END_TEST

START_TEST(a_worker_lost_between_its_last_record_and_the_end_costs_nothing)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	plan(a, 3, 3);
	records(a, 0, 3);
	lost(a, NOBODY);
	struct unit *again = schedule_next(&schedule, NOBODY);
	if (again) {
		schedule_give(&schedule, again, 1);
		plan(again, 3, 3);
		done(again);
	}
	assert_popped("0.0 0.1 0.2");
	finish();
}
END_TEST

START_TEST(a_unit_that_kills_twice_without_a_member_to_blame_fails_its_archive)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 2, 6);
	struct unit *b = give(0, 2);
	plan(b, 4, 6);
	records(b, 2, 3);
	lost(b, NOBODY);
	b = give(0, 3);
	lost(b, NOBODY);
	struct unit *other = give(1, 0); /* the rest of archive 0 is not done any more */
	whole(other, 1, 1);
	records(a, 0, 2);
	done(a);
	assert_popped("0.0 0.1 0.2 F0 1.0");
	finish();
}
END_TEST

START_TEST(an_archive_may_kill_so_many_workers_and_no_more)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 100, 100);
	lost(a, 0);
	for (unsigned i = 1; i < REQUEUE_DEATHS_MAX; i++) {
		a = give(0, i);
		plan(a, 100, 100);
		lost(a, i);
	}
	a = give(0, REQUEUE_DEATHS_MAX);
	plan(a, 100, 100);
	records(a, REQUEUE_DEATHS_MAX, REQUEUE_DEATHS_MAX + 1);
	ck_assert_ptr_null(strstr(popped(), "F0"));
	lost(a, 50);
	ck_assert_ptr_nonnull(strstr(popped(), "0.15! 0.16 F0"));
	whole(give(1, 0), 1, 1);
	finish();
}
END_TEST

START_TEST(units_queued_behind_a_lost_one_are_given_again_without_blame)
{
	begin(false);
	add(3);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	struct unit *c = give(2, 0);
	plan(a, 2, 2);
	for (int i = 0; i < 40; i++) { /* as often as it takes */
		innocent(c);
		innocent(b);
		ck_assert_ptr_eq(give(1, 0), b);
		ck_assert_ptr_eq(give(2, 0), c);
	}
	lost(a, 1);
	whole(give(0, 0), 1, 2);
	whole(b, 1, 1);
	whole(c, 1, 1);
	assert_popped("0.0 0.1! 1.0 2.0");
	finish();
}
END_TEST

START_TEST(a_unit_begun_beside_a_lost_one_keeps_its_records)
{
	for (int unordered = 0; unordered < 2; unordered++) {
		begin(unordered);
		add(2);
		struct unit *a = give(0, 0);
		struct unit *b = give(1, 0);
		plan(a, 2, 2);
		plan(b, 3, 3);
		records(b, 0, 2);
		innocent(b);
		lost(a, 0);
		a = give(0, 1);
		b = give(1, 2);
		ck_assert(lookup_has_record(&schedule, 2, 1, 1));
		ck_assert(!lookup_has_record(&schedule, 3, 1, 2));
		whole(b, 3, 3);
		whole(a, 2, 2);
		assert_popped(unordered ? "1.0 1.1 0.0! 1.2 0.1" : "0.0! 0.1 1.0 1.1 1.2");
		finish();
	}
}
END_TEST

START_TEST(two_members_that_a_worker_was_on_are_tried_again_alone_and_none_is_blamed)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	plan(a, 5, 5);
	plan(b, 3, 3);
	records(a, 0, 1);
	suspected(b, 0);
	suspected(a, 2);
	/* What was not in hand is as before: one of 0, the suspect, two more; the suspect, two. */
	static const struct {
		uint64_t archive, first, end;
		bool exclusive;
	} parts[] = {{0, 1, 2, false}, {0, 2, 3, true}, {0, 3, 5, false}, {1, 0, 1, true},
		{1, 1, 3, false}};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct unit *unit = give(parts[i].archive, parts[i].first);
		ck_assert_uint_eq(unit->members.end, parts[i].end);
		ck_assert_int_eq(unit->exclusive, parts[i].exclusive);
		if (parts[i].archive == 1 && parts[i].exclusive) {
			lost(unit, 0); /* it was this one */
			continue;
		}
		whole(unit, parts[i].end, parts[i].archive ? 3 : 5);
	}
	assert_popped("0.0 0.1 0.2 0.3 0.4 1.0! 1.1 1.2");
	finish();
}
END_TEST

START_TEST(the_archive_of_an_only_member_that_is_suspected_stays_open)
{
	begin(false);
	ck_assert_int_eq(
		schedule_add(&schedule, "a.zip", open("/dev/null", O_RDONLY | O_CLOEXEC), 1, NULL),
		0);
	struct unit *a = give(0, 0);
	plan(a, 1, 1);
	suspected(a, 0);
	a = give(0, 0);
	ck_assert_int_ge(a->job->fd, 0);
	ck_assert(a->exclusive);
	whole(a, 1, 1);
	assert_popped("0.0");
	ck_assert_uint_eq(schedule.open_archives, 0);
	finish();
}
END_TEST

START_TEST(a_member_that_is_suspected_before_its_plan_is_heard_hides_no_other)
{
	begin(false);
	add(1);
	suspected(give(0, 0), 2);
	struct unit *a = give(0, 0);
	ck_assert_uint_eq(a->members.end, 2);
	whole(a, 2, 6);
	whole(give(0, 2), 3, 6);
	whole(give(0, 3), 6, 6);
	assert_popped("0.0 0.1 0.2 0.3 0.4 0.5");
	finish();
}
END_TEST

START_TEST(a_suspect_that_is_not_missing_is_not_believed)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	plan(a, 3, 3);
	records(a, 0, 2);
	suspected(a, 1);
	struct unit *again = give(0, 2);
	ck_assert(again->exclusive);
	whole(again, 3, 3);
	assert_popped("0.0 0.1 0.2");
	finish();
}
END_TEST

START_TEST(a_unit_that_a_dead_worker_was_not_at_goes_on_where_it_was)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	plan(a, 4, 4);
	records(a, 0, 3);
	innocent(a);
	struct unit *again = give(0, 3);
	ck_assert(!again->exclusive);
	ck_assert_uint_eq(again->deaths, 0);
	whole(again, 4, 4);
	assert_popped("0.0 0.1 0.2 0.3");
	finish();
}
END_TEST

START_TEST(what_a_dead_worker_had_of_an_archive_that_failed_meanwhile_is_not_done_again)
{
	for (int way = 0; way < 3; way++) {
		begin(false);
		add(1);
		struct unit *a = give(0, 0);
		plan(a, 2, 9);
		struct unit *b = give(0, 2);
		plan(b, 9, 9);
		records(b, 2, 4);
		unreadable(a, FAILURE_READ);
		if (way == 0)
			innocent(b);
		else if (way == 1)
			suspected(b, 4);
		else
			lost(b, 4);
		assert_popped("0.2 0.3 F0");
		finish();
	}
}
END_TEST

START_TEST(without_order_a_lost_workers_members_are_popped_once_too)
{
	begin(true);
	add(1);
	struct unit *a = give(0, 0);
	plan(a, 5, 5);
	records(a, 0, 1);
	lost(a, 2);
	assert_popped("0.0 0.2!");
	struct unit *before = give(0, 1);
	struct unit *after = give(0, 3);
	plan(after, 5, 5);
	records(after, 3, 5);
	done(after);
	whole(before, 2, 5);
	assert_popped("0.0 0.2! 0.3 0.4 0.1");
	finish();
}
END_TEST

START_TEST(was_popped_after_a_worker_was_lost)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	plan(a, 6, 6);
	records(a, 0, 2);
	lost(a, 3);
	ck_assert(lookup_was_popped(&schedule, 0, 1));
	ck_assert(!lookup_was_popped(&schedule, 0, 2));
	ck_assert(!lookup_was_popped(&schedule, 0, 4));
	struct unit *before = give(0, 2);
	struct unit *after = give(0, 4);
	plan(after, 6, 6);
	records(after, 4, 6);
	ck_assert(!lookup_was_popped(&schedule, 0, 4)); /* waits */
	plan(before, 3, 6);
	records(before, 2, 3);
	ck_assert(lookup_was_popped(&schedule, 0, 2));
	ck_assert(!lookup_was_popped(&schedule, 0, 4));
	done(before);
	ck_assert(lookup_was_popped(&schedule, 0, 4));
	ck_assert(lookup_was_popped(&schedule, 0, 5));
	done(after);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("requeue");
	TCase *tests = tcase_create("requeue");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, the_guilty_member_is_popped_as_failed_once_and_in_its_place);
	tcase_add_test(tests, the_first_and_the_last_member_may_be_guilty);
	tcase_add_test(tests, the_only_member_may_be_guilty);
	tcase_add_test(tests, a_member_that_kills_before_the_plan_is_heard_is_popped);
	tcase_add_test(tests, the_last_member_may_kill_before_the_plan_is_heard);
	tcase_add_test(tests, a_guilty_member_that_is_not_missing_is_not_believed);
	tcase_add_test(tests, a_worker_lost_before_its_plan_costs_nothing);
	tcase_add_test(tests, the_last_member_number_of_all_blames_nobody);
	tcase_add_test(tests, a_member_past_the_archives_end_blames_nobody);
	tcase_add_test(tests, a_worker_lost_between_its_last_record_and_the_end_costs_nothing);
	tcase_add_test(tests, a_unit_that_kills_twice_without_a_member_to_blame_fails_its_archive);
	tcase_add_test(tests, an_archive_may_kill_so_many_workers_and_no_more);
	tcase_add_test(tests, units_queued_behind_a_lost_one_are_given_again_without_blame);
	tcase_add_test(tests, a_unit_begun_beside_a_lost_one_keeps_its_records);
	tcase_add_test(
		tests, two_members_that_a_worker_was_on_are_tried_again_alone_and_none_is_blamed);
	tcase_add_test(tests, the_archive_of_an_only_member_that_is_suspected_stays_open);
	tcase_add_test(tests, a_member_that_is_suspected_before_its_plan_is_heard_hides_no_other);
	tcase_add_test(tests, a_suspect_that_is_not_missing_is_not_believed);
	tcase_add_test(tests, a_unit_that_a_dead_worker_was_not_at_goes_on_where_it_was);
	tcase_add_test(tests,
		what_a_dead_worker_had_of_an_archive_that_failed_meanwhile_is_not_done_again);
	tcase_add_test(tests, without_order_a_lost_workers_members_are_popped_once_too);
	tcase_add_test(tests, was_popped_after_a_worker_was_lost);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
