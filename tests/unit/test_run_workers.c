// SPDX-License-Identifier: MIT

/*
 * Whole runs with workers that break the protocol, and with workers that die.
 */

#include "runs.h"

#include "protocol/channel.h"
#include "support.h"
#include "util/memory.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

MEMBER_DEED(send_an_unknown_tag)
{
	say_bytes(self, "\x2a\0\0\0\0", 5);
	return false;
}

MEMBER_DEED(send_a_cut_message)
{
	say_bytes(self, "\x03\x40\0\0\0\1", 6);
	return false;
}

MEMBER_DEED(send_a_packet_that_is_too_large)
{
	static char large[PACKET_MAX + 1];

	say_bytes(self, large, sizeof(large));
	return false;
}

MEMBER_DEED(send_a_descriptor)
{
	channel_send(self->channel_fd, "\3", 1, self->directory_fd, true);
	return false;
}

MEMBER_DEED(say_a_member_of_no_unit)
{
	char name[32];
	struct record other = write_member(self, work->archive, scene.members + 7, name);

	say_record(self, &other);
	return false;
}

MEMBER_DEED(say_a_member_again)
{
	record->member--;
	say_record(self, record);
	return false;
}

MEMBER_DEED(say_a_lie_of_a_member_that_was_said)
{
	record->member--;
	record->name = "m1.dat";
	record->inode++;
	say_record(self, record);
	return false;
}

MEMBER_DEED(say_another_unit)
{
	say(self, &(struct message){
			  .kind = MESSAGE_RECORD, .unit = self->unit + 1, .record = *record});
	return false;
}

MEMBER_DEED(say_what_parents_say)
{
	say(self, &(struct message){.kind = MESSAGE_WORK, .unit = self->unit, .work = *work});
	return false;
}

MEMBER_DEED(say_the_last_message_early)
{
	say(self, &(struct message){.kind = MESSAGE_MEMORY});
	return false;
}

MEMBER_DEED(plan_otherwise)
{
	say_plan(self, work->members.first + 1);
	return false;
}

MEMBER_DEED(plan_again)
{
	say_plan(self, scene.members);
	return false;
}

MEMBER_DEED(say_that_a_worker_has_died)
{
	record->failure.kind = FAILURE_WORKER_DIED;
	say_record(self, record);
	return false;
}

MEMBER_DEED(say_that_the_archive_cannot_be_opened)
{
	say_done(self, FAILURE_OPEN);
	return false;
}

MEMBER_DEED(end_another_unit)
{
	say(self, &(struct message){.kind = MESSAGE_DONE, .unit = self->unit + 1});
	return false;
}

static member_deed *const breaches[] = {send_garbage, send_an_unknown_tag, send_a_cut_message,
	send_a_packet_that_is_too_large, send_a_descriptor, say_a_member_of_no_unit,
	say_a_member_again, say_a_lie_of_a_member_that_was_said, say_another_unit,
	say_what_parents_say, say_the_last_message_early, plan_otherwise, plan_again,
	say_that_a_worker_has_died, say_that_the_archive_cannot_be_opened, end_another_unit};

#define BREACHES (int)(sizeof(breaches) / sizeof(breaches[0]))

START_TEST(a_worker_that_breaks_the_protocol_costs_the_member_that_it_was_on)
{
	check_one_member_fails(breaches[_i], BROKE);
}
END_TEST

START_TEST(a_worker_that_breaks_the_protocol_without_order)
{
	scene.settings.unordered = true;
	check_one_member_fails(breaches[_i], BROKE);
}
END_TEST

MEMBER_DEED(send_an_empty_packet)
{
	say_bytes(self, "", 0);
	return false;
}

MEMBER_DEED(close_the_channel)
{
	close(self->channel_fd);
	return false;
}

START_TEST(a_packet_of_no_bytes_and_a_closed_channel_end_the_worker)
{
	scene.at_member[1] = _i ? close_the_channel : send_an_empty_packet;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(1);
	ck_assert_uint_eq(stats.failures, 1);
	ck_assert_uint_eq(said("1.zip: m2.dat: "), 1);
}
END_TEST

