// SPDX-License-Identifier: MIT

/*
 * What is known of a run while it goes on; only the files of parent/ that are the loop's parts use
 * it: run.c, feed.c, answers.c, losses.c, announce.c.
 */

#ifndef ZIPMAP_PARENT_STATE_H
#define ZIPMAP_PARENT_STATE_H

#include "parent/budget.h"
#include "parent/pool.h"
#include "parent/run.h"
#include "parent/rundir.h"
#include "parent/schedule.h"
#include "parent/signals.h"
#include "util/memory.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A record that the sink has, of which it is not known yet whether it was written. */
struct unwritten {
	uint64_t archive;
	uint64_t member;
};

struct run {
	const struct run_settings *settings;
	const struct archive_source *source;
	const struct record_sink *sink;
	struct run_stats *stats;
	struct signals signals;
	struct rundir rundir;
	struct pool pool;
	struct schedule schedule;
	struct budget budget;
	struct memory_peak memory;
	struct pollfd *polls;
	unsigned most_workers;    /* --jobs, or as many as could be started */
	size_t most_archives;     /* open at a time */
	unsigned losses_in_a_row; /* workers, with no unit done in between */

	enum source_status source_status; /* SOURCE_WAIT and SOURCE_END end the asking */
	char *held_path;                  /* an archive that waits for a free descriptor, or NULL */
	int again_ms; /* work is to be tried again after this time at the latest; -1: at an event */

	struct unwritten *unwritten; /* in the order of the sink */
	size_t unwritten_count;
	size_t unwritten_capacity;
	uint64_t written; /* records, in all */

	bool ending; /* the workers' channels are ended */
	bool stop;   /* leave the loop: @end says why */
	enum run_end end;
	int number;
};

/** End the loop, unless something else has ended it already. @number as that of run(). */
void run_stop(struct run *run, enum run_end end, int number);

/** Something that was asked for has failed, and was reported. */
void run_count_failure(struct run *run);

/** Files that should have gone could not be removed, for the reason in errno: say so. */
void run_not_tidied(struct run *run);

/** The parent's own memory is short. What was announced stays; the rest is undone in order. */
void run_out_of_memory(struct run *run);

#endif
