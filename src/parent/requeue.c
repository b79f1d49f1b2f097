// SPDX-License-Identifier: MIT

#include "parent/requeue.h"

#include <assert.h>

static void queue_again(struct schedule *schedule, struct unit *unit)
{
	unit->state = UNIT_QUEUED;
	schedule_offer(schedule, unit->job);
}

/* What has a record stays with @unit, which is done with that. */
static void end_at_records(struct schedule *schedule, struct unit *unit)
{
	unit->members.end = unit->next_member;
	schedule_finish(schedule, unit);
}

static bool has_failed(const struct job *job)
{
	return job->failure.kind != FAILURE_NONE;
}

int requeue_innocent(struct schedule *schedule, struct unit *unit)
{
	if (has_failed(unit->job)) {
		schedule_finish(schedule, unit); /* what is missing is not done any more */
		return 0;
	}
	unit->pairable = false;
	if (unit->next_member == unit->members.first) {
		queue_again(schedule, unit);
		return 0;
	}
	struct unit *again =
		schedule_insert(schedule, unit->job, unit, unit->next_member, unit->members.end);
	if (!again)
		return -1;
	again->deaths = unit->deaths;
	again->exclusive = unit->exclusive;
	schedule_offer(schedule, unit->job);
	end_at_records(schedule, unit);
	return 0;
}

bool requeue_may_blame(const struct unit *unit, const struct message *suspect)
{
	const struct job *job = unit->job;
	uint64_t member = suspect->record.member;
	/* The word of who may lie: a member past all that there are would leave no end to find. */
	uint64_t entries = job->opened ? job->entries : UNIT_END_OPEN - 1;

	return suspect->unit == unit->id && member >= unit->next_member &&
	       member < unit->members.end && member < entries;
}

/*
 * Divide what is missing of @unit: [first, missing) has its records; [missing, member), @member
 * itself and (member, end) become units of their own. The unit of @member is returned, which nobody
 * has, and nobody gets yet: if it is the last one of its archive, that stays open for it. NULL with
 * errno ENOMEM.
 */
static struct unit *single_out(struct schedule *schedule, struct unit *unit, uint64_t member)
{
	struct job *job = unit->job;
	uint64_t missing = unit->next_member;
	uint64_t end = unit->members.end;
	struct unit *single = schedule_insert(schedule, job, unit, member, member + 1);

	if (!single)
		return NULL;
	single->state = UNIT_GIVEN;
	if (member + 1 < end && !schedule_insert(schedule, job, single, member + 1, end))
		return NULL;
	if (missing < member && !schedule_insert(schedule, job, unit, missing, member))
		return NULL;
	if (end == UNIT_END_OPEN)
		job->next_first = member + 1; /* it was not planned yet, as far as is known */
	if (member + 1 < end || missing < member)
		schedule_offer(schedule, job);
	end_at_records(schedule, unit);
	return single;
}

int requeue_suspect(struct schedule *schedule, struct unit *unit, const struct message *suspect)
{
	if (has_failed(unit->job) || !requeue_may_blame(unit, suspect)) {
		unit->exclusive = true;
		return requeue_innocent(schedule, unit);
	}
	struct unit *single = single_out(schedule, unit, suspect->record.member);
	if (!single)
		return -1;
	single->exclusive = true;
	queue_again(schedule, single);
	return 0;
}

int requeue_guilty(struct schedule *schedule, struct unit *unit, const struct message *guilty)
{
	struct job *job = unit->job;
	const struct failure *failure = &guilty->record.failure;
	bool blames = requeue_may_blame(unit, guilty);
	bool hopeless = unit->deaths > 0;

	assert(failure->kind != FAILURE_NONE);
	if (has_failed(job))
		return requeue_innocent(schedule, unit);
	if (++job->deaths > REQUEUE_DEATHS_MAX || (!blames && hopeless)) {
		schedule_fail(schedule, job, failure);
		schedule_finish(schedule, unit);
		schedule->losses_decided++;
		return 0;
	}
	if (!blames) {
		/* Nothing is lost but time: what has no record is done again. */
		unit->deaths++;
		unit->exclusive = true;
		return requeue_innocent(schedule, unit);
	}
	struct unit *blamed = single_out(schedule, unit, guilty->record.member);
	if (!blamed || schedule_record(schedule, blamed, guilty) < 0)
		return -1;
	schedule_finish(schedule, blamed);
	schedule->losses_decided++;
	return 0;
}
