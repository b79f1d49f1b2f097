// SPDX-License-Identifier: MIT

#include "parent/schedule.h"

#include "util/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void schedule_init(struct schedule *schedule, bool unordered)
{
	*schedule = (struct schedule){.unordered = unordered};
}

static size_t job_bytes(const struct job *job)
{
	return sizeof(*job) + strlen(job->path) + 1 + kept_bytes(job->kept) +
	       (job->message ? strlen(job->message) + 1 : 0);
}

struct unit *schedule_insert(struct schedule *schedule, struct job *job, struct unit *after,
	uint64_t first, uint64_t end)
{
	struct unit *unit = calloc(1, sizeof(*unit));
	struct unit **link = after ? &after->next : &job->units;

	if (!unit) {
		errno = ENOMEM;
		return NULL;
	}
	unit->id = schedule->next_unit++;
	unit->job = job;
	unit->kind = UNIT_MEMBERS;
	unit->members = (struct unit_members){.first = first, .end = end};
	unit->next_member = unit->popped_member = first;
	unit->room = UINT64_MAX;
	unit->next = *link;
	*link = unit;
	schedule->held_bytes += sizeof(*unit);
	return unit;
}

static void remove_unit(struct schedule *schedule, struct unit *unit)
{
	struct unit **link = &unit->job->units;

	while (*link != unit)
		link = &(*link)->next;
	*link = unit->next;
	schedule->held_bytes -= sizeof(*unit) + unit->results.capacity;
	recordqueue_release(&unit->results);
	free(unit);
}

void schedule_offer(struct schedule *schedule, struct job *job)
{
	struct job **link = &schedule->open;

	if (job->open)
		return;
	while (*link && (*link)->number < job->number)
		link = &(*link)->next_open;
	job->next_open = *link;
	*link = job;
	job->open = true;
}

/* @job has no queued unit. */
static void withdraw(struct schedule *schedule, struct job *job)
{
	struct job **link = &schedule->open;

	if (!job->open)
		return;
	while (*link != job)
		link = &(*link)->next_open;
	*link = job->next_open;
	job->open = false;
}

/* @job may have a result now. In order, only the first job has any, and nothing is noted. */
static void make_ready(struct schedule *schedule, struct job *job)
{
	if (!schedule->unordered || job->ready)
		return;
	job->ready = true;
	job->next_ready = NULL;
	*(schedule->ready ? &schedule->ready_last->next_ready : &schedule->ready) = job;
	schedule->ready_last = job;
}

static struct unit *queued_unit(const struct job *job)
{
	struct unit *unit = job->units;

	while (unit && unit->state != UNIT_QUEUED)
		unit = unit->next;
	return unit;
}

static void close_archive(struct schedule *schedule, struct job *job)
{
	if (job->fd < 0)
		return;
	close(steal_fd(&job->fd));
	schedule->open_archives--;
}

/* Close the archive if nobody will need it any more, even if results wait. */
static void close_finished(struct schedule *schedule, struct job *job)
{
	for (const struct unit *unit = job->units; unit; unit = unit->next) {
		if (unit->state != UNIT_DONE)
			return;
	}
	if (job->planned)
		close_archive(schedule, job);
}

/* Take @job, which has no units, off the list of all. It must be ready no more. */
static void unlink_job(struct schedule *schedule, struct job *job)
{
	withdraw(schedule, job);
	if (job->previous)
		job->previous->next = job->next;
	else
		schedule->first = job->next;
	if (job->next)
		job->next->previous = job->previous;
	else
		schedule->last = job->previous;
	schedule->held_bytes -= job_bytes(job);
	close_archive(schedule, job);
}

static void free_job(struct job *job)
{
	if (!job)
		return;
	kept_release(job->kept);
	free(job->path);
	free(job->message);
	free(job);
}

void schedule_release(struct schedule *schedule)
{
	struct job *job;

	while ((job = schedule->first) != NULL) {
		while (job->units)
			remove_unit(schedule, job->units);
		unlink_job(schedule, job);
		free_job(job);
	}
	free_job(steal_pointer(&schedule->popped_job));
	schedule->ready = schedule->ready_last = NULL;
}

/* Append @job, all set. */
static void append_job(struct schedule *schedule, struct job *job)
{
	job->previous = schedule->last;
	*(schedule->last ? &schedule->last->next : &schedule->first) = job;
	schedule->last = job;
	schedule->held_bytes += job_bytes(job);
	if (job->planned)
		make_ready(schedule, job);
	else
		schedule_offer(schedule, job);
}

