// SPDX-License-Identifier: MIT

#include "parent/feed.h"

#include "parent/announce.h"
#include "parent/losses.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/* An archive of at most so many bytes is queued ahead for a worker: it is done in a moment. */
#define SMALL_ARCHIVE_BYTES (UINT64_C(64) * 1024)

/* Archives that are asked for at a time where none can be worked on. */
#define ASKED_MAX 64

/* How long to wait before work that could not be sent is sent again. */
#define SEND_AGAIN_MS 50

/*
 * Open an archive without waiting: a FIFO must not block, a terminal must not become ours. The
 * descriptor, or -1 with *@failure.
 */
static int open_archive(const char *path, uint64_t *size_bytes, struct failure *failure, int fd)
{
	struct stat status;
	cleanup_fd int opened =
		fd >= 0 ? fd : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (opened < 0 || fstat(opened, &status) < 0) {
		*failure = (struct failure){FAILURE_OPEN, {(uint64_t)errno, 0}};
		return -1;
	}
	if (!S_ISREG(status.st_mode))
		*failure = (struct failure){FAILURE_NOT_REGULAR, {status.st_mode, 0}};
	else if (status.st_size == 0)
		*failure = (struct failure){.kind = FAILURE_EMPTY_FILE};
	else
		*size_bytes = (uint64_t)status.st_size;
	return failure->kind == FAILURE_NONE ? steal_fd(&opened) : -1;
}

/* Make a job of an archive. @fd as in struct source_item. */
static void take_archive(struct run *run, const char *path, int fd)
{
	struct failure failure = {0};
	uint64_t size_bytes = 0;
	int opened = open_archive(path, &size_bytes, &failure, fd);
	bool too_many = failure.kind == FAILURE_OPEN &&
			(failure.numbers[0] == EMFILE || failure.numbers[0] == ENFILE);

	if (too_many && run->schedule.open_archives > 0) {
		run->held_path = strdup(path);
		if (!run->held_path)
			run_out_of_memory(run);
		return;
	}
	if (schedule_add(&run->schedule, path, opened, size_bytes, opened < 0 ? &failure : NULL) <
		0)
		run_out_of_memory(run);
	if (opened >= 0 && !run->stop) {
		run->stats->archives++;
		run->schedule.last->pathless = fd >= 0;
	}
}

/* Ask the source for one more archive. False where it has none now. */
static bool ask_source(struct run *run)
{
	struct source_item item = {.fd = -1};

	if (!schedule_has_room(&run->schedule) ||
		run->schedule.open_archives >= run->most_archives ||
		announce_pending(run) > ANNOUNCE_PENDING_MAX)
		return false;
	if (run->held_path) {
		cleanup_free char *path = steal_pointer(&run->held_path);
		take_archive(run, path, -1);
		return run->held_path == NULL;
	}
	if (run->source_status == SOURCE_WAIT || run->source_status == SOURCE_END)
		return false;
	run->source_status = run->source->next(run->source->context, &item);
	switch (run->source_status) {
	case SOURCE_ARCHIVE:
		take_archive(run, item.path, item.fd);
		return run->held_path == NULL;
	case SOURCE_FAILED:
		if (schedule_add_failed(&run->schedule, item.path, item.error, item.message) < 0)
			run_out_of_memory(run);
		return true;
	case SOURCE_AGAIN:
		run->again_ms = 0;
		return false;
	case SOURCE_WAIT:
	case SOURCE_END:
		break;
	}
	return false;
}

/* The next unit for a worker that has archive @preferred open; NULL where there is none now. */
static struct unit *find_unit(struct run *run, uint64_t preferred)
{
	struct unit *unit;

	/* So many failures in a row, and other events have their turn. */
	for (int asked = 0; asked < ASKED_MAX; asked++) {
		unit = schedule_next(&run->schedule, preferred);
		if (unit || run->stop || !ask_source(run))
			return run->stop ? NULL : unit;
	}
	run->again_ms = 0;
	return NULL;
}

/* Give @unit to @worker. False where it cannot be sent. */
static bool give(struct run *run, struct worker *worker, struct unit *unit)
{
	const struct job *job = unit->job;
	struct message_work work = {
		.archive = job->number,
		.first = unit->next_member,
		.end = unit->end,
		.total_left = budget_left(&run->budget),
		.entries = job->opened ? job->entries : 0,
		.in_place = run->settings->in_place && !job->pathless,
	};
	int fd = worker->archive == job->number ? -1 : job->fd;

	if (pool_send(&run->pool, worker, &work, fd) < 0) {
		/* A worker that is dead shows in the poll; one that only no longer listens is made
		 * to. All else passes: too many descriptors of this user's on their way
		 * (ETOOMANYREFS), no memory in the kernel. */
		if (errno == EPIPE || errno == ECONNRESET)
			kill(worker->pid, SIGKILL);
		else
			run->again_ms = SEND_AGAIN_MS;
		return false;
	}
	worker->queue[worker->queued++] = (struct in_hand){.unit = unit};
	schedule_give(&run->schedule, unit, worker->directory);
	return true;
}

static bool is_small(const struct unit *unit)
{
	return unit->first == 0 && unit->job->size_bytes <= SMALL_ARCHIVE_BYTES;
}

/*
 * Whether @worker, which has something already, is to have more: a second unit where it says that
 * it gains from one, and small archives behind small ones, so that nobody waits for us. Nothing is
 * put beside a unit that must be alone. One worker alone that is given a limit for all takes unit
 * after unit, so that what finds room is the same in each run.
 */
static bool takes_more(const struct run *run, const struct worker *worker)
{
	if (run->settings->jobs == 1 && run->settings->limits.total_bytes > 0)
		return false;
	/* One that has nothing is dead, which will show. */
	if (worker->queued == 0 || worker->queued == WORKER_QUEUE_MAX ||
		worker->queue[0].unit->alone)
		return false;
	return is_small(worker->queue[worker->queued - 1].unit) ||
	       (worker->queued == 1 && worker->queue[0].unit->gains);
}

/* All workers are busy: give more to those that can do with it. */
static void feed_ahead(struct run *run)
{
	for (unsigned i = 0; i < run->pool.size; i++) {
		struct worker *worker = &run->pool.workers[i];
		while (takes_more(run, worker)) {
			bool second = worker->queued == 1 && worker->queue[0].unit->gains;
			struct unit *unit =
				find_unit(run, second ? worker->archive : PROGRESS_NONE);
			if (!unit || unit->alone || (!second && !is_small(unit)) ||
				!give(run, worker, unit))
				return;
		}
	}
}

void feed(struct run *run)
{
	struct unit *unit;

	for (unsigned i = 0; i < run->pool.size && !run->stop; i++) {
		struct worker *worker = &run->pool.workers[i];
		if (worker->pid == 0 || worker->queued > 0)
			continue;
		unit = find_unit(run, worker->archive);
		if (!unit)
			return;
		give(run, worker, unit);
	}
	while (run->pool.live < run->most_workers &&
		(unit = find_unit(run, PROGRESS_NONE)) != NULL) {
		struct failure failure;
		struct worker *worker = pool_start(&run->pool, &failure);
		if (!worker)
			losses_of_start(run, &failure);
		if (!worker || !give(run, worker, unit))
			return;
	}
	if (run->pool.live >= run->most_workers && !run->stop)
		feed_ahead(run);
}
