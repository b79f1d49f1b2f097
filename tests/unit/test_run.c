// SPDX-License-Identifier: MIT

/*
 * Whole runs: their order, how work is given out, and how they end.
 */

#include "parent/run.h"

#include "runs.h"
#include "support.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(a_run_prints_all_members_in_order)
{
	scene.archives = 20;
	scene.settings.jobs = 3;
	scene.settings.measure = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_str_eq(messages, "");
	ck_assert_uint_eq(stats.failures, 0);
	ck_assert_uint_eq(stats.archives, 20);
	ck_assert_uint_eq(stats.workers, 3);
	ck_assert_uint_eq(stats.workers, atomic_load(&shared->starts));
	/* Small archives travel together. */
	ck_assert_uint_ge(stats.sent_messages, 3 + (20 - 3 + WORK_UNITS_MAX - 1) / WORK_UNITS_MAX);
	ck_assert_uint_lt(stats.sent_messages, 20);
	/* A plan, a record each and the end in a packet each, and three farewells. */
	ck_assert_uint_eq(stats.received_messages, 20 * (6 + 2) + 3);
	ck_assert_uint_gt(stats.received_bytes, stats.received_messages * 10);
	ck_assert_uint_ge(stats.worker_private_peak_bytes, 1000000);
	ck_assert_uint_lt(stats.worker_private_peak_bytes, 1000007);
	ck_assert_uint_eq(stats.worker_shared_peak_bytes, 2000000);
	ck_assert_uint_gt(stats.parent_private_peak_bytes, 0);
	ck_assert_uint_gt(stats.elapsed_ns, 0);
	uint64_t bytes = 0;
	for (size_t i = 0; i < printed_count; i++)
		bytes += printed[i].size_bytes;
	ck_assert_uint_eq(stats.unzipped_bytes, bytes);
}
END_TEST

START_TEST(a_run_without_order_prints_all_members)
{
	scene.archives = 20;
	scene.settings.jobs = 3;
	scene.settings.unordered = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
}
END_TEST

START_TEST(an_archive_of_many_units_is_done_by_several_workers)
{
	scene.archives = 1;
	scene.members = 400;
	scene.per_unit = 7;
	scene.settings.jobs = 4;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	/* All but the first. */
	ck_assert_uint_eq(shared->informed, (scene.members - 1) / scene.per_unit);
	ck_assert_uint_gt(stats.workers, 1);
}
END_TEST

START_TEST(no_more_workers_are_started_than_there_is_work_for)
{
	scene.archives = 2;
	scene.settings.jobs = 16;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_le(stats.workers, 2);
}
END_TEST

START_TEST(a_run_without_archives_starts_nothing_and_leaves_nothing)
{
	scene.archives = 0;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(stats.workers, 0);
}
END_TEST

START_TEST(archives_without_members_are_warned_of)
{
	scene.members = 0;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(stats.failures, 0);
	ck_assert_uint_eq(said("no members"), 4);
}
END_TEST

START_TEST(a_member_that_fails_is_said_and_the_rest_is_printed)
{
	check_one_member_fails(fail_member, "CRC-32 mismatch");
}
END_TEST

UNIT_DEED(fail_archive)
{
	say_done(self, FAILURE_NOT_A_ZIP);
}

START_TEST(an_archive_that_fails_is_said_and_the_rest_is_printed)
{
	check_archive_fails(fail_archive, "not a zip archive");
}
END_TEST

START_TEST(archives_that_cannot_be_opened_are_said_and_the_rest_is_printed)
{
	scene.archives = 3;
	scratch_file("0.zip", "", 0); /* 1: a FIFO that nobody writes; 2: missing */
	ck_assert_int_eq(mkfifo(scratch_path("1.zip"), 0600), 0);
	ck_assert_int_eq(go_on(), RUN_COMPLETE);
	ck_assert_uint_eq(stats.failures, 3);
	ck_assert_uint_eq(stats.archives, 0);
	ck_assert_uint_eq(stats.workers, 0);
	ck_assert_uint_eq(said("0.zip: an empty file"), 1);
	ck_assert_uint_eq(
		said("1.zip: not a regular file (a FIFO; unzip one as '-', from standard input)"),
		1);
	ck_assert_uint_eq(said("2.zip: No such file or directory"), 1);
	check_files();
}
END_TEST

