// SPDX-License-Identifier: MIT

/*
 * The parent's loop: it waits for whatever comes first (a signal, a worker's answer, the next line
 * of a list, room on stdout) and never for anything else.
 */

#include "parent/run.h"

#include "parent/announce.h"
#include "parent/answers.h"
#include "parent/feed.h"
#include "parent/state.h"
#include "util/diag.h"
#include "util/memory.h"
#include "util/printable.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* How long workers without work may take to leave before they are killed. */
#define FAREWELL_MS 5000

void run_stop(struct run *run, enum run_end end, int number)
{
	if (run->stop)
		return;
	run->stop = true;
	run->end = end;
	run->number = number;
}

void run_count_failure(struct run *run)
{
	run->stats->failures++;
	if (run->settings->fail_fast)
		run_stop(run, RUN_STOPPED, 0);
}

void run_out_of_memory(struct run *run)
{
	diag(DIAG_ERROR, "out of memory");
	run->stats->failures++;
	run_stop(run, RUN_STOPPED, 0);
}

void run_not_tidied(struct run *run)
{
	char name[PRINTABLE_MAX];
	int error = errno;

	printable(run->rundir.path, strlen(run->rundir.path), name, sizeof(name));
	diag(DIAG_ERROR, "cannot remove all that was not printed from %s: %s", name,
		strerror(error));
	run->stats->failures++;
}

/* Wait for events and deal with them. */
static void wait_for_events(struct run *run, int timeout_ms)
{
	struct pollfd *polls = run->polls;
	nfds_t count = 0;
	bool hear = announce_pending(run) <= ANNOUNCE_PENDING_MAX;
	bool ask = run->source_status == SOURCE_WAIT && schedule_has_room(&run->schedule);

	polls[count++] = (struct pollfd){.fd = run->signals.fd, .events = POLLIN};
	polls[count++] = (struct pollfd){
		.fd = announce_pending(run) > 0 ? run->sink->poll_fd(run->sink->context) : -1,
		.events = POLLOUT,
	};
	polls[count++] = (struct pollfd){
		.fd = ask ? run->source->poll_fd(run->source->context) : -1,
		.events = POLLIN,
	};
	nfds_t first_worker = count;
	for (unsigned i = 0; i < run->pool.size; i++) {
		const struct worker *worker = &run->pool.workers[i];
		polls[count++] = (struct pollfd){
			.fd = worker->pid != 0 && hear ? worker->channel_fd : -1,
			.events = POLLIN,
		};
	}

	int ready = poll(polls, count, timeout_ms);
	if (ready < 0 && errno != EINTR) {
		run_out_of_memory(run); /* ENOMEM: all other reasons are in our hands */
		return;
	}
	if (ready <= 0)
		return;
	int signal = polls[0].revents ? signals_pending(&run->signals) : 0;
	if (signal)
		run_stop(run, RUN_SIGNALED, signal);
	if (polls[2].revents)
		run->source_status = SOURCE_ARCHIVE; /* ask again */
	for (unsigned i = 0; i < run->pool.size && !run->stop; i++) {
		if (polls[first_worker + i].revents)
			answers_take(run, &run->pool.workers[i]);
	}
	if (polls[1].revents && !run->stop) {
		announce_write(run);
		if (!run->stop)
			schedule_resume(&run->schedule);
	}
}

static bool all_done(const struct run *run)
{
	return run->source_status == SOURCE_END && !run->held_path &&
	       schedule_is_idle(&run->schedule) && announce_pending(run) == 0;
}

/* Unzip until all is done or something stops the run. */
static void work(struct run *run)
{
	while (!run->stop) {
		run->again_ms = -1;
		feed(run);
		memory_sample(&run->memory, 0);
		if (run->stop || all_done(run))
			break;
		wait_for_events(run, run->again_ms);
	}
	if (run->stop)
		announce_drain(run);
}

/* Let the workers say how much memory they took, and leave. */
static void dismiss_workers(struct run *run)
{
	uint64_t deadline_ns = monotonic_ns() + (uint64_t)FAREWELL_MS * 1000000;

	run->ending = true;
	pool_end_channels(&run->pool);
	while (run->pool.live > 0 && !run->stop && monotonic_ns() < deadline_ns)
		wait_for_events(run, FAREWELL_MS);
}

