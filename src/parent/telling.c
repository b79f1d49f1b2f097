// SPDX-License-Identifier: MIT

/*
 * The order of what is told: the part of the schedule that hands records on when they have their
 * turn, and keeps them until then.
 */

#include "parent/schedule.h"
#include "parent/scheduleparts.h"
#include "util/cleanup.h"

#include <assert.h>
#include <stdlib.h>

static bool has_turn(const struct schedule *schedule, const struct unit *unit)
{
	return schedule->unordered || (unit->job == schedule->first && unit == unit->job->units);
}

/* Whether nothing may be told now. */
static bool is_full(struct schedule *schedule)
{
	const struct schedule_listener *listener = &schedule->listener;

	if (!listener->full || !listener->full(listener->context))
		return false;
	schedule->paused = true;
	return true;
}

static void tell(struct schedule *schedule, struct unit *unit, const struct record *record)
{
	const struct schedule_listener *listener = &schedule->listener;

	if (schedule->halted)
		return;
	if (listener->record(listener->context, unit->job, record, unit->directory))
		unit->told_member = record->member + 1;
	else
		schedule->halted = true;
}

/* Tell what waits of @unit, which has none left then, unless the listener is full. */
static void tell_waiting(struct schedule *schedule, struct unit *unit)
{
	struct wire_reader reader;
	struct message message;

	wire_reader_init(&reader, unit->waiting + unit->waiting_told,
		unit->waiting_size - unit->waiting_told);
	while (!schedule->halted && reader.left > 0) {
		if (is_full(schedule))
			return;
		int got = message_get(&reader, &message);
		assert(got == 1); /* we put it there */
		(void)got;
		tell(schedule, unit, &message.record);
		unit->waiting_told = unit->waiting_size - reader.left;
	}
	schedule->held_bytes -= unit->waiting_capacity;
	free(steal_pointer(&unit->waiting));
	unit->waiting_told = unit->waiting_size = unit->waiting_capacity = 0;
}

static void finish_job(struct schedule *schedule, struct job *job)
{
	const struct schedule_listener *listener = &schedule->listener;

	if (job->failure.kind != FAILURE_NONE || job->error)
		schedule->halted = !listener->failed(listener->context, job);
	else if (job->opened && job->entries == 0)
		schedule->halted = !listener->empty(listener->context, job);
	job_remove(schedule, job);
}

/* Tell of @job what has its turn. True where it was the last word and the job is gone. */
static bool advance_job(struct schedule *schedule, struct job *job)
{
	for (struct unit *unit = job->units, *next; unit; unit = next) {
		next = unit->next;
		if (!has_turn(schedule, unit))
			continue;
		if (unit->waiting)
			tell_waiting(schedule, unit);
		if (schedule->halted || unit->waiting)
			return false; /* the unit stays, with what was not told */
		if (unit->state == UNIT_DONE)
			unit_remove(schedule, unit);
	}
	if (job->units || !job->planned || schedule->halted || is_full(schedule))
		return false;
	finish_job(schedule, job);
	return true;
}

void schedule_advance(struct schedule *schedule, struct job *job)
{
	if (schedule->unordered) {
		advance_job(schedule, job);
		return;
	}
	while (schedule->first && advance_job(schedule, schedule->first))
		;
}

void schedule_resume(struct schedule *schedule)
{
	if (!schedule->paused || schedule->halted)
		return;
	schedule->paused = false;
	for (struct job *job = schedule->first, *next; job; job = next) {
		next = schedule->unordered ? job->next : NULL;
		schedule_advance(schedule, job);
	}
}

/* Keep @record, as a message, until its unit has its turn. */
static int unit_wait(struct schedule *schedule, struct unit *unit, const struct record *record)
{
	struct message message = {.kind = MESSAGE_RECORD, .record = *record};
	struct wire_writer writer;
	size_t most = 160 + (size_t)record->name_size + record->base_size;

	if (record->array)
		most += record->array->dtype_size + sizeof(*record->array);

	if (unit->waiting_capacity - unit->waiting_size < most) {
		size_t capacity = unit->waiting_capacity + unit->waiting_capacity / 2 + most;
		uint8_t *grown = realloc(unit->waiting, capacity);
		if (!grown)
			return -1;
		schedule->held_bytes += capacity - unit->waiting_capacity;
		unit->waiting = grown;
		unit->waiting_capacity = capacity;
	}
	wire_writer_init(&writer, unit->waiting + unit->waiting_size, most);
	int put = message_put(&writer, &message);
	assert(put == 0);
	(void)put;
	unit->waiting_size += writer.size;
	return 0;
}

int schedule_tell(struct schedule *schedule, struct unit *unit, const struct record *record)
{
	if (!has_turn(schedule, unit) || unit->waiting || is_full(schedule))
		return unit_wait(schedule, unit, record);
	tell(schedule, unit, record);
	return 0;
}
