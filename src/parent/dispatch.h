// SPDX-License-Identifier: MIT

/*
 * Giving the units of the schedule to workers, and starting workers for them.
 */

#ifndef ZIPMAP_PARENT_DISPATCH_H
#define ZIPMAP_PARENT_DISPATCH_H

#include "parent/budget.h"
#include "parent/gate.h"
#include "parent/interface.h"
#include "parent/pool.h"
#include "parent/schedule.h"

#include <stdbool.h>

/** How long to wait at most before a unit that could not be sent is sent again. */
#define DISPATCH_AGAIN_MS 50

struct dispatch {
	unsigned most_workers; /**< that there may be at a time; fewer once one cannot be started */
	bool in_place;         /**< members may stay in archives that have paths */
	bool one_by_one;       /**< no unit is queued behind another */
	bool measure;          /**< workers that are replaced say how much memory they took */
	unsigned archives_per_worker; /**< 0: any number */
	unsigned wants;               /**< if hungry: so many units could be given out at once */
	bool again;                   /**< a unit could not be sent: dispatch again after a while */
	struct failure failure;       /**< why the last worker that could not be started was not */
};

enum dispatch_end {
	DISPATCH_HUNGRY,    /**< more units could be given out, and the schedule has none: @wants */
	DISPATCH_SATED,     /**< all workers have what they can do with, or none can be sent now */
	DISPATCH_NO_WORKER, /**< there is no worker, and none can be started; see @failure */
};

void dispatch_init(
	struct dispatch *dispatch, const struct run_settings *settings, unsigned most_workers);

/**
 * Give every worker that has nothing to do a unit, or retire it if it has had its archives, and
 * start workers while there are more units. If all are busy, queue more for those that can do with
 * it, several in a packet. None is given out that @gate does not allow.
 */
enum dispatch_end dispatch_units(struct dispatch *dispatch, struct pool *pool,
	struct schedule *schedule, const struct budget *budget, struct gate *gate);

#endif
