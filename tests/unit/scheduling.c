// SPDX-License-Identifier: MIT

#include "scheduling.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct schedule schedule;
size_t room;

static char text[256 * 1024];
static size_t text_size;

void begin(bool unordered)
{
	text[0] = '\0';
	text_size = 0;
	room = SIZE_MAX;
	schedule_init(&schedule, unordered);
}

static void note(const char *word)
{
	text_size += (size_t)snprintf(
		text + text_size, sizeof(text) - text_size, "%s%s", text_size ? " " : "", word);
}

/** All of the record has come along: see make_record(). */
static void check_record(const struct result *result)
{
	const struct record *record = result->record;

	must(record->archive == result->job->number);
	must(record->name_size == 4 && memcmp(record->name, "name", 4) == 0);
	if (record->failure.kind != FAILURE_NONE)
		return;
	must(record->size_bytes == record->member * 10);
	must(record->inode == record->archive + 1000);
	must(record->crc32 == ((uint32_t)record->member ^ 0xffff));
	must(result->directory == record->archive % 3 + 1);
}

static void note_result(const struct result *result)
{
	uint64_t archive = result->job->number;
	char word[64];

	switch (result->kind) {
	case RESULT_MEMBER:
		check_record(result);
		snprintf(word, sizeof(word), "%" PRIu64 ".%" PRIu64 "%s", archive,
			result->record->member,
			result->record->failure.kind == FAILURE_NONE ? "" : "!");
		break;
	case RESULT_FAILED:
		must(result->job->failure.kind != FAILURE_NONE);
		snprintf(word, sizeof(word), "F%" PRIu64, archive);
		break;
	case RESULT_EMPTY:
		must(result->job->entries == 0);
		snprintf(word, sizeof(word), "E%" PRIu64, archive);
		break;
	case RESULT_WHOLE:
		must(result->job->kept);
		snprintf(word, sizeof(word), "W%" PRIu64, archive);
		break;
	case RESULT_BEHIND:
		must(result->job->behind_another);
		snprintf(word, sizeof(word), "B%" PRIu64, archive);
		break;
	}
	note(word);
}

void pop_results(void)
{
	struct result result;

	while (room > 0 && schedule_pop(&schedule, &result)) {
		room -= room != SIZE_MAX;
		note_result(&result);
	}
}

void make_room(size_t results)
{
	room = results;
	pop_results();
}

const char *popped(void)
{
	return text;
}

void finish(void)
{
	pop_results();
	ck_assert(schedule_is_idle(&schedule));
	ck_assert_uint_eq(schedule.held_bytes, 0);
	ck_assert_ptr_null(schedule_next(&schedule, NOBODY));
	schedule_release(&schedule);
}

void add(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(schedule_add(&schedule, "a.zip", -1, 1, NULL), 0);
}

void add_failed(enum failure_kind kind)
{
	const struct failure failure = {.kind = kind};

	ck_assert_int_eq(schedule_add(&schedule, "bad.zip", -1, 0, &failure), 0);
	pop_results();
}

struct unit *give(uint64_t archive, uint64_t first)
{
	struct unit *unit = schedule_next(&schedule, NOBODY);

	ck_assert_ptr_nonnull(unit);
	ck_assert_int_eq(unit->state, UNIT_QUEUED);
	ck_assert_uint_eq(unit->job->number, archive);
	ck_assert_uint_eq(unit->members.first, first);
	schedule_give(&schedule, unit, (uint32_t)(archive % 3 + 1));
	return unit;
}

void plan(struct unit *unit, uint64_t end, uint64_t entries)
{
	const struct message_plan message = {.end = end, .entries = entries};

	ck_assert_int_eq(schedule_plan(&schedule, unit, &message), 0);
	pop_results();
}

struct message make_record(const struct unit *unit, uint64_t member)
{
	return (struct message){.kind = MESSAGE_RECORD,
		.unit = unit->id,
		.record = {.member = member,
			.size_bytes = member * 10,
			.inode = unit->job->number + 1000,
			.crc32 = (uint32_t)member ^ 0xffff,
			.name = "name",
			.name_size = 4}};
}

void records(struct unit *unit, uint64_t first, uint64_t end)
{
	for (uint64_t member = first; member < end; member++) {
		/* The name does not outlive the call. */
		char name[4] = {'n', 'a', 'm', 'e'};
		struct message message = make_record(unit, member);
		message.record.name = name;
		must(schedule_record(&schedule, unit, &message) == 0);
		memset(name, '#', sizeof(name));
		pop_results();
	}
}

void unreadable(struct unit *unit, enum failure_kind kind)
{
	const struct message_done message = {.failure = {.kind = kind}};

	schedule_done(&schedule, unit, &message);
	pop_results();
}

void done(struct unit *unit)
{
	unreadable(unit, FAILURE_NONE);
}

void whole(struct unit *unit, uint64_t end, uint64_t entries)
{
	uint64_t first = unit->members.first;

	plan(unit, end, entries);
	records(unit, first, end);
	done(unit);
}