int schedule_add_failed(
	struct schedule *schedule, const char *path, const char *error, const char *message)
{
	cleanup_free struct job *job = calloc(1, sizeof(*job));
	cleanup_free char *path_copy = strdup(path);
	cleanup_free char *message_copy = strdup(message);

	if (!job || !path_copy || !message_copy) {
		errno = ENOMEM;
		return -1;
	}
	*job = (struct job){
		.number = schedule->next_number,
		.path = steal_pointer(&path_copy),
		.fd = -1,
		.error = error,
		.message = steal_pointer(&message_copy),
		.planned = true,
	};
	append_job(schedule, steal_pointer(&job));
	return 0;
}

int schedule_add(struct schedule *schedule, const char *path, int fd, uint64_t size_bytes,
	const struct failure *failure)
{
	cleanup_fd int owned = fd;
	cleanup_free struct job *job = calloc(1, sizeof(*job));
	cleanup_free char *copy = strdup(path);

	if (!job || !copy ||
		(!failure && !schedule_insert(schedule, job, NULL, 0, UNIT_END_OPEN))) {
		errno = ENOMEM;
		return -1;
	}
	job->path = steal_pointer(&copy);
	job->number = schedule->next_number++;
	job->fd = steal_fd(&owned);
	schedule->open_archives += job->fd >= 0;
	job->size_bytes = size_bytes;
	if (failure) {
		job->failure = *failure;
		job->planned = true;
	}
	append_job(schedule, steal_pointer(&job));
	return 0;
}

bool schedule_has_room(const struct schedule *schedule)
{
	return schedule->held_bytes <= SCHEDULE_HELD_MAX;
}

struct unit *schedule_next(const struct schedule *schedule, uint64_t preferred)
{
	struct job *job = schedule->open;

	if (!job)
		return NULL;
	/* Too much waits already, and only the unit that has its turn lets it go. */
	if (!schedule->unordered && !schedule_has_room(schedule)) {
		struct unit *turn = schedule->first->units;
		return turn && turn->state == UNIT_QUEUED ? turn : NULL;
	}
	while (job && job->number != preferred)
		job = job->next_open;
	return queued_unit(job ? job : schedule->open);
}

void schedule_give(struct schedule *schedule, struct unit *unit, uint32_t directory)
{
	assert(unit->state == UNIT_QUEUED);
	unit->state = UNIT_GIVEN;
	unit->directory = directory;
	unit->withheld = schedule->withhold;
	if (!queued_unit(unit->job))
		withdraw(schedule, unit->job);
}

void schedule_take_back(struct schedule *schedule, struct unit *unit)
{
	assert(unit->state == UNIT_GIVEN);
	unit->state = UNIT_QUEUED;
	schedule_offer(schedule, unit->job);
}

/* Queue what of @unit comes behind @plan. 0, or -1 with errno ENOMEM. */
static int queue_rest(
	struct schedule *schedule, struct unit *unit, const struct message_plan *plan, uint64_t end)
{
	struct unit *next = schedule_insert(schedule, unit->job, unit, plan->end, end);

	if (!next)
		return -1;
	next->members.place = plan->next_place;
	schedule_offer(schedule, unit->job);
	return 0;
}

int schedule_plan(struct schedule *schedule, struct unit *unit, const struct message_plan *plan)
{
	struct job *job = unit->job;
	uint64_t end = unit->members.end;
	bool open = end == UNIT_END_OPEN;

	assert(unit->state == UNIT_GIVEN && (open || end >= plan->end));
	job->opened = true;
	job->entries = plan->entries;
	job->behind_another |= plan->behind_another;
	if (job->behind_another)
		make_ready(schedule, job);
	if (schedule_postpones(unit, plan)) {
		unit->needed_bytes = plan->room;
		schedule_take_back(schedule, unit);
		return 0;
	}
	unit->state = UNIT_PLANNED;
	unit->pairable = plan->pairable;
	if (unit->room < UINT64_MAX)
		unit->room = plan->room;
	unit->members.end = plan->end;
	if (!open && plan->end < end && job->failure.kind == FAILURE_NONE)
		return queue_rest(schedule, unit, plan, end);
	if (!open)
		return 0;
	job->next_first = plan->end;
	if (plan->end == job->entries)
		job->planned = true;
	if (job->planned) /* so it also is if the archive has failed meanwhile */
		return 0;
	return queue_rest(schedule, unit, plan, UNIT_END_OPEN);
}

void schedule_finish(struct schedule *schedule, struct unit *unit)
{
	unit->state = UNIT_DONE;
	close_finished(schedule, unit->job);
	make_ready(schedule, unit->job);
}

