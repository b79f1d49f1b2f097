// SPDX-License-Identifier: MIT

#include "parent/schedule.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOBODY UINT64_MAX

/* As ck_assert(), which takes a system call each time. */
#define must(expression)                                 \
	do {                                             \
		if (!(expression))                       \
			ck_abort_msg("%s", #expression); \
	} while (0)

static struct schedule schedule;

/** What the listener was told: "0.3" a member, "0.3!" one that failed, "F0", "E0"; with spaces. */
static char told[256 * 1024];
static size_t told_size;
static size_t listener_calls;
static size_t listener_takes = SIZE_MAX; /* calls until it has had enough */
static size_t listener_room = SIZE_MAX;  /* calls until it is full */

static bool take(const char *text)
{
	if (listener_calls++ >= listener_takes)
		return false;
	told_size += (size_t)snprintf(
		told + told_size, sizeof(told) - told_size, "%s%s", told_size ? " " : "", text);
	return true;
}

static bool on_record(
	void *context, const struct job *job, const struct record *record, uint32_t directory)
{
	char text[64];

	must(context == &schedule);
	must(record->archive == job->number);
	must(!schedule_was_told(&schedule, record->archive, record->member)); /* once */
	if (record->failure.kind != FAILURE_NONE)
		snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64 "!", record->archive,
			record->member);
	else
		snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64, record->archive,
			record->member);
	if (record->failure.kind == FAILURE_NONE) {
		/* All of the record comes along; see make_record(). */
		must(record->size_bytes == record->member * 10);
		must(record->inode == record->archive + 1000);
		must(record->crc32 == ((uint32_t)record->member ^ 0xffff));
		must(directory == record->archive % 3 + 1);
	}
	must(record->name_size == 4);
	must(memcmp(record->name, "name", 4) == 0);
	return take(text);
}

static bool on_failed(void *context, const struct job *job)
{
	char text[64];

	ck_assert_ptr_eq(context, &schedule);
	ck_assert_int_ne(job->failure.kind, FAILURE_NONE);
	snprintf(text, sizeof(text), "F%" PRIu64, job->number);
	return take(text);
}

static bool on_empty(void *context, const struct job *job)
{
	char text[64];

	ck_assert_ptr_eq(context, &schedule);
	snprintf(text, sizeof(text), "E%" PRIu64, job->number);
	return take(text);
}

static bool on_full(void *context)
{
	must(context == &schedule);
	return listener_calls >= listener_room;
}

static void begin(bool unordered)
{
	const struct schedule_listener listener = {
		on_record, on_failed, on_empty, on_full, &schedule};

	told[0] = '\0';
	listener_room = SIZE_MAX;
	told_size = listener_calls = 0;
	listener_takes = SIZE_MAX;
	schedule_init(&schedule, unordered, &listener);
}

/** Add archives without a descriptor. */
static void add(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(schedule_add(&schedule, "a.zip", -1, 1, NULL), 0);
}

static void add_failed(enum failure_kind kind)
{
	const struct failure failure = {.kind = kind};

	ck_assert_int_eq(schedule_add(&schedule, "bad.zip", -1, 0, &failure), 0);
}

/** Give out the next unit, which must be of @archive and begin with @first. */
static struct unit *give(uint64_t archive, uint64_t first)
{
	struct unit *unit = schedule_next(&schedule, NOBODY);

	ck_assert_ptr_nonnull(unit);
	ck_assert_int_eq(unit->state, UNIT_QUEUED);
	ck_assert_uint_eq(unit->job->number, archive);
	ck_assert_uint_eq(unit->first, first);
	schedule_give(&schedule, unit, (uint32_t)(archive % 3 + 1));
	return unit;
}

static int try_plan(
	struct unit *unit, uint64_t archive, uint64_t first, uint64_t end, uint64_t entries)
{
	const struct message_plan message = {archive, first, end, entries, false};

	errno = 0;
	return schedule_plan(&schedule, unit, &message);
}

static void plan(struct unit *unit, uint64_t end, uint64_t entries)
{
	ck_assert_int_eq(try_plan(unit, unit->job->number, unit->first, end, entries), 0);
}

static struct record make_record(uint64_t archive, uint64_t member)
{
	return (struct record){.archive = archive,
		.member = member,
		.size_bytes = member * 10,
		.inode = archive + 1000,
		.crc32 = (uint32_t)member ^ 0xffff,
		.name = "name",
		.name_size = 4};
}

static int try_record(struct unit *unit, uint64_t archive, uint64_t member)
{
	/* The name does not outlive the call. */
	char name[4] = {'n', 'a', 'm', 'e'};
	struct record record = make_record(archive, member);

	record.name = name;
	errno = 0;
	int result = schedule_record(&schedule, unit, &record);
	memset(name, '#', sizeof(name));
	return result;
}

/** Records of members @first up to but not including @end. */
static void records(struct unit *unit, uint64_t first, uint64_t end)
{
	for (uint64_t member = first; member < end; member++)
		must(try_record(unit, unit->job->number, member) == 0);
}

static int try_done(struct unit *unit, uint64_t archive, uint64_t first, enum failure_kind kind)
{
	const struct message_done message = {archive, first, {.kind = kind}};

	errno = 0;
	return schedule_done(&schedule, unit, &message);
}

static void done(struct unit *unit)
{
	ck_assert_int_eq(try_done(unit, unit->job->number, unit->first, FAILURE_NONE), 0);
}

/** A unit from its plan to its end. */
static void whole(struct unit *unit, uint64_t end, uint64_t entries)
{
	uint64_t first = unit->first;

	plan(unit, end, entries);
	records(unit, first, end);
	done(unit);
}

static void lost(struct unit *unit, uint64_t archive, uint64_t member)
{
	char name[4] = {'n', 'a', 'm', 'e'};
	struct record guilty = {.archive = archive,
		.member = member,
		.failure = {FAILURE_WORKER_DIED, {9, 0}},
		.name = name,
		.name_size = 4};

	ck_assert_int_eq(schedule_lost(&schedule, unit, &guilty), 0);
	memset(name, '#', sizeof(name));
}

