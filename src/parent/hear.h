// SPDX-License-Identifier: MIT

/*
 * What workers say, once it has been checked: each message goes to the part that it is for.
 */

#ifndef ZIPMAP_PARENT_HEAR_H
#define ZIPMAP_PARENT_HEAR_H

#include "parent/budget.h"
#include "parent/dispatch.h"
#include "parent/gate.h"
#include "parent/interface.h"
#include "parent/naming.h"
#include "parent/parts.h"
#include "parent/pool.h"
#include "parent/schedule.h"

#include <stdbool.h>

/** What messages are held against, and where they go. */
struct hear {
	const struct run_settings *settings;
	struct pool *pool;
	const struct dispatch *dispatch;
	struct parts *parts;
	struct schedule *schedule;
	struct budget *budget;
	struct gate *gate;
	struct naming *naming; /**< if the settings ask for names */
	bool ending;           /**< the workers' channels are ended */
};

/**
 * Take a packet of @worker. 1, or 0 if there is none now; -1 with errno: EBADMSG or ECONNRESET ends
 * the worker; ENOSPC means that it found no room and is to be recalled, since its work is better
 * done again later; ENOMEM or ENOBUFS is our own failure.
 */
int hear_packet(const struct hear *hear, struct worker *worker);

#endif
