// SPDX-License-Identifier: MIT

/*
 * --reuse: files that had members' own names before the run (protocol/reuse.h). A worker looks for
 * the file of a member, and is handed it if it has the size and the time of the member. When the
 * member has its turn, the file is looked up once more, and from then on counts as the run's.
 */

#ifndef ZIPMAP_PARENT_REUSE_H
#define ZIPMAP_PARENT_REUSE_H

#include "parent/naming.h"
#include "parent/pool.h"
#include "protocol/message.h"

/**
 * Answer @look, a MESSAGE_LOOK of @worker that is possible, of a member of @unit. 0, or -1 with
 * errno EBADMSG if it does not take its answers.
 */
int reuse_answer(struct naming *naming, struct pool *pool, const struct worker *worker,
	const struct unit *unit, const struct message *look);

/**
 * As naming_give(), also for a member whose file is there, as a worker says: nothing is moved, but
 * from then on its name is taken, so that of two members of one name the first has it.
 */
int reuse_give(struct naming *naming, const struct result *result, struct failure *failure);

#endif
