// SPDX-License-Identifier: MIT

#include "parent/losses.h"

#include "common/diag.h"
#include "parent/recordfile.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* A worker that is dead, while its directory is tidied. */
struct dead {
	const struct schedule *schedule;
	uint32_t directory;
};

static bool keep_recorded(void *context, uint64_t archive, uint64_t member)
{
	const struct dead *dead = context;

	return schedule_has_record(dead->schedule, dead->directory, archive, member);
}

/* What the dead worker was on, by its last word; the name is copied to @name. */
static void read_progress(const struct worker *worker, struct record *guilty, char *name)
{
	const struct worker_progress *progress = worker->progress;
	size_t size = atomic_load(&progress->name_size);

	if (size > PROGRESS_NAME_MAX)
		size = PROGRESS_NAME_MAX;
	memcpy(name, progress->name, size);
	guilty->archive = atomic_load(&progress->archive);
	guilty->member = atomic_load(&progress->member);
	guilty->name = name;
	guilty->name_size = (uint16_t)size;
}

/* Without an end to it, workers that die as they start would keep the run busy for ever. */
static void count_loss(struct run *run)
{
	if (++run->losses_in_a_row < LOSSES_IN_A_ROW_MAX)
		return;
	diag(DIAG_ERROR,
		"giving up: %u worker processes were lost one after the other, and nothing was "
		"done in between",
		run->losses_in_a_row);
	run->stats->failures++;
	run_stop(run, RUN_STOPPED, 0);
}

void losses_take(struct run *run, struct worker *worker, bool broke)
{
	char name[PROGRESS_NAME_MAX];
	struct record guilty = {0};
	struct worker dead;

	for (unsigned i = 0; i < worker->queued; i++)
		recordfile_settle(worker, &worker->queue[i]);
	dead = *worker;
	read_progress(worker, &guilty, name);
	int status = pool_bury(&run->pool, worker);
	if (run->ending || run->stop)
		return;
	guilty.failure = (struct failure){.kind = FAILURE_BAD_WORKER};
	if (!broke)
		guilty.failure = (struct failure){FAILURE_WORKER_DIED, {(uint64_t)status, 0}};
	/* The timer of worker/deadline.h. */
	if (!broke && WIFSIGNALED(status) && WTERMSIG(status) == SIGVTALRM)
		guilty.failure = (struct failure){.kind = FAILURE_SLOW};
	struct dead tidied = {&run->schedule, dead.directory};
	if (!run->settings->no_files &&
		rundir_sweep(&run->rundir, dead.directory, keep_recorded, &tidied) < 0)
		run_not_tidied(run);
	for (unsigned i = dead.queued; i-- > 1;) {
		if (schedule_requeue(&run->schedule, dead.queue[i].unit) < 0)
			run_out_of_memory(run);
	}
	if (dead.queued > 0 && schedule_lost(&run->schedule, dead.queue[0].unit, &guilty) < 0)
		run_out_of_memory(run);
	if (!run->stop)
		count_loss(run);
}
