// SPDX-License-Identifier: MIT

#include "parent/lookup.h"
#include "parent/schedule.h"

#include "parent/requeue.h"
#include "scheduling.h"
#include "support.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

START_TEST(members_of_the_first_archive_are_popped_at_once)
{
	begin(false);
	add(1);
	struct unit *unit = give(0, 0);
	plan(unit, 3, 3);
	assert_popped("");
	records(unit, 0, 1);
	assert_popped("0.0");
	records(unit, 1, 3);
	assert_popped("0.0 0.1 0.2");
	ck_assert(!schedule_is_idle(&schedule));
	done(unit);
	assert_popped("0.0 0.1 0.2");
	finish();
}
END_TEST

START_TEST(archives_that_finish_early_wait_for_their_turn)
{
	begin(false);
	add(3);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	struct unit *c = give(2, 0);
	whole(c, 2, 2);
	plan(b, 2, 2);
	records(b, 0, 1);
	assert_popped("");
	whole(a, 1, 1);
	assert_popped("0.0 1.0");
	records(b, 1, 2);
	assert_popped("0.0 1.0 1.1");
	done(b);
	assert_popped("0.0 1.0 1.1 2.0 2.1");
	finish();
}
END_TEST

START_TEST(units_that_finish_early_wait_for_their_turn)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 2, 6);
	struct unit *b = give(0, 2);
	plan(b, 4, 6);
	struct unit *c = give(0, 4);
	plan(c, 6, 6);
	struct unit *d = give(1, 0);
	whole(d, 1, 1);
	records(c, 4, 6);
	done(c);
	records(b, 2, 3);
	records(a, 0, 1);
	assert_popped("0.0");
	records(a, 1, 2);
	done(a);
	assert_popped("0.0 0.1 0.2");
	records(b, 3, 4);
	done(b);
	assert_popped("0.0 0.1 0.2 0.3 0.4 0.5 1.0");
	finish();
}
END_TEST

START_TEST(without_order_all_is_popped_at_once)
{
	begin(true);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 2, 4);
	struct unit *b = give(0, 2);
	plan(b, 4, 4);
	struct unit *c = give(1, 0);
	plan(c, 1, 1);
	records(b, 2, 3);
	records(c, 0, 1);
	records(a, 0, 1);
	assert_popped("0.2 1.0 0.0");
	done(c);
	records(b, 3, 4);
	done(b);
	records(a, 1, 2);
	done(a);
	assert_popped("0.2 1.0 0.0 0.3 0.1");
	finish();
}
END_TEST

START_TEST(what_is_withheld_is_popped_once_its_worker_is_gone)
{
	bool unordered = _i;

	begin(unordered);
	schedule.withhold = true;
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 2, 4);
	records(a, 0, 2);
	struct unit *b = give(0, 2);
	whole(b, 4, 4);
	struct unit *c = give(1, 0);
	whole(c, 1, 1);
	assert_popped("");
	schedule_let_pop(&schedule, b);
	pop_results();
	assert_popped(unordered ? "0.2 0.3" : "");
	done(a);
	assert_popped(unordered ? "0.2 0.3" : "");
	ck_assert(!lookup_was_popped(&schedule, 0, 0));
	schedule_let_pop(&schedule, a);
	pop_results();
	assert_popped(unordered ? "0.2 0.3 0.0 0.1" : "0.0 0.1 0.2 0.3");
	schedule_let_pop(&schedule, c);
	pop_results();
	assert_popped(unordered ? "0.2 0.3 0.0 0.1 1.0" : "0.0 0.1 0.2 0.3 1.0");
	finish();
}
END_TEST

