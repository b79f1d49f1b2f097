// SPDX-License-Identifier: MIT

/*
 * Records of members that wait until their pack is closed, and of those between them.
 */

#ifndef ZIPMAP_WORKER_HELD_H
#define ZIPMAP_WORKER_HELD_H

#include "protocol/record.h"
#include "worker/plan.h"

#include <stdbool.h>
#include <stddef.h>

/** Bytes of names that are kept; a unit has about as much, unless it is one member. */
#define HELD_NAMES ((size_t)UNIT_NAMES_MAX)

/** Bytes of arrays that are kept, about. */
#define HELD_ARRAYS ((size_t)256 * 1024)

struct held {
	size_t count;
	size_t names_size;
	size_t arrays_size;
	struct record records[UNIT_MEMBERS_MAX];
	int fds[UNIT_MEMBERS_MAX]; /**< their own files in memory, to be taken over; or -1 */
	bool names_are_utf8[UNIT_MEMBERS_MAX]; /**< as their entries state */
	char names[HELD_NAMES];
};

/**
 * Keep a copy of @record, with its name and array, and @fd; @name_is_utf8: as its entry states.
 * False if there is room for no other one: then they are to be released before the name goes.
 */
bool held_add(struct held *held, const struct record *record, bool name_is_utf8, int fd);

/** Forget all of them. */
void held_clear(struct held *held);

#endif
