// SPDX-License-Identifier: MIT

/*
 * Which unit waits for room, and what lets it go: with a real run directory, whose files are made
 * and removed here, and workers that are mere numbers.
 */

#include "parent/gate.h"

#include "parent/requeue.h"
#include "protocol/membername.h"
#include "scheduling.h"
#include "support.h"
#include "util/freespace.h"
#include "util/memory.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct run_settings settings;
static struct run_commands commands;
static struct rundir rundir;
static struct worker workers[2];
static struct pool pool;
static struct gate gate;
static uint64_t granted;

static void set_up(void)
{
	scratch_begin();
	settings = (struct run_settings){.jobs = 2};
	memset(workers, 0, sizeof(workers));
	pool = (struct pool){.workers = workers, .size = 2};
	ck_assert_int_eq(rundir_create(&rundir, scratch_path("")), 0);
	begin(false);
}

static void tear_down(void)
{
	gate_release(&gate);
	schedule_release(&schedule);
	rundir_release(&rundir);
	scratch_end();
}

/* Begin, with a worker directory and archives of one member each. */
static void open_gate(uint64_t most_bytes, unsigned archives)
{
	uint32_t number;

	settings.limits.scratch_bytes = most_bytes;
	ck_assert_int_eq(gate_init(&gate, &settings, &rundir, NULL, &schedule, &pool), 0);
	int fd = rundir_add(&rundir, &number);
	ck_assert_int_ge(fd, 0);
	close(fd);
	add(archives);
}

static const char *path_of(uint64_t archive, uint64_t member)
{
	static char path[PATH_MAX];
	char file[MEMBER_FILE_SIZE];

	member_file_name(archive, member, "m", 1, file);
	snprintf(path, sizeof(path), "%s/0/%s", rundir.path, file);
	return path;
}

static void make_file(uint64_t archive, uint64_t member, uint64_t bytes)
{
	int fd = open(path_of(archive, member), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)bytes), 0);
	close(fd);
}

/* The reader of the list, or whoever else, removes a file. */
static void remove_file(uint64_t archive, uint64_t member)
{
	ck_assert_int_eq(unlink(path_of(archive, member)), 0);
	gate_look(&gate);
}

/* Whether the next unit may be given out; then @granted has its room. */
static bool next_may_go(void)
{
	const struct unit *unit = schedule_next(&schedule, NOBODY);

	ck_assert_ptr_nonnull(unit);
	return gate_allows(&gate, unit, &granted);
}

/* Give the first unit of @archive to worker @number. */
static struct in_hand *take(unsigned number, uint64_t archive)
{
	ck_assert(next_may_go());
	struct unit *unit = give(archive, 0);

	unit->room = granted;
	workers[number].queue[0] = (struct in_hand){.unit = unit};
	workers[number].queued = 1;
	return &workers[number].queue[0];
}

/* Its worker says that its one member needs so much. */
static void say_plan(struct in_hand *hand, uint64_t bytes)
{
	const struct message_plan message = {.end = 1, .entries = 1, .room = bytes};

	ck_assert_int_eq(schedule_plan(&schedule, hand->unit, &message), 0);
}

static struct record record_of(const struct in_hand *hand, uint64_t bytes)
{
	return (struct record){.archive = hand->unit->job->number,
		.member = hand->unit->members.first,
		.size_bytes = bytes,
		.place = PLACE_FILE};
}

/* A file of so many bytes is made, and said. */
static void say_record(struct in_hand *hand, uint64_t bytes)
{
	const struct record record = record_of(hand, bytes);

	make_file(record.archive, record.member, bytes);
	gate_note_record(&gate, hand, &record);
	records(hand->unit, record.member, record.member + 1);
}

static void say_done(unsigned number)
{
	workers[number].queued = 0;
	done(workers[number].queue[0].unit);
	gate_note_done(&gate);
}

