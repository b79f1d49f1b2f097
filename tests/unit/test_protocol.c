// SPDX-License-Identifier: MIT

/*
 * What a worker may say, and when: messages are held against a schedule as a real parent has it.
 */

#include "parent/protocol.h"

#include "scheduling.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

static struct run_settings settings;
static struct worker worker;
static bool ending;

static void set_up(void)
{
	settings = (struct run_settings){.jobs = 1};
	worker = (struct worker){.pid = 1};
	ending = false;
	begin(false);
	add(2);
	for (struct job *job = schedule.first; job; job = job->next)
		job->size_bytes = 1000;
}

static void tear_down(void)
{
	schedule_release(&schedule);
}

/** Give the next unit to the worker, as give(). */
static struct unit *take(uint64_t archive, uint64_t first)
{
	struct unit *unit = give(archive, first);

	worker.queue[worker.queued++] = (struct in_hand){.unit = unit};
	return unit;
}

/** Whether @message is possible; it is taken for one of the unit that it names. */
static bool may_say(const struct message *message)
{
	struct in_hand *hand;

	errno = 0;
	int result = protocol_check(&settings, ending, &worker, message, &hand);
	ck_assert_int_eq(errno, result < 0 ? EBADMSG : 0);
	if (result == 0 && message->kind == MESSAGE_MEMORY)
		ck_assert_ptr_null(hand);
	else if (result == 0)
		ck_assert_uint_eq(hand->unit->id, message->unit);
	return result == 0;
}

static bool may_plan(const struct unit *unit, uint64_t end, uint64_t entries)
{
	return may_say(&(struct message){
		.kind = MESSAGE_PLAN, .unit = unit->id, .plan = {.end = end, .entries = entries}});
}

static bool may_record(const struct unit *unit, uint64_t member)
{
	struct message message = make_record(unit, member);

	return may_say(&message);
}

static bool may_end(const struct unit *unit, enum failure_kind kind)
{
	return may_say(&(struct message){
		.kind = MESSAGE_DONE, .unit = unit->id, .done = {.failure = {.kind = kind}}});
}

START_TEST(a_unit_that_the_worker_does_not_have_is_refused_in_every_message)
{
	static const enum message_kind kinds[] = {MESSAGE_PLAN, MESSAGE_RECORD, MESSAGE_DONE};
	struct unit *mine = take(0, 0);
	struct unit *anothers = give(1, 0);

	for (size_t i = 0; i < 3; i++) {
		struct message message = make_record(anothers, 0);
		message.kind = kinds[i];
		ck_assert(!may_say(&message));
		message.unit = mine->id + 1000;
		ck_assert(!may_say(&message));
		message.unit = UINT64_MAX;
		ck_assert(!may_say(&message));
	}
	ck_assert(may_plan(mine, 1, 1));
}
END_TEST

START_TEST(a_unit_that_is_done_is_refused)
{
	struct unit *unit = take(0, 0);
	struct message message = {.kind = MESSAGE_DONE, .unit = unit->id};

	plan(unit, 0, 0);
	ck_assert(may_say(&message));
	worker.queued = 0;
	ck_assert(!may_say(&message));
}
END_TEST

START_TEST(work_is_for_the_parent_to_say)
{
	struct unit *unit = take(0, 0);
	struct message message = {
		.kind = MESSAGE_WORK, .unit = unit->id, .work = {.kind = UNIT_MEMBERS}};

	ck_assert(!may_say(&message));
	plan(unit, 1, 1);
	ck_assert(!may_say(&message));
}
END_TEST

START_TEST(impossible_plans_are_refused)
{
	struct unit *first = take(0, 0);

	ck_assert(!may_plan(first, 7, 6));                 /* behind the end */
	ck_assert(!may_plan(first, 0, 6));                 /* nothing */
	ck_assert(!may_plan(first, UNIT_END_OPEN, 6));     /* no end */
	ck_assert(!may_plan(first, UNIT_END_OPEN - 1, 6)); /* behind the end, too */
	/* This end means that there is none yet; an archive cannot have so many members. */
	ck_assert(!may_plan(first, UNIT_END_OPEN, UINT64_MAX));
	ck_assert(may_plan(first, 3, 6));
	ck_assert(may_plan(first, 6, 6));
	ck_assert(may_plan(first, 0, 0));
	plan(first, 3, 6);
	ck_assert(!may_plan(first, 4, 6)); /* has said otherwise */
	ck_assert(!may_plan(first, 3, 6)); /* has said so */

	struct unit *second = take(0, 3);
	ck_assert(!may_plan(second, 3, 6)); /* nothing */
	ck_assert(!may_plan(second, 2, 6)); /* backwards */
	ck_assert(!may_plan(second, 5, 5)); /* the archive has other members meanwhile */
	ck_assert(!may_plan(second, 7, 7));
	ck_assert(may_plan(second, 5, 6));
	ck_assert(may_plan(second, 6, 6));
}
END_TEST