START_TEST(what_has_its_turn_is_popped_one_by_one_whoever_waits)
{
	static const char *const words[] = {
		"0.0", "0.1", "0.2", "0.3", "1.0", "1.1", "F2", "E3", "4.0"};
	char expected[64] = "";

	begin(false);
	room = 0;
	add(2);
	add_failed(FAILURE_OPEN);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 2, 4);
	whole(give(0, 2), 4, 4);
	whole(give(1, 0), 2, 2);
	whole(give(3, 0), 0, 0);
	whole(give(4, 0), 1, 1);
	records(a, 0, 1);
	assert_popped("");
	ck_assert(!lookup_was_popped(&schedule, 0, 0));
	make_room(1);
	assert_popped("0.0");
	ck_assert(lookup_was_popped(&schedule, 0, 0));
	records(a, 1, 2); /* it has its turn, but comes behind what waits */
	done(a);
	assert_popped("0.0");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		strcat(strcat(expected, i > 0 ? " " : ""), words[i]);
		make_room(i > 0); /* the first is popped already */
		assert_popped(expected);
		pop_results();
		assert_popped(expected);
	}
	make_room(SIZE_MAX);
	finish();
}
END_TEST

START_TEST(without_order_too_what_was_not_popped_waits)
{
	begin(true);
	room = 1;
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 2, 2);
	struct unit *b = give(1, 0);
	plan(b, 2, 2);
	records(b, 0, 1);
	records(a, 0, 2);
	done(a);
	records(b, 1, 2);
	assert_popped("1.0");
	make_room(1);
	assert_popped("1.0 1.1");
	make_room(SIZE_MAX);
	assert_popped("1.0 1.1 0.0 0.1");
	done(b);
	finish();
}
END_TEST

START_TEST(members_may_be_left_out)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 10, 10);
	records(a, 3, 4);
	records(a, 7, 8);
	struct unit *b = give(1, 0); /* none is wanted: not the same as none is there */
	plan(b, 5, 5);
	done(b);
	done(a);
	assert_popped("0.3 0.7");
	finish();
}
END_TEST

START_TEST(a_plan_adds_the_next_unit_and_no_other)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	ck_assert_ptr_null(schedule_next(&schedule, NOBODY));
	plan(a, 5, 8);
	struct unit *b = give(0, 5);
	ck_assert_uint_eq(b->members.end, UNIT_END_OPEN);
	ck_assert_ptr_null(schedule_next(&schedule, NOBODY));
	plan(b, 8, 8);
	ck_assert_ptr_null(schedule_next(&schedule, NOBODY));
	ck_assert_uint_eq(a->members.end, 5);
	ck_assert_uint_eq(b->members.end, 8);
	records(a, 0, 5);
	done(a);
	records(b, 5, 8);
	done(b);
	finish();
}
END_TEST

START_TEST(an_archive_without_members_is_popped_in_turn)
{
	begin(false);
	add(3);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	struct unit *c = give(2, 0);
	whole(b, 0, 0);
	assert_popped("");
	whole(c, 1, 1);
	whole(a, 0, 0);
	assert_popped("E0 E1 2.0");
	finish();
}
END_TEST

START_TEST(archives_that_cannot_be_opened_are_popped_in_turn)
{
	begin(false);
	add_failed(FAILURE_OPEN);
	assert_popped("F0");
	add(1);
	add_failed(FAILURE_EMPTY_FILE);
	add(1);
	add_failed(FAILURE_OPEN);
	struct unit *a = give(1, 0);
	struct unit *b = give(3, 0);
	whole(b, 1, 1);
	assert_popped("F0");
	whole(a, 1, 1);
	assert_popped("F0 1.0 F2 3.0 F4");
	finish();
}
END_TEST

START_TEST(an_archive_that_cannot_be_read_is_popped_in_turn)
{
	begin(false);
	add(3);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	struct unit *c = give(2, 0);
	unreadable(b, FAILURE_NOT_A_ZIP);
	whole(c, 1, 1);
	assert_popped("");
	whole(a, 1, 1);
	assert_popped("0.0 F1 2.0");
	finish();
}
END_TEST

START_TEST(an_archive_that_fails_at_a_later_unit_pops_what_was_done_before)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 2, 9);
	struct unit *b = give(0, 2);
	plan(b, 4, 9);
	unreadable(b, FAILURE_READ);
	/* What was queued is not done any more. */
	struct unit *next = give(1, 0);
	whole(next, 1, 1);
	records(a, 0, 2);
	assert_popped("0.0 0.1");
	done(a);
	assert_popped("0.0 0.1 F0 1.0");
	finish();
}
END_TEST

