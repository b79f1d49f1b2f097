// SPDX-License-Identifier: MIT

/*
 * The end of a worker, and what is done about the units that it had.
 */

#ifndef ZIPMAP_PARENT_WORKEREXITS_H
#define ZIPMAP_PARENT_WORKEREXITS_H

#include "parent/pool.h"
#include "parent/rundir.h"
#include "parent/schedule.h"

/** What one lane of a dead worker was on, by its crash note. */
struct last_word {
	struct message record; /**< of the member, without its failure */
	bool opening;          /**< of a unit, but no member yet: it was before its first one */
	char name[PROGRESS_NAME_MAX];
};

/** Why a worker is no more. */
enum worker_loss {
	LOSS_DIED,     /**< of itself */
	LOSS_BROKE,    /**< it broke the protocol */
	LOSS_SILENT,   /**< it has stopped doing anything: see silence.h */
	LOSS_RECALLED, /**< it has to go for others: see backpressure.h */
	LOSS_RETIRED,  /**< it has had as many archives as one worker may */
};

/** A worker that is no more. */
struct worker_exit {
	enum worker_loss loss;
	bool unready;           /**< it died before it was ready: nothing that it had is to blame */
	bool cannot_start;      /**< and others would too, for the reason @failure */
	bool decided;           /**< a member or an archive has failed by it */
	struct failure failure; /**< how it died, as it is said of what it was on */
	uint32_t directory;     /**< the number of its worker directory */
	struct unit *units[WORKER_QUEUE_MAX]; /**< what it had, in the order in which it was sent */
	unsigned unit_count;
	struct unit *made; /**< the unit that it has done, if that is withheld; or NULL */
	struct last_word words[PROGRESS_LANES];
};

/**
 * @worker is gone, or has to go, by @loss: end it, and free its place in @pool.
 */
void worker_exit_take(
	struct worker_exit *gone, struct pool *pool, struct worker *worker, enum worker_loss loss);

/**
 * Remove from its worker directory what has no record. 0, or -1 with errno if something could not
 * be removed.
 */
int worker_exit_sweep(
	const struct worker_exit *gone, const struct schedule *schedule, struct rundir *rundir);

/**
 * What it had told stays, and may be popped; the member that it was on has failed; what else it had
 * is given out again. Of one that was recalled, nothing fails, and what it had is given out again,
 * each unit alone. 0, or -1 with errno ENOMEM.
 */
int worker_exit_requeue(struct worker_exit *gone, struct schedule *schedule);

/** Losses of workers, one after the other. */
struct losses {
	unsigned in_a_row;   /**< with nothing done or decided in between */
	uint64_t units_done; /**< of the schedule, when the last one was lost */
};

/**
 * Count one more. Whether the run is to be given up, which has been printed: without an end to it,
 * workers that die as they start would keep it busy for ever.
 */
bool losses_are_too_many(
	struct losses *losses, const struct worker_exit *gone, const struct schedule *schedule);

#endif