UNIT_DEED(say_no_plan)
{
	do_members(self, work);
	say_done(self, FAILURE_NONE);
}

START_TEST(records_without_a_plan_are_not_believed)
{
	scene.at_unit[1] = say_no_plan;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(scene.members);
	ck_assert_uint_ge(said(BROKE), 1);
	ck_assert_uint_eq(said(BROKE), stats.failures);
}
END_TEST

UNIT_DEED(only_end_the_unit)
{
	say_done(self, FAILURE_NONE);
}

START_TEST(the_end_of_a_unit_without_a_plan_fails_the_archive)
{
	check_archive_fails(only_end_the_unit, BROKE);
	ck_assert_uint_eq(atomic_load(&shared->attempts[1]), 2);
}
END_TEST

START_TEST(a_worker_that_dies_in_the_middle_costs_the_member_that_it_was_on)
{
	check_one_member_fails(die_at_member, KILLED);
}
END_TEST

/** As a worker whose plan and records wait to travel together. */
UNIT_DEED(die_before_it_is_heard)
{
	char name[32];

	if (scene.bad_member < work->members.first || scene.bad_member >= work->members.end) {
		do_unit(self, work);
		return;
	}
	for (uint64_t member = work->members.first; member <= scene.bad_member; member++) {
		note_member(self, member);
		write_member(self, work->archive, member, name);
	}
	die();
}

START_TEST(a_worker_that_dies_before_it_is_heard_costs_the_member_that_it_was_on)
{
	scene.at_unit[1] = die_before_it_is_heard;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(1);
	ck_assert(!was_printed(1, scene.bad_member));
	ck_assert_uint_eq(stats.failures, 1);
	ck_assert_uint_eq(said("1.zip: m2.dat: " KILLED), 1);
}
END_TEST

START_TEST(a_worker_that_dies_in_the_middle_of_one_of_many_units)
{
	scene.members = 40;
	scene.per_unit = 3;
	check_one_member_fails(die_at_member, KILLED);
}
END_TEST

START_TEST(a_worker_that_dies_on_the_first_or_the_last_member)
{
	scene.bad_member = _i ? scene.members - 1 : 0;
	scene.at_member[1] = die_at_member;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(1);
	ck_assert(!was_printed(1, scene.bad_member));
	ck_assert_uint_eq(stats.failures, 1);
}
END_TEST

MEMBER_DEED(leave_with_status_3)
{
	_exit(3);
}

START_TEST(a_worker_that_exits_in_the_middle_is_said_with_its_status)
{
	check_one_member_fails(leave_with_status_3, "worker died (exit status 3)");
}
END_TEST

MEMBER_DEED(say_the_record_and_die)
{
	say_record(self, record);
	die();
}

UNIT_DEED(die_before_the_first_plan)
{
	if (attempt == 0)
		die();
	do_unit(self, work);
}

UNIT_DEED(die_behind_the_last_record_once)
{
	if (attempt > 0) {
		do_unit(self, work);
		return;
	}
	say_plan(self, unit_end(work));
	do_members(self, work);
	die();
}

START_TEST(a_death_that_no_member_is_to_blame_for_costs_nothing)
{
	static unit_deed *const deeds[] = {
		NULL, die_before_the_first_plan, die_behind_the_last_record_once};

	scene.at_member[1] = deeds[_i] ? NULL : say_the_record_and_die;
	scene.at_unit[1] = deeds[_i];
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.failures, 0);
	ck_assert_uint_eq(atomic_load(&shared->attempts[1]), 2);
}
END_TEST

UNIT_DEED(die_before_the_plan)
{
	die();
}

START_TEST(a_worker_that_always_dies_before_its_plan_fails_the_archive)
{
	check_archive_fails(die_before_the_plan, KILLED);
	ck_assert_uint_eq(atomic_load(&shared->attempts[1]), 2);
}
END_TEST

