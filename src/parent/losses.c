// SPDX-License-Identifier: MIT

#include "parent/losses.h"

#include "parent/announce.h"
#include "parent/verify.h"
#include "util/diag.h"
#include "util/printable.h"

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

/* What a dead worker was on in one of its lanes, by its last word. */
struct last_word {
	struct record member;
	bool opening; /* no member yet: it was at the archive's directory */
	char name[PROGRESS_NAME_MAX];
};

static void read_word(const struct progress_lane *lane, struct last_word *word)
{
	size_t size = atomic_load(&lane->name_size);

	if (size > PROGRESS_NAME_MAX)
		size = PROGRESS_NAME_MAX;
	memcpy(word->name, lane->name, size);
	word->member = (struct record){
		.archive = atomic_load(&lane->archive),
		.member = atomic_load(&lane->member),
		.name = word->name,
		.name_size = (uint16_t)size,
	};
	word->opening =
		word->member.archive != PROGRESS_NONE && word->member.member == PROGRESS_NONE;
}

/* Whether the worker was reading a directory for @unit. */
static bool was_opening(const struct last_word *word, const struct unit *unit)
{
	return word->opening && word->member.archive == unit->job->number &&
	       unit->state == UNIT_GIVEN;
}

/* The word that is about @unit, or NULL. */
static struct last_word *find_word(struct last_word words[PROGRESS_LANES], const struct unit *unit)
{
	for (int i = 0; i < PROGRESS_LANES; i++) {
		if (schedule_may_blame(unit, &words[i].member) || was_opening(&words[i], unit))
			return &words[i];
	}
	return NULL;
}

/*
 * Give out again what a dead worker had. Where it was on one unit, that one is to blame, and the
 * member of it that it was on; where it was on two, nobody knows which, and both are tried again
 * alone; where it was on none, it was at its first unit. Only a directory can take too long. 0, or
 * -1 with ENOMEM.
 */
static int give_again(struct schedule *schedule, const struct worker *dead,
	struct last_word words[PROGRESS_LANES], const struct failure *failure)
{
	bool slow = failure->kind == FAILURE_SLOW;
	struct last_word *found[WORKER_QUEUE_MAX];
	unsigned suspects = 0;
	int result = 0;

	for (unsigned i = 0; i < dead->queued; i++) {
		found[i] = find_word(words, dead->queue[i].unit);
		if (found[i] && slow && !found[i]->opening)
			found[i] = NULL;
		suspects += found[i] != NULL;
	}
	for (unsigned i = 0; i < PROGRESS_LANES; i++)
		words[i].member.failure = *failure;
	for (unsigned i = dead->queued; i-- > 0 && result == 0;) {
		struct unit *unit = dead->queue[i].unit;
		if (found[i] && suspects > 1)
			result = schedule_suspect(schedule, unit, &found[i]->member);
		else if (found[i] || (suspects == 0 && i == 0))
			result = schedule_lost(
				schedule, unit, found[i] ? &found[i]->member : &words[0].member);
		else
			result = schedule_requeue(schedule, unit);
	}
	return result;
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

void losses_of_start(struct run *run, const struct failure *failure)
{
	char words[PRINTABLE_MAX];

	if (run->pool.live > 0) {
		run->most_workers = run->pool.live;
		return;
	}
	failure_describe(failure, "", words, sizeof(words));
	diag(DIAG_ERROR, "%s", words);
	run_stop(run, run->stats->workers == 0 ? RUN_NOT_STARTED : RUN_STOPPED, 0);
	announce_failure(
		run, &(struct failed){.error = failure_slug(failure->kind), .message = words});
}

/* A worker that never was ready is gone, with the wait(2) status @status: nothing is to blame. */
static void lose_unready(struct run *run, const struct worker *dead, int status)
{
	struct failure failure;
	int result = 0;

	for (unsigned i = dead->queued; i-- > 0 && result == 0;)
		result = schedule_requeue(&run->schedule, dead->queue[i].unit);
	if (result < 0) {
		run_out_of_memory(run);
	} else if (pool_failed_to_start(dead, status, &failure)) {
		run->stats->workers--;
		losses_of_start(run, &failure);
	} else {
		count_loss(run);
	}
}

void losses_take(struct run *run, struct worker *worker, bool broke)
{
	struct last_word words[PROGRESS_LANES];
	struct failure failure = {.kind = FAILURE_BAD_WORKER};

	for (unsigned i = 0; i < worker->queued; i++)
		recordfile_settle(worker, &worker->queue[i]);
	struct worker dead = *worker;
	for (int i = 0; i < PROGRESS_LANES; i++)
		read_word(&worker->progress->lanes[i], &words[i]);
	int status = pool_bury(&run->pool, worker);
	if (run->ending || run->stop)
		return;
	if (!dead.is_ready && !broke) {
		lose_unready(run, &dead, status);
		return;
	}
	if (!broke)
		failure = (struct failure){FAILURE_WORKER_DIED, {(uint64_t)status, 0}};
	/* The timer of worker/deadline.h. */
	if (!broke && WIFSIGNALED(status) && WTERMSIG(status) == SIGVTALRM)
		failure = (struct failure){.kind = FAILURE_SLOW};
	struct dead tidied = {&run->schedule, dead.directory};
	if (!run->settings->no_files &&
		rundir_sweep(&run->rundir, dead.directory, keep_recorded, &tidied) < 0)
		run_not_tidied(run);
	if (give_again(&run->schedule, &dead, words, &failure) < 0)
		run_out_of_memory(run);
	if (!run->stop)
		count_loss(run);
}