START_TEST(a_unit_whose_end_is_known_is_planned_to_end_there)
{
	struct unit *unit = take(0, 0);

	unit->members.end = 3;
	ck_assert(!may_plan(unit, 2, 6));
	ck_assert(!may_plan(unit, 4, 6));
	ck_assert(!may_plan(unit, 3, 2));
	ck_assert(may_plan(unit, 3, 6));
	ck_assert(may_plan(unit, 3, 3));
}
END_TEST

static bool may_plan_room(const struct unit *unit, uint64_t end, uint64_t entries, uint64_t needed)
{
	return may_say(&(struct message){.kind = MESSAGE_PLAN,
		.unit = unit->id,
		.plan = {.end = end, .entries = entries, .room = needed}});
}

START_TEST(a_unit_is_put_off_only_where_it_begins_and_below_the_limit)
{
	settings.limits.scratch_bytes = 200;
	struct unit *unit = take(0, 0);
	/* Without a bound there is room for anything. */
	ck_assert(may_plan_room(unit, 1, 2, UINT64_MAX));
	ck_assert(!may_plan_room(unit, 0, 2, UINT64_MAX));
	unit->room = 100;
	ck_assert(may_plan_room(unit, 1, 2, 100));
	ck_assert(!may_plan_room(unit, 1, 2, 101)); /* it may not begin */
	ck_assert(may_plan_room(unit, 0, 2, 101));
	ck_assert(!may_plan_room(unit, 0, 2, 100)); /* there is room for it */
	ck_assert(!may_plan_room(unit, 0, 0, 101)); /* of nothing */
	ck_assert(may_plan_room(unit, 0, 2, 200));
	ck_assert(!may_plan_room(unit, 0, 2, 201)); /* more than there will ever be */
	settings.limits.scratch_bytes = 0;
	ck_assert(may_plan_room(unit, 0, 2, UINT64_MAX));
}
END_TEST

START_TEST(a_unit_is_put_off_once)
{
	const struct message_plan put_off = {.entries = 2, .room = 101};
	struct unit *unit = take(0, 0);

	unit->room = 100;
	ck_assert_int_eq(schedule_plan(&schedule, unit, &put_off), 0);
	worker.queued = 0;
	ck_assert(!may_plan_room(unit, 1, 2, 50)); /* nor does the worker have it any more */
	ck_assert_ptr_eq(take(0, 0), unit);
	unit->room = 101;
	ck_assert(!may_plan_room(unit, 0, 2, 102));
	ck_assert(may_plan_room(unit, 1, 2, 101));
}
END_TEST

START_TEST(a_unit_whose_end_is_known_may_end_before_it_if_room_is_bounded)
{
	struct unit *unit = take(0, 0);

	unit->members.end = 3;
	ck_assert(!may_plan_room(unit, 2, 6, 0));
	unit->room = 100;
	ck_assert(may_plan_room(unit, 2, 6, 100));
	ck_assert(may_plan_room(unit, 3, 6, 100));
	ck_assert(!may_plan_room(unit, 4, 6, 100));
	ck_assert(!may_plan_room(unit, 0, 6, 100)); /* nothing */
}
END_TEST

START_TEST(units_are_planned_in_the_order_in_which_they_were_sent)
{
	struct unit *first = take(0, 0);
	struct unit *second = take(1, 0);

	ck_assert(!may_plan(second, 1, 1));
	ck_assert(may_plan(first, 1, 1));
	plan(first, 1, 1);
	ck_assert(may_plan(second, 1, 1));
}
END_TEST

START_TEST(impossible_records_are_refused)
{
	struct unit *first = take(0, 0);

	ck_assert(!may_record(first, 0)); /* before the plan */
	plan(first, 3, 6);
	struct unit *second = take(0, 3);
	plan(second, 6, 6);
	ck_assert(!may_record(first, 3)); /* another unit's */
	ck_assert(!may_record(first, UINT64_MAX));
	ck_assert(!may_record(second, 2));
	ck_assert(!may_record(second, 6));
	ck_assert(may_record(first, 0));
	ck_assert(may_record(first, 1));
	records(first, 1, 2);
	ck_assert(!may_record(first, 1)); /* again */
	ck_assert(!may_record(first, 0)); /* backwards */
	ck_assert(may_record(first, 2));
	ck_assert(may_record(second, 3));
}
END_TEST

