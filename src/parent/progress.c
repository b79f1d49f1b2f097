// SPDX-License-Identifier: MIT

#include "parent/progress.h"

#include "util/memory.h"

#include <stdbool.h>

#define MS_NS UINT64_C(1000000)

/* Whether it is shown without being asked for. */
static bool is_on(const struct progress *progress)
{
	return progress->display && progress->display->every_ms > 0;
}

static uint64_t next_ns(const struct progress *progress)
{
	const struct run_display *display = progress->display;

	return progress->shown_ns > 0 ? progress->shown_ns + display->every_ms * MS_NS
				      : progress->start_ns + display->first_ms * MS_NS;
}

int progress_wait_ms(const struct progress *progress, int timeout_ms)
{
	if (!is_on(progress))
		return timeout_ms;
	uint64_t now_ns = monotonic_ns();
	uint64_t due_ns = next_ns(progress);
	int left_ms = due_ns > now_ns ? (int)((due_ns - now_ns) / MS_NS) + 1 : 0;
	return timeout_ms >= 0 && timeout_ms < left_ms ? timeout_ms : left_ms;
}

/* How much of @job is done, as a part of 1. */
static double job_share(const struct job *job)
{
	if (!job->opened || job->entries == 0)
		return 0;
	uint64_t left = job->planned ? 0 : job->entries - job->next_first;
	for (const struct unit *unit = job->units; unit; unit = unit->next) {
		/* Members behind the last planned unit are counted already. */
		if (unit->state != UNIT_DONE && unit->members.end != UNIT_END_OPEN)
			left += unit->members.end - unit->next_member;
	}
	return 1 - (double)left / (double)job->entries;
}

/* Whether nothing of @job is left to be done by workers. */
static bool is_done(const struct job *job)
{
	for (const struct unit *unit = job->units; unit; unit = unit->next) {
		if (unit->state != UNIT_DONE)
			return false;
	}
	return job->planned;
}

/* How much of what is done is done by commands, too, as a part of 1. */
static double commands_share(const struct progress *progress, const struct commands *commands)
{
	const struct exec *exec = &progress->deliver->exec;
	uint64_t members = progress->schedule->members;

	/* One command for many members says nothing of them until it ends. */
	if (!commands || commands != &exec->commands || members == 0)
		return 1;
	double share = (double)commands->ended / (double)(members * exec->template_count);
	return share < 1 ? share : 1;
}

static struct run_progress measure(const struct progress *progress)
{
	const struct schedule *schedule = progress->schedule;
	const struct commands *commands = deliver_commands(progress->deliver);
	struct run_progress now = {
		.elapsed_ns = monotonic_ns() - progress->start_ns,
		.archives_done = schedule->next_number,
		.members = schedule->members,
		.bytes = schedule->member_bytes,
		.failures = progress->stats->failures,
		.has_commands = commands != NULL,
		.commands_running = commands ? commands->running : 0,
		.commands_ended = commands ? commands->ended : 0,
	};
	double shares = 0;

	for (const struct job *job = schedule->first; job; job = job->next) {
		if (job->error || is_done(job))
			continue;
		now.archives_done--;
		shares += job_share(job);
	}
	now.archives_share =
		((double)now.archives_done + shares) * commands_share(progress, commands);
	now.archives_known = schedule->next_number + input_ahead(progress->input, &now.all_known);
	return now;
}

void progress_show(struct progress *progress)
{
	if (!is_on(progress) || monotonic_ns() < next_ns(progress))
		return;
	progress->shown_ns = monotonic_ns();
	/* While a command may write to the terminal, that is its own. */
	if (!deliver_may_write(progress->deliver))
		return;
	struct run_progress now = measure(progress);
	progress->display->show(progress->display->context, &now, false);
}

void progress_answer(const struct progress *progress)
{
	if (!progress->display)
		return;
	struct run_progress now = measure(progress);
	progress->display->show(progress->display->context, &now, true);
}

void progress_end(struct progress *progress)
{
	if (progress->display)
		progress->display->end(progress->display->context);
}
