// SPDX-License-Identifier: MIT

/*
 * A copy of a result that the schedule has given out, for as long as its command runs.
 */

#ifndef ZIPMAP_PARENT_KEPTRESULT_H
#define ZIPMAP_PARENT_KEPTRESULT_H

#include "parent/schedule.h"

#include <stddef.h>
#include <stdint.h>

struct kept_result {
	enum result_kind kind;
	uint32_t directory;
	struct job job;     /**< what is said of an archive; all else is not set */
	uint8_t *record;    /**< RESULT_MEMBER: as a message */
	size_t record_size; /**< its bytes */
};

/** Copy @result. 0, or -1 with errno ENOMEM: then there is nothing to release. */
int kept_result_copy(struct kept_result *kept, const struct result *result);

/** The result, which is valid as long as @kept. Its record is put into @record. */
void kept_result_get(const struct kept_result *kept, struct message *record, struct result *result);

void kept_result_release(struct kept_result *kept);

#endif
