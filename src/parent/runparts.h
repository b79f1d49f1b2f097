// SPDX-License-Identifier: MIT

/*
 * What a run is made of: its parts, made ready and given back. The loop (run.c) asks them what
 * there is to do; none of them knows the run.
 */

#ifndef ZIPMAP_PARENT_RUNPARTS_H
#define ZIPMAP_PARENT_RUNPARTS_H

#include "parent/budget.h"
#include "parent/deliver.h"
#include "parent/dispatch.h"
#include "parent/emit.h"
#include "parent/gate.h"
#include "parent/hear.h"
#include "parent/input.h"
#include "parent/interface.h"
#include "parent/keepentry.h"
#include "parent/keeper.h"
#include "parent/memoryfiles.h"
#include "parent/parts.h"
#include "parent/pool.h"
#include "parent/progress.h"
#include "parent/rundir.h"
#include "parent/schedule.h"
#include "parent/signals.h"
#include "parent/silence.h"
#include "parent/start.h"
#include "parent/workerexits.h"
#include "util/memory.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/** Whom to wait for, in the order of run->polls; then the workers, then commands. */
enum {
	POLL_SIGNALS,
	POLL_OUTPUT,
	POLL_INPUT,
	POLL_LEASE,
	POLL_NOTICES,
	POLL_REMOVALS,
	POLL_WORKERS
};

struct run {
	const struct run_settings *settings;
	const struct record_sink *sink;
	struct run_stats *stats;
	struct signals signals;
	struct rundir rundir;
	struct memoryfiles memory_files; /* of settings->in_memory */
	struct pool pool;
	struct schedule schedule;
	struct budget budget;
	struct input input;
	struct keeper keeper;
	struct keepentry keepentry; /* of settings->cache, as is what is in @keeper */
	struct dispatch dispatch;
	struct parts parts;
	struct gate gate;
	struct emit emit;
	struct deliver deliver;
	struct progress progress;
	struct silence silence;
	struct memory_peak memory;
	struct pollfd *polls;
	struct pool_share share;
	struct hear hear;
	struct losses losses;
	bool over; /* leave the loop: @end says why */
	enum run_end end;
	int number; /* as that of run() */
};

/** Begin with the parts of @run, whose settings, sink and stats are set, and which began @start_ns.
 */
void runparts_init(struct run *run, const struct archive_source *source, uint64_t start_ns);

/** Make ready what takes memory, descriptors or files. 0, or -1: the reason has been printed. */
int runparts_make(struct run *run, const struct worker_entry *worker);

/** End workers and commands, remove the files that are not for whoever reads the list, and free
 * all. */
void runparts_release(struct run *run);

#endif