static void suspected(struct unit *unit, uint64_t archive, uint64_t member)
{
	struct record suspect = {.archive = archive, .member = member};

	ck_assert_int_eq(schedule_suspect(&schedule, unit, &suspect), 0);
}

static void assert_told(const char *expected)
{
	ck_assert_str_eq(told, expected);
}

/** Nothing is left, and the account of what is held says so. */
static void finish(void)
{
	ck_assert(schedule_is_idle(&schedule));
	ck_assert_uint_eq(schedule.held_bytes, 0);
	ck_assert_ptr_null(schedule_next(&schedule, NOBODY));
	schedule_release(&schedule);
}

#define assert_bad(expression)                      \
	do {                                        \
		ck_assert_int_eq((expression), -1); \
		ck_assert_int_eq(errno, EBADMSG);   \
	} while (0)

START_TEST(members_of_the_first_archive_are_told_at_once)
{
	begin(false);
	add(1);
	struct unit *unit = give(0, 0);
	plan(unit, 3, 3);
	assert_told("");
	records(unit, 0, 1);
	assert_told("0.0");
	records(unit, 1, 3);
	assert_told("0.0 0.1 0.2");
	ck_assert(!schedule_is_idle(&schedule));
	done(unit);
	assert_told("0.0 0.1 0.2");
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
	assert_told("");
	whole(a, 1, 1);
	assert_told("0.0 1.0");
	records(b, 1, 2);
	assert_told("0.0 1.0 1.1");
	done(b);
	assert_told("0.0 1.0 1.1 2.0 2.1");
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
	assert_told("0.0");
	records(a, 1, 2);
	done(a);
	assert_told("0.0 0.1 0.2");
	records(b, 3, 4);
	done(b);
	assert_told("0.0 0.1 0.2 0.3 0.4 0.5 1.0");
	finish();
}
END_TEST

START_TEST(without_order_all_is_told_at_once)
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
	assert_told("0.2 1.0 0.0");
	done(c);
	records(b, 3, 4);
	done(b);
	records(a, 1, 2);
	done(a);
	assert_told("0.2 1.0 0.0 0.3 0.1");
	finish();
}
END_TEST

START_TEST(a_full_listener_is_told_nothing_until_there_is_room_whoever_waits)
{
	static const char *const words[] = {
		"0.0", "0.1", "0.2", "0.3", "1.0", "1.1", "F2", "E3", "4.0"};
	char expected[64] = "";

	begin(false);
	listener_room = 0;
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
	assert_told("");
	ck_assert(!schedule_was_told(&schedule, 0, 0));
	listener_room = 1;
	schedule_resume(&schedule);
	assert_told("0.0");
	ck_assert(schedule_was_told(&schedule, 0, 0));
	records(a, 1, 2); /* it has its turn, but comes behind what waits */
	done(a);
	assert_told("0.0");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		strcat(strcat(expected, i > 0 ? " " : ""), words[i]);
		listener_room = i + 1;
		schedule_resume(&schedule);
		assert_told(expected);
		schedule_resume(&schedule);
		assert_told(expected);
	}
	listener_room = SIZE_MAX;
	schedule_resume(&schedule);
	finish();
}
END_TEST

START_TEST(without_order_too_what_a_full_listener_was_not_told_waits)
{
	begin(true);
	listener_room = 1;
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 2, 2);
	struct unit *b = give(1, 0);
	plan(b, 2, 2);
	records(b, 0, 1);
	records(a, 0, 2);
	done(a);
	records(b, 1, 2);
	assert_told("1.0");
	listener_room = 2;
	schedule_resume(&schedule);
	assert_told("1.0 0.0");
	listener_room = SIZE_MAX;
	schedule_resume(&schedule);
	assert_told("1.0 0.0 0.1 1.1");
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
	assert_told("0.3 0.7");
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
	ck_assert_uint_eq(b->end, UNIT_END_OPEN);
	ck_assert_ptr_null(schedule_next(&schedule, NOBODY));
	plan(b, 8, 8);
	ck_assert_ptr_null(schedule_next(&schedule, NOBODY));
	ck_assert_uint_eq(a->end, 5);
	ck_assert_uint_eq(b->end, 8);
	records(a, 0, 5);
	done(a);
	records(b, 5, 8);
	done(b);
	finish();
}
END_TEST

START_TEST(an_archive_without_members_is_told_in_turn)
{
	begin(false);
	add(3);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	struct unit *c = give(2, 0);
	whole(b, 0, 0);
	assert_told("");
	whole(c, 1, 1);
	whole(a, 0, 0);
	assert_told("E0 E1 2.0");
	finish();
}
END_TEST

START_TEST(archives_that_cannot_be_opened_are_told_in_turn)
{
	begin(false);
	add_failed(FAILURE_OPEN);
	assert_told("F0");
	add(1);
	add_failed(FAILURE_EMPTY_FILE);
	add(1);
	add_failed(FAILURE_OPEN);
	struct unit *a = give(1, 0);
	struct unit *b = give(3, 0);
	whole(b, 1, 1);
	assert_told("F0");
	whole(a, 1, 1);
	assert_told("F0 1.0 F2 3.0 F4");
	finish();
}
END_TEST

START_TEST(an_archive_that_cannot_be_read_is_told_in_turn)
{
	begin(false);
	add(3);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	struct unit *c = give(2, 0);
	ck_assert_int_eq(try_done(b, 1, 0, FAILURE_NOT_A_ZIP), 0);
	whole(c, 1, 1);
	assert_told("");
	whole(a, 1, 1);
	assert_told("0.0 F1 2.0");
	finish();
}
END_TEST

START_TEST(an_archive_that_fails_at_a_later_unit_tells_what_was_done_before)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 2, 9);
	struct unit *b = give(0, 2);
	plan(b, 4, 9);
	ck_assert_int_eq(try_done(b, 0, 2, FAILURE_READ), 0);
	/* What was queued is not done any more. */
	struct unit *next = give(1, 0);
	whole(next, 1, 1);
	records(a, 0, 2);
	assert_told("0.0 0.1");
	done(a);
	assert_told("0.0 0.1 F0 1.0");
	finish();
}
END_TEST

