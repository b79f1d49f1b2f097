// SPDX-License-Identifier: MIT

/*
 * What becomes of the units of a worker that has died: the part of the schedule that says who is to
 * blame, and what is done again.
 */

#include "parent/schedule.h"
#include "parent/scheduleparts.h"

/* The archive of @unit has failed meanwhile: what is missing is not done any more. */
static int give_up(struct schedule *schedule, struct unit *unit)
{
	unit->state = UNIT_DONE;
	schedule_advance(schedule, unit->job);
	return 0;
}

int schedule_requeue(struct schedule *schedule, struct unit *unit)
{
	struct job *job = unit->job;

	if (job->failure.kind != FAILURE_NONE)
		return give_up(schedule, unit);
	unit->gains = false;
	if (unit->next_member == unit->first) {
		unit->state = UNIT_QUEUED;
		job_open(schedule, job);
		return 0;
	}
	struct unit *again = unit_add(schedule, job, unit, unit->next_member, unit->end);
	if (!again)
		return -1;
	again->deaths = unit->deaths;
	again->alone = unit->alone;
	unit->end = unit->next_member;
	unit->state = UNIT_DONE;
	job_open(schedule, job);
	schedule_advance(schedule, job);
	return 0;
}

bool schedule_may_blame(const struct unit *unit, const struct record *suspect)
{
	const struct job *job = unit->job;
	/* The word of who may lie: a member past all that there are would leave no end to find. */
	uint64_t entries = job->opened ? job->entries : UNIT_END_OPEN - 1;

	return suspect->archive == job->number && suspect->member >= unit->next_member &&
	       suspect->member < unit->end && suspect->member < entries;
}

/*
 * Divide what is missing of @unit: [first, missing) is done; [missing, member), @member itself and
 * (member, end) become units of their own. That of @member is returned, not given out yet; NULL: no
 * memory.
 */
static struct unit *single_out(struct schedule *schedule, struct unit *unit, uint64_t member)
{
	struct job *job = unit->job;
	uint64_t missing = unit->next_member;
	struct unit *single = unit_add(schedule, job, unit, member, member + 1);

	if (!single)
		return NULL;
	single->state = UNIT_DONE;
	if (member + 1 < unit->end && !unit_add(schedule, job, single, member + 1, unit->end))
		return NULL;
	if (missing < member && !unit_add(schedule, job, unit, missing, member))
		return NULL;
	if (unit->end == UNIT_END_OPEN)
		job->next_first = member + 1; /* it was not planned yet, as far as is known */
	if (member + 1 < unit->end || missing < member)
		job_open(schedule, job);
	unit->end = missing;
	unit->state = UNIT_DONE;
	return single;
}

int schedule_suspect(struct schedule *schedule, struct unit *unit, const struct record *suspect)
{
	if (unit->job->failure.kind != FAILURE_NONE || !schedule_may_blame(unit, suspect)) {
		unit->alone = true;
		return schedule_requeue(schedule, unit);
	}
	struct unit *single = single_out(schedule, unit, suspect->member);
	if (!single)
		return -1;
	single->state = UNIT_QUEUED;
	single->alone = true;
	job_open(schedule, unit->job);
	schedule_advance(schedule, unit->job);
	return 0;
}

int schedule_lost(struct schedule *schedule, struct unit *unit, const struct record *guilty)
{
	struct job *job = unit->job;
	bool blames = schedule_may_blame(unit, guilty);

	if (job->failure.kind != FAILURE_NONE)
		return give_up(schedule, unit);
	/* What takes too long would do so again. */
	bool hopeless = guilty->failure.kind == FAILURE_SLOW || unit->deaths > 0;

	if (++job->deaths > SCHEDULE_DEATHS_MAX || (!blames && hopeless)) {
		unit->state = UNIT_DONE;
		job_fail(schedule, job, &guilty->failure);
		schedule_advance(schedule, job);
		return 0;
	}
	if (!blames) {
		/* Nothing is lost but time: what has no record is done again. */
		unit->deaths++;
		unit->alone = true;
		return schedule_requeue(schedule, unit);
	}
	struct unit *blamed = single_out(schedule, unit, guilty->member);
	if (!blamed)
		return -1;
	int result = schedule_tell(schedule, blamed, guilty);
	schedule_advance(schedule, job);
	return result;
}