/** One worker, two units in hand. */
static void set_up_pairs(void)
{
	scene.settings.jobs = 1;
	scene.large = true;
	scene.pairable = true;
	scene.wait_ms = 2000;
}

START_TEST(a_worker_with_a_pairable_unit_gets_a_second_archive)
{
	set_up_pairs();
	scene.settings.unordered = _i;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(atomic_load(&shared->pairs), 2);
	ck_assert_uint_eq(stats.workers, 1);
}
END_TEST

START_TEST(a_worker_with_a_pairable_unit_gets_a_second_unit_of_one_archive)
{
	set_up_pairs();
	scene.archives = 1;
	scene.members = 40;
	scene.per_unit = 5;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(atomic_load(&shared->pairs), 4);
}
END_TEST

START_TEST(a_worker_without_a_pairable_unit_gets_one_unit_at_a_time)
{
	set_up_pairs();
	scene.pairable = false;
	scene.wait_ms = 100;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(atomic_load(&shared->pairs), 0);
}
END_TEST

START_TEST(no_worker_gets_a_second_unit_before_each_has_one)
{
	set_up_pairs();
	scene.archives = 2;
	scene.settings.jobs = 2;
	scene.wait_ms = 300;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.workers, 2);
	ck_assert_uint_eq(atomic_load(&shared->pairs), 0);
}
END_TEST

START_TEST(a_member_that_fails_leaves_the_one_beside_it)
{
	set_up_pairs();
	check_one_member_fails(fail_member, "CRC-32 mismatch");
	ck_assert_uint_eq(atomic_load(&shared->pairs), 2);
}
END_TEST

START_TEST(a_worker_that_does_not_leave_is_killed)
{
	scene.ignore_the_end = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.failures, 0);
}
END_TEST

START_TEST(what_is_done_is_printed_while_the_source_has_nothing)
{
	/* Each archive comes only when all of the one before is written out. */
	scene.source_waits = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
}
END_TEST

START_TEST(a_source_that_has_nothing_now_is_asked_again)
{
	scene.archives = 30;
	scene.source_stumbles = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
}
END_TEST

START_TEST(the_first_failure_stops_a_fail_fast_run)
{
	scene.archives = 8;
	scene.settings.jobs = _i ? 3 : 1;
	scene.settings.fail_fast = true;
	scene.at_member[1] = fail_member;
	ck_assert_int_eq(go(), RUN_STOPPED);
	check_files();
	/* What has its turn before the failure is printed, and nothing behind it. */
	ck_assert_uint_eq(written_count, scene.members + scene.bad_member);
	ck_assert_uint_eq(printed_of(0), scene.members);
	ck_assert_uint_eq(stats.failures, 1);
	ck_assert_uint_eq(said("zipmap: "), 1);
}
END_TEST

START_TEST(a_worker_that_dies_stops_a_fail_fast_run)
{
	scene.settings.fail_fast = true;
	scene.at_member[1] = die_at_member;
	ck_assert_int_eq(go(), RUN_STOPPED);
	check_files();
	ck_assert_uint_eq(stats.failures, 1);
}
END_TEST

MEMBER_DEED(signal_parent)
{
	kill(getppid(), SIGTERM);
	return true;
}

MEMBER_DEED(signal_parent_and_sleep)
{
	kill(getppid(), SIGTERM);
	pause();
	return false;
}

START_TEST(a_signal_ends_the_run_and_removes_what_was_not_written_out)
{
	scene.archives = 6;
	scene.settings.unordered = _i % 2;
	scene.at_member[2] = _i / 2 ? signal_parent_and_sleep : signal_parent;
	ck_assert_int_eq(go(), RUN_SIGNALED);
	ck_assert_int_eq(number, SIGTERM);
	check_files();
	ck_assert_uint_lt(written_count, scene.archives * scene.members);
}
END_TEST

