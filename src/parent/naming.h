// SPDX-License-Identifier: MIT

/*
 * --directory: verified files get the members' own names, below the directory that the run
 * directory is in. It happens when a member has its turn, so that of two members of one name it is
 * the first that gets it.
 */

#ifndef ZIPMAP_PARENT_NAMING_H
#define ZIPMAP_PARENT_NAMING_H

#include "parent/before.h"
#include "parent/descend.h"
#include "parent/interface.h"
#include "parent/ownname.h"
#include "parent/rundir.h"
#include "parent/schedule.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct naming {
	const struct run_naming *settings;
	const char *root; /**< the directory, as the user gave it */
	struct rundir *rundir;
	dev_t device;           /**< of all files, */
	uid_t owner;            /**< as the run directory has them */
	struct descend descend; /**< where files go */
	struct descend seek;    /**< where workers look for those that are there */
	struct before before;   /**< for overwriting, and for those */
	int aside_fd;    /**< a worker directory that no worker has; -1: it was not needed yet */
	uint64_t stated; /**< the last time of a member, */
	time_t local;    /**< and what it is in this time zone */
};

/** Prepare for a run whose files are in @rundir, in @root. All must stay. 0, or -1 with errno. */
int naming_init(struct naming *naming, const struct run_naming *settings, const char *root,
	struct rundir *rundir);

void naming_release(struct naming *naming);

/**
 * Give the file of @result, a whole member, its name, its time and its mode; or make the directory
 * of a directory entry. 0, or -1 with *@failure: then the file is gone, and what had the name is
 * as it was.
 */
int naming_give(struct naming *naming, const struct result *result, struct failure *failure);

/** The path of the member's file below the root, or what makes its name an unsafe one. */
enum name_fault naming_make_path(
	const struct naming *naming, const struct result *result, struct ownname *path);

/** The time that an archive states, without a time zone, in this one. -1: it is none. */
time_t naming_local_time(struct naming *naming, uint64_t stated);

/** What @error of making directories, or of giving a name, means. */
struct failure naming_failure(int error);

/**
 * The path of the file that naming_give() has named, which the caller frees. NULL: no memory.
 */
char *naming_path(const char *root, const struct run_naming *settings, const struct result *result);

#endif
