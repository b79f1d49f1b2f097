// SPDX-License-Identifier: MIT

/*
 * What a run may unzip in all, and how much of that is left. Workers are told, and refuse what goes
 * beyond it before they write. What they say they have written is counted here as it comes, and is
 * taken only as far as the limits go, whatever they were told.
 */

#ifndef ZIPMAP_PARENT_BUDGET_H
#define ZIPMAP_PARENT_BUDGET_H

#include "protocol/limits.h"
#include "protocol/record.h"

#include <stdint.h>

struct budget {
	struct limits limits;
	uint64_t taken_bytes; /**< of all records that were taken */
};

void budget_init(struct budget *budget, const struct limits *limits);

/** Bytes that may still be taken; UINT64_MAX: any number. */
uint64_t budget_left(const struct budget *budget);

/** Whether a whole member's @record keeps to the limits of one. 0, or -1 with *@failure. */
int budget_allow(const struct budget *budget, const struct record *record, struct failure *failure);

/** Take a whole member's @record. 0, or -1 with *@failure: it is not taken. */
int budget_take(struct budget *budget, const struct record *record, struct failure *failure);

#endif
