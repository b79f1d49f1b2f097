// SPDX-License-Identifier: MIT

/*
 * The loop: it asks the parts what there is to do, and decides. It waits for whatever comes first
 * (a signal, a message of a worker, the next line of a list, room on stdout), for nothing else.
 */

#include "parent/run.h"

#include "parent/backpressure.h"
#include "parent/lease.h"
#include "parent/runfiles.h"
#include "parent/runparts.h"
#include "util/diag.h"
#include "util/memory.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#define FAREWELL_MS 5000 /* that workers without work may take to leave, or they are killed */

/* Archives that are asked for before other events have their turn. */
#define ASKED_MAX 64

/* End the loop, unless something else has ended it already. */
static void stop(struct run *run, enum run_end end, int number)
{
	if (run->over)
		return;
	run->over = true;
	run->end = end;
	run->number = number;
}

/* The parent's own memory is short. What was announced stays; the rest is undone in order. */
static void stop_without_memory(struct run *run)
{
	diag(DIAG_ERROR, "out of memory");
	run->stats->failures++;
	stop(run, RUN_STOPPED, 0);
}

/* Have more results of kept files if they have their turn. Whether there are any. */
static bool feed_kept(struct run *run)
{
	int fed = keeper_feed(&run->keeper, &run->schedule);

	if (fed < 0)
		stop_without_memory(run);
	return fed > 0;
}

/* Deliver what has its turn while there is room for it. */
static void deliver_results(struct run *run)
{
	enum deliver_end end = DELIVER_FAILURE;

	while (!run->over && end != DELIVER_DONE) {
		end = deliver_all(&run->deliver, &run->schedule);
		if (end == DELIVER_NO_MEMORY)
			stop_without_memory(run);
		else if (end == DELIVER_NO_COMMAND)
			stop(run, RUN_NO_COMMAND, errno);
		else if (end == DELIVER_FAILURE && run->settings->fail_fast)
			stop(run, RUN_STOPPED, 0);
		else if (end == DELIVER_DONE && feed_kept(run))
			end = DELIVER_FAILURE; /* there is more */
	}
}

/* Not even one worker can be started. */
static void fail_to_start(struct run *run, const struct failure *failure)
{
	stop(run, run->stats->workers == 0 ? RUN_NOT_STARTED : RUN_STOPPED, 0);
	(void)emit_general_failure(&run->emit, failure, "");
}

/* Workers have nothing to do, and there is no unit: they help with members that others have. */
static int share_out(struct run *run)
{
	if (!run->settings->undivided)
		parts_ask(&run->parts, &run->pool, run->dispatch.most_workers);
	if (run->dispatch.again)
		return DISPATCH_AGAIN_MS;
	return run->gate.waits ? gate_wait_ms(&run->gate) : -1;
}

/* All workers are busy, but one will be done in a moment, and only a member to help with is there.
 */
static bool will_be_hungry(const struct run *run)
{
	return parts_could_ask(&run->parts) && !schedule_next(&run->schedule, PROGRESS_NONE);
}

/*
 * Give out units while workers can do with them, and ask for archives when there are none. How long
 * to wait at most before this is tried again; -1: until there is an event.
 */
static int give_out(struct run *run)
{
	const struct dispatch *dispatch = &run->dispatch;
	unsigned wants = 1;

	for (unsigned asked = 0; asked < ASKED_MAX; asked += wants) {
		deliver_results(run);
		if (run->over)
			return 0;
		switch (dispatch_units(
			&run->dispatch, &run->pool, &run->schedule, &run->budget, &run->gate)) {
		case DISPATCH_HUNGRY:
			wants = dispatch->wants;
			break;
		case DISPATCH_SATED:
			if (run->gate.waits)
				return share_out(run);
			if (dispatch->again || !will_be_hungry(run))
				return dispatch->again ? DISPATCH_AGAIN_MS : -1;
			wants = 1;
			break;
		case DISPATCH_NO_WORKER:
			fail_to_start(run, &dispatch->failure);
			return 0;
		}
		if (!emit_has_room(&run->emit))
			return share_out(run);
		switch (input_ask_for(&run->input, &run->schedule, wants)) {
		case INPUT_TAKEN:
			break;
		case INPUT_NONE:
			return share_out(run);
		case INPUT_AGAIN:
			return 0;
		case INPUT_NO_MEMORY:
			stop_without_memory(run);
			return 0;
		}
	}
	return 0;
}

