// SPDX-License-Identifier: MIT

#include "parent/runparts.h"

#include "parent/runfiles.h"
#include "util/cleanup.h"
#include "util/diag.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

void runparts_init(struct run *run, const struct archive_source *source, uint64_t start_ns)
{
	schedule_init(&run->schedule, run->settings->unordered);
	run->schedule.withhold = run->settings->archives_per_worker == 1;
	parts_init(&run->parts, &run->schedule);
	budget_init(&run->budget, &run->settings->limits);
	input_init(&run->input, source);
	run->input.keeper = &run->keeper;
	run->keeper.reader.fd = -1;
	run->hear = (struct hear){.settings = run->settings,
		.pool = &run->pool,
		.dispatch = &run->dispatch,
		.parts = &run->parts,
		.schedule = &run->schedule,
		.budget = &run->budget,
		.gate = &run->gate,
		.naming = &run->deliver.naming};
	run->progress = (struct progress){.display = run->settings->display,
		.input = &run->input,
		.schedule = &run->schedule,
		.deliver = &run->deliver,
		.stats = run->stats,
		.start_ns = start_ns};
}

static bool has_directory(const struct run_settings *settings)
{
	return !settings->no_files && !settings->in_memory;
}

static struct memoryfiles *memory_of(struct run *run)
{
	return run->settings->in_memory ? &run->memory_files : NULL;
}

/* 0, or -1 with errno. */
static int set_up_parts(struct run *run, const struct worker_entry *worker)
{
	const struct run_settings *settings = run->settings;

	unsigned commands = settings->commands ? settings->jobs : 0;

	if (pool_share_descriptors(settings->jobs, commands, settings->in_memory, &run->share) < 0)
		return -1;
	memoryfiles_init(&run->memory_files, run->share.files);
	run->input.most_archives = run->share.archives;
	memory_peak_init(&run->memory, settings->measure);
	dispatch_init(&run->dispatch, settings, run->share.workers);
	silence_init(&run->silence, settings->look_ms);
	/* poll(2) takes no more entries than there may be descriptors. */
	size_t polls = POLL_WORKERS + run->share.workers + COMMAND_STREAMS * run->share.commands;
	run->polls = calloc(polls, sizeof(*run->polls));
	if (!run->polls || signals_init(&run->signals) < 0 ||
		emit_init(&run->emit, settings, run->sink, run->stats) < 0)
		return -1;
	struct rundir *rundir = has_directory(settings) ? &run->rundir : NULL;
	if (pool_init(&run->pool, run->share.workers, worker, rundir, run->stats) < 0)
		return -1;
	pool_set_memory(&run->pool, memory_of(run));
	run->pool.looks = settings->naming && settings->naming->reuse.wanted;
	return 0;
}

/* Once the run directory is there. 0, or -1 with errno. */
static int set_up_delivery(struct run *run)
{
	if (run->settings->commands && signals_watch_children(&run->signals) < 0)
		return -1;
	struct keepentry *keep = run->settings->cache ? &run->keepentry : NULL;
	if (keep && keepentry_init(keep, &run->keeper.cache, &run->rundir) < 0)
		return -1;
	return deliver_init(&run->deliver, run->settings, run->share.commands, &run->emit,
		&run->rundir, memory_of(run), keep, &run->signals);
}

int runparts_make(struct run *run, const struct worker_entry *worker)
{
	if (set_up_parts(run, worker) < 0) {
		diag(DIAG_ERROR, "cannot start: %s", strerror(errno));
		return -1;
	}
	diag_set_interrupt(run->signals.fd);
	if (keeper_init(&run->keeper, run->settings, &run->budget) < 0)
		return -1;
	if (has_directory(run->settings) && runfiles_make(&run->rundir, run->settings) < 0)
		return -1;
	if (gate_init(&run->gate, run->settings, &run->rundir, memory_of(run), &run->schedule,
		    &run->pool) < 0) {
		diag(DIAG_ERROR, "cannot watch which files are removed: %s", strerror(errno));
		return -1;
	}
	if (set_up_delivery(run) < 0) {
		diag(DIAG_ERROR, "cannot start: %s", strerror(errno));
		return -1;
	}
	runfiles_describe(&run->rundir, run->settings, run->share.workers);
	return 0;
}

void runparts_release(struct run *run)
{
	int number = run->end == RUN_SIGNALED ? run->number : SIGTERM;

	pool_release(&run->pool);
	deliver_stop(&run->deliver, number, &run->signals);
	deliver_release(&run->deliver);
	keeper_prune(&run->keeper, run->settings, &run->rundir);
	runfiles_end(&run->rundir, run->settings, &run->emit, &run->schedule, run->deliver.untidy,
		run->stats);
	gate_release(&run->gate);
	memoryfiles_release(&run->memory_files);
	parts_release(&run->parts);
	schedule_release(&run->schedule);
	keepentry_release(&run->keepentry);
	keeper_release(&run->keeper);
	diag_set_interrupt(-1);
	signals_release(&run->signals);
	memory_peak_release(&run->memory);
	input_release(&run->input);
	emit_release(&run->emit);
	free(steal_pointer(&run->polls));
}
