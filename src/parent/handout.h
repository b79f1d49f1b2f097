// SPDX-License-Identifier: MIT

/*
 * The files of workers that may not make them: where the kernel has no Landlock, seccomp takes away
 * each call that names a path, and the worker asks for its files. The parent makes them in the
 * worker's directory, and hands out their descriptors.
 */

#ifndef ZIPMAP_PARENT_HANDOUT_H
#define ZIPMAP_PARENT_HANDOUT_H

#include "parent/pool.h"
#include "protocol/message.h"

#include <stdbool.h>

/**
 * Whether @worker may ask for the file that @ask names: it is that of a member of @unit of which no
 * record has come. @npy: it may be that of a member with a header put before it.
 */
bool handout_is_possible(const struct unit *unit, const struct message_ask *ask, bool npy);

/**
 * Do what @worker asks for by @message, a MESSAGE_ASK that is possible, and answer. What cannot be
 * done, the answer says. 0, or -1 with errno EBADMSG if it does not take its answers.
 */
int handout_answer(struct pool *pool, const struct worker *worker, const struct message *message);

#endif