START_TEST(workers_that_die_in_every_archive)
{
	scene.archives = 12;
	for (unsigned i = 0; i < scene.archives; i++)
		scene.at_member[i] = i % 2 ? die_at_member : send_garbage;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	for (unsigned i = 0; i < scene.archives; i++) {
		ck_assert_uint_eq(printed_of(i), scene.members - 1);
		ck_assert(!was_printed(i, 2));
	}
	ck_assert_uint_eq(stats.failures, scene.archives);
	ck_assert_uint_eq(said(KILLED), 6);
	ck_assert_uint_eq(said(BROKE), 6);
}
END_TEST

START_TEST(workers_that_always_die_at_their_start_fail_all_archives)
{
	scene.die_at_start = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(stats.failures, scene.archives);
	ck_assert_uint_eq(said("worker died (exit status 1)"), scene.archives);
	ck_assert_uint_eq(written_count, 0);
}
END_TEST

START_TEST(archives_that_fail_by_the_loss_of_workers_do_not_end_the_run)
{
	/* Two workers are lost over each: that is more than may be lost with nothing done. */
	scene.archives = 108;
	scene.settings.jobs = 3;
	for (unsigned i = 0; i < scene.archives - 2; i++)
		scene.at_unit[i] = die_before_the_plan;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(stats.failures, scene.archives - 2);
	ck_assert_uint_eq(printed_of(106), scene.members);
	ck_assert_uint_eq(printed_of(107), scene.members);
}
END_TEST

/** Do the unit as it should be, and then spoil what was made, as long as there is time. */
UNIT_DEED(spoil_what_was_told)
{
	uint64_t end = unit_end(work);

	do_unit(self, work);
	poll(NULL, 0, 100);
	for (uint64_t member = work->members.first; member < end; member++) {
		char name[32];
		struct record record = write_member(self, work->archive, member, name);
		cut_file(self, &record);
	}
}

START_TEST(with_one_archive_for_each_worker_what_is_printed_cannot_be_spoilt_by_who_made_it)
{
	scene.archives = 5;
	scene.per_unit = 2;
	scene.settings.archives_per_worker = 1;
	scene.settings.unordered = _i;
	for (unsigned i = 0; i < scene.archives; i++)
		scene.at_unit[i] = spoil_what_was_told;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.failures, 0);
	ck_assert_uint_eq(stats.workers, 5 * 3); /* one for each unit */
}
END_TEST

START_TEST(with_one_archive_for_each_worker_the_loss_of_one_costs_what_it_costs_otherwise)
{
	scene.settings.archives_per_worker = 1;
	check_one_member_fails(die_at_member, KILLED);
}
END_TEST

START_TEST(a_worker_is_replaced_after_so_many_archives)
{
	scene.archives = 7;
	scene.settings.jobs = 1;
	scene.large = _i;              /* small ones are queued ahead, */
	scene.per_unit = _i ? 2 : 100; /* and an archive that is taken up again counts again */
	scene.settings.archives_per_worker = 3;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.workers, 3);
}
END_TEST

START_TEST(a_worker_that_does_not_leave_once_it_is_to_be_replaced_is_killed)
{
	scene.settings.jobs = 1;
	scene.settings.archives_per_worker = 1;
	scene.settings.measure = true; /* then it is asked for its last words */
	scene.settings.look_ms = 20;
	scene.ignore_the_end = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.failures, 0);
}
END_TEST

MEMBER_DEED(stop)
{
	raise(SIGSTOP);
	return false;
}

START_TEST(a_worker_that_stops_itself_costs_the_member_that_it_was_on)
{
	scene.settings.look_ms = 20;
	check_one_member_fails(stop, "the worker had stopped working and was killed");
}
END_TEST

MEMBER_DEED(sleep_at_member)
{
	pause();
	return false;
}

START_TEST(a_worker_that_sleeps_with_work_in_hand_costs_the_member_that_it_was_on)
{
	scene.settings.look_ms = 5;
	check_one_member_fails(sleep_at_member, "the worker had stopped working and was killed");
}
END_TEST

