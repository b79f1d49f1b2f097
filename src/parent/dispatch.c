// SPDX-License-Identifier: MIT

#include "parent/dispatch.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>

/*
 * An archive of at most so many bytes is queued ahead for a worker: it is done in a moment. Those
 * of a worker have no more together than the second of these.
 */
#define SMALL_ARCHIVE_BYTES (UINT64_C(64) * 1024)
#define QUEUED_BYTES_MAX    (4 * SMALL_ARCHIVE_BYTES)

void dispatch_init(
	struct dispatch *dispatch, const struct run_settings *settings, unsigned most_workers)
{
	*dispatch = (struct dispatch){
		.most_workers = most_workers,
		.in_place = settings->in_place,
		/* Then what finds room below the limit is the same in each run. And a worker whose
		 * results wait for its end does one unit and no other: it may not wait for those.
		 */
		.one_by_one = (settings->jobs == 1 && settings->limits.total_bytes > 0) ||
			      settings->archives_per_worker == 1,
		.measure = settings->measure,
		.archives_per_worker = settings->archives_per_worker,
	};
}

/* What the parts of a dispatch share. */
struct giving {
	struct dispatch *dispatch;
	struct pool *pool;
	struct schedule *schedule;
	const struct budget *budget;
	struct gate *gate;
};

/* Units on their way to a worker, which has them as the last ones of its queue already. */
struct load {
	struct worker *worker;
	uint64_t room; /* for the files of the next one */
	unsigned count;
	struct parcel parcel;
};

static void load_init(struct load *load, struct worker *worker)
{
	load->worker = worker;
	load->count = 0;
	parcel_init(&load->parcel, worker);
}

static void load_put(const struct giving *giving, struct load *load, struct unit *unit)
{
	const struct job *job = unit->job;
	struct worker *worker = load->worker;
	bool another = load->parcel.archive != job->number;
	int fd = another ? job->fd : -1;
	assert(!another || fd >= 0); /* the archive is open as long as there are units of it */
	const struct message message = {
		.kind = MESSAGE_WORK,
		.unit = unit->id,
		.work = {.archive = job->number,
			.size_bytes = job->size_bytes,
			.entries = job->opened ? job->entries : 0,
			.total_left = budget_left(giving->budget),
			.room = load->room,
			.has_archive = fd >= 0,
			.in_place = giving->dispatch->in_place && !job->pathless,
			.kind = unit->kind,
			.members = unit->members},
	};

	parcel_put(&load->parcel, &message, fd);
	worker->queue[worker->queued++] = (struct in_hand){.unit = unit};
	worker->archives += another;
	schedule_give(giving->schedule, unit, worker->directory);
	unit->room = load->room;
	load->count++;
}

/* False if it cannot be sent: then its units are to be given out again. */
static bool load_send(const struct giving *giving, const struct load *load)
{
	struct worker *worker = load->worker;

	if (load->count == 0 || pool_send(giving->pool, worker, &load->parcel) == 0)
		return true;
	/* A worker that is dead shows in the poll; one that only no longer listens is made to. All
	 * else passes: too many descriptors of this user's on their way (ETOOMANYREFS), no memory
	 * in the kernel. */
	if (errno == EPIPE || errno == ECONNRESET)
		kill(worker->pid, SIGKILL);
	else
		giving->dispatch->again = true;
	for (unsigned i = 0; i < load->count; i++)
		schedule_take_back(giving->schedule, worker->queue[--worker->queued].unit);
	return false;
}

/* A unit that may be given out, with room for its files. */
struct offer {
	struct unit *unit; /* NULL: there is none */
	bool held;         /* there is one, which waits for room */
	uint64_t room;
};

/* The next unit, one of archive @preferred before others. Those that need room go in order. */
static struct offer next_offer(const struct giving *giving, uint64_t preferred)
{
	struct gate *gate = giving->gate;
	struct offer offer = {
		.unit = schedule_next(giving->schedule, gate->shut ? PROGRESS_NONE : preferred)};

	gate->waits = false;
	if (offer.unit && !gate_allows(gate, offer.unit, &offer.room)) {
		offer.unit = NULL;
		offer.held = true;
	}
	return offer;
}

/* Give @offer, and nothing else, to @worker. False if it cannot be sent. */
static bool give(const struct giving *giving, struct worker *worker, const struct offer *offer)
{
	struct load load;

	load_init(&load, worker);
	load.room = offer->room;
	load_put(giving, &load, offer->unit);
	return load_send(giving, &load);
}

/* @wants more units could be given out. */
static enum dispatch_end be_hungry(const struct giving *giving, unsigned wants)
{
	giving->dispatch->wants = wants;
	return DISPATCH_HUNGRY;
}

/*
 * Whether @worker, which has @archive open, may not have @unit, since that would be one archive too
 * many.
 */
static bool is_too_much(const struct dispatch *dispatch, const struct worker *worker,
	uint64_t archive, const struct unit *unit)
{
	unsigned most = dispatch->archives_per_worker;

	if (most == 0 || worker->archives < most)
		return false;
	return worker->made || !unit || unit->job->number != archive;
}

