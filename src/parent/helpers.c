// SPDX-License-Identifier: MIT

#include "parent/helpers.h"

/* A worker is started for so many bytes of a member: before it is ready, others do as many. */
#define BYTES_A_HELPER (UINT64_C(8) * 1024 * 1024)

/* An archive that is likely to keep two workers busy. */
#define ARCHIVE_LARGE (UINT64_C(4) * 1024 * 1024)

/* Whether all that @worker has is the rest of a stretch to be written. */
static bool is_about_to_end(const struct parts *parts, const struct worker *worker)
{
	struct share *share;

	if (worker->queued != 1 || worker->queue[0].unit->kind != UNIT_PART)
		return false;
	return share_find_slot(parts, worker->queue[0].unit, &share)->state == SLOT_TAILED;
}

/* One that is still starting would come too late for what its owner finds for it. */
static bool is_idle(const struct worker *worker)
{
	return worker->pid != 0 && !worker->retired && worker->is_ready && worker->queued == 0;
}

struct worker *helpers_find(const struct parts *parts, const struct pool *pool)
{
	struct worker *idle = NULL;

	for (unsigned i = 0; i < pool->size; i++) {
		struct worker *worker = &pool->workers[i];
		if (is_idle(worker))
			return worker;
		if (worker->pid != 0 && !worker->retired && is_about_to_end(parts, worker))
			idle = worker;
	}
	return idle;
}

int helpers_count(const struct parts *parts, const struct pool *pool)
{
	int unused = 0;

	for (unsigned i = 0; i < pool->size; i++) {
		const struct worker *worker = &pool->workers[i];
		unused += is_idle(worker) || (worker->pid != 0 && is_about_to_end(parts, worker));
	}
	for (int i = 0; i < PARTS_MEMBERS_MAX; i++) {
		const struct share *share = parts->shares[i];
		for (int j = 0; share && j < PART_HELPERS_MAX; j++)
			unused -= share->slots[j].state == SLOT_ASKED;
	}
	return unused;
}

/*
 * How many workers could do with what there is. While a large archive is looked at, nobody knows
 * what is in it; but one worker more will hardly be too many.
 */
static uint64_t count_worth(const struct parts *parts, const struct pool *pool)
{
	uint64_t worth = 0;

	for (int i = 0; i < PARTS_MEMBERS_MAX; i++) {
		const struct share *share = parts->shares[i];
		if (share && share_wants_help(share))
			worth += 1 + share->size_bytes / BYTES_A_HELPER;
	}
	for (unsigned i = 0; i < pool->size; i++) {
		const struct worker *worker = &pool->workers[i];
		const struct unit *unit = worker->queued == 1 ? worker->queue[0].unit : NULL;
		if (unit && unit->state != UNIT_PLANNED && unit->job->size_bytes >= ARCHIVE_LARGE)
			worth += 2;
	}
	return worth;
}

void helpers_start(struct parts *parts, struct pool *pool, unsigned most_workers)
{
	uint64_t worth = count_worth(parts, pool);
	struct failure failure;

	while (pool->live < most_workers && pool->live < worth && !parts->has_failed_to_start) {
		if (!pool_start(pool, &failure))
			parts->has_failed_to_start = true; /* then with those that there are */
	}
}