static void clean_up(struct run *run)
{
	pool_release(&run->pool); /* from here on, nobody writes files */
	if (run->end != RUN_COMPLETE)
		announce_sweep(run);
	if (rundir_end(&run->rundir) < 0)
		run_not_tidied(run);
	rundir_release(&run->rundir);
	schedule_release(&run->schedule);
	diag_set_interrupt(-1);
	signals_release(&run->signals);
	memory_peak_release(&run->memory);
	free(run->held_path);
	free(run->unwritten);
	free(run->polls);
}

/*
 * Share out the descriptors that this process may have: two for each worker, one for each archive
 * that is in hand, and the rest for a file that is looked at and whatever libraries open. 0, or -1
 * with EMFILE where they are too few for anything.
 */
static int share_descriptors(struct run *run)
{
	const rlim_t least = 16; /* for one worker, one archive, and nothing to spare */
	const rlim_t rest = 32;
	const rlim_t per_worker = 2 + WORKER_QUEUE_MAX;
	rlim_t wanted = rest + per_worker * run->settings->jobs;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		limit.rlim_cur = limit.rlim_max = 256;
	if (limit.rlim_cur < wanted) {
		rlim_t before = limit.rlim_cur;
		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			limit.rlim_cur = before;
	}
	rlim_t free_fds = limit.rlim_cur > rest ? limit.rlim_cur - rest : 0;
	rlim_t workers = free_fds / 3 < run->settings->jobs ? free_fds / 3 : run->settings->jobs;
	run->most_workers = workers > 0 ? (unsigned)workers : 1;
	run->most_archives = free_fds > 2 * workers ? free_fds - 2 * workers : 1;
	errno = EMFILE;
	return limit.rlim_cur < least ? -1 : 0;
}

/* 0, or -1: the reason has been printed. */
static int set_up(struct run *run, const struct worker_entry *worker)
{
	const struct run_settings *settings = run->settings;
	struct schedule_listener listener = announce_listener(run);

	budget_init(&run->budget, &settings->limits);
	schedule_init(&run->schedule, settings->unordered, &listener);
	if (share_descriptors(run) < 0) {
		diag(DIAG_ERROR, "cannot start: %s", strerror(errno));
		return -1;
	}
	memory_peak_init(&run->memory, settings->measure);
	/* poll(2) takes no more entries than there may be descriptors. */
	run->polls = calloc((size_t)run->most_workers + 3, sizeof(*run->polls));
	if (signals_init(&run->signals) < 0 || !run->polls ||
		pool_init(&run->pool, run->most_workers, worker,
			settings->no_files ? NULL : &run->rundir, run->stats) < 0) {
		diag(DIAG_ERROR, "cannot start: %s", strerror(errno));
		return -1;
	}
	diag_set_interrupt(run->signals.fd);
	if (settings->no_files) {
		diag(DIAG_DETAIL, "at most %u worker process%s", run->most_workers,
			run->most_workers == 1 ? "" : "es");
		return 0;
	}
	const char *distrust = rundir_distrust(settings->tmpdir);
	if (distrust || rundir_create(&run->rundir, settings->tmpdir) < 0) {
		char name[PRINTABLE_MAX];
		diag(DIAG_ERROR, "cannot make a directory in %s: %s",
			printable(settings->tmpdir, strlen(settings->tmpdir), name, sizeof(name)),
			distrust ? distrust : strerror(errno));
		return -1;
	}
	diag(DIAG_DETAIL, "files go to %s, by at most %u worker process%s", run->rundir.path,
		run->most_workers, run->most_workers == 1 ? "" : "es");
	return 0;
}

enum run_end run(const struct run_settings *settings, const struct archive_source *source,
	const struct record_sink *sink, const struct worker_entry *worker, struct run_stats *stats,
	int *number)
{
	uint64_t start_ns = monotonic_ns();
	struct run run = {
		.settings = settings,
		.source = source,
		.sink = sink,
		.stats = stats,
		.signals = {.fd = -1},
		.rundir = {.fd = -1, .lock_fd = -1},
		.memory = {.fd = -1},
		.source_status = SOURCE_ARCHIVE,
		.end = RUN_COMPLETE,
	};

	*stats = (struct run_stats){0};
	if (set_up(&run, worker) < 0) {
		run.end = RUN_NOT_STARTED;
	} else {
		work(&run);
		if (!run.stop)
			dismiss_workers(&run);
		memory_sample(&run.memory, 1);
	}
	stats->parent_private_peak_bytes = run.memory.private_bytes;
	stats->parent_shared_peak_bytes = run.memory.shared_bytes;
	stats->elapsed_ns = monotonic_ns() - start_ns;
	*number = run.number;
	clean_up(&run);
	return run.end;
}
