// SPDX-License-Identifier: MIT

/*
 * The parent's own look at what a worker says it has made of a member. Before a path is announced,
 * the parent has found that same file in the worker's directory, has mapped it unless it is a small
 * one (MAPPED_FILE_MIN), and has held it against the record and the budget. A file that is not what
 * was said of it is removed.
 */

#ifndef ZIPMAP_PARENT_VERIFY_H
#define ZIPMAP_PARENT_VERIFY_H

#include "parent/budget.h"
#include "parent/pool.h"

/**
 * Verify @record of @hand's unit, which is possible (protocol.h). If it is not true, or is more
 * than @budget has left, record->failure is set and the file is removed; so is what the worker has
 * left of a member that it says has failed. 0, or -1 with errno EBADMSG: what came along as a file
 * in memory is none, or not what was said of it, which none but that worker can have caused.
 */
int verify_record(
	struct worker *worker, struct in_hand *hand, struct budget *budget, struct record *record);

/**
 * No more is to come of the pack that was verified last for @hand: one of which no member could be
 * announced is removed.
 */
void verify_settle_pack(const struct worker *worker, struct in_hand *hand);

#endif