START_TEST(a_worker_gets_units_of_the_archive_that_it_has_open_first)
{
	begin(false);
	add(3);
	struct unit *a = give(0, 0);
	plan(a, 1, 9);
	struct unit *b = schedule_next(&schedule, 1);
	ck_assert_uint_eq(b->job->number, 1);
	schedule_give(&schedule, b, 2);
	plan(b, 1, 9);
	ck_assert_uint_eq(schedule_next(&schedule, 1)->job->number, 1);
	ck_assert_uint_eq(schedule_next(&schedule, 1)->members.first, 1);
	ck_assert_uint_eq(schedule_next(&schedule, 0)->job->number, 0);
	ck_assert_uint_eq(schedule_next(&schedule, 2)->job->number, 2);
	ck_assert_uint_eq(schedule_next(&schedule, NOBODY)->job->number, 0);
	ck_assert_uint_eq(schedule_next(&schedule, 77)->job->number, 0);
	schedule_give(&schedule, schedule_next(&schedule, 1), 2);
	/* Archive 1 has none to give now: the first that has. */
	ck_assert_uint_eq(schedule_next(&schedule, 1)->job->number, 0);
	schedule_release(&schedule);
}
END_TEST

START_TEST(what_is_asked_for_stays_queued_until_it_is_given)
{
	begin(false);
	add(2);
	struct unit *unit = schedule_next(&schedule, NOBODY);
	ck_assert_ptr_eq(schedule_next(&schedule, NOBODY), unit);
	schedule_give(&schedule, unit, 1);
	ck_assert_ptr_ne(schedule_next(&schedule, NOBODY), unit);
	ck_assert_int_eq(requeue_innocent(&schedule, unit), 0);
	ck_assert_ptr_eq(schedule_next(&schedule, NOBODY), unit);
	ck_assert_uint_eq(unit->members.end, UNIT_END_OPEN);
	whole(give(0, 0), 1, 1);
	whole(give(1, 0), 1, 1);
	assert_popped("0.0 1.0");
	finish();
}
END_TEST

/** Let the archive after the first have records waiting until there is no room. */
static struct unit *fill(uint64_t archive)
{
	struct unit *unit = give(archive, 0);
	uint64_t member = 0;

	plan(unit, 100000, 100001);
	while (schedule_has_room(&schedule))
		records(unit, member, member + 1), member++;
	ck_assert_uint_gt(schedule.held_bytes, SCHEDULE_HELD_MAX);
	ck_assert_uint_lt(schedule.held_bytes, 2 * SCHEDULE_HELD_MAX);
	return unit;
}

START_TEST(if_too_much_waits_only_the_unit_that_has_its_turn_is_given_out)
{
	begin(false);
	add(3);
	struct unit *a = give(0, 0);
	struct unit *b = fill(1);
	ck_assert(!schedule_has_room(&schedule));
	ck_assert_ptr_null(schedule_next(&schedule, NOBODY));
	ck_assert_ptr_null(schedule_next(&schedule, 1)); /* not even of the open one */
	ck_assert_ptr_null(schedule_next(&schedule, 2));
	plan(a, 2, 4);
	records(a, 0, 2);
	ck_assert_ptr_null(schedule_next(&schedule, 0)); /* not even of the first one */
	done(a);
	struct unit *next = schedule_next(&schedule, 1);
	ck_assert_ptr_nonnull(next);
	ck_assert_uint_eq(next->job->number, 0);
	schedule_give(&schedule, next, 1);
	ck_assert(!schedule_has_room(&schedule));
	whole(next, 4, 4);
	/* Now it is archive 1's turn: all of it is told, and nothing waits. */
	ck_assert(schedule_has_room(&schedule));
	ck_assert_int_eq(strncmp(popped(), "0.0 0.1 0.2 0.3 1.0 1.1 1.2 ", 28), 0);
	ck_assert_uint_eq(schedule_next(&schedule, 2)->job->number, 2);
	done(b);
	schedule_release(&schedule);
}
END_TEST

