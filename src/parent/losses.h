// SPDX-License-Identifier: MIT

/*
 * Workers that are gone, and what is done about it.
 */

#ifndef ZIPMAP_PARENT_LOSSES_H
#define ZIPMAP_PARENT_LOSSES_H

#include "parent/state.h"

/**
 * Workers that may be lost one after the other, with no unit done in between, before the run is
 * given up: with so many it is not one archive that kills them.
 */
#define LOSSES_IN_A_ROW_MAX 100

/**
 * @worker is gone, or has to go since it @broke the protocol. What it had told stays; the member
 * that it was on has failed; what else it had is given out again.
 */
void losses_take(struct run *run, struct worker *worker, bool broke);

/**
 * A worker could not be started, for the reason @failure: go on with those that there are, or end
 * the run if there is none.
 */
void losses_of_start(struct run *run, const struct failure *failure);

#endif
