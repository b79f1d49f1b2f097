// SPDX-License-Identifier: MIT

/*
 * --cache: files that are kept for later runs. Of each archive that the input opens, the keeper
 * looks for the entry (cache.h). If there is a whole one, its manifest takes the place of a worker:
 * its records become results as any others. If not, the archive is unzipped as ever, and its files
 * go into an entry (keepentry.h).
 */

#ifndef ZIPMAP_PARENT_KEEPER_H
#define ZIPMAP_PARENT_KEEPER_H

#include "parent/budget.h"
#include "parent/cache.h"
#include "parent/interface.h"
#include "parent/kept.h"
#include "parent/manifest.h"
#include "parent/rundir.h"
#include "parent/schedule.h"

#include <sys/stat.h>

struct keeper {
	struct cache cache;
	struct budget *budget;
	struct manifest_reader reader;
	unsigned feeding; /**< jobs of whose manifests a part is still to be read */
};

/**
 * Open the directory that @settings name. 0, or -1: the reason has been printed. If they name none,
 * a keeper keeps nothing.
 */
int keeper_init(struct keeper *keeper, const struct run_settings *settings, struct budget *budget);

void keeper_release(struct keeper *keeper);

/** What keeper_look() has found. */
enum keeper_end {
	KEEPER_NOTHING, /**< the archive is to be unzipped, and perhaps to be kept */
	KEEPER_FOUND,   /**< it has become a job, and @fd is closed */
	KEEPER_NO_MEMORY,
};

/**
 * Look for kept files of the archive @fd, whose status is @status. If it has none, and they are to
 * be kept, *@kept says so, and is for job->kept. @keeper may be NULL.
 */
enum keeper_end keeper_look(struct keeper *keeper, struct schedule *schedule, const char *path,
	int fd, const struct stat *status, struct kept **kept);

/**
 * If results of kept files have their turn, have more of them. 1, 0 if there is nothing to do, or
 * -1 with errno ENOMEM.
 */
int keeper_feed(struct keeper *keeper, struct schedule *schedule);

/**
 * The run is over, and its directory @rundir is there still: prune, if @settings say so. What
 * cannot be done is said.
 */
void keeper_prune(
	struct keeper *keeper, const struct run_settings *settings, const struct rundir *rundir);

#endif