START_TEST(impossible_ends_are_refused)
{
	struct unit *unit = take(0, 0);

	ck_assert(!may_end(unit, FAILURE_NONE)); /* before the plan */
	ck_assert(may_end(unit, FAILURE_NOT_A_ZIP));
	plan(unit, 3, 6);
	ck_assert(may_end(unit, FAILURE_NONE));
	ck_assert(may_end(unit, FAILURE_READ));
	records(unit, 0, 1);
	/* The archive cannot have failed as a whole if a member was read. */
	ck_assert(!may_end(unit, FAILURE_READ));
	ck_assert(may_end(unit, FAILURE_NONE));
}
END_TEST

START_TEST(failures_that_a_worker_cannot_know_of_are_refused)
{
	static const enum failure_kind ours[] = {FAILURE_OPEN, FAILURE_NOT_REGULAR,
		FAILURE_EMPTY_FILE, FAILURE_CHANGED, FAILURE_WORKER_DIED, FAILURE_NO_WORKER,
		FAILURE_BAD_WORKER, FAILURE_NOT_READY, FAILURE_SILENT_WORKER, FAILURE_UNSAFE_NAME,
		FAILURE_NAME_EXISTS, FAILURE_NAMING};
	struct unit *unit = take(0, 0);

	plan(unit, 3, 3);
	for (unsigned kind = FAILURE_NONE + 1; kind < FAILURE_KINDS; kind++) {
		struct message message = make_record(unit, 0);
		bool known = true;
		for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
			known = known && kind != ours[i];
		message.record.failure.kind = kind;
		ck_assert_int_eq(may_say(&message), known);
		ck_assert_int_eq(may_end(unit, kind), known);
	}
}
END_TEST

/** Whether a record of a whole member @place may come. */
static bool may_be(const struct unit *unit, enum record_place place)
{
	struct message message = make_record(unit, 0);

	message.record.place = place;
	message.record.size_bytes = 0;
	return may_say(&message);
}

START_TEST(a_member_is_where_the_run_has_members)
{
	struct unit *unit = take(0, 0);

	plan(unit, 3, 3);
	for (int i = 0; i < 4; i++) {
		settings.no_files = i & 1;
		settings.in_place = i & 2;
		ck_assert_int_eq(may_be(unit, PLACE_FILE), !settings.no_files);
		ck_assert_int_eq(may_be(unit, PLACE_NOWHERE), settings.no_files);
		ck_assert_int_eq(
			may_be(unit, PLACE_ARCHIVE), settings.in_place && !settings.no_files);
	}
	settings = (struct run_settings){.in_place = true};
	unit->job->pathless = true;
	ck_assert(!may_be(unit, PLACE_ARCHIVE));
}
END_TEST

START_TEST(what_own_names_need_is_said_if_the_run_gives_them_and_never_else)
{
	static const struct run_naming naming = {.file_mode = 0600};
	struct unit *unit = take(0, 0);
	struct message message = make_record(unit, 0);
	struct message directory = make_record(unit, 0);

	plan(unit, 3, 3);
	message.record.place = PLACE_FILE;
	directory.record.place = PLACE_DIRECTORY;
	directory.record.own_name = true;
	ck_assert(may_say(&message));
	ck_assert(!may_say(&directory));
	settings.naming = &naming;
	ck_assert(!may_say(&message));
	ck_assert(may_say(&directory));
	message.record.own_name = true;
	ck_assert(may_say(&message));
	settings.naming = NULL;
	ck_assert(!may_say(&message));
	/* Of a member that has failed there is nothing to name. */
	settings.naming = &naming;
	message = make_record(unit, 0);
	message.record.failure.kind = FAILURE_BAD_DATA;
	ck_assert(may_say(&message));
}
END_TEST

START_TEST(an_archive_has_no_more_entries_than_its_size_and_the_limit_allow)
{
	struct unit *unit = take(0, 0);

	/* 46 bytes each, by APPNOTE 4.3.12. */
	unit->job->size_bytes = 460;
	ck_assert(may_plan(unit, 10, 10));
	ck_assert(!may_plan(unit, 1, 11));
	unit->job->size_bytes = 459;
	ck_assert(!may_plan(unit, 10, 10));
	ck_assert(may_plan(unit, 9, 9));
	settings.limits.members = 9;
	ck_assert(may_plan(unit, 9, 9));
	settings.limits.members = 8;
	ck_assert(!may_plan(unit, 8, 9));
}
END_TEST

