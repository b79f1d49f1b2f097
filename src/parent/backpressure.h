// SPDX-License-Identifier: MIT

/*
 * What holds workers back while too much waits for its turn, so that the parent's memory is bounded
 * whatever they say. A worker that has nothing of what has its turn is not listened to: its packets
 * wait in the kernel, and so does it. That can leave the run without a way on, for which one worker
 * has to go: it is recalled, and what it had not told is done again.
 */

#ifndef ZIPMAP_PARENT_BACKPRESSURE_H
#define ZIPMAP_PARENT_BACKPRESSURE_H

#include "parent/deliver.h"
#include "parent/pool.h"
#include "parent/schedule.h"

#include <stdbool.h>

/**
 * Whether workers are listened to at all. If results do not go out, what they say waits with us,
 * and that is little.
 */
bool backpressure_hears_any(const struct schedule *schedule, const struct deliver *deliver);

/**
 * Whether @worker is listened to now: there is room, or it has the unit that has its turn, or it
 * has no unit and so nothing to tell.
 */
bool backpressure_hears(const struct schedule *schedule, const struct worker *worker);

/**
 * The worker that is to be recalled, or NULL. Either it has the unit that has its turn and another
 * one, and floods us with that; or what it has told of the unit that has its turn is withheld, and
 * has become too much; or the unit that has its turn waits for a worker, and none is free since all
 * wait for us. Asked after units were given out, with @most_workers at most.
 */
struct worker *backpressure_recall(
	const struct schedule *schedule, const struct pool *pool, unsigned most_workers);

#endif
