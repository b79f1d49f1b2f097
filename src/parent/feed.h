// SPDX-License-Identifier: MIT

/*
 * Giving out work: archives from the source become jobs, units of jobs go to workers.
 */

#ifndef ZIPMAP_PARENT_FEED_H
#define ZIPMAP_PARENT_FEED_H

#include "parent/state.h"

/**
 * Give every worker that has nothing to do a unit, and start workers while there are more units.
 * Where all are busy, queue small archives for those that are at small ones.
 */
void feed(struct run *run);

#endif