START_TEST(impossible_plans_are_bad)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	assert_bad(try_plan(a, 1, 0, 3, 6));                 /* another archive */
	assert_bad(try_plan(a, 7, 0, 3, 6));                 /* one that there is not */
	assert_bad(try_plan(a, 0, 1, 3, 6));                 /* not where it begins */
	assert_bad(try_plan(a, 0, 0, 7, 6));                 /* behind the end */
	assert_bad(try_plan(a, 0, 0, 0, 6));                 /* nothing */
	assert_bad(try_plan(a, 0, 0, UNIT_END_OPEN, 6));     /* no end */
	assert_bad(try_plan(a, 0, 0, UNIT_END_OPEN - 1, 6)); /* behind the end, too */
	ck_assert_int_eq(try_plan(a, 0, 0, 3, 6), 0);
	assert_bad(try_plan(a, 0, 0, 4, 6)); /* has said otherwise */
	assert_bad(try_plan(a, 0, 0, 3, 7));
	struct unit *b = give(0, 3);
	assert_bad(try_plan(b, 0, 0, 3, 6)); /* another unit */
	assert_bad(try_plan(b, 0, 3, 3, 6)); /* nothing */
	assert_bad(try_plan(b, 0, 3, 2, 6)); /* backwards */
	assert_bad(try_plan(b, 0, 3, 5, 5)); /* entries have changed */
	assert_bad(try_plan(b, 0, 3, 7, 7));
	ck_assert_int_eq(try_plan(b, 0, 3, 6, 6), 0);
	assert_told("");
	schedule_release(&schedule);
}
END_TEST

START_TEST(a_plan_without_a_possible_end_is_bad)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	/* This end means that there is none yet; an archive cannot have so many members. */
	assert_bad(try_plan(a, 0, 0, UNIT_END_OPEN, UINT64_MAX));
	schedule_release(&schedule);
}
END_TEST

START_TEST(a_plan_without_a_possible_end_hides_nothing_from_the_next_worker)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	try_plan(a, 0, 0, UNIT_END_OPEN, UINT64_MAX); /* whatever comes of it */
	lost(a, NOBODY, NOBODY);
	a = give(0, 0);
	plan(a, 2, 4);
	struct unit *b = give(0, 2);
	records(a, 0, 2);
	done(a);
	whole(b, 4, 4);
	assert_told("0.0 0.1 0.2 0.3");
	finish();
}
END_TEST

START_TEST(impossible_records_are_bad)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	assert_bad(try_record(a, 0, 0)); /* before the plan */
	plan(a, 3, 6);
	struct unit *b = give(0, 3);
	plan(b, 6, 6);
	assert_bad(try_record(a, 1, 0)); /* another archive */
	assert_bad(try_record(a, 0, 3)); /* another unit's */
	assert_bad(try_record(a, 0, UINT64_MAX));
	assert_bad(try_record(b, 0, 2));
	assert_bad(try_record(b, 0, 6));
	ck_assert_int_eq(try_record(a, 0, 1), 0);
	assert_bad(try_record(a, 0, 1)); /* again */
	assert_bad(try_record(a, 0, 0)); /* backwards */
	ck_assert_int_eq(try_record(b, 0, 4), 0);
	assert_bad(try_record(b, 0, 4));
	assert_bad(try_record(b, 0, 3));
	ck_assert_int_eq(try_record(a, 0, 2), 0);
	assert_told("0.1 0.2");
	done(a);
	assert_told("0.1 0.2 0.4");
	done(b);
	assert_told("0.1 0.2 0.4");
	schedule_release(&schedule);
}
END_TEST

START_TEST(impossible_ends_are_bad)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	assert_bad(try_done(a, 0, 0, FAILURE_NONE)); /* before the plan */
	plan(a, 3, 6);
	assert_bad(try_done(a, 1, 0, FAILURE_NONE)); /* another archive */
	assert_bad(try_done(a, 0, 3, FAILURE_NONE)); /* another unit */
	records(a, 0, 1);
	/* The archive cannot have failed as a whole where a member was read. */
	assert_bad(try_done(a, 0, 0, FAILURE_NOT_A_ZIP));
	done(a);
	assert_told("0.0");
	schedule_release(&schedule);
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
	ck_assert_uint_eq(schedule_next(&schedule, 1)->first, 1);
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
	ck_assert_int_eq(schedule_requeue(&schedule, unit), 0);
	ck_assert_ptr_eq(schedule_next(&schedule, NOBODY), unit);
	ck_assert_uint_eq(unit->end, UNIT_END_OPEN);
	whole(give(0, 0), 1, 1);
	whole(give(1, 0), 1, 1);
	assert_told("0.0 1.0");
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

START_TEST(where_too_much_waits_only_the_first_archive_goes_on)
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
	struct unit *next = schedule_next(&schedule, 1);
	ck_assert_ptr_nonnull(next);
	ck_assert_uint_eq(next->job->number, 0);
	schedule_give(&schedule, next, 1);
	records(a, 0, 2);
	done(a);
	ck_assert(!schedule_has_room(&schedule));
	whole(next, 4, 4);
	/* Now it is archive 1's turn: all of it is told, and nothing waits. */
	ck_assert(schedule_has_room(&schedule));
	ck_assert_int_eq(strncmp(told, "0.0 0.1 0.2 0.3 1.0 1.1 1.2 ", 28), 0);
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

START_TEST(the_guilty_member_is_told_as_failed_once_and_in_its_place)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 6, 6);
	records(a, 0, 2);
	lost(a, 0, 3); /* 2 was left out, or its record did not arrive */
	assert_told("0.0 0.1");
	struct unit *before = give(0, 2);
	ck_assert_uint_eq(before->end, 3);
	struct unit *after = give(0, 4);
	ck_assert_uint_eq(after->end, 6);
	whole(give(1, 0), 1, 1);
	plan(after, 6, 6);
	records(after, 4, 6);
	done(after);
	assert_told("0.0 0.1");
	plan(before, 3, 6);
	records(before, 2, 3);
	done(before);
	assert_told("0.0 0.1 0.2 0.3! 0.4 0.5 1.0");
	finish();
}
END_TEST

