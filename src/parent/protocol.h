// SPDX-License-Identifier: MIT

/*
 * What a worker may say, and when. Nothing that it says is believed before it is checked: that a
 * field has a value that the format allows is message_get()'s to check, that the value is possible
 * now is checked here, once, and that a file is what was said of it in verify.h.
 */

#ifndef ZIPMAP_PARENT_PROTOCOL_H
#define ZIPMAP_PARENT_PROTOCOL_H

#include "parent/interface.h"
#include "parent/pool.h"

/**
 * Check @message, which @worker has said. @ending: the worker's channel is ended, so that it
 * may say its last message once it has no unit left. 0 with the unit that it is about in *@hand
 * (NULL: none), or -1 with errno EBADMSG.
 */
int protocol_check(const struct run_settings *settings, bool ending, struct worker *worker,
	const struct message *message, struct in_hand **hand);

#endif