START_TEST(without_order_nothing_waits)
{
	begin(true);
	add(2);
	give(0, 0);
	struct unit *b = give(1, 0);
	plan(b, 20000, 20000);
	records(b, 0, 20000);
	ck_assert(schedule_has_room(&schedule));
	ck_assert_uint_lt(schedule.held_bytes, 4096);
	schedule_release(&schedule);
}
END_TEST

START_TEST(very_many_archives_leave_no_room)
{
	unsigned count = 0;

	begin(true);
	while (schedule_has_room(&schedule) && count < 100000) {
		add(1);
		count++;
	}
	ck_assert_uint_lt(count, 100000);
	ck_assert_uint_gt(count, 100);
	/* Those that are there can be done. */
	for (unsigned i = 0; i < count; i++)
		whole(give(i, 0), 1, 1);
	finish();
}
END_TEST

/* The worker of @unit, which has @granted, says a plan of so many bytes. */
static void plan_room(struct unit *unit, uint64_t granted, uint64_t end, uint64_t bytes)
{
	const struct message_plan message = {.end = end, .entries = 6, .room = bytes};

	unit->room = granted;
	ck_assert_int_eq(schedule_plan(&schedule, unit, &message), 0);
	pop_results();
}

START_TEST(a_unit_that_finds_too_little_room_is_queued_again_and_keeps_its_place)
{
	begin(false);
	add(2);
	struct unit *unit = give(0, 0);
	plan_room(unit, 10, 0, 11);
	ck_assert_uint_eq(unit->needed_bytes, 11);
	ck_assert_ptr_eq(give(0, 0), unit);
	plan_room(unit, 11, 1, 11);
	ck_assert_uint_eq(unit->room, 11);
	/* Behind it comes the rest, then the other archive. */
	struct unit *rest = give(0, 1);
	ck_assert_uint_eq(rest->needed_bytes, 0);
	ck_assert_uint_eq(rest->members.end, UNIT_END_OPEN);
	records(unit, 0, 1);
	done(unit);
	whole(rest, 6, 6);
	whole(give(1, 0), 1, 1);
	assert_popped("0.0 0.1 0.2 0.3 0.4 0.5 1.0");
	finish();
}
END_TEST

START_TEST(what_comes_behind_a_shorter_plan_is_queued)
{
	begin(false);
	add(2);
	struct unit *unit = give(0, 0);
	plan(unit, 6, 6);
	records(unit, 0, 1);
	/* Its worker is lost: a unit with an end is left. */
	ck_assert_int_eq(requeue_innocent(&schedule, unit), 0);
	struct unit *again = give(0, 1);
	ck_assert_uint_eq(again->members.end, 6);
	plan_room(again, 10, 3, 10);
	ck_assert_uint_eq(again->members.end, 3);
	struct unit *rest = give(0, 3);
	ck_assert_uint_eq(rest->members.end, 6);
	plan_room(rest, 10, 6, 10);
	whole(give(1, 0), 1, 1); /* there is no more of it */
	records(rest, 3, 6);
	done(rest);
	assert_popped("0.0");
	records(again, 1, 3);
	done(again);
	assert_popped("0.0 0.1 0.2 0.3 0.4 0.5 1.0");
	finish();
}
END_TEST

START_TEST(nothing_comes_behind_a_shorter_plan_of_an_archive_that_has_failed)
{
	begin(false);
	add(1);
	struct unit *unit = give(0, 0);
	plan(unit, 6, 6);
	ck_assert_int_eq(requeue_innocent(&schedule, unit), 0);
	ck_assert_ptr_eq(give(0, 0), unit);
	schedule_fail(&schedule, unit->job, &(struct failure){.kind = FAILURE_TRUNCATED});
	plan_room(unit, 10, 2, 10);
	ck_assert_ptr_null(schedule_next(&schedule, NOBODY));
	records(unit, 0, 2);
	done(unit);
	assert_popped("0.0 0.1 F0");
	finish();
}
END_TEST