MEMBER_DEED(compute_for_long)
{
	/* Many times as many looks as end one that does nothing. */
	uint64_t end = monotonic_ns() + UINT64_C(1500000000);

	while (monotonic_ns() < end)
		;
	return true;
}

START_TEST(a_worker_that_is_busy_for_long_is_let_be)
{
	scene.settings.look_ms = 20;
	scene.at_member[1] = compute_for_long;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.failures, 0);
}
END_TEST

START_TEST(workers_that_die_in_every_one_of_many_archives_do_not_end_the_run)
{
	scene.archives = 150;
	scene.settings.jobs = 3;
	for (unsigned i = 0; i < scene.archives; i++)
		scene.at_member[i] = die_at_member;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(written_count, scene.archives * (scene.members - 1));
	ck_assert_uint_eq(stats.failures, scene.archives);
}
END_TEST

MEMBER_DEED(send_garbage_once_the_others_are_done)
{
	wait_for_standstill();
	remove_file(self, record);
	atomic_store(&shared->dead, getpid());
	say_bytes(self, "garbage", 7);
	return false;
}

MEMBER_DEED(die_after_another)
{
	wait_for_death();
	die();
}

START_TEST(how_a_worker_died_is_said_rightly_after_another_has_broken_the_protocol)
{
	scene.archives = 2;
	scene.members = 1; /* so that nothing happens in between */
	scene.bad_member = 0;
	scene.at_member[0] = send_garbage_once_the_others_are_done;
	scene.at_member[1] = die_after_another;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_uint_eq(stats.failures, 2);
	ck_assert_msg(said(BROKE) == 1, "%s", messages);
	ck_assert_msg(said(KILLED) == 1, "%s", messages);
}
END_TEST

START_TEST(an_archive_that_was_done_is_not_blamed_for_a_death_over_the_next)
{
	/* One worker has all four queued, and dies over the second: the first is done, the last
	 * two are not even read by it. The parent hears all of that too late: its last word tells
	 * which archive it was on. */
	scene.settings.jobs = 1;
	scene.corpses_to_wait_for = 1;
	scene.at_member[1] = die_at_member;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_msg(printed_of(0) == scene.members, "%s", messages);
	check_all_but(1);
	ck_assert_uint_eq(stats.failures, 1);
}
END_TEST

/** One worker, two units in hand. */
static void set_up_pairs(void)
{
	scene.settings.jobs = 1;
	scene.large = true;
	scene.pairable = true;
	scene.wait_ms = 300;
}

MEMBER_DEED(die_if_paired)
{
	if (self->paired)
		die();
	return true;
}

START_TEST(a_worker_that_dies_with_two_members_in_hand_costs_none_if_each_alone_is_harmless)
{
	set_up_pairs();
	scene.settings.unordered = _i / 2;
	scene.at_member[_i % 2] = die_if_paired;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	if (_i % 2 == 0) {
		check_all_but(0);
		ck_assert_str_eq(messages, "");
	} else {
		/* The first lane had said its member: only one was in hand. */
		check_all_but(1);
	}
	ck_assert_uint_eq(stats.workers, 2);
}
END_TEST

START_TEST(of_two_members_in_hand_the_one_that_kills_alone_is_to_blame)
{
	set_up_pairs();
	scene.settings.unordered = _i / 2;
	scene.at_member[0] = _i % 2 ? send_garbage : die_at_member;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(written_count, scene.archives * scene.members - 1);
	ck_assert(!was_printed(0, 2));
	ck_assert_uint_eq(stats.failures, 1);
	ck_assert_uint_eq(said(_i % 2 ? BROKE : KILLED), 1);
	ck_assert_uint_eq(stats.workers, 3); /* with both, alone, and for the rest */
}
END_TEST

START_TEST(who_dies_between_a_plan_and_its_first_member_costs_no_other_archive_s_member)
{
	set_up_pairs();
	scene.die_at_plan = 1;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(printed_of(0), scene.members);
	ck_assert_uint_eq(printed_of(1), 0);
	ck_assert_uint_eq(written_count, (scene.archives - 1) * scene.members);
	ck_assert_uint_eq(said(KILLED), 1);
}
END_TEST