void schedule_fail(struct schedule *schedule, struct job *job, const struct failure *failure)
{
	for (struct unit *unit = job->units, *next; unit; unit = next) {
		next = unit->next;
		if (unit->state == UNIT_QUEUED)
			remove_unit(schedule, unit);
	}
	withdraw(schedule, job);
	job->failure = *failure;
	job->planned = true;
	make_ready(schedule, job);
}

void schedule_done(struct schedule *schedule, struct unit *unit, const struct message_done *done)
{
	if (done->failure.kind != FAILURE_NONE)
		schedule_fail(schedule, unit->job, &done->failure);
	schedule_finish(schedule, unit);
	schedule->units_done++;
}

int schedule_record(struct schedule *schedule, struct unit *unit, const struct message *message)
{
	const struct record *record = &message->record;
	size_t capacity = unit->results.capacity;

	assert(record->member >= unit->next_member && record->member < unit->members.end);
	if (recordqueue_put(&unit->results, message) < 0)
		return -1;
	schedule->held_bytes += unit->results.capacity - capacity;
	unit->next_member = record->member + 1;
	if (record->failure.kind == FAILURE_NONE && record->place != PLACE_DIRECTORY) {
		schedule->members++;
		schedule->member_bytes += record->size_bytes;
	}
	make_ready(schedule, unit->job);
	return 0;
}

void schedule_let_pop(struct schedule *schedule, struct unit *unit)
{
	unit->withheld = false;
	make_ready(schedule, unit->job);
}

bool schedule_has_turn(const struct schedule *schedule, const struct unit *unit)
{
	return schedule->unordered || (unit->job == schedule->first && unit == unit->job->units);
}

/* Take the next record of @unit. False if it has none now. */
static bool pop_record(struct schedule *schedule, struct unit *unit, struct result *result)
{
	struct record *record = &schedule->popped.record;
	size_t capacity = unit->results.capacity;

	bool popped = recordqueue_pop(&unit->results, &schedule->popped);
	schedule->held_bytes -= capacity - unit->results.capacity;
	if (!popped)
		return false;
	record->archive = unit->job->number;
	unit->popped_member = record->member + 1;
	*result = (struct result){RESULT_MEMBER, unit->job, record, unit->directory};
	return true;
}

enum popped {
	POPPED,  /* there is a result */
	NOTHING, /* there is none now */
	GONE,    /* the job has no more to come, and there is none of it any more */
};

/* All records of @job were popped: its last word, if it has one. */
static enum popped pop_job(struct schedule *schedule, struct job *job, struct result *result)
{
	bool failed = job->failure.kind != FAILURE_NONE || job->error;
	bool empty = job->opened && job->entries == 0;
	bool kept = job->kept && job->kept->state != KEPT_FOUND;

	if (schedule->unordered)
		schedule->ready = job->next_ready; /* it was the first */
	unlink_job(schedule, job);
	if (!failed && !empty && !kept) {
		free_job(job);
		return GONE;
	}
	schedule->popped_job = job;
	*result = (struct result){.kind = empty ? RESULT_EMPTY : RESULT_WHOLE, .job = job};
	if (failed)
		result->kind = RESULT_FAILED;
	return POPPED;
}

static enum popped pop_any(struct schedule *schedule, struct job *job, struct result *result)
{
	if (job->behind_another && !job->behind_popped) {
		job->behind_popped = true;
		*result = (struct result){.kind = RESULT_BEHIND, .job = job};
		return POPPED;
	}
	for (struct unit *unit = job->units, *next; unit; unit = next) {
		next = unit->next;
		if (!unit->withheld && pop_record(schedule, unit, result))
			return POPPED;
		if (!unit->withheld && unit->state == UNIT_DONE)
			remove_unit(schedule, unit);
		else if (!schedule->unordered)
			return NOTHING;
	}
	if (job->units || !job->planned)
		return NOTHING;
	return pop_job(schedule, job, result);
}

bool schedule_pop(struct schedule *schedule, struct result *result)
{
	struct job *job;

	free_job(steal_pointer(&schedule->popped_job));
	while ((job = schedule->unordered ? schedule->ready : schedule->first) != NULL) {
		switch (pop_any(schedule, job, result)) {
		case POPPED:
			return true;
		case GONE:
			continue;
		case NOTHING:
			break;
		}
		if (!schedule->unordered)
			return false;
		schedule->ready = job->next_ready;
		job->ready = false;
	}
	return false;
}