/* Workers that have nothing get a unit, or leave if they have had their archives. */
static enum dispatch_end give_to_idle(const struct giving *giving)
{
	struct pool *pool = giving->pool;
	bool hungry = false;

	for (unsigned i = 0; i < pool->size; i++) {
		struct worker *worker = &pool->workers[i];
		if (worker->pid == 0 || worker->queued > 0 || worker->retired)
			continue;
		const struct offer offer = next_offer(giving, worker->archive);
		if (is_too_much(giving->dispatch, worker, worker->archive, offer.unit))
			pool_retire(worker, giving->dispatch->measure);
		else if (offer.unit)
			give(giving, worker, &offer);
		else if (!offer.held)
			hungry = true;
	}
	return hungry ? be_hungry(giving, 1) : DISPATCH_SATED;
}

/* Units that nobody is there for get a worker. */
static enum dispatch_end start_workers(const struct giving *giving)
{
	struct dispatch *dispatch = giving->dispatch;
	struct pool *pool = giving->pool;

	while (pool->live < dispatch->most_workers) {
		const struct offer offer = next_offer(giving, PROGRESS_NONE);
		if (offer.held)
			break;
		if (!offer.unit)
			return be_hungry(giving, 1);
		struct worker *worker = pool_start(pool, &dispatch->failure);
		if (!worker && pool->live == 0)
			return DISPATCH_NO_WORKER;
		if (!worker)
			dispatch->most_workers = pool->live; /* then with fewer */
		if (!worker || !give(giving, worker, &offer))
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

/* Bytes of the archives that @worker has something of. */
static uint64_t queued_bytes(const struct worker *worker)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < worker->queued; i++)
		bytes += worker->queue[i].unit->job->size_bytes;
	return bytes;
}

/*
 * Whether @worker, which has something already, is to have more: a second unit if it would be
 * faster with one, and small archives behind small ones, so that nobody waits for us. Nothing is
 * put beside an exclusive unit.
 */
static bool takes_more(const struct giving *giving, const struct worker *worker)
{
	/* One that has nothing is dead, which will show. */
	if (worker->queued == 0 || worker->queued == WORKER_QUEUE_MAX || worker->shares ||
		worker->queue[0].unit->exclusive)
		return false;
	/* One that needs room is given out once it can be begun, not before. */
	return takes_second(worker) ||
	       (is_small(worker->queue[worker->queued - 1].unit) && !giving->gate->shut);
}

/* Whether that is worth a packet now: not for every unit that it has done. */
static bool is_running_low(const struct worker *worker)
{
	return worker->queued <= WORKER_QUEUE_MAX / 2 &&
	       queued_bytes(worker) <= QUEUED_BYTES_MAX / 2;
}

static bool has_room_for(const struct worker *worker, const struct unit *unit)
{
	return is_small(unit) && unit->job->size_bytes <= QUEUED_BYTES_MAX - queued_bytes(worker);
}

/* Put into @load what its worker takes more. */
static enum dispatch_end fill(const struct giving *giving, struct load *load)
{
	struct worker *worker = load->worker;

	while (load->count < WORK_UNITS_MAX && takes_more(giving, worker)) {
		bool second = takes_second(worker);
		const struct offer offer =
			next_offer(giving, second ? worker->archive : PROGRESS_NONE);
		struct unit *unit = offer.unit;
		if (offer.held)
			break;
		if (!unit)
			return be_hungry(giving, WORK_UNITS_MAX - load->count);
		if (unit->exclusive || (!second && !has_room_for(worker, unit)) ||
			is_too_much(giving->dispatch, worker, load->parcel.archive, unit))
			break;
		load->room = offer.room;
		load_put(giving, load, unit);
	}
	return DISPATCH_SATED;
}

/* All workers are busy: give more to those that can do with it. */
static enum dispatch_end queue_ahead(const struct giving *giving)
{
	struct pool *pool = giving->pool;
	enum dispatch_end end = DISPATCH_SATED;

	for (unsigned i = 0; i < pool->size && end == DISPATCH_SATED; i++) {
		struct worker *worker = &pool->workers[i];
		struct load load;
		if (!takes_more(giving, worker) ||
			(!takes_second(worker) && !is_running_low(worker)))
			continue;
		load_init(&load, worker);
		end = fill(giving, &load);
		if (!load_send(giving, &load))
			return DISPATCH_SATED;
	}
	return end;
}

enum dispatch_end dispatch_units(struct dispatch *dispatch, struct pool *pool,
	struct schedule *schedule, const struct budget *budget, struct gate *gate)
{
	const struct giving giving = {dispatch, pool, schedule, budget, gate};

	dispatch->again = false;
	enum dispatch_end end = give_to_idle(&giving);
	if (end == DISPATCH_SATED)
		end = start_workers(&giving);
	if (end == DISPATCH_SATED && pool->live >= dispatch->most_workers && !dispatch->one_by_one)
		end = queue_ahead(&giving);
	return end;
}
