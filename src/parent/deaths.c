// SPDX-License-Identifier: MIT

/*
 * What becomes of the units of a worker that has died: the part of the schedule that says who is to
 * blame, and what is done again.
 */

#include "parent/schedule.h"
#include "parent/scheduleparts.h"

/* Cut @unit in two: what has records is done, what has none is given out again. NULL: no memory. */
static struct unit *split(struct schedule *schedule, struct unit *unit)
{
	struct job *job = unit->job;
	struct unit *again = unit_add(schedule, job, unit, unit->next_member, unit->end);

	if (!again)
		return NULL;
	again->deaths = unit->deaths;
	unit->end = unit->next_member;
	unit->state = UNIT_DONE;
	job_open(schedule, job);
	schedule_advance(schedule, job);
	return again;
}

int schedule_requeue(struct schedule *schedule, struct unit *unit)
{
	if (unit->next_member > unit->first)
		return split(schedule, unit) ? 0 : -1;
	unit->state = UNIT_QUEUED;
	job_open(schedule, unit->job);
	return 0;
}

int schedule_lost(struct schedule *schedule, struct unit *unit, const struct record *guilty)
{
	struct job *job = unit->job;
	/* The word of who may lie: a member past all that there are would leave no end to find. */
	uint64_t entries = job->opened ? job->entries : UNIT_END_OPEN - 1;
	bool blames = guilty->archive == job->number && guilty->member >= unit->next_member &&
		      guilty->member < unit->end && guilty->member < entries;

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
		return split(schedule, unit) ? 0 : -1;
	}

	/* [first, missing) is done; [missing, guilty) is done again; guilty; (guilty, end) is, too.
	 */
	uint64_t missing = unit->next_member;
	struct unit *after = NULL;
	struct unit *before = NULL;
	struct unit *blamed = unit_add(schedule, job, unit, guilty->member, guilty->member + 1);
	if (!blamed)
		return -1;
	blamed->state = UNIT_DONE;
	if (guilty->member + 1 < unit->end) {
		after = unit_add(schedule, job, blamed, guilty->member + 1, unit->end);
		if (!after)
			return -1;
	}
	if (missing < guilty->member) {
		before = unit_add(schedule, job, unit, missing, guilty->member);
		if (!before)
			return -1;
	}
	if (unit->end == UNIT_END_OPEN)
		job->next_first =
			guilty->member + 1; /* it was not planned yet, as far as is known */
	unit->end = missing;
	unit->state = UNIT_DONE;
	if (after || before)
		job_open(schedule, job);
	int result = schedule_tell(schedule, blamed, guilty);
	schedule_advance(schedule, job);
	return result;
}