/* @worker is gone, or has to go, by @loss. */
static void lose_worker(struct run *run, struct worker *worker, enum worker_loss loss)
{
	struct worker_exit gone;

	if (worker->retired)
		loss = LOSS_RETIRED;
	worker_exit_take(&gone, &run->pool, worker, loss);
	parts_lose(&run->parts, &run->pool, worker);
	if (run->hear.ending)
		return;
	if (!gone.unready && run->rundir.path &&
		worker_exit_sweep(&gone, &run->schedule, &run->rundir) < 0)
		runfiles_report_left(&run->rundir, run->stats);
	gate_look(&run->gate); /* what was removed here was not removed by the reader */
	if (worker_exit_requeue(&gone, &run->schedule) < 0)
		stop_without_memory(run);
	if (run->over)
		return;
	if (gone.cannot_start && run->pool.live > 0) {
		run->dispatch.most_workers = run->pool.live; /* then with fewer */
	} else if (gone.cannot_start) {
		fail_to_start(run, &gone.failure);
	} else if (losses_are_too_many(&run->losses, &gone, &run->schedule)) {
		run->stats->failures++;
		stop(run, RUN_STOPPED, 0);
	}
}

/* Whether workers are listened to at all. */
static bool hears_any(const struct run *run)
{
	return backpressure_hears_any(&run->schedule, &run->deliver);
}

/* Whether @worker is to be heard now. */
static bool hears(const struct run *run, const struct worker *worker)
{
	return worker->pid != 0 && hears_any(run) && backpressure_hears(&run->schedule, worker);
}

/* Take the packet that has come from @worker, or its end. Another one shows in the next poll. */
static void hear_worker(struct run *run, struct worker *worker)
{
	if (!hears(run, worker))
		return;
	int got = hear_packet(&run->hear, worker);
	if (got < 0 && (errno == ENOMEM || errno == ENOBUFS))
		stop_without_memory(run); /* our failure, not the worker's */
	else if (got < 0 && errno == ENOSPC)
		lose_worker(run, worker, LOSS_RECALLED);
	else if (got < 0)
		lose_worker(run, worker, errno == EBADMSG ? LOSS_BROKE : LOSS_DIED);
	deliver_results(run);
}

static nfds_t choose_polls(const struct run *run)
{
	const struct pool *pool = &run->pool;
	bool ask = hears_any(run) && schedule_has_room(&run->schedule);
	bool write = emit_pending(&run->emit) > 0 && deliver_may_write(&run->deliver);
	/* If the reader is waited for, its end is looked for: nothing is written that would tell.
	 */
	bool look = !write && run->gate.waits && !run->settings->commands;
	int output_fd = write || look ? run->sink->poll_fd(run->sink->context) : -1;
	struct pollfd *polls = run->polls;

	polls[POLL_SIGNALS] = (struct pollfd){run->signals.fd, POLLIN, 0};
	polls[POLL_OUTPUT] = (struct pollfd){output_fd, write ? POLLOUT : 0, 0};
	polls[POLL_INPUT] = (struct pollfd){ask ? input_poll_fd(&run->input) : -1, POLLIN, 0};
	polls[POLL_LEASE] = lease_poll(run->settings->leased ? run->settings->lease_fd : -1);
	polls[POLL_NOTICES] = (struct pollfd){run->signals.notice_fd, POLLIN, 0};
	polls[POLL_REMOVALS] = (struct pollfd){gate_poll_fd(&run->gate), POLLIN, 0};
	for (unsigned i = 0; i < pool->size; i++) {
		const struct worker *worker = &pool->workers[i];
		polls[POLL_WORKERS + i] =
			(struct pollfd){hears(run, worker) ? worker->channel_fd : -1, POLLIN, 0};
	}
	nfds_t count = POLL_WORKERS + pool->size;
	return count + deliver_polls(&run->deliver, polls + count);
}

/* Whether a child has ended. */
static bool take_notices(struct run *run)
{
	struct signals_notices notices = signals_take_notices(&run->signals);

	if (notices.asked)
		progress_answer(&run->progress);
	return notices.child;
}

/* Something has happened to the sink's descriptor. */
static void take_output(struct run *run, const struct pollfd *output)
{
	if (!output->revents || run->over)
		return;
	if (!(output->events & POLLOUT))
		stop(run, RUN_OUTPUT_LOST, EPIPE);
	else if (emit_write(&run->emit) < 0)
		stop(run, RUN_OUTPUT_LOST, errno);
}

/* Wait for events and deal with them. */
static void wait_for_events(struct run *run, int timeout_ms)
{
	const struct pollfd *polls = run->polls;
	nfds_t workers_end = POLL_WORKERS + run->pool.size;
	nfds_t count = choose_polls(run);
	int ready = poll(run->polls, count, timeout_ms);

	if (ready < 0 && errno != EINTR)
		stop_without_memory(run); /* ENOMEM: all other reasons are in our hands */
	if (ready <= 0)
		return;
	int signal = polls[POLL_SIGNALS].revents ? signals_pending(&run->signals) : 0;
	if (signal)
		stop(run, RUN_SIGNALED, signal);
	if (lease_has_ended(&polls[POLL_LEASE]) && !run->hear.ending)
		stop(run, RUN_LEASE_ENDED, 0);
	if (polls[POLL_INPUT].revents)
		input_wake(&run->input);
	if (polls[POLL_REMOVALS].revents)
		gate_look(&run->gate);
	for (unsigned i = 0; i < run->pool.size && !run->over; i++) {
		if (polls[POLL_WORKERS + i].revents)
			hear_worker(run, &run->pool.workers[i]);
	}
	bool child = polls[POLL_NOTICES].revents && take_notices(run);
	deliver_handle(&run->deliver, polls + workers_end, count - workers_end, child);
	take_output(run, &polls[POLL_OUTPUT]);
}

