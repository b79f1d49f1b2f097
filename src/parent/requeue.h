// SPDX-License-Identifier: MIT

/*
 * What becomes of the units of a worker that has died: who is to blame, and what is done again.
 */

#ifndef ZIPMAP_PARENT_REQUEUE_H
#define ZIPMAP_PARENT_REQUEUE_H

#include "parent/schedule.h"

/** Workers that may die over one archive before it is given up. */
#define REQUEUE_DEATHS_MAX 16

/**
 * Whether @suspect, a record of what the worker was on by its crash note, is about a member of
 * @unit whose record is missing.
 */
bool requeue_may_blame(const struct unit *unit, const struct message *suspect);

/*
 * A worker has died that had @unit. Each returns 0, or -1 with errno ENOMEM.
 */

/** It was not at @unit: the members whose records are missing are given out again. */
int requeue_innocent(struct schedule *schedule, struct unit *unit);

/**
 * It was on two members, and @suspect, of this unit, is one of them: that one is given out again
 * alone, and the other members whose records are missing are given out again as they were. If
 * @suspect is no missing member, all of those are given out again alone.
 */
int requeue_suspect(struct schedule *schedule, struct unit *unit, const struct message *suspect);

/**
 * It was at @unit and no other. @guilty is the member that it was on, with guilty->record.failure
 * set: it has failed, and the members whose records are missing are given out again. If @guilty is
 * no missing member, the unit is given out again once, alone; the next time its archive fails.
 */
int requeue_guilty(struct schedule *schedule, struct unit *unit, const struct message *guilty);

#endif