/* The next unit from beginning to end: a file of so many bytes lives. */
static void make_member(uint64_t archive, uint64_t bytes)
{
	struct in_hand *hand = take(0, archive);

	say_plan(hand, bytes);
	say_record(hand, bytes);
	say_done(0);
}

static bool puts_off(const struct in_hand *hand, enum failure_kind kind)
{
	struct record record = record_of(hand, 50);

	record.failure.kind = kind;
	return gate_puts_off(&gate, hand, &record);
}

START_TEST(without_a_limit_and_commands_the_gate_is_open)
{
	open_gate(0, 3);
	make_member(0, 1000);
	ck_assert_uint_eq(granted, UINT64_MAX);
	take(0, 1);
	ck_assert_uint_eq(granted, UINT64_MAX);
	ck_assert(next_may_go()); /* though the one before it is not planned */
	ck_assert_int_eq(gate_poll_fd(&gate), -1);
}
END_TEST

START_TEST(with_commands_the_file_system_bounds_what_is_given_out)
{
	settings.commands = &commands;
	open_gate(0, 1);
	ck_assert(next_may_go());
	ck_assert_uint_lt(granted, UINT64_MAX);
	ck_assert_uint_gt(granted, 0);
	ck_assert_int_ge(gate_poll_fd(&gate), 0);
}
END_TEST

START_TEST(a_unit_waits_until_files_are_removed)
{
	open_gate(100, 3);
	make_member(0, 60);
	make_member(1, 40);
	ck_assert(!next_may_go());
	ck_assert(gate.waits);
	ck_assert(gate_is_stuck(&gate));
	remove_file(1, 0);
	ck_assert(next_may_go());
	ck_assert_uint_eq(granted, 40);
	ck_assert(!gate_is_stuck(&gate));
	remove_file(0, 0);
	ck_assert(next_may_go());
	ck_assert_uint_eq(granted, 100);
}
END_TEST

START_TEST(a_file_that_is_moved_away_makes_room_and_another_one_does_not)
{
	char name[PATH_MAX];

	open_gate(100, 2);
	make_member(0, 100);
	make_file(7, 7, 10);
	remove_file(7, 7);
	ck_assert(!next_may_go());
	snprintf(name, sizeof(name), "%s", path_of(0, 0));
	ck_assert_int_eq(rename(name, scratch_path("elsewhere")), 0);
	gate_look(&gate);
	ck_assert(next_may_go());
}
END_TEST

START_TEST(nothing_goes_before_what_was_given_out_is_planned)
{
	open_gate(100, 2);
	struct in_hand *hand = take(0, 0);
	ck_assert(!next_may_go());
	ck_assert(!gate.waits); /* not for room */
	say_plan(hand, 30);
	ck_assert(next_may_go());
	ck_assert_uint_eq(granted, 70);
	/* What it has used of its room is counted once. */
	say_record(hand, 30);
	ck_assert(next_may_go());
	ck_assert_uint_eq(granted, 70);
}
END_TEST

START_TEST(a_lost_worker_gives_back_the_room_that_it_had)
{
	open_gate(100, 3);
	say_plan(take(0, 0), 30);
	struct in_hand *second = take(1, 1);
	ck_assert_uint_eq(granted, 70);
	say_plan(second, 70);
	ck_assert(!next_may_go());
	struct unit *lost = second->unit;
	workers[1].queued = 0;
	ck_assert_int_eq(requeue_innocent(&schedule, lost), 0);
	ck_assert(next_may_go());
	ck_assert_uint_eq(granted, 70);
	ck_assert_ptr_eq(schedule_next(&schedule, NOBODY), lost);
}
END_TEST

START_TEST(one_that_was_put_off_waits_for_all_that_it_needs)
{
	open_gate(100, 2);
	make_member(0, 60);
	struct in_hand *hand = take(0, 1);
	say_plan(hand, 41);
	workers[0].queued = 0;
	ck_assert_int_eq(hand->unit->state, UNIT_QUEUED);
	ck_assert(!next_may_go());
	remove_file(0, 0);
	ck_assert(next_may_go());
	ck_assert_uint_eq(granted, 100);
}
END_TEST