START_TEST(the_first_and_the_last_member_may_be_guilty)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	plan(a, 3, 3);
	lost(a, 0, 0);
	assert_told("0.0!");
	struct unit *rest = give(0, 1);
	plan(rest, 3, 3);
	records(rest, 1, 2);
	lost(rest, 0, 2);
	assert_told("0.0! 0.1 0.2!");
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
	lost(b, 1, 0);
	assert_told("");
	whole(a, 1, 1);
	assert_told("0.0 1.0!");
	finish();
}
END_TEST

START_TEST(a_member_that_kills_before_the_plan_is_heard_is_told)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	lost(a, 0, 2);
	assert_told("");
	struct unit *before = give(0, 0);
	ck_assert_uint_eq(before->end, 2);
	struct unit *after = give(0, 3);
	ck_assert_uint_eq(after->end, UNIT_END_OPEN);
	plan(after, 5, 7);
	struct unit *rest = give(0, 5);
	whole(rest, 7, 7);
	records(after, 3, 5);
	done(after);
	assert_told("");
	ck_assert(!schedule_was_told(&schedule, 0, 2));
	whole(before, 2, 7);
	whole(give(1, 0), 1, 1);
	assert_told("0.0 0.1 0.2! 0.3 0.4 0.5 0.6 1.0");
	finish();
}
END_TEST

START_TEST(the_last_member_may_kill_before_the_plan_is_heard)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	lost(a, 0, 1);
	whole(give(0, 0), 1, 2);
	struct unit *rest = give(0, 2); /* which has none */
	plan(rest, 2, 2);
	done(rest);
	assert_told("0.0 0.1!");
	finish();
}
END_TEST

START_TEST(a_guilty_member_that_is_not_missing_is_not_believed)
{
	static const struct {
		uint64_t archive, member;
	} wrong[] = {{0, 0}, {0, 1}, {0, 5}, {0, 99}, {0, NOBODY}, {1, 3}, {NOBODY, 3},
		{NOBODY, NOBODY}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin(false);
		add(1);
		struct unit *a = give(0, 0);
		plan(a, 5, 5);
		records(a, 0, 2);
		lost(a, wrong[i].archive, wrong[i].member);
		assert_told("0.0 0.1");
		struct unit *again = give(0, 2);
		plan(again, 5, 5);
		records(again, 2, 5);
		done(again);
		assert_told("0.0 0.1 0.2 0.3 0.4");
		finish();
	}
}
END_TEST

START_TEST(a_worker_lost_before_its_plan_costs_nothing)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	lost(a, NOBODY, NOBODY);
	a = give(0, 0);
	ck_assert_uint_eq(a->end, UNIT_END_OPEN);
	plan(a, 1, 2);
	records(a, 0, 1);
	done(a);
	struct unit *b = give(0, 1);
	lost(b, NOBODY, NOBODY);
	b = give(0, 1);
	whole(b, 2, 2);
	whole(give(1, 0), 1, 1);
	assert_told("0.0 0.1 1.0");
	finish();
}
END_TEST

START_TEST(the_last_member_number_of_all_blames_nobody)
{
	begin(false);
	add(1);
	lost(give(0, 0), 0, UNIT_END_OPEN - 1);
	whole(give(0, 0), 2, 2);
	assert_told("0.0 0.1");
	finish();
}
END_TEST

START_TEST(a_member_past_the_archives_end_blames_nobody)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	plan(a, 1, 3);
	lost(give(0, 1), 0, 3);
	whole(give(0, 1), 3, 3);
	records(a, 0, 1);
	done(a);
	assert_told("0.0 0.1 0.2");
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
	lost(a, NOBODY, NOBODY);
	struct unit *again = schedule_next(&schedule, NOBODY);
	if (again) {
		schedule_give(&schedule, again, 1);
		plan(again, 3, 3);
		done(again);
	}
	assert_told("0.0 0.1 0.2");
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
	lost(b, NOBODY, NOBODY);
	b = give(0, 3);
	lost(b, NOBODY, NOBODY);
	struct unit *other = give(1, 0); /* the rest of archive 0 is not done any more */
	whole(other, 1, 1);
	records(a, 0, 2);
	done(a);
	assert_told("0.0 0.1 0.2 F0 1.0");
	finish();
}
END_TEST

START_TEST(an_archive_may_kill_so_many_workers_and_no_more)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 100, 100);
	lost(a, 0, 0);
	for (unsigned i = 1; i < SCHEDULE_DEATHS_MAX; i++) {
		a = give(0, i);
		plan(a, 100, 100);
		lost(a, 0, i);
	}
	a = give(0, SCHEDULE_DEATHS_MAX);
	plan(a, 100, 100);
	records(a, SCHEDULE_DEATHS_MAX, SCHEDULE_DEATHS_MAX + 1);
	ck_assert_ptr_null(strstr(told, "F0"));
	lost(a, 0, 50);
	ck_assert_ptr_nonnull(strstr(told, "0.15! 0.16 F0"));
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
		ck_assert_int_eq(schedule_requeue(&schedule, c), 0);
		ck_assert_int_eq(schedule_requeue(&schedule, b), 0);
		ck_assert_ptr_eq(give(1, 0), b);
		ck_assert_ptr_eq(give(2, 0), c);
	}
	lost(a, 0, 1);
	whole(give(0, 0), 1, 2);
	whole(b, 1, 1);
	whole(c, 1, 1);
	assert_told("0.0 0.1! 1.0 2.0");
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
		ck_assert_int_eq(schedule_requeue(&schedule, b), 0);
		lost(a, 0, 0);
		a = give(0, 1);
		b = give(1, 2);
		ck_assert(schedule_has_record(&schedule, 2, 1, 1));
		ck_assert(!schedule_has_record(&schedule, 3, 1, 2));
		whole(b, 3, 3);
		whole(a, 2, 2);
		assert_told(unordered ? "1.0 1.1 0.0! 1.2 0.1" : "0.0! 0.1 1.0 1.1 1.2");
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
	suspected(b, 1, 0);
	suspected(a, 0, 2);
	/* What was not in hand is as before: one of 0, the suspect, two more; the suspect, two. */
	static const struct {
		uint64_t archive, first, end;
		bool alone;
	} parts[] = {{0, 1, 2, false}, {0, 2, 3, true}, {0, 3, 5, false}, {1, 0, 1, true},
		{1, 1, 3, false}};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct unit *unit = give(parts[i].archive, parts[i].first);
		ck_assert_uint_eq(unit->end, parts[i].end);
		ck_assert_int_eq(unit->alone, parts[i].alone);
		if (parts[i].archive == 1 && parts[i].alone) {
			lost(unit, 1, 0); /* it was this one */
			continue;
		}
		whole(unit, parts[i].end, parts[i].archive ? 3 : 5);
	}
	assert_told("0.0 0.1 0.2 0.3 0.4 1.0! 1.1 1.2");
	finish();
}
END_TEST

