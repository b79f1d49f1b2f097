// SPDX-License-Identifier: MIT

/*
 * What the files of the schedule share among themselves: schedule.c, telling.c and deaths.c.
 */

#ifndef ZIPMAP_PARENT_SCHEDULEPARTS_H
#define ZIPMAP_PARENT_SCHEDULEPARTS_H

#include "parent/schedule.h"

/** Insert a unit behind @after, or as the job's first. NULL: no memory. */
struct unit *unit_add(struct schedule *schedule, struct job *job, struct unit *after,
	uint64_t first, uint64_t end);

/** Forget @unit, or @job with all of its units; nobody is told. */
void unit_remove(struct schedule *schedule, struct unit *unit);
void job_remove(struct schedule *schedule, struct job *job);

/** Have @job among those that have a unit to give, at its place. */
void job_open(struct schedule *schedule, struct job *job);

/** No more of @job is done; what was done is told, then its failure. */
void job_fail(struct schedule *schedule, struct job *job, const struct failure *failure);

/** Tell @record of @unit, or keep it until the unit has its turn. 0, or -1 with ENOMEM. */
int schedule_tell(struct schedule *schedule, struct unit *unit, const struct record *record);

/** Something has changed about @job: tell what has its turn now. */
void schedule_advance(struct schedule *schedule, struct job *job);

#endif