/* Whether all is done. Once nothing is left but to deliver, that has its end. */
static bool all_done(struct run *run)
{
	if (!input_has_ended(&run->input) || !schedule_is_idle(&run->schedule))
		return false;
	deliver_finish(&run->deliver);
	deliver_results(run);
	return deliver_is_idle(&run->deliver);
}

/* If only removing files can help: have commands do it, or wait for who reads the list. */
static void make_room(struct run *run)
{
	if (!gate_is_stuck(&run->gate))
		return;
	switch (deliver_release_files(&run->deliver)) {
	case DELIVER_RELEASED:
		deliver_results(run);
		break;
	case DELIVER_WORKS:
		break;
	case DELIVER_KEEPS:
		gate_note_stall(&run->gate);
		break;
	}
}

/* Unzip until all is done or something stops the run. */
static void work(struct run *run)
{
	while (!run->over) {
		int timeout_ms = give_out(run);
		make_room(run);
		memory_sample(&run->memory, 0);
		if (run->over || all_done(run))
			break;
		struct worker *recalled =
			backpressure_recall(&run->schedule, &run->pool, run->dispatch.most_workers);
		struct worker *silent =
			silence_find(&run->silence, &run->pool, &run->schedule, hears_any(run));
		if (recalled)
			lose_worker(run, recalled, LOSS_RECALLED);
		else if (silent)
			lose_worker(run, silent, LOSS_SILENT);
		else
			wait_for_events(run, progress_wait_ms(&run->progress,
						     silence_wait_ms(&run->silence, timeout_ms)));
		progress_show(&run->progress);
	}
	progress_end(&run->progress);
}

/* A failure has stopped the run: write what was emitted before that, unless another end comes. */
static void drain(struct run *run)
{
	if (emit_drain(&run->emit, run->signals.fd) == 0)
		return;
	bool signaled = errno == EINTR;
	run->end = signaled ? RUN_SIGNALED : RUN_OUTPUT_LOST;
	run->number = signaled ? signals_pending(&run->signals) : errno;
}

/* Let the workers say how much memory they took, and leave. */
static void dismiss_workers(struct run *run)
{
	uint64_t deadline_ns = monotonic_ns() + (uint64_t)FAREWELL_MS * 1000000;

	run->hear.ending = true;
	pool_end_channels(&run->pool);
	while (run->pool.live > 0 && !run->over && monotonic_ns() < deadline_ns)
		wait_for_events(run, FAREWELL_MS);
}

/* All is printed: keep the files until the lease ends, or a signal comes. */
static void hold(struct run *run)
{
	if (run->sink->end(run->sink->context) < 0) {
		stop(run, RUN_OUTPUT_LOST, errno);
		return;
	}
	enum lease_event event = LEASE_NOTICE;
	while (event == LEASE_NOTICE) {
		event = lease_wait(
			run->settings->lease_fd, run->signals.fd, run->signals.notice_fd);
		if (event == LEASE_NOTICE)
			(void)take_notices(run);
	}
	if (event == LEASE_ERROR)
		stop_without_memory(run);
	else if (event == LEASE_SIGNAL)
		stop(run, RUN_SIGNALED, signals_pending(&run->signals));
}

enum run_end run(const struct run_settings *settings, const struct archive_source *source,
	const struct record_sink *sink, const struct worker_entry *worker, struct run_stats *stats,
	int *number)
{
	uint64_t start_ns = monotonic_ns();
	struct run run = {
		.settings = settings,
		.sink = sink,
		.stats = stats,
		.signals = {.fd = -1, .notice_fd = -1},
		.rundir = {.fd = -1, .lock_fd = -1, .watch_fd = -1},
		.memory = {.fd = -1},
		.end = RUN_COMPLETE,
	};

	*stats = (struct run_stats){0};
	runparts_init(&run, source, start_ns);
	if (runparts_make(&run, worker) < 0) {
		run.end = RUN_NOT_STARTED;
	} else {
		work(&run);
		if (!run.over)
			dismiss_workers(&run);
		else if (run.end == RUN_STOPPED)
			drain(&run);
		memory_sample(&run.memory, 1);
		stats->elapsed_ns = monotonic_ns() - start_ns;
		if (!run.over && settings->leased)
			hold(&run);
	}
	stats->archives = run.input.archives;
	stats->parent_private_peak_bytes = run.memory.private_bytes;
	stats->parent_shared_peak_bytes = run.memory.shared_bytes;
	*number = run.number;
	runparts_release(&run);
	return run.end;
}