START_TEST(a_lost_reader_ends_the_run_and_only_what_it_got_stays)
{
	static const size_t takes[] = {0, 1, 5, 6, 7, 13};

	scene.sink_takes = takes[_i / 2];
	scene.sink_error = _i % 2 ? ENOSPC : EPIPE;
	scene.settings.unordered = _i % 2;
	ck_assert_int_eq(go(), RUN_OUTPUT_LOST);
	ck_assert_int_eq(number, scene.sink_error);
	ck_assert_uint_eq(written_count, scene.sink_takes);
	check_files();
}
END_TEST

START_TEST(a_place_that_takes_no_directory_is_said_and_nothing_starts)
{
	scene.settings.tmpdir = scratch_path("missing");
	ck_assert_int_eq(go(), RUN_NOT_STARTED);
	ck_assert_uint_eq(said("missing: No such file or directory"), 1);
	ck_assert_uint_eq(atomic_load(&shared->starts), 0);
}
END_TEST

START_TEST(the_signal_mask_is_as_before_after_the_run)
{
	sigset_t before;
	sigset_t after;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &after), 0);
	ck_assert_int_eq(sigismember(&after, SIGUSR2), 1);
	ck_assert_int_eq(sigismember(&after, SIGTERM), 0);
	check_all_but(0);
}
END_TEST

MEMBER_DEED(let_the_others_finish)
{
	wait_for_standstill();
	return true;
}

START_TEST(archives_that_wait_for_their_turn_do_not_use_up_the_descriptors)
{
	struct rlimit limit;

	/* The first archive goes on until nothing can be done without it. */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 64;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	scene.archives = 300;
	scene.at_member[0] = let_the_others_finish;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_msg(stats.failures == 0, "%.300s", messages);
	check_all_but(0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("run");
	TCase *tests = tcase_create("run");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, runs_set_up, runs_tear_down);
	tcase_add_test(tests, a_run_prints_all_members_in_order);
	tcase_add_test(tests, a_run_without_order_prints_all_members);
	tcase_add_test(tests, an_archive_of_many_units_is_done_by_several_workers);
	tcase_add_test(tests, no_more_workers_are_started_than_there_is_work_for);
	tcase_add_test(tests, a_run_without_archives_starts_nothing_and_leaves_nothing);
	tcase_add_test(tests, archives_without_members_are_warned_of);
	tcase_add_test(tests, a_member_that_fails_is_said_and_the_rest_is_printed);
	tcase_add_test(tests, an_archive_that_fails_is_said_and_the_rest_is_printed);
	tcase_add_test(tests, archives_that_cannot_be_opened_are_said_and_the_rest_is_printed);
	tcase_add_loop_test(tests, a_worker_with_a_pairable_unit_gets_a_second_archive, 0, 2);
	tcase_add_test(tests, a_worker_with_a_pairable_unit_gets_a_second_unit_of_one_archive);
	tcase_add_test(tests, a_worker_without_a_pairable_unit_gets_one_unit_at_a_time);
	tcase_add_test(tests, no_worker_gets_a_second_unit_before_each_has_one);
	tcase_add_test(tests, a_member_that_fails_leaves_the_one_beside_it);
	tcase_add_test(tests, a_worker_that_does_not_leave_is_killed);
	tcase_add_test(tests, what_is_done_is_printed_while_the_source_has_nothing);
	tcase_add_test(tests, a_source_that_has_nothing_now_is_asked_again);
	tcase_add_loop_test(tests, the_first_failure_stops_a_fail_fast_run, 0, 2);
	tcase_add_test(tests, a_worker_that_dies_stops_a_fail_fast_run);
	tcase_add_loop_test(
		tests, a_signal_ends_the_run_and_removes_what_was_not_written_out, 0, 4);
	tcase_add_loop_test(tests, a_lost_reader_ends_the_run_and_only_what_it_got_stays, 0, 12);
	tcase_add_test(tests, a_place_that_takes_no_directory_is_said_and_nothing_starts);
	tcase_add_test(tests, the_signal_mask_is_as_before_after_the_run);
	tcase_add_test(tests, archives_that_wait_for_their_turn_do_not_use_up_the_descriptors);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
