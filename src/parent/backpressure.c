// SPDX-License-Identifier: MIT

#include "parent/backpressure.h"

#include <stddef.h>

/* What a worker that has to be heard may add by a unit that does not have its turn. */
#define FLOOD_MAX SCHEDULE_HELD_MAX

/* What is said of a part of a member is passed on at once, and does not wait. */
static bool has_turn(const struct schedule *schedule, const struct worker *worker)
{
	for (unsigned i = 0; i < worker->queued; i++) {
		const struct unit *unit = worker->queue[i].unit;
		if (unit->kind == UNIT_PART || schedule_has_turn(schedule, unit))
			return true;
	}
	return false;
}

bool backpressure_hears_any(const struct schedule *schedule, const struct deliver *deliver)
{
	return emit_has_room(deliver->emit) &&
	       (deliver_has_room(deliver) || schedule->held_bytes < SCHEDULE_HELD_MAX / 4);
}

bool backpressure_hears(const struct schedule *schedule, const struct worker *worker)
{
	return worker->queued == 0 || schedule_has_room(schedule) || has_turn(schedule, worker);
}

/* Whether the unit that has its turn waits for a worker. */
static bool turn_is_queued(const struct schedule *schedule)
{
	const struct unit *turn = schedule->first ? schedule->first->units : NULL;

	return turn && turn->state == UNIT_QUEUED;
}

/* The worker whose last unit is of the latest archive; NULL if one is free. */
static struct worker *last_worker(const struct pool *pool)
{
	struct worker *last = NULL;
	uint64_t latest = 0;

	for (unsigned i = 0; i < pool->size; i++) {
		struct worker *worker = &pool->workers[i];
		if (worker->pid == 0)
			continue;
		if (worker->queued == 0)
			return NULL;
		const struct unit *unit = worker->queue[worker->queued - 1].unit;
		/* One that helps can be done without. */
		uint64_t archive = unit->kind == UNIT_PART ? UINT64_MAX : unit->job->number;
		if (!last || archive > latest) {
			last = worker;
			latest = archive;
		}
	}
	return last;
}

/*
 * Whether recalling @worker lets results go: it has told something of a unit that has its turn, and
 * that waits for its end; or it has another unit, which may be what floods us.
 */
static bool lets_go(const struct schedule *schedule, const struct worker *worker)
{
	if (worker->pid == 0 || !has_turn(schedule, worker))
		return false;
	const struct unit *unit = worker->queue[0].unit;
	return worker->queued > 1 || (unit->withheld && unit->next_member > unit->members.first);
}

struct worker *backpressure_recall(
	const struct schedule *schedule, const struct pool *pool, unsigned most_workers)
{
	if (schedule_has_room(schedule) || (schedule->unordered && !schedule->withhold))
		return NULL;
	if (!schedule->unordered && turn_is_queued(schedule))
		return pool->live >= most_workers ? last_worker(pool) : NULL;
	if (schedule->held_bytes <= SCHEDULE_HELD_MAX + FLOOD_MAX)
		return NULL;
	for (unsigned i = 0; i < pool->size; i++) {
		if (lets_go(schedule, &pool->workers[i]))
			return &pool->workers[i];
	}
	return NULL;
}