START_TEST(removals_that_were_missed_are_found_by_counting)
{
	char line[32];
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");

	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	fclose(file);
	unsigned long most = strtoul(line, NULL, 10);
	if (most > 100000)
		return; /* that would take long */
	open_gate(100, 4);
	make_member(0, 30);
	make_member(1, 70);
	ck_assert(!next_may_go());
	/* The queue of events is full before the removal that counts. */
	for (unsigned long i = 0; i <= most; i++) {
		make_file(99, i, 0);
		ck_assert_int_eq(unlink(path_of(99, i)), 0);
	}
	make_file(3, 0, 5); /* this one has no record yet: its unit has its room */
	remove_file(1, 0);
	ck_assert_uint_eq(gate.scratch.bytes, 30);
	ck_assert_uint_eq(gate.scratch.count, 1);
	ck_assert(next_may_go());
	ck_assert_uint_eq(granted, 70);
	ck_assert_int_eq(unlink(path_of(3, 0)), 0);
	remove_file(0, 0);
	ck_assert_uint_eq(gate.scratch.bytes, 0);
}
END_TEST

START_TEST(a_full_disk_is_waited_for_if_the_reader_has_removed_a_file)
{
	open_gate(0, 4);
	make_member(0, 10);
	make_member(1, 20);
	struct in_hand *hand = take(0, 2);
	say_plan(hand, 50);
	/* Nobody has removed anything. */
	ck_assert(!puts_off(hand, FAILURE_NO_SPACE));
	ck_assert(!gate.shut);
	ck_assert_int_eq(unlink(path_of(0, 0)), 0); /* seen though the gate is open */
	ck_assert(!puts_off(hand, FAILURE_CRC_MISMATCH));
	ck_assert(!gate.shut);
	ck_assert(puts_off(hand, FAILURE_NO_SPACE));
	ck_assert(gate.shut);
	ck_assert_uint_eq(gate.scratch.bytes, 20);
	ck_assert_uint_eq(gate.scratch.count, 1);
	/* It is not tried again before another file is gone, however much room there seems to be.
	 */
	workers[0].queued = 0;
	ck_assert_int_eq(requeue_innocent(&schedule, hand->unit), 0);
	ck_assert(!next_may_go());
	remove_file(1, 0);
	ck_assert(next_may_go());
}
END_TEST

START_TEST(a_full_disk_is_not_waited_for_if_nothing_can_be_removed)
{
	settings.commands = &commands;
	open_gate(0, 3);
	struct in_hand *hand = take(0, 0);
	say_plan(hand, 50);
	ck_assert(!puts_off(hand, FAILURE_NO_ROOM));
	/* Another unit's file will be removed. */
	take(1, 1);
	ck_assert(puts_off(hand, FAILURE_NO_ROOM));
	ck_assert(puts_off(hand, FAILURE_NO_INODES));
	workers[1].queued = 0;
	ck_assert(!puts_off(hand, FAILURE_NO_ROOM));
}
END_TEST

START_TEST(a_file_that_went_while_a_unit_found_no_room_lets_it_be_tried_again)
{
	open_gate(1000, 2);
	make_member(0, 10);
	struct in_hand *hand = take(0, 1);
	say_plan(hand, 50);
	ck_assert_int_eq(unlink(path_of(0, 0)), 0);
	ck_assert(puts_off(hand, FAILURE_NO_ROOM));
	ck_assert_uint_eq(gate.scratch.count, 0);
	workers[0].queued = 0;
	ck_assert_int_eq(requeue_innocent(&schedule, hand->unit), 0);
	hand = take(0, 1);
	say_plan(hand, 50);
	ck_assert(!puts_off(hand, FAILURE_NO_ROOM)); /* but once */
}
END_TEST

