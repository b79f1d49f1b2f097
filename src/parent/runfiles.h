// SPDX-License-Identifier: MIT

/*
 * The run directory of a run, from its making to its end, and what the user is told about it.
 */

#ifndef ZIPMAP_PARENT_RUNFILES_H
#define ZIPMAP_PARENT_RUNFILES_H

#include "parent/emit.h"
#include "parent/interface.h"
#include "parent/rundir.h"
#include "parent/schedule.h"

#include <stdbool.h>

/**
 * Make the run directory that @settings ask for. 0, also if there is none and members may stay in
 * their archives; or -1: the reason has been printed.
 */
int runfiles_make(struct rundir *rundir, const struct run_settings *settings);

/** Print, as a detail, where files go and how many workers there may be. */
void runfiles_describe(
	const struct rundir *rundir, const struct run_settings *settings, unsigned workers);

/**
 * Print that files that should have gone could not be removed, for the reason in errno, and count
 * that as a failure.
 */
void runfiles_report_left(const struct rundir *rundir, struct run_stats *stats);

/**
 * The run is over and nobody writes any more: remove the files that are not for whoever reads the
 * list, end the run directory, and say if that did not work, or has not worked before (@untidy).
 */
void runfiles_end(struct rundir *rundir, const struct run_settings *settings,
	const struct emit *emit, const struct schedule *schedule, bool untidy,
	struct run_stats *stats);

#endif