START_TEST(a_member_that_is_suspected_before_its_plan_is_heard_hides_no_other)
{
	begin(false);
	add(1);
	suspected(give(0, 0), 0, 2);
	struct unit *a = give(0, 0);
	ck_assert_uint_eq(a->end, 2);
	whole(a, 2, 6);
	whole(give(0, 2), 3, 6);
	whole(give(0, 3), 6, 6);
	assert_told("0.0 0.1 0.2 0.3 0.4 0.5");
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
	suspected(a, 0, 1);
	struct unit *again = give(0, 2);
	ck_assert(again->alone);
	whole(again, 3, 3);
	assert_told("0.0 0.1 0.2");
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
	ck_assert_int_eq(schedule_requeue(&schedule, a), 0);
	struct unit *again = give(0, 3);
	ck_assert(!again->alone);
	ck_assert_uint_eq(again->deaths, 0);
	whole(again, 4, 4);
	assert_told("0.0 0.1 0.2 0.3");
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
		ck_assert_int_eq(try_done(a, 0, 0, FAILURE_READ), 0);
		if (way == 0)
			ck_assert_int_eq(schedule_requeue(&schedule, b), 0);
		else if (way == 1)
			suspected(b, 0, 4);
		else
			lost(b, 0, 4);
		assert_told("0.2 0.3 F0");
		finish();
	}
}
END_TEST

START_TEST(a_plan_says_whether_its_worker_gains_from_more)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	const struct message_plan message = {0, 0, 1, 1, true};
	ck_assert(!a->gains);
	ck_assert_int_eq(schedule_plan(&schedule, a, &message), 0);
	plan(b, 1, 1);
	ck_assert(a->gains);
	ck_assert(!b->gains);
	/* Who gets it next has not said so. */
	ck_assert_int_eq(schedule_requeue(&schedule, a), 0);
	ck_assert(!a->gains);
	schedule_release(&schedule);
}
END_TEST

START_TEST(without_order_a_lost_workers_members_are_told_once_too)
{
	begin(true);
	add(1);
	struct unit *a = give(0, 0);
	plan(a, 5, 5);
	records(a, 0, 1);
	lost(a, 0, 2);
	assert_told("0.0 0.2!");
	struct unit *before = give(0, 1);
	struct unit *after = give(0, 3);
	plan(after, 5, 5);
	records(after, 3, 5);
	done(after);
	whole(before, 2, 5);
	assert_told("0.0 0.2! 0.3 0.4 0.1");
	finish();
}
END_TEST

START_TEST(the_archive_that_failed_and_a_worker_that_still_has_a_unit_of_it)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 2, 6);
	struct unit *b = give(0, 2);
	ck_assert_int_eq(try_done(a, 0, 0, FAILURE_READ), 0);
	assert_told("");
	plan(b, 4, 6); /* adds no unit any more */
	ck_assert_uint_eq(schedule_next(&schedule, 0)->job->number, 1);
	records(b, 2, 4);
	whole(give(1, 0), 1, 1);
	done(b);
	assert_told("0.2 0.3 F0 1.0");
	finish();
}
END_TEST

START_TEST(a_listener_that_has_had_enough_is_told_nothing_more)
{
	for (size_t takes = 0; takes < 6; takes++) {
		begin(false);
		listener_takes = takes;
		add(3);
		struct unit *a = give(0, 0);
		struct unit *b = give(1, 0);
		struct unit *c = give(2, 0);
		plan(b, 2, 2);
		records(b, 0, 2);
		done(b);
		plan(a, 2, 2);
		records(a, 0, 2);
		done(a);
		ck_assert_int_eq(try_done(c, 2, 0, FAILURE_NOT_A_ZIP), 0);
		ck_assert_uint_eq(listener_calls, takes < 5 ? takes + 1 : 5);
		/* What was not taken was not told. */
		for (uint64_t i = 0; i < 4; i++)
			ck_assert_msg(schedule_was_told(&schedule, i / 2, i % 2) == (i < takes),
				"%zu taken: %" PRIu64, takes, i);
		schedule_release(&schedule);
	}
}
END_TEST

START_TEST(a_listener_that_has_had_enough_of_what_waited)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	plan(b, 4, 4);
	records(b, 0, 4);
	listener_takes = 3; /* 0.0 1.0 1.1 */
	whole(a, 1, 1);
	assert_told("0.0 1.0 1.1");
	done(b);
	assert_told("0.0 1.0 1.1");
	ck_assert_uint_eq(listener_calls, 4);
	ck_assert(schedule_was_told(&schedule, 0, 0));
	ck_assert(schedule_was_told(&schedule, 1, 0));
	ck_assert(schedule_was_told(&schedule, 1, 1));
	ck_assert(!schedule_was_told(&schedule, 1, 2));
	ck_assert(!schedule_was_told(&schedule, 1, 3));
	schedule_release(&schedule);
}
END_TEST