START_TEST(a_member_in_its_archive_ends_before_the_archive_does)
{
	static const struct {
		uint64_t offset, size;
		bool possible;
	} places[] = {{0, 0, true}, {0, 100, true}, {99, 1, true}, {100, 0, true}, {0, 101, false},
		{100, 1, false}, {101, 0, false}, {UINT64_MAX, 2, false}, {2, UINT64_MAX, false}};
	struct unit *unit = take(0, 0);

	settings.in_place = true;
	unit->job->size_bytes = 100;
	plan(unit, 3, 3);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct message message = make_record(unit, 0);
		message.record.place = PLACE_ARCHIVE;
		message.record.offset_bytes = places[i].offset;
		message.record.size_bytes = places[i].size;
		ck_assert_int_eq(may_say(&message), places[i].possible);
	}
}
END_TEST

/** Whether a record of @member may come that is in the pack named for @pack. */
static bool may_be_packed(const struct unit *unit, uint64_t member, uint64_t pack)
{
	struct message message = make_record(unit, member);

	message.record.packed = true;
	message.record.pack = pack;
	return may_say(&message);
}

static bool may_look(const struct unit *unit, uint64_t member)
{
	struct message message = make_record(unit, member);

	message.kind = MESSAGE_LOOK;
	message.record.place = PLACE_THERE;
	message.record.own_name = true;
	return may_say(&message);
}

START_TEST(a_worker_looks_for_each_member_once_and_before_its_record_if_the_run_reuses_files)
{
	struct run_naming naming = {.reuse.wanted = true};

	plan(take(0, 0), 3, 9);
	struct unit *unit = take(0, 3);
	settings.naming = &naming;
	ck_assert(!may_look(unit, 4)); /* it is not planned */
	plan(unit, 8, 9);
	unit->next_member = 5;
	ck_assert(may_look(unit, 5));
	ck_assert(may_look(unit, 7));
	ck_assert(!may_look(unit, 4)); /* its record has come */
	ck_assert(!may_look(unit, 8)); /* behind the unit */
	ck_assert(!may_look(unit, 2));
	ck_assert(!may_look(unit, UINT64_MAX));
	worker.queue[1].next_look = 7;
	ck_assert(may_look(unit, 7));
	ck_assert(!may_look(unit, 6)); /* it was looked for, or passed over */
	naming.reuse.wanted = false;
	ck_assert(!may_look(unit, 7));
	settings.naming = NULL;
	ck_assert(!may_look(unit, 7));
}
END_TEST

START_TEST(a_file_that_is_there_is_announced_as_far_as_the_run_wants_it_checked)
{
	struct run_naming naming = {.reuse.wanted = true};
	struct unit *unit = take(0, 0);
	struct message message = make_record(unit, 0);

	plan(unit, 3, 3);
	message.record.place = PLACE_THERE;
	message.record.own_name = true;
	ck_assert(!may_say(&message));
	settings.naming = &naming;
	ck_assert(may_say(&message));
	message.record.unchecked = true;
	ck_assert(!may_say(&message));
	naming.reuse.unchecked = true;
	ck_assert(may_say(&message));
	message.record.unchecked = false;
	ck_assert(!may_say(&message));
	naming.reuse = (struct reuse){0};
	ck_assert(!may_say(&message));
}
END_TEST

START_TEST(packs_are_named_for_a_member_of_the_unit_and_come_in_order)
{
	plan(take(0, 0), 3, 9);
	struct unit *unit = take(0, 3);
	plan(unit, 9, 9);
	ck_assert(!may_be_packed(unit, 4, 3));
	settings.pack = true;
	ck_assert(may_be_packed(unit, 4, 3));
	ck_assert(may_be_packed(unit, 4, 4));
	ck_assert(!may_be_packed(unit, 4, 5)); /* behind the member */
	ck_assert(!may_be_packed(unit, 4, 2)); /* before the unit */
	worker.queue[1].pack = (struct seen_pack){.seen = true, .number = 5};
	ck_assert(may_be_packed(unit, 6, 5));
	ck_assert(may_be_packed(unit, 6, 6));
	ck_assert(!may_be_packed(unit, 6, 4)); /* that one was settled */
}
END_TEST

