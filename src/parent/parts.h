// SPDX-License-Identifier: MIT

/*
 * Members that several workers decode (worker/parts/join.h), as the parent sees them: who owns one,
 * and who helps. What there is to help with is decided by the owner; the parent finds a worker that
 * has nothing else to do, and passes numbers on, and the descriptor of the file. It believes none
 * of the numbers: each is used only by workers, within files of that archive.
 */

#ifndef ZIPMAP_PARENT_PARTS_H
#define ZIPMAP_PARENT_PARTS_H

#include "parent/pool.h"
#include "parent/schedule.h"
#include "parent/share.h"

#include <stdbool.h>
#include <stdint.h>

void parts_init(struct parts *parts, struct schedule *schedule);

void parts_release(struct parts *parts);

/**
 * What @worker says of a member: @hand is the unit that it is about, its own or one that it helps
 * with. A stretch goes to a worker of @pool that has nothing. 0, or -1 with errno ENOMEM.
 */
int parts_hear(struct parts *parts, struct pool *pool, struct worker *worker, struct in_hand *hand,
	const struct message_part *part);

/**
 * There is nothing else to do: ask owners for as much as there are workers without work. If there
 * are fewer than @most_workers, and work for more, start them.
 */
void parts_ask(struct parts *parts, struct pool *pool, unsigned most_workers);

/** Whether a worker is about to have nothing, and there may be something to help with. */
bool parts_could_ask(const struct parts *parts);

/** The member of @unit has ended, or the unit has: nobody is to help with it any more. */
void parts_end(struct parts *parts, struct pool *pool, const struct unit *unit, uint64_t member);

/** @worker is gone: what it owned ends, and owners hear that it does not help any more. */
void parts_lose(struct parts *parts, struct pool *pool, const struct worker *worker);

#endif