START_TEST(was_told_knows_told_waiting_and_unknown_members)
{
	begin(false);
	add(2);
	struct unit *a = give(0, 0);
	struct unit *b = give(1, 0);
	ck_assert(!schedule_was_told(&schedule, 0, 0));
	plan(a, 3, 6);
	plan(b, 2, 2);
	records(a, 0, 1);
	records(b, 0, 1);
	ck_assert(schedule_was_told(&schedule, 0, 0));
	ck_assert(!schedule_was_told(&schedule, 0, 1)); /* in hand */
	ck_assert(!schedule_was_told(&schedule, 0, 3)); /* not given */
	ck_assert(!schedule_was_told(&schedule, 0, 5));
	ck_assert(!schedule_was_told(&schedule, 0, 6)); /* no member */
	ck_assert(!schedule_was_told(&schedule, 1, 0)); /* waits */
	ck_assert(!schedule_was_told(&schedule, 1, 1));
	ck_assert(!schedule_was_told(&schedule, 1, 2)); /* no member, and all are planned */
	ck_assert(!schedule_was_told(&schedule, 1, 99));
	ck_assert(!schedule_was_told(&schedule, 2, 0)); /* no archive */
	ck_assert(!schedule_was_told(&schedule, UINT64_MAX, 0));
	records(a, 1, 3);
	done(a);
	ck_assert(schedule_was_told(&schedule, 0, 2)); /* its unit is gone */
	ck_assert(!schedule_was_told(&schedule, 0, 3));
	whole(give(0, 3), 6, 6);
	ck_assert(schedule_was_told(&schedule, 0, 5)); /* its archive is gone */
	ck_assert(schedule_was_told(&schedule, 1, 0)); /* has had its turn */
	ck_assert(!schedule_was_told(&schedule, 1, 1));
	schedule_release(&schedule);
}
END_TEST

START_TEST(was_told_without_order)
{
	begin(true);
	add(2);
	struct unit *a = give(0, 0);
	plan(a, 3, 6);
	struct unit *b = give(0, 3);
	plan(b, 6, 6);
	records(b, 3, 6);
	done(b);
	ck_assert(schedule_was_told(&schedule, 0, 3));
	ck_assert(schedule_was_told(&schedule, 0, 5));
	ck_assert(!schedule_was_told(&schedule, 0, 0));
	records(a, 0, 1);
	ck_assert(schedule_was_told(&schedule, 0, 0));
	ck_assert(!schedule_was_told(&schedule, 0, 1));
	ck_assert(!schedule_was_told(&schedule, 1, 0));
	schedule_release(&schedule);
}
END_TEST

START_TEST(was_told_after_a_worker_was_lost)
{
	begin(false);
	add(1);
	struct unit *a = give(0, 0);
	plan(a, 6, 6);
	records(a, 0, 2);
	lost(a, 0, 3);
	ck_assert(schedule_was_told(&schedule, 0, 1));
	ck_assert(!schedule_was_told(&schedule, 0, 2));
	ck_assert(!schedule_was_told(&schedule, 0, 4));
	struct unit *before = give(0, 2);
	struct unit *after = give(0, 4);
	plan(after, 6, 6);
	records(after, 4, 6);
	ck_assert(!schedule_was_told(&schedule, 0, 4)); /* waits */
	plan(before, 3, 6);
	records(before, 2, 3);
	ck_assert(schedule_was_told(&schedule, 0, 2));
	ck_assert(!schedule_was_told(&schedule, 0, 4));
	done(before);
	ck_assert(schedule_was_told(&schedule, 0, 4));
	ck_assert(schedule_was_told(&schedule, 0, 5));
	done(after);
	finish();
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
	ck_assert_int_eq(try_done(unit, 1, 0, FAILURE_NOT_A_ZIP), 0);
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

START_TEST(release_tells_nobody)
{
	begin(false);
	add(3);
	give(0, 0);
	whole(give(1, 0), 2, 2);
	schedule_release(&schedule);
	assert_told("");
	ck_assert_uint_eq(schedule.held_bytes, 0);
}
END_TEST

/*
 * The model: archives, workers that queue units and die at any moment, in a random order of events.
 * For each member the model knows who made its file and whether it was told.
 */

#define MODEL_ARCHIVES 12
#define MODEL_MEMBERS  24
#define MODEL_WORKERS  4
#define MODEL_QUEUE    4

enum member_state {
	MEMBER_NONE,     /* no file */
	MEMBER_RECORDED, /* its record was given to the schedule */
	MEMBER_TOLD,
	MEMBER_TOLD_FAILED,
};

static struct model {
	bool unordered;
	size_t takes; /* records until the listener has had enough */
	bool halted;
	unsigned archives, added;
	uint32_t directories; /* handed out */
	uint64_t last_archive, last_member;
	bool any_told;
	struct model_archive {
		uint64_t entries;
		enum { OPENS, CANNOT_OPEN, CANNOT_READ } kind;
		bool left_out[MODEL_MEMBERS];
		enum member_state members[MODEL_MEMBERS];
		uint32_t directory[MODEL_MEMBERS];
		bool guilty[MODEL_MEMBERS];
		unsigned deaths, deaths_without_blame;
		bool over; /* told as failed or empty */
	} archive[MODEL_ARCHIVES];
	struct model_worker {
		uint32_t directory;
		struct unit *queue[MODEL_QUEUE];
		unsigned queued;
		uint64_t open;
		bool planned;
		uint64_t at; /* the member in hand */
	} worker[MODEL_WORKERS];
} model;

static uint64_t random_state;

/** xorshift64: Marsaglia, "Xorshift RNGs", 2003. A number below @limit. */
static uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % limit;
}

/** What is told comes in the order of the input. */
static void check_order(uint64_t archive, uint64_t member)
{
	if (!model.unordered && model.any_told) {
		must(archive >= model.last_archive);
		must(archive != model.last_archive || member > model.last_member);
	}
	model.any_told = true;
	model.last_archive = archive;
	model.last_member = member;
}

static bool model_takes(void)
{
	must(!model.halted); /* nothing is told after that */
	if (model.takes > 0) {
		model.takes--;
		return true;
	}
	model.halted = true;
	return false;
}

static bool model_record(
	void *context, const struct job *job, const struct record *record, uint32_t directory)
{
	struct model_archive *archive = &model.archive[record->archive];
	enum member_state *state = &archive->members[record->member];

	(void)context;
	(void)job;
	if (!model_takes())
		return false;
	check_order(record->archive, record->member);
	must(!archive->over);
	if (record->failure.kind != FAILURE_NONE) {
		must((*state) == (MEMBER_NONE));
		must(archive->guilty[record->member]);
		*state = MEMBER_TOLD_FAILED;
	} else {
		must((*state) == (MEMBER_RECORDED));
		must((directory) == (archive->directory[record->member]));
		*state = MEMBER_TOLD;
	}
	return true;
}