START_TEST(two_members_in_hand_that_both_kill_are_both_to_blame)
{
	set_up_pairs();
	scene.at_member[0] = scene.at_member[1] = die_at_member;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(written_count, scene.archives * scene.members - 2);
	ck_assert(!was_printed(0, 2));
	ck_assert(!was_printed(1, 2));
	ck_assert_uint_eq(said(KILLED), 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("run_workers");
	TCase *tests = tcase_create("run_workers");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, runs_set_up, runs_tear_down);
	tcase_add_loop_test(tests,
		a_worker_that_breaks_the_protocol_costs_the_member_that_it_was_on, 0, BREACHES);
	tcase_add_loop_test(tests, a_worker_that_breaks_the_protocol_without_order, 0, BREACHES);
	tcase_add_loop_test(tests, a_packet_of_no_bytes_and_a_closed_channel_end_the_worker, 0, 2);
	tcase_add_test(tests, records_without_a_plan_are_not_believed);
	tcase_add_test(tests, the_end_of_a_unit_without_a_plan_fails_the_archive);
	tcase_add_test(tests, a_worker_that_dies_in_the_middle_costs_the_member_that_it_was_on);
	tcase_add_test(
		tests, a_worker_that_dies_before_it_is_heard_costs_the_member_that_it_was_on);
	tcase_add_test(tests, a_worker_that_dies_in_the_middle_of_one_of_many_units);
	tcase_add_loop_test(tests, a_worker_that_dies_on_the_first_or_the_last_member, 0, 2);
	tcase_add_test(tests, a_worker_that_exits_in_the_middle_is_said_with_its_status);
	tcase_add_loop_test(tests, a_death_that_no_member_is_to_blame_for_costs_nothing, 0, 3);
	tcase_add_test(tests, a_worker_that_always_dies_before_its_plan_fails_the_archive);
	tcase_add_test(tests, workers_that_die_in_every_archive);
	tcase_add_test(tests, workers_that_always_die_at_their_start_fail_all_archives);
	tcase_add_test(tests, archives_that_fail_by_the_loss_of_workers_do_not_end_the_run);
	tcase_add_loop_test(tests,
		with_one_archive_for_each_worker_what_is_printed_cannot_be_spoilt_by_who_made_it, 0,
		2);
	tcase_add_test(tests,
		with_one_archive_for_each_worker_the_loss_of_one_costs_what_it_costs_otherwise);
	tcase_add_loop_test(tests, a_worker_is_replaced_after_so_many_archives, 0, 2);
	tcase_add_test(tests, a_worker_that_does_not_leave_once_it_is_to_be_replaced_is_killed);
	tcase_add_test(tests, a_worker_that_stops_itself_costs_the_member_that_it_was_on);
	tcase_add_test(
		tests, a_worker_that_sleeps_with_work_in_hand_costs_the_member_that_it_was_on);
	tcase_add_test(tests, a_worker_that_is_busy_for_long_is_let_be);
	tcase_add_test(tests, workers_that_die_in_every_one_of_many_archives_do_not_end_the_run);
	tcase_add_test(
		tests, how_a_worker_died_is_said_rightly_after_another_has_broken_the_protocol);
	tcase_add_test(tests, an_archive_that_was_done_is_not_blamed_for_a_death_over_the_next);
	tcase_add_loop_test(tests,
		a_worker_that_dies_with_two_members_in_hand_costs_none_if_each_alone_is_harmless, 0,
		4);
	tcase_add_loop_test(
		tests, of_two_members_in_hand_the_one_that_kills_alone_is_to_blame, 0, 4);
	tcase_add_test(tests, two_members_in_hand_that_both_kill_are_both_to_blame);
	tcase_add_test(tests,
		who_dies_between_a_plan_and_its_first_member_costs_no_other_archive_s_member);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
