// SPDX-License-Identifier: MIT

/*
 * What has become of a member, by the numbers that its file is called after. The schedule keeps
 * nothing of a member that was popped: it follows from what is left.
 */

#ifndef ZIPMAP_PARENT_LOOKUP_H
#define ZIPMAP_PARENT_LOOKUP_H

#include "parent/schedule.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Whether the file of @archive and @member in @directory has a record that was accepted, popped or
 * not: what a worker that has died had finished.
 */
bool lookup_has_record(
	const struct schedule *schedule, uint32_t directory, uint64_t archive, uint64_t member);

/** Whether the file of @archive and @member has a record, wherever it is. */
bool lookup_was_recorded(const struct schedule *schedule, uint64_t archive, uint64_t member);

/** Whether a record of the file of @archive and @member was popped. */
bool lookup_was_popped(const struct schedule *schedule, uint64_t archive, uint64_t member);

#endif