static bool model_over(const struct job *job)
{
	if (!model_takes())
		return false;
	check_order(job->number, UINT64_MAX);
	must(!model.archive[job->number].over);
	model.archive[job->number].over = true;
	return true;
}

static bool model_failed(void *context, const struct job *job)
{
	const struct model_archive *archive = &model.archive[job->number];

	(void)context;
	must(archive->kind != OPENS || archive->deaths > SCHEDULE_DEATHS_MAX ||
		archive->deaths_without_blame >= 2);
	return model_over(job);
}

static bool model_empty(void *context, const struct job *job)
{
	(void)context;
	must(model.archive[job->number].entries == 0);
	return model_over(job);
}

static void model_add(void)
{
	static const struct failure failure = {.kind = FAILURE_OPEN};
	const struct model_archive *archive = &model.archive[model.added];

	must(schedule_add(&schedule, "a.zip", -1, 1,
		     archive->kind == CANNOT_OPEN ? &failure : NULL) == 0);
	model.added++;
}

static void model_give(struct model_worker *worker)
{
	struct unit *unit = schedule_next(&schedule, worker->open);

	if (!unit || worker->queued == MODEL_QUEUE)
		return;
	schedule_give(&schedule, unit, worker->directory);
	if (worker->queued == 0) {
		worker->planned = false;
		worker->at = unit->first;
	}
	worker->queue[worker->queued++] = unit;
	worker->open = unit->job->number;
}

/** The next thing that a worker has to say. */
static void model_work(struct model_worker *worker)
{
	struct unit *unit = worker->queue[0];

	if (worker->queued == 0)
		return;
	uint64_t number = unit->job->number;
	struct model_archive *archive = &model.archive[number];
	struct message_done over = {number, unit->first, {0}};
	if (archive->kind == CANNOT_READ) {
		over.failure.kind = FAILURE_NOT_A_ZIP;
	} else if (!worker->planned) {
		uint64_t end = unit->end;
		if (end == UNIT_END_OPEN) {
			uint64_t left = archive->entries - unit->first;
			end = left ? unit->first + 1 + random_below(left) : unit->first;
		}
		struct message_plan message = {number, unit->first, end, archive->entries, false};
		must(schedule_plan(&schedule, unit, &message) == 0);
		worker->planned = true;
		return;
	} else if (worker->at < unit->end) {
		uint64_t member = worker->at++;
		if (archive->left_out[member])
			return;
		must(archive->members[member] == MEMBER_NONE);
		archive->members[member] = MEMBER_RECORDED;
		archive->directory[member] = worker->directory;
		struct record record = make_record(number, member);
		must(schedule_record(&schedule, unit, &record) == 0);
		return;
	}
	must(schedule_done(&schedule, unit, &over) == 0);
	worker->queued--;
	memmove(worker->queue, worker->queue + 1, worker->queued * sizeof(worker->queue[0]));
	worker->planned = false;
	if (worker->queued > 0)
		worker->at = worker->queue[0]->first;
}

static void model_die(struct model_worker *worker)
{
	struct record guilty = {.archive = NOBODY,
		.member = NOBODY,
		.failure = {.kind = FAILURE_WORKER_DIED},
		.name = "name",
		.name_size = 4};

	for (unsigned i = worker->queued; i-- > 1;)
		must(schedule_requeue(&schedule, worker->queue[i]) == 0);
	if (worker->queued > 0) {
		struct unit *unit = worker->queue[0];
		struct model_archive *archive = &model.archive[unit->job->number];
		archive->deaths++;
		uint64_t end = unit->end < archive->entries ? unit->end : archive->entries;
		uint64_t member = worker->at;
		if (!worker->planned && archive->kind == OPENS && member < end)
			member += random_below(end - member); /* it said nothing of all that */
		if ((worker->planned || archive->kind == OPENS) && member < end &&
			random_below(4) > 0) {
			guilty.archive = unit->job->number;
			guilty.member = member;
			archive->guilty[member] = true;
		} else {
			archive->deaths_without_blame++;
		}
		must(schedule_lost(&schedule, unit, &guilty) == 0);
	}
	*worker = (struct model_worker){.directory = ++model.directories, .open = NOBODY};
}

/** schedule_was_told() knows of each file that there is whether it was told. */
static void model_check_told(void)
{
	for (unsigned i = 0; i < model.added; i++) {
		for (unsigned j = 0; j < model.archive[i].entries; j++) {
			enum member_state state = model.archive[i].members[j];
			if (state == MEMBER_RECORDED)
				must(!schedule_was_told(&schedule, i, j));
			if (state == MEMBER_TOLD)
				must(schedule_was_told(&schedule, i, j));
		}
	}
	for (unsigned i = 0; i < MODEL_WORKERS; i++) {
		const struct model_worker *worker = &model.worker[i];
		if (worker->queued == 0 || !worker->planned)
			continue;
		const struct unit *unit = worker->queue[0];
		/* A part of this member's file may be there. */
		if (worker->at < unit->end)
			must(!schedule_was_told(&schedule, unit->job->number, worker->at));
	}
}

static void model_begin(bool unordered, bool halts, unsigned archives)
{
	const struct schedule_listener listener = {
		model_record, model_failed, model_empty, NULL, NULL};

	memset(&model, 0, sizeof(model));
	model.unordered = unordered;
	model.takes = halts ? random_below(60) : SIZE_MAX;
	model.archives = archives;
	for (unsigned i = 0; i < archives; i++) {
		struct model_archive *archive = &model.archive[i];
		archive->entries =
			random_below(4) ? random_below(MODEL_MEMBERS + 1) : random_below(3);
		archive->kind = random_below(10)  ? OPENS
				: random_below(2) ? CANNOT_OPEN
						  : CANNOT_READ;
		bool filtered = random_below(3) == 0;
		for (unsigned j = 0; j < MODEL_MEMBERS; j++)
			archive->left_out[j] = filtered && random_below(2);
	}
	for (unsigned i = 0; i < MODEL_WORKERS; i++)
		model.worker[i] =
			(struct model_worker){.directory = ++model.directories, .open = NOBODY};
	schedule_init(&schedule, unordered, &listener);
}