START_TEST(what_a_worker_removes_was_not_removed_by_the_reader)
{
	open_gate(0, 4);
	make_member(0, 10);
	struct in_hand *bad = take(0, 1);
	say_plan(bad, 50);
	make_file(1, 0, 5);
	ck_assert_int_eq(unlink(path_of(1, 0)), 0);
	ck_assert(!puts_off(bad, FAILURE_CRC_MISMATCH));
	records(bad->unit, 0, 1);
	say_done(0);
	struct in_hand *hand = take(1, 2);
	say_plan(hand, 50);
	ck_assert(!puts_off(hand, FAILURE_NO_SPACE));
	ck_assert(!gate.shut);
}
END_TEST

START_TEST(what_is_larger_than_the_file_system_is_not_waited_for)
{
	open_gate(0, 4);
	make_member(0, 10);
	make_member(1, 10);
	struct in_hand *hand = take(0, 2);
	say_plan(hand, 50);
	ck_assert_int_eq(unlink(path_of(0, 0)), 0);
	struct record record = record_of(hand, 0);
	record.failure = (struct failure){FAILURE_NO_ROOM, {UINT64_MAX - 1, 1000}};
	ck_assert(!gate_puts_off(&gate, hand, &record));
	ck_assert(puts_off(hand, FAILURE_NO_SPACE));
	workers[0].queued = 0;
	ck_assert_int_eq(requeue_innocent(&schedule, hand->unit), 0);
	ck_assert(!next_may_go());
	schedule_next(&schedule, NOBODY)->needed_bytes = UINT64_MAX - 1;
	ck_assert(next_may_go());
	ck_assert_uint_eq(granted, UINT64_MAX - 1);
}
END_TEST

START_TEST(the_room_of_a_removed_file_is_waited_for_while_somebody_may_have_it_open)
{
	const uint64_t all = freespace_ask(rundir.fd).all_bytes;

	open_gate(all, 2);
	make_member(0, 10);
	schedule_next(&schedule, NOBODY)->needed_bytes = all;
	remove_file(0, 0);
	/* The file system never had so much free. */
	ck_assert(next_may_go());
	ck_assert_uint_eq(granted, all);
	gate.most_space = all;
	ck_assert(!next_may_go());
	ck_assert(gate.waits);
	gate.removed_ns = monotonic_ns() - GATE_PATIENCE_NS;
	ck_assert(next_may_go());
}
END_TEST

START_TEST(a_reader_that_removes_nothing_is_told_once_what_is_waited_for)
{
	open_gate(1 << 20, 3);
	make_member(0, 1 << 19);
	make_member(1, 1 << 19);
	ck_assert(!next_may_go());
	capture_begin();
	gate_note_stall(&gate);
	ck_assert_str_eq(capture_end(), ""); /* it has just begun */
	gate.stalled_ns = 1;
	capture_begin();
	gate_note_stall(&gate);
	gate_note_stall(&gate);
	ck_assert_ptr_nonnull(strstr(capture_end(),
		"waiting for room: 1.0 MiB in 2 files; the reader of the list removes them\n"));
	ck_assert(gate.told);
	ck_assert(!gate.hopeless);
	ck_assert(!next_may_go());
}
END_TEST

/* A unit waits since the disk was full, and the reader has removed one file of two. */
static void wait_for_the_reader(void)
{
	open_gate(0, 3);
	make_member(0, 10);
	make_member(1, 20);
	struct in_hand *hand = take(0, 2);
	say_plan(hand, 50);
	ck_assert_int_eq(unlink(path_of(0, 0)), 0);
	ck_assert(puts_off(hand, FAILURE_NO_SPACE));
	workers[0].queued = 0;
	ck_assert_int_eq(requeue_innocent(&schedule, hand->unit), 0);
	ck_assert(!next_may_go());
	gate_note_stall(&gate);
	gate.told = true;
	ck_assert(!next_may_go());
}

