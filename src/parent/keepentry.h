// SPDX-License-Identifier: MIT

/*
 * Making an entry of kept files (cache.h). Results of its archive are taken as they have their
 * turn: each file is moved from the run directory into the entry, and its record is written to the
 * manifest, which gets its name once all is there. So the path of a kept file is known, and
 * printed, before its archive is done. If a member fails, or the archive is changed meanwhile, the
 * others stay where they are and there is no manifest: the entry is unfinished. A member also fails
 * if what was moved is not the file that was verified.
 */

#ifndef ZIPMAP_PARENT_KEEPENTRY_H
#define ZIPMAP_PARENT_KEEPENTRY_H

#include "parent/cache.h"
#include "parent/rundir.h"
#include "parent/schedule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct keepentry {
	struct cache *cache;
	const struct rundir *rundir;
	struct record refused; /**< of a file that was changed */
	bool warned;           /**< that an entry could not be made */
	FILE *stream;          /**< writes each line to the start of @line */
	char *line;
	size_t line_size;
};

/** Files of @rundir go into entries of @cache. 0, or -1 with errno ENOMEM. */
int keepentry_init(struct keepentry *keep, struct cache *cache, const struct rundir *rundir);

void keepentry_release(struct keepentry *keep);

/**
 * Take @result, just popped, whose file is moved if it is to be kept. Returns it as it is to be
 * delivered: in *@moved if that differs.
 */
const struct result *keepentry_take(
	struct keepentry *keep, const struct result *result, struct result *moved);

#endif
