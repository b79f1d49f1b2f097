// SPDX-License-Identifier: MIT

#include "parent/dispatch.h"

#include <errno.h>
#include <signal.h>

/* An archive of at most so many bytes is queued ahead for a worker: it is done in a moment. */
#define SMALL_ARCHIVE_BYTES (UINT64_C(64) * 1024)

void dispatch_init(
	struct dispatch *dispatch, const struct run_settings *settings, unsigned most_workers)
{
	*dispatch = (struct dispatch){
		.most_workers = most_workers,
		.in_place = settings->in_place,
		/* Then what finds room below the limit is the same in each run. */
		.one_by_one = settings->jobs == 1 && settings->limits.total_bytes > 0,
	};
}

/* What the parts of a dispatch share. */
struct giving {
	struct dispatch *dispatch;
	struct pool *pool;
	struct schedule *schedule;
	const struct budget *budget;
};

/* Give @unit to @worker. False if it cannot be sent. */
static bool give(const struct giving *giving, struct worker *worker, struct unit *unit)
{
	const struct job *job = unit->job;
	int fd = worker->archive == job->number ? -1 : job->fd;
	struct message message = {
		.kind = MESSAGE_WORK,
		.unit = unit->id,
		.work = {.archive = job->number,
			.entries = job->opened ? job->entries : 0,
			.total_left = budget_left(giving->budget),
			.has_archive = fd >= 0,
			.in_place = giving->dispatch->in_place && !job->pathless,
			.kind = unit->kind,
			.members = unit->members},
	};

	if (pool_send(giving->pool, worker, &message, fd) < 0) {
		/* A worker that is dead shows in the poll; one that only no longer listens is made
		 * to. All else passes: too many descriptors of this user's on their way
		 * (ETOOMANYREFS), no memory in the kernel. */
		if (errno == EPIPE || errno == ECONNRESET)
			kill(worker->pid, SIGKILL);
		else
			giving->dispatch->again = true;
		return false;
	}
	worker->queue[worker->queued++] = (struct in_hand){.unit = unit};
	schedule_give(giving->schedule, unit, worker->directory);
	return true;
}

/* Workers that have nothing get a unit. */
static enum dispatch_end give_to_idle(const struct giving *giving)
{
	struct pool *pool = giving->pool;

	for (unsigned i = 0; i < pool->size; i++) {
		struct worker *worker = &pool->workers[i];
		if (worker->pid == 0 || worker->queued > 0)
			continue;
		struct unit *unit = schedule_next(giving->schedule, worker->archive);
		if (!unit)
			return DISPATCH_HUNGRY;
		give(giving, worker, unit);
	}
	return DISPATCH_SATED;
}

/* Units that nobody is there for get a worker. */
static enum dispatch_end start_workers(const struct giving *giving)
{
	struct dispatch *dispatch = giving->dispatch;
	struct pool *pool = giving->pool;

	while (pool->live < dispatch->most_workers) {
		struct unit *unit = schedule_next(giving->schedule, PROGRESS_NONE);
		if (!unit)
			return DISPATCH_HUNGRY;
		struct worker *worker = pool_start(pool, &dispatch->failure);
		if (!worker && pool->live == 0)
			return DISPATCH_NO_WORKER;
		if (!worker)
			dispatch->most_workers = pool->live; /* then with fewer */
		if (!worker || !give(giving, worker, unit))
			break;
	}
	return DISPATCH_SATED;
}

static bool is_small(const struct unit *unit)
{
	return unit->members.first == 0 && unit->job->size_bytes <= SMALL_ARCHIVE_BYTES;
}

/* Whether @worker is to have a second unit of any size beside the one that it is at. */
static bool takes_second(const struct worker *worker)
{
	return worker->queued == 1 && worker->queue[0].unit->pairable;
}

/*
 * Whether @worker, which has something already, is to have more: a second unit if it would be
 * faster with one, and small archives behind small ones, so that nobody waits for us. Nothing is
 * put beside an exclusive unit.
 */
static bool takes_more(const struct worker *worker)
{
	/* One that has nothing is dead, which will show. */
	if (worker->queued == 0 || worker->queued == WORKER_QUEUE_MAX ||
		worker->queue[0].unit->exclusive)
		return false;
	return is_small(worker->queue[worker->queued - 1].unit) || takes_second(worker);
}

/* All workers are busy: give more to those that can do with it. */
static enum dispatch_end queue_ahead(const struct giving *giving)
{
	struct pool *pool = giving->pool;

	for (unsigned i = 0; i < pool->size; i++) {
		struct worker *worker = &pool->workers[i];
		while (takes_more(worker)) {
			bool second = takes_second(worker);
			struct unit *unit = schedule_next(
				giving->schedule, second ? worker->archive : PROGRESS_NONE);
			if (!unit)
				return DISPATCH_HUNGRY;
			if (unit->exclusive || (!second && !is_small(unit)) ||
				!give(giving, worker, unit))
				return DISPATCH_SATED;
		}
	}
	return DISPATCH_SATED;
}

enum dispatch_end dispatch_units(struct dispatch *dispatch, struct pool *pool,
	struct schedule *schedule, const struct budget *budget)
{
	const struct giving giving = {dispatch, pool, schedule, budget};

	dispatch->again = false;
	enum dispatch_end end = give_to_idle(&giving);
	if (end == DISPATCH_SATED)
		end = start_workers(&giving);
	if (end == DISPATCH_SATED && pool->live >= dispatch->most_workers && !dispatch->one_by_one)
		end = queue_ahead(&giving);
	return end;
}
