// SPDX-License-Identifier: MIT

/*
 * The file that a worker says it has made of a member: whether it is what was said, and its removal
 * where it is not.
 */

#ifndef ZIPMAP_PARENT_VERIFY_H
#define ZIPMAP_PARENT_VERIFY_H

#include "parent/budget.h"
#include "parent/pool.h"

/**
 * Hold the file of @record, a whole member that @hand's unit expects, against what is said of it.
 * Where it is another, or more than @budget has left, record->failure is set and the file is
 * removed. 0, or -1 with errno EBADMSG
 * where no file can be meant.
 */
int recordfile_check(const struct worker *worker, struct in_hand *hand, struct budget *budget,
	struct record *record);

/** Remove the file of its own of a member that has failed, should its worker not have done so. */
void recordfile_remove(const struct worker *worker, const struct record *record);

/**
 * No more is to come of the pack that was looked at last for @hand: one of which no member could be
 * announced is removed.
 */
void recordfile_settle(const struct worker *worker, struct in_hand *hand);

#endif