START_TEST(a_plan_says_whether_its_unit_is_pairable)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	const struct message_plan message = {.end = 1, .entries = 1, .pairable = true};
	ck_assert(!a->pairable);
	ck_assert_int_eq(schedule_plan(&schedule, a, &message), 0);
	plan(b, 1, 1);
	ck_assert(a->pairable);
	ck_assert(!b->pairable);
	/* Who gets it next has not said so. */
	ck_assert_int_eq(requeue_innocent(&schedule, a), 0);
	ck_assert(!a->pairable);
	schedule_release(&schedule);
}
END_TEST

START_TEST(what_stands_before_an_archive_is_said_once_and_before_its_members)
{
	const struct message_plan message = {.end = 1, .entries = 1, .behind_another = true};

	for (int unordered = 0; unordered < 2; unordered++) {
		begin(unordered);
		add(2);
		struct unit *a = give(0, 0);
		struct unit *b = give(1, 0);
		ck_assert_int_eq(schedule_plan(&schedule, b, &message), 0);
		pop_results();
		assert_popped(unordered ? "B1" : "");
		ck_assert_int_eq(schedule_plan(&schedule, a, &message), 0);
		pop_results();
		assert_popped(unordered ? "B1 B0" : "B0");
		/* The worker dies; another one says it again. */
		ck_assert_int_eq(requeue_innocent(&schedule, a), 0);
		a = give(0, 0);
		ck_assert_int_eq(schedule_plan(&schedule, a, &message), 0);
		pop_results();
		assert_popped(unordered ? "B1 B0" : "B0");
		schedule_release(&schedule);
	}
}
END_TEST

START_TEST(the_archive_that_failed_and_a_worker_that_still_has_a_unit_of_it)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 2, 6);
	struct unit *b = give(0, 2);
	unreadable(a, FAILURE_READ);
	assert_popped("");
	plan(b, 4, 6); /* adds no unit any more */
	ck_assert_uint_eq(schedule_next(&schedule, 0)->job->number, 1);
	records(b, 2, 4);
	whole(give(1, 0), 1, 1);
	done(b);
	assert_popped("0.2 0.3 F0 1.0");
	finish();
}
END_TEST

START_TEST(was_popped_knows_popped_waiting_and_unknown_members)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	ck_assert(!lookup_was_popped(&schedule, 0, 0));
	plan(a, 3, 6);
	plan(b, 2, 2);
	records(a, 0, 1);
	records(b, 0, 1);
	ck_assert(lookup_was_popped(&schedule, 0, 0));
	ck_assert(!lookup_was_popped(&schedule, 0, 1)); /* in hand */
	ck_assert(!lookup_was_popped(&schedule, 0, 3)); /* not given */
	ck_assert(!lookup_was_popped(&schedule, 0, 5));
	ck_assert(!lookup_was_popped(&schedule, 0, 6)); /* no member */
	ck_assert(!lookup_was_popped(&schedule, 1, 0)); /* waits */
	ck_assert(!lookup_was_popped(&schedule, 1, 1));
	ck_assert(!lookup_was_popped(&schedule, 1, 2)); /* no member, and all are planned */
	ck_assert(!lookup_was_popped(&schedule, 1, 99));
	ck_assert(!lookup_was_popped(&schedule, 2, 0)); /* no archive */
	ck_assert(!lookup_was_popped(&schedule, UINT64_MAX, 0));
	records(a, 1, 3);
	done(a);
	ck_assert(lookup_was_popped(&schedule, 0, 2)); /* its unit is gone */
	ck_assert(!lookup_was_popped(&schedule, 0, 3));
	whole(give(0, 3), 6, 6);
	ck_assert(lookup_was_popped(&schedule, 0, 5)); /* its archive is gone */
	ck_assert(lookup_was_popped(&schedule, 1, 0)); /* has had its turn */
	ck_assert(!lookup_was_popped(&schedule, 1, 1));
	schedule_release(&schedule);
}
END_TEST

START_TEST(was_popped_without_order)
{
	begin(true);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 3, 6);
	struct unit *b = give(0, 3);
	plan(b, 6, 6);
	records(b, 3, 6);
	done(b);
	ck_assert(lookup_was_popped(&schedule, 0, 3));
	ck_assert(lookup_was_popped(&schedule, 0, 5));
	ck_assert(!lookup_was_popped(&schedule, 0, 0));
	records(a, 0, 1);
	ck_assert(lookup_was_popped(&schedule, 0, 0));
	ck_assert(!lookup_was_popped(&schedule, 0, 1));
	ck_assert(!lookup_was_popped(&schedule, 1, 0));
	schedule_release(&schedule);
}
END_TEST

