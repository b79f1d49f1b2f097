// SPDX-License-Identifier: MIT

/*
 * Workers that say nothing and do nothing. A worker that is at work shows it: by what it says, by
 * the processor time that it takes, or by waiting for a disk. One that is stopped, or asleep, with
 * work in hand keeps all others' results from being printed, and is ended after a while. Looks are
 * counted, not time, so that a run that was itself stopped ends nobody when it goes on.
 *
 * One that has retired has nothing left to do but to leave, and is ended if it does not.
 */

#ifndef ZIPMAP_PARENT_SILENCE_H
#define ZIPMAP_PARENT_SILENCE_H

#include "parent/pool.h"
#include "parent/schedule.h"

#include <stdbool.h>
#include <stdint.h>

/** How often workers are looked at. */
#define SILENCE_LOOK_MS 10000U

/** Looks in a row that find a worker stopped until it is ended; that find it asleep. A file system
 * in user space lets a reader sleep until its server answers. */
#define SILENCE_STOPPED_LOOKS 6
#define SILENCE_ASLEEP_LOOKS  60

struct silence {
	unsigned look_ms;
	uint64_t next_ns; /**< of the next look */
};

/** Look every @look_ms; 0: every SILENCE_LOOK_MS. */
void silence_init(struct silence *silence, unsigned look_ms);

/** How long to wait for events until the next look, @timeout_ms (-1: for ever) at most. */
int silence_wait_ms(const struct silence *silence, int timeout_ms);

/**
 * Look at all workers of @pool if it is time to. A worker that is to be ended, or NULL. Those that
 * are not listened to have an excuse: all if @listening is false, others by backpressure.h.
 */
struct worker *silence_find(struct silence *silence, struct pool *pool,
	const struct schedule *schedule, bool listening);

#endif