START_TEST(a_reader_who_was_not_asked_to_remove_is_not_waited_for_for_ever)
{
	wait_for_the_reader();
	gate.stalled_ns = monotonic_ns() - GATE_PATIENCE_READER_NS;
	capture_begin();
	gate_note_stall(&gate);
	ck_assert_ptr_nonnull(strstr(
		capture_end(), "no file was removed for too long: room is not waited for\n"));
	struct in_hand *hand = take(0, 2);
	ck_assert_uint_eq(granted, UINT64_MAX);
	say_plan(hand, 50);
	/* Nor ever after, though it has removed another one. */
	ck_assert_int_eq(unlink(path_of(1, 0)), 0);
	ck_assert(!puts_off(hand, FAILURE_NO_SPACE));
}
END_TEST

START_TEST(a_slow_reader_is_waited_for_as_its_pace_is)
{
	wait_for_the_reader();
	gate.stalled_ns = monotonic_ns() - GATE_PATIENCE_READER_NS;
	gate.pace_ns = GATE_PATIENCE_READER_NS / GATE_PACES * 2;
	gate_note_stall(&gate);
	ck_assert(!gate.weary);
	ck_assert(!next_may_go());
	gate.stalled_ns -= GATE_PATIENCE_READER_NS;
	capture_begin();
	gate_note_stall(&gate);
	(void)capture_end();
	ck_assert(gate.weary);
}
END_TEST

START_TEST(the_longest_time_between_two_removals_is_the_pace)
{
	const uint64_t hour_ns = UINT64_C(3600) * 1000000000;

	open_gate(0, 3);
	make_member(0, 10);
	make_member(1, 20);
	gate.begin_ns = monotonic_ns() - hour_ns;
	remove_file(0, 0);
	ck_assert_uint_ge(gate.pace_ns, hour_ns);
	ck_assert_uint_lt(gate.pace_ns, 2 * hour_ns);
	remove_file(1, 0);
	ck_assert_uint_ge(gate.pace_ns, hour_ns);
}
END_TEST

START_TEST(a_reader_who_was_asked_to_remove_is_waited_for_as_long_as_it_takes)
{
	open_gate(100, 2);
	make_member(0, 100);
	ck_assert(!next_may_go());
	gate_note_stall(&gate);
	gate.told = true;
	gate.stalled_ns = 1;
	gate_note_stall(&gate);
	ck_assert(!gate.weary);
	ck_assert(!next_may_go());
}
END_TEST

START_TEST(what_has_no_room_even_if_all_is_removed_is_not_waited_for)
{
	wait_for_the_reader();
	uint64_t space = freespace_ask(rundir.fd).bytes;
	struct unit *unit = schedule_next(&schedule, NOBODY);
	gate.removed_ns = 0; /* no removed file is still open */
	unit->needed_bytes = space + (1 << 30);
	if (unit->needed_bytes > freespace_ask(rundir.fd).all_bytes)
		return; /* there is another reason */
	ck_assert(next_may_go());
	ck_assert_uint_ge(granted, unit->needed_bytes);
}
END_TEST

START_TEST(what_waits_goes_if_nobody_knows_of_a_file_that_could_be_removed)
{
	open_gate(100, 3);
	room = 0; /* the reader gets nothing */
	make_member(0, 60);
	make_member(1, 40);
	schedule_next(&schedule, NOBODY)->needed_bytes = 50;
	ck_assert(!next_may_go());
	gate_note_stall(&gate);
	struct in_hand *hand = take(0, 2);
	ck_assert_uint_eq(granted, 50);
	say_plan(hand, 50);
	ck_assert(!puts_off(hand, FAILURE_NO_SPACE)); /* it fails if there really is none */
	/* Only that one. */
	say_done(0);
	ck_assert(!gate.hopeless);
}
END_TEST