/** At the end each member was told exactly once; only an archive that failed has a rest. */
static void model_check_end(void)
{
	for (unsigned i = 0; i < model.archives; i++) {
		const struct model_archive *archive = &model.archive[i];
		must(archive->over || archive->kind == OPENS);
		must(archive->over || archive->entries > 0);
		for (unsigned j = 0; j < archive->entries; j++) {
			enum member_state state = archive->members[j];
			must(state != MEMBER_RECORDED);
			if (archive->over)
				continue;
			if (state == MEMBER_NONE)
				must(archive->left_out[j]);
			must((state == MEMBER_TOLD_FAILED) == (archive->guilty[j]));
		}
	}
}

static void model_run(bool unordered, bool halts, uint64_t deaths_in_1000)
{
	model_begin(unordered, halts, 1 + (unsigned)random_below(MODEL_ARCHIVES));
	for (unsigned event = 0; !model.halted; event++) {
		struct model_worker *worker = &model.worker[random_below(MODEL_WORKERS)];
		must(event < 1000000); /* it comes to an end */
		if (model.added == model.archives && schedule_is_idle(&schedule))
			break;
		if (random_below(1000) < deaths_in_1000)
			model_die(worker);
		else if (random_below(8) == 0 && model.added < model.archives)
			model_add();
		else if (random_below(4) == 0)
			model_give(worker);
		else
			model_work(worker);
		if (event % 7 == 0 || model.halted)
			model_check_told();
	}
	model_check_told();
	if (!model.halted) {
		must(schedule.held_bytes == 0);
		model_check_end();
	}
	schedule_release(&schedule);
}

START_TEST(random_runs_in_order_tell_each_member_once)
{
	random_state = 0x1d872b41;
	for (int round = 0; round < 3000; round++)
		model_run(false, false, 0);
}
END_TEST

START_TEST(random_runs_in_order_with_deaths_lose_nothing)
{
	random_state = 0x9e3779b97f4a7c15;
	for (int round = 0; round < 4000; round++)
		model_run(false, false, (uint64_t)round % 50);
}
END_TEST

START_TEST(random_runs_without_order_lose_nothing)
{
	random_state = 0x2545f4914f6cdd1d;
	for (int round = 0; round < 4000; round++)
		model_run(true, false, (uint64_t)round % 50);
}
END_TEST

START_TEST(random_runs_that_are_halted_know_what_was_told)
{
	random_state = 0x123456789abcdef;
	for (int round = 0; round < 4000; round++)
		model_run(round % 2, true, (uint64_t)round % 30);
}
END_TEST
int main(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tests = tcase_create("schedule");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, members_of_the_first_archive_are_told_at_once);
	tcase_add_test(tests, archives_that_finish_early_wait_for_their_turn);
	tcase_add_test(tests, units_that_finish_early_wait_for_their_turn);
	tcase_add_test(tests, without_order_all_is_told_at_once);
	tcase_add_test(tests, a_full_listener_is_told_nothing_until_there_is_room_whoever_waits);
	tcase_add_test(tests, without_order_too_what_a_full_listener_was_not_told_waits);
	tcase_add_test(tests, members_may_be_left_out);
	tcase_add_test(tests, a_plan_adds_the_next_unit_and_no_other);
	tcase_add_test(tests, an_archive_without_members_is_told_in_turn);
	tcase_add_test(tests, archives_that_cannot_be_opened_are_told_in_turn);
	tcase_add_test(tests, an_archive_that_cannot_be_read_is_told_in_turn);
	tcase_add_test(tests, an_archive_that_fails_at_a_later_unit_tells_what_was_done_before);
	tcase_add_test(tests, impossible_plans_are_bad);
	tcase_add_test(tests, a_plan_without_a_possible_end_is_bad);
	tcase_add_test(tests, a_plan_without_a_possible_end_hides_nothing_from_the_next_worker);
	tcase_add_test(tests, impossible_records_are_bad);
	tcase_add_test(tests, impossible_ends_are_bad);
	tcase_add_test(tests, a_worker_gets_units_of_the_archive_that_it_has_open_first);
	tcase_add_test(tests, what_is_asked_for_stays_queued_until_it_is_given);
	tcase_add_test(tests, where_too_much_waits_only_the_first_archive_goes_on);
	tcase_add_test(tests, without_order_nothing_waits);
	tcase_add_test(tests, very_many_archives_leave_no_room);
	tcase_add_test(tests, the_guilty_member_is_told_as_failed_once_and_in_its_place);
	tcase_add_test(tests, the_first_and_the_last_member_may_be_guilty);
	tcase_add_test(tests, the_only_member_may_be_guilty);
	tcase_add_test(tests, a_member_that_kills_before_the_plan_is_heard_is_told);
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
	tcase_add_test(tests, a_member_that_is_suspected_before_its_plan_is_heard_hides_no_other);
	tcase_add_test(tests, a_suspect_that_is_not_missing_is_not_believed);
	tcase_add_test(tests, a_unit_that_a_dead_worker_was_not_at_goes_on_where_it_was);
	tcase_add_test(tests,
		what_a_dead_worker_had_of_an_archive_that_failed_meanwhile_is_not_done_again);
	tcase_add_test(tests, a_plan_says_whether_its_worker_gains_from_more);
	tcase_add_test(tests, without_order_a_lost_workers_members_are_told_once_too);
	tcase_add_test(tests, the_archive_that_failed_and_a_worker_that_still_has_a_unit_of_it);
	tcase_add_test(tests, a_listener_that_has_had_enough_is_told_nothing_more);
	tcase_add_test(tests, a_listener_that_has_had_enough_of_what_waited);
	tcase_add_test(tests, was_told_knows_told_waiting_and_unknown_members);
	tcase_add_test(tests, was_told_without_order);
	tcase_add_test(tests, was_told_after_a_worker_was_lost);
	tcase_add_test(tests, descriptors_are_closed_with_their_archive);
	tcase_add_test(tests, release_tells_nobody);
	tcase_add_test(tests, random_runs_in_order_tell_each_member_once);
	tcase_add_test(tests, random_runs_in_order_with_deaths_lose_nothing);
	tcase_add_test(tests, random_runs_without_order_lose_nothing);
	tcase_add_test(tests, random_runs_that_are_halted_know_what_was_told);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
