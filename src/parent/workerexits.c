// SPDX-License-Identifier: MIT

#include "parent/workerexits.h"

#include "parent/lookup.h"
#include "parent/requeue.h"
#include "parent/verify.h"
#include "util/diag.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/*
 * Workers that may be lost one after the other, with no unit done in between and nothing failed by
 * it, before the run is given up: with so many it is not one archive that kills them.
 */
#define LOSSES_IN_A_ROW_MAX 100

static void read_crash_note(const struct progress_lane *lane, struct last_word *word)
{
	size_t size = atomic_load(&lane->name_size);

	if (size > PROGRESS_NAME_MAX)
		size = PROGRESS_NAME_MAX;
	memcpy(word->name, lane->name, size);
	word->record = (struct message){
		.kind = MESSAGE_RECORD,
		.unit = atomic_load(&lane->unit),
		.record = {.member = atomic_load(&lane->member),
			.name = word->name,
			.name_size = (uint16_t)size},
	};
	word->opening =
		word->record.unit != PROGRESS_NONE && word->record.record.member == PROGRESS_NONE;
}

void worker_exit_take(
	struct worker_exit *gone, struct pool *pool, struct worker *worker, enum worker_loss loss)
{
	gone->loss = loss;
	gone->decided = false;
	gone->directory = worker->directory;
	gone->unit_count = 0;
	gone->made = worker->made;
	for (unsigned i = 0; i < worker->queued; i++) {
		if (worker->queue[i].unit->kind != UNIT_MEMBERS)
			continue; /* parts_lose() deals with it */
		verify_settle_pack(worker, &worker->queue[i]);
		gone->units[gone->unit_count++] = worker->queue[i].unit;
	}
	for (int i = 0; i < PROGRESS_LANES; i++)
		read_crash_note(&worker->progress->lanes[i], &gone->words[i]);
	struct worker dead = *worker;
	int status = pool_bury(pool, worker);
	if (loss == LOSS_BROKE)
		gone->failure = (struct failure){.kind = FAILURE_BAD_WORKER};
	else if (loss == LOSS_SILENT)
		gone->failure = (struct failure){.kind = FAILURE_SILENT_WORKER};
	else
		gone->failure = (struct failure){FAILURE_WORKER_DIED, {(uint64_t)status, 0}};
	gone->unready = !dead.is_ready && loss == LOSS_DIED;
	gone->cannot_start = gone->unready && pool_failed_to_start(&dead, status, &gone->failure);
	pool->stats->workers -= gone->cannot_start; /* it never was one */
}

/* Which files of a worker directory stay. */
struct with_record {
	const struct schedule *schedule;
	uint32_t directory;
};

static bool keep_recorded(void *context, uint64_t archive, uint64_t member)
{
	const struct with_record *kept = context;

	return lookup_has_record(kept->schedule, kept->directory, archive, member);
}

int worker_exit_sweep(
	const struct worker_exit *gone, const struct schedule *schedule, struct rundir *rundir)
{
	struct with_record kept = {schedule, gone->directory};

	return rundir_sweep(rundir, gone->directory, keep_recorded, &kept);
}

/* The last word that is about @unit, or NULL. */
static const struct last_word *find_word(const struct worker_exit *gone, const struct unit *unit)
{
	for (int i = 0; i < PROGRESS_LANES; i++) {
		const struct last_word *word = &gone->words[i];
		bool was_before_members = word->opening && word->record.unit == unit->id;
		if (was_before_members || requeue_may_blame(unit, &word->record))
			return word;
	}
	return NULL;
}

/* Nothing is to blame. Alone, a unit has nobody beside it who could be to blame. */
static int requeue_recalled(const struct worker_exit *gone, struct schedule *schedule)
{
	for (unsigned i = gone->unit_count; i-- > 0;) {
		gone->units[i]->exclusive = true;
		if (requeue_innocent(schedule, gone->units[i]) < 0)
			return -1;
	}
	return 0;
}

/* As requeue_guilty(). Whether anything has failed by it goes to gone->decided. */
static int requeue_blamed(struct worker_exit *gone, struct schedule *schedule, struct unit *unit,
	const struct message *guilty)
{
	uint64_t failures = schedule->losses_decided;
	int result = requeue_guilty(schedule, unit, guilty);

	gone->decided = schedule->losses_decided > failures;
	return result;
}

/*
 * If the worker was on one unit, that one is to blame, and the member of it that it was on. If it
 * was on two, nobody knows which, and both are tried again alone. If it was on none, it was at its
 * first unit. If it was not even ready, nothing is to blame.
 */
int worker_exit_requeue(struct worker_exit *gone, struct schedule *schedule)
{
	const struct last_word *found[WORKER_QUEUE_MAX];
	unsigned suspects = 0;
	int result = 0;

	if (gone->made)
		schedule_let_pop(schedule, gone->made);
	for (unsigned i = 0; i < gone->unit_count; i++)
		schedule_let_pop(schedule, gone->units[i]);
	if (gone->loss == LOSS_RECALLED)
		return requeue_recalled(gone, schedule);
	for (unsigned i = 0; i < gone->unit_count; i++) {
		found[i] = gone->unready ? NULL : find_word(gone, gone->units[i]);
		suspects += found[i] != NULL;
	}
	for (int i = 0; i < PROGRESS_LANES; i++)
		gone->words[i].record.record.failure = gone->failure;
	for (unsigned i = gone->unit_count; i-- > 0 && result == 0;) {
		struct unit *unit = gone->units[i];
		const struct last_word *word = found[i] ? found[i] : &gone->words[0];
		if (found[i] && suspects > 1)
			result = requeue_suspect(schedule, unit, &word->record);
		else if (found[i] || (suspects == 0 && i == 0 && !gone->unready))
			result = requeue_blamed(gone, schedule, unit, &word->record);
		else
			result = requeue_innocent(schedule, unit);
	}
	return result;
}

bool losses_are_too_many(
	struct losses *losses, const struct worker_exit *gone, const struct schedule *schedule)
{
	if (gone->loss == LOSS_RECALLED || gone->loss == LOSS_RETIRED)
		return false; /* its units do not cause that again */
	if (gone->decided || schedule->units_done > losses->units_done)
		losses->in_a_row = 0;
	losses->units_done = schedule->units_done;
	if (!gone->decided)
		losses->in_a_row++;
	if (losses->in_a_row < LOSSES_IN_A_ROW_MAX)
		return false;
	diag(DIAG_ERROR,
		"giving up: %u worker processes were lost one after the other, and nothing was "
		"done in between",
		losses->in_a_row);
	return true;
}
