// SPDX-License-Identifier: MIT

/*
 * A schedule against a model: archives, workers that queue units and die at any moment, in a random
 * order of events. For each member the model knows who made its file and whether it was popped.
 */

#include "parent/lookup.h"
#include "parent/requeue.h"
#include "scheduling.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_ARCHIVES 12
#define MODEL_MEMBERS  24
#define MODEL_WORKERS  4
#define MODEL_QUEUE    4

enum member_state {
	MEMBER_NONE,     /* no file */
	MEMBER_RECORDED, /* its record was given to the schedule */
	MEMBER_POPPED,
	MEMBER_POPPED_FAILED,
};

static struct model {
	bool unordered;
	size_t takes; /* results until the run stops */
	bool stopped;
	unsigned archives, added;
	uint32_t directories; /* handed out */
	uint64_t last_archive, last_member;
	bool any_popped;
	struct model_archive {
		uint64_t entries;
		enum { OPENS, CANNOT_OPEN, CANNOT_READ } kind;
		bool left_out[MODEL_MEMBERS];
		enum member_state members[MODEL_MEMBERS];
		uint32_t directory[MODEL_MEMBERS];
		bool guilty[MODEL_MEMBERS];
		unsigned deaths, deaths_without_blame;
		bool over; /* popped as failed or empty */
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

/** What is popped comes in the order of the input. */
static void check_order(uint64_t archive, uint64_t member)
{
	if (!model.unordered && model.any_popped) {
		must(archive >= model.last_archive);
		must(archive != model.last_archive || member > model.last_member);
	}
	model.any_popped = true;
	model.last_archive = archive;
	model.last_member = member;
}

static void model_record(const struct result *result)
{
	const struct record *record = result->record;
	struct model_archive *archive = &model.archive[record->archive];
	enum member_state *state = &archive->members[record->member];

	check_order(record->archive, record->member);
	must(!archive->over);
	if (record->failure.kind != FAILURE_NONE) {
		must(*state == MEMBER_NONE);
		must(archive->guilty[record->member]);
		*state = MEMBER_POPPED_FAILED;
	} else {
		must(*state == MEMBER_RECORDED);
		must(result->directory == archive->directory[record->member]);
		*state = MEMBER_POPPED;
	}
}

static void model_over(const struct result *result)
{
	struct model_archive *archive = &model.archive[result->job->number];

	check_order(result->job->number, UINT64_MAX);
	must(!archive->over);
	if (result->kind == RESULT_EMPTY)
		must(archive->entries == 0);
	else
		must(archive->kind != OPENS || archive->deaths > REQUEUE_DEATHS_MAX ||
			archive->deaths_without_blame >= 2);
	archive->over = true;
}

static void model_pop(void)
{
	struct result result;

	while (model.takes > 0 && schedule_pop(&schedule, &result)) {
		model.takes--;
		if (result.kind == RESULT_MEMBER)
			model_record(&result);
		else
			model_over(&result);
	}
	model.stopped = model.takes == 0;
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
		worker->at = unit->members.first;
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
	struct message_done over = {{0}};
	if (archive->kind == CANNOT_READ) {
		over.failure.kind = FAILURE_NOT_A_ZIP;
	} else if (!worker->planned) {
		uint64_t end = unit->members.end;
		if (end == UNIT_END_OPEN) {
			uint64_t left = archive->entries - unit->members.first;
			end = left ? unit->members.first + 1 + random_below(left)
				   : unit->members.first;
		}
		struct message_plan message = {.end = end, .entries = archive->entries};
		must(schedule_plan(&schedule, unit, &message) == 0);
		worker->planned = true;
		return;
	} else if (worker->at < unit->members.end) {
		uint64_t member = worker->at++;
		if (archive->left_out[member])
			return;
		must(archive->members[member] == MEMBER_NONE);
		archive->members[member] = MEMBER_RECORDED;
		archive->directory[member] = worker->directory;
		struct message record = make_record(unit, member);
		must(schedule_record(&schedule, unit, &record) == 0);
		return;
	}
	schedule_done(&schedule, unit, &over);
	worker->queued--;
	memmove(worker->queue, worker->queue + 1, worker->queued * sizeof(worker->queue[0]));
	worker->planned = false;
	if (worker->queued > 0)
		worker->at = worker->queue[0]->members.first;
}

static void model_die(struct model_worker *worker)
{
	struct message guilty = {.kind = MESSAGE_RECORD,
		.unit = NOBODY,
		.record = {.member = NOBODY,
			.failure = {.kind = FAILURE_WORKER_DIED},
			.name = "name",
			.name_size = 4}};

	for (unsigned i = worker->queued; i-- > 1;)
		must(requeue_innocent(&schedule, worker->queue[i]) == 0);
	if (worker->queued > 0) {
		struct unit *unit = worker->queue[0];
		struct model_archive *archive = &model.archive[unit->job->number];
		archive->deaths++;
		uint64_t end =
			unit->members.end < archive->entries ? unit->members.end : archive->entries;
		uint64_t member = worker->at;
		if (!worker->planned && archive->kind == OPENS && member < end)
			member += random_below(end - member); /* it said nothing of all that */
		if ((worker->planned || archive->kind == OPENS) && member < end &&
			random_below(4) > 0) {
			guilty.unit = unit->id;
			guilty.record.member = member;
			archive->guilty[member] = true;
		} else {
			archive->deaths_without_blame++;
		}
		must(requeue_guilty(&schedule, unit, &guilty) == 0);
	}
	*worker = (struct model_worker){.directory = ++model.directories, .open = NOBODY};
}

/** lookup_was_popped() knows of each file that there is whether it was popped. */
static void model_check_popped(void)
{
	for (unsigned i = 0; i < model.added; i++) {
		for (unsigned j = 0; j < model.archive[i].entries; j++) {
			enum member_state state = model.archive[i].members[j];
			if (state == MEMBER_RECORDED)
				must(!lookup_was_popped(&schedule, i, j));
			if (state == MEMBER_POPPED)
				must(lookup_was_popped(&schedule, i, j));
		}
	}
	for (unsigned i = 0; i < MODEL_WORKERS; i++) {
		const struct model_worker *worker = &model.worker[i];
		if (worker->queued == 0 || !worker->planned)
			continue;
		const struct unit *unit = worker->queue[0];
		/* A part of this member's file may be there. */
		if (worker->at < unit->members.end)
			must(!lookup_was_popped(&schedule, unit->job->number, worker->at));
	}
}

static void model_begin(bool unordered, bool stops, unsigned archives)
{
	memset(&model, 0, sizeof(model));
	model.unordered = unordered;
	model.takes = stops ? (size_t)random_below(60) : SIZE_MAX;
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
	schedule_init(&schedule, unordered);
}

/** At the end each member was popped exactly once; only an archive that failed has a rest. */
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
			must((state == MEMBER_POPPED_FAILED) == (archive->guilty[j]));
		}
	}
}

static void model_run(bool unordered, bool stops, uint64_t deaths_in_1000)
{
	model_begin(unordered, stops, 1 + (unsigned)random_below(MODEL_ARCHIVES));
	for (unsigned event = 0; !model.stopped; event++) {
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
		if (random_below(3) == 0)
			model_pop();
		if (event % 7 == 0 || model.stopped)
			model_check_popped();
	}
	model_check_popped();
	if (!model.stopped) {
		must(schedule.held_bytes == 0);
		model_check_end();
	}
	schedule_release(&schedule);
}

START_TEST(random_runs_in_order_pop_each_member_once)
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

START_TEST(random_runs_that_are_stopped_know_what_was_popped)
{
	random_state = 0x123456789abcdef;
	for (int round = 0; round < 4000; round++)
		model_run(round % 2, true, (uint64_t)round % 30);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schedule_random");
	TCase *tests = tcase_create("schedule_random");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, random_runs_in_order_pop_each_member_once);
	tcase_add_test(tests, random_runs_in_order_with_deaths_lose_nothing);
	tcase_add_test(tests, random_runs_without_order_lose_nothing);
	tcase_add_test(tests, random_runs_that_are_stopped_know_what_was_popped);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
