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

#include <stdint.h>

/** Answers for one worker, which go together: the most that a packet has descriptors for. */
struct reuse_answers {
	unsigned count;
	struct {
		uint64_t unit;
		uint32_t error; /**< why there is no file; or 0, */
		int fd;         /**< and this is it, opened for reading */
	} items[CHANNEL_FDS_MAX];
};

/**
 * Look for the file that @look, a MESSAGE_LOOK of @worker that is possible, is about: a member of
 * @unit. The answer goes to @answers, which are sent before that if they are many. 0, or -1 as
 * reuse_send().
 */
int reuse_look(struct naming *naming, struct pool *pool, const struct worker *worker,
	const struct unit *unit, const struct message *look, struct reuse_answers *answers);

/**
 * Send @answers to @worker, and begin anew. 0, or -1 with errno: EBADMSG if it does not take its
 * answers, ECONNRESET if it is dead.
 */
int reuse_send(struct reuse_answers *answers, struct pool *pool, const struct worker *worker);

/** Forget @answers: nobody is to be told. */
void reuse_drop(struct reuse_answers *answers);

/**
 * As naming_give(), also for a member whose file is there, as a worker says: nothing is moved, but
 * from then on its name is taken, so that of two members of one name the first has it.
 */
int reuse_give(struct naming *naming, const struct result *result, struct failure *failure);

#endif