START_TEST(descriptors_are_closed_with_their_archive)
{
	const struct failure failure = {.kind = FAILURE_EMPTY_FILE};
	size_t before = open_descriptors();

	begin(false);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(schedule_add(&schedule, "a.zip",
					 open("/dev/null", O_RDONLY | O_CLOEXEC), 1, NULL),
			0);
	ck_assert_uint_eq(open_descriptors(), before + 3);
	whole(give(0, 0), 1, 1);
	ck_assert_uint_eq(open_descriptors(), before + 2);
	struct unit *unit = give(1, 0);
	unreadable(unit, FAILURE_NOT_A_ZIP);
	ck_assert_uint_eq(open_descriptors(), before + 1);
	ck_assert_int_eq(schedule_add(&schedule, "a.zip", open("/dev/null", O_RDONLY | O_CLOEXEC),
				 1, &failure),
		0);
	schedule_release(&schedule);
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert(schedule_is_idle(&schedule));
	ck_assert_uint_eq(schedule.held_bytes, 0);
}
END_TEST

START_TEST(what_is_released_is_gone)
{
	begin(false);
	add(3);
	give(0, 0);
	whole(give(1, 0), 2, 2);
	schedule_release(&schedule);
	assert_popped("");
	ck_assert_uint_eq(schedule.held_bytes, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tests = tcase_create("schedule");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, members_of_the_first_archive_are_popped_at_once);
	tcase_add_test(tests, archives_that_finish_early_wait_for_their_turn);
	tcase_add_test(tests, units_that_finish_early_wait_for_their_turn);
	tcase_add_test(tests, without_order_all_is_popped_at_once);
	tcase_add_loop_test(tests, what_is_withheld_is_popped_once_its_worker_is_gone, 0, 2);
	tcase_add_test(tests, what_has_its_turn_is_popped_one_by_one_whoever_waits);
	tcase_add_test(tests, without_order_too_what_was_not_popped_waits);
	tcase_add_test(tests, members_may_be_left_out);
	tcase_add_test(tests, a_plan_adds_the_next_unit_and_no_other);
	tcase_add_test(tests, an_archive_without_members_is_popped_in_turn);
	tcase_add_test(tests, archives_that_cannot_be_opened_are_popped_in_turn);
	tcase_add_test(tests, an_archive_that_cannot_be_read_is_popped_in_turn);
	tcase_add_test(tests, an_archive_that_fails_at_a_later_unit_pops_what_was_done_before);
	tcase_add_test(tests, a_worker_gets_units_of_the_archive_that_it_has_open_first);
	tcase_add_test(tests, what_is_asked_for_stays_queued_until_it_is_given);
	tcase_add_test(tests, if_too_much_waits_only_the_unit_that_has_its_turn_is_given_out);
	tcase_add_test(tests, without_order_nothing_waits);
	tcase_add_test(tests, very_many_archives_leave_no_room);
	tcase_add_test(
		tests, a_unit_that_finds_too_little_room_is_queued_again_and_keeps_its_place);
	tcase_add_test(tests, what_comes_behind_a_shorter_plan_is_queued);
	tcase_add_test(tests, nothing_comes_behind_a_shorter_plan_of_an_archive_that_has_failed);
	tcase_add_test(tests, a_plan_says_whether_its_unit_is_pairable);
	tcase_add_test(tests, what_stands_before_an_archive_is_said_once_and_before_its_members);
	tcase_add_test(tests, the_archive_that_failed_and_a_worker_that_still_has_a_unit_of_it);
	tcase_add_test(tests, was_popped_knows_popped_waiting_and_unknown_members);
	tcase_add_test(tests, was_popped_without_order);
	tcase_add_test(tests, descriptors_are_closed_with_their_archive);
	tcase_add_test(tests, what_is_released_is_gone);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