START_TEST(a_stall_that_has_ended_is_none)
{
	open_gate(100, 2);
	make_member(0, 100);
	ck_assert(!next_may_go());
	ck_assert_int_eq(unlink(path_of(0, 0)), 0);
	/* No file is there that could be removed, but one was, which was not heard of yet. */
	gate_note_stall(&gate);
	ck_assert(!gate.hopeless);
	ck_assert(next_may_go());
}
END_TEST

START_TEST(a_pack_is_counted_once_also_if_the_gate_is_shut_meanwhile)
{
	open_gate(0, 3);
	make_member(0, 10);
	struct in_hand *hand = take(0, 1);
	const struct message_plan message = {.end = 2, .entries = 2};
	ck_assert_int_eq(schedule_plan(&schedule, hand->unit, &message), 0);
	struct record record = record_of(hand, 20);
	record.packed = true;
	hand->pack.size_bytes = 64;
	make_file(1, 0, 64);
	gate_note_record(&gate, hand, &record);
	records(hand->unit, 0, 1);
	ck_assert_int_eq(unlink(path_of(0, 0)), 0);
	struct in_hand *other = take(1, 2);
	say_plan(other, 50);
	ck_assert(puts_off(other, FAILURE_NO_SPACE));
	ck_assert_uint_eq(gate.scratch.bytes, 64);
	record.member = 1;
	gate_note_record(&gate, hand, &record);
	gate_note_record(&gate, hand, &record);
	ck_assert_uint_eq(gate.scratch.bytes, 64);
	ck_assert_uint_eq(gate.scratch.count, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate");
	TCase *cases = tcase_create("gate");

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, without_a_limit_and_commands_the_gate_is_open);
	tcase_add_test(cases, with_commands_the_file_system_bounds_what_is_given_out);
	tcase_add_test(cases, a_unit_waits_until_files_are_removed);
	tcase_add_test(cases, a_file_that_is_moved_away_makes_room_and_another_one_does_not);
	tcase_add_test(cases, nothing_goes_before_what_was_given_out_is_planned);
	tcase_add_test(cases, a_lost_worker_gives_back_the_room_that_it_had);
	tcase_add_test(cases, one_that_was_put_off_waits_for_all_that_it_needs);
	tcase_add_test(cases, removals_that_were_missed_are_found_by_counting);
	tcase_add_test(cases, a_full_disk_is_waited_for_if_the_reader_has_removed_a_file);
	tcase_add_test(cases, a_full_disk_is_not_waited_for_if_nothing_can_be_removed);
	tcase_add_test(cases, a_file_that_went_while_a_unit_found_no_room_lets_it_be_tried_again);
	tcase_add_test(cases, what_a_worker_removes_was_not_removed_by_the_reader);
	tcase_add_test(cases, what_is_larger_than_the_file_system_is_not_waited_for);
	tcase_add_test(
		cases, the_room_of_a_removed_file_is_waited_for_while_somebody_may_have_it_open);
	tcase_add_test(cases, a_reader_that_removes_nothing_is_told_once_what_is_waited_for);
	tcase_add_test(cases, a_reader_who_was_not_asked_to_remove_is_not_waited_for_for_ever);
	tcase_add_test(cases, a_slow_reader_is_waited_for_as_its_pace_is);
	tcase_add_test(cases, the_longest_time_between_two_removals_is_the_pace);
	tcase_add_test(cases, a_reader_who_was_asked_to_remove_is_waited_for_as_long_as_it_takes);
	tcase_add_test(cases, what_has_no_room_even_if_all_is_removed_is_not_waited_for);
	tcase_add_test(cases, what_waits_goes_if_nobody_knows_of_a_file_that_could_be_removed);
	tcase_add_test(cases, a_stall_that_has_ended_is_none);
	tcase_add_test(cases, a_pack_is_counted_once_also_if_the_gate_is_shut_meanwhile);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
