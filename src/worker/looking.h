// SPDX-License-Identifier: MIT

/*
 * --reuse: files that have the own names of a unit's members already, by way of the parent. They
 * are asked for ahead, many at a time, so that no member waits for an answer. What the answers are
 * is taken in the order of the members.
 */

#ifndef ZIPMAP_WORKER_LOOKING_H
#define ZIPMAP_WORKER_LOOKING_H

#include "worker/container/archive.h"
#include "worker/inbox.h"
#include "worker/outbox.h"
#include "worker/plan.h"

#include <stdint.h>

struct looking {
	struct outbox *outbox; /**< the worker's, as is the next; NULL: nothing is looked for */
	struct inbox *inbox;
	uint64_t unit;             /**< the id of the one whose members are looked for */
	uint64_t asked[LOOKS_MAX]; /**< members whose answers are not taken, in their order */
	unsigned count;
	uint64_t next_place; /**< where the first entry begins that was not considered yet */
	uint64_t next;       /**< which one that is */
};

/** Look for files by @outbox and @inbox, which must stay. */
void looking_init(struct looking *looking, struct outbox *outbox, struct inbox *inbox);

/** The unit @unit begins where @cursor stands. All answers for the one before must be taken. */
void looking_begin(struct looking *looking, uint64_t unit, const struct cursor *cursor);

/**
 * Ask for the files of the next members of the unit, which ends at @end, unless enough was asked.
 * @cursor is moved and set back: the name of the member that it gave last is gone.
 */
void looking_ask(struct looking *looking, const struct planner *planner, struct cursor *cursor,
	uint64_t end);

/** The file of @member, which the caller owns, or -1. Members come in their order. */
int looking_take(struct looking *looking, uint64_t member);

/** The unit is at its end: take what is left of the answers. */
void looking_end(struct looking *looking);

#endif