static bool may_ask(const struct unit *unit, const char *name)
{
	struct message message = {.kind = MESSAGE_ASK, .unit = unit->id};

	strcpy(message.ask.name, name);
	bool may = may_say(&message);
	message.ask.remove = true;
	ck_assert_int_eq(may_say(&message), may);
	return may;
}

START_TEST(who_asks_for_files_gets_those_of_members_that_have_no_record)
{
	static const char *const wrong[] = {"", "0.4-", "0.4", "0.4-a/b", "0.4-..", "../0.4-x",
		"0.4-a b", "0.4-a\n", "00.4-x", "0.04-x", "1.4-x", "0.2-x", "0.3-x", "0.9-x",
		"0.18446744073709551616-x", "lock", ".", "..", "/etc/passwd", "0.4-\xff"};

	plan(take(0, 0), 3, 9);
	struct unit *unit = take(0, 3);
	worker.asks = true;
	ck_assert(!may_ask(unit, "0.4-x")); /* it is not planned */
	plan(unit, 9, 9);
	unit->next_member = 4;
	ck_assert(may_ask(unit, "0.4-x"));
	ck_assert(may_ask(unit, "0.8-a.b_C-9"));
	ck_assert(may_ask(unit, "0.4-pack"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		bool dots = strcmp(wrong[i], "0.4-..") == 0; /* a name as any other */
		ck_assert_msg(may_ask(unit, wrong[i]) == dots, "%s", wrong[i]);
	}
	char longest[MEMBER_FILE_SIZE] = "0.4-";
	memset(longest + 4, 'x', MEMBER_BASE_MAX);
	ck_assert(may_ask(unit, longest));
	strcat(longest, MEMBER_NPY_SUFFIX);
	ck_assert(!may_ask(unit, longest));
	settings.npy = true;
	ck_assert(may_ask(unit, longest));
	longest[4 + MEMBER_BASE_MAX] = 'x';
	ck_assert(!may_ask(unit, longest));

	settings.no_files = true;
	ck_assert(!may_ask(unit, "0.4-x"));
	settings.no_files = false;
	worker.asks = false;
	ck_assert(!may_ask(unit, "0.4-x"));
}
END_TEST

START_TEST(a_record_is_of_the_kind_that_was_asked_for)
{
	struct unit *unit = take(0, 0);

	plan(unit, 3, 3);
	struct message message = make_record(unit, 0);
	message.record.npy_header = true;
	ck_assert(!may_say(&message));
	settings.npy = true;
	ck_assert(may_say(&message));

	settings = (struct run_settings){.no_files = true};
	message = make_record(unit, 0);
	message.record.place = PLACE_NOWHERE;
	for (int i = 0; i < 4; i++) {
		message.record.listed = i & 1;
		settings.lists = i & 2;
		ck_assert_int_eq(may_say(&message), message.record.listed == settings.lists);
	}
}
END_TEST

START_TEST(the_last_message_comes_once_after_the_end_of_the_channel_and_all_units)
{
	const struct message memory = {.kind = MESSAGE_MEMORY};
	struct unit *unit = take(0, 0);

	ck_assert(!may_say(&memory));
	ending = true;
	ck_assert(!may_say(&memory)); /* it has a unit */
	plan(unit, 1, 1);
	ck_assert(!may_say(&memory));
	worker.queued = 0;
	ck_assert(may_say(&memory));
	worker.has_left = true;
	ck_assert(!may_say(&memory));
	worker.has_left = false;
	ending = false;
	ck_assert(!may_say(&memory));
}
END_TEST

START_TEST(a_last_message_that_would_name_a_unit_is_about_none)
{
	struct unit *unit = take(0, 0);
	const struct message memory = {.kind = MESSAGE_MEMORY, .unit = unit->id};

	plan(unit, 1, 1);
	ending = true;
	ck_assert(!may_say(&memory));
}
END_TEST

static bool may_say_part(const struct unit *unit, enum part_step step)
{
	return may_say(&(struct message){
		.kind = MESSAGE_PART, .unit = unit->id, .part = {.step = step, .end = 1}});
}

START_TEST(an_owner_says_what_owners_say_of_members_of_its_unit)
{
	struct unit *unit = take(0, 0);
	struct message offer = {.kind = MESSAGE_PART,
		.unit = unit->id,
		.part = {.step = PART_OFFER, .name = "0.0-x", .name_size = 5}};

	ck_assert(!may_say(&offer)); /* before the plan */
	plan(unit, 3, 6);
	ck_assert(may_say(&offer));
	offer.part.member = 2;
	ck_assert(may_say(&offer));
	offer.part.member = 3; /* another unit's */
	ck_assert(!may_say(&offer));
	for (enum part_step step = PART_STRETCH; step < PART_STEPS; step++) {
		bool owners = step == PART_STRETCH || step == PART_NONE || step == PART_TURN ||
			      step == PART_DROP;
		ck_assert_int_eq(may_say_part(unit, step), owners);
	}
}
END_TEST

START_TEST(an_offer_names_a_file_if_the_run_makes_files)
{
	struct unit *unit = take(0, 0);
	struct message named = {.kind = MESSAGE_PART,
		.unit = unit->id,
		.part = {.step = PART_OFFER, .name = "0.0-x", .name_size = 5}};
	struct message nameless = {
		.kind = MESSAGE_PART, .unit = unit->id, .part = {.step = PART_OFFER}};

	plan(unit, 3, 6);
	ck_assert(may_say(&named) && !may_say(&nameless));
	settings.no_files = true;
	ck_assert(!may_say(&named) && may_say(&nameless));
}
END_TEST

START_TEST(a_helper_says_what_helpers_say_and_nothing_of_members)
{
	struct unit unit = {.id = 1234, .kind = UNIT_PART, .state = UNIT_PLANNED};

	worker.queue[worker.queued++] = (struct in_hand){.unit = &unit};
	for (enum part_step step = PART_OFFER; step < PART_STEPS; step++)
		ck_assert_int_eq(may_say_part(&unit, step), step >= PART_FOUND);
	ck_assert(!may_say(&(struct message){
		.kind = MESSAGE_RECORD, .unit = unit.id, .record = {.name = "x", .name_size = 1}}));
	ck_assert(!may_plan(&unit, 1, 1));
	ck_assert(!may_end(&unit, FAILURE_NONE));
	ck_assert(!may_end(&unit, FAILURE_NOT_A_ZIP));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("protocol");
	TCase *tests = tcase_create("protocol");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_unit_that_the_worker_does_not_have_is_refused_in_every_message);
	tcase_add_test(tests, a_unit_that_is_done_is_refused);
	tcase_add_test(tests, work_is_for_the_parent_to_say);
	tcase_add_test(tests, impossible_plans_are_refused);
	tcase_add_test(tests, a_unit_whose_end_is_known_is_planned_to_end_there);
	tcase_add_test(tests, a_unit_is_put_off_only_where_it_begins_and_below_the_limit);
	tcase_add_test(tests, a_unit_is_put_off_once);
	tcase_add_test(tests, a_unit_whose_end_is_known_may_end_before_it_if_room_is_bounded);
	tcase_add_test(tests, units_are_planned_in_the_order_in_which_they_were_sent);
	tcase_add_test(tests, impossible_records_are_refused);
	tcase_add_test(tests, impossible_ends_are_refused);
	tcase_add_test(tests, failures_that_a_worker_cannot_know_of_are_refused);
	tcase_add_test(tests, a_member_is_where_the_run_has_members);
	tcase_add_test(tests, what_own_names_need_is_said_if_the_run_gives_them_and_never_else);
	tcase_add_test(tests, an_archive_has_no_more_entries_than_its_size_and_the_limit_allow);
	tcase_add_test(tests, a_member_in_its_archive_ends_before_the_archive_does);
	tcase_add_test(tests,
		a_worker_looks_for_each_member_once_and_before_its_record_if_the_run_reuses_files);
	tcase_add_test(tests, a_file_that_is_there_is_announced_as_far_as_the_run_wants_it_checked);
	tcase_add_test(tests, packs_are_named_for_a_member_of_the_unit_and_come_in_order);
	tcase_add_test(tests, who_asks_for_files_gets_those_of_members_that_have_no_record);
	tcase_add_test(tests, a_record_is_of_the_kind_that_was_asked_for);
	tcase_add_test(
		tests, the_last_message_comes_once_after_the_end_of_the_channel_and_all_units);
	tcase_add_test(tests, a_last_message_that_would_name_a_unit_is_about_none);
	tcase_add_test(tests, an_owner_says_what_owners_say_of_members_of_its_unit);
	tcase_add_test(tests, an_offer_names_a_file_if_the_run_makes_files);
	tcase_add_test(tests, a_helper_says_what_helpers_say_and_nothing_of_members);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
