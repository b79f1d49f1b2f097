// SPDX-License-Identifier: MIT

/*
 * A worker's first word: that it is ready, or which step of its start failed (MESSAGE_START). It is
 * sent before the worker has read anything of an archive, in a packet of its own.
 */

#ifndef ZIPMAP_PROTOCOL_FIRSTWORD_H
#define ZIPMAP_PROTOCOL_FIRSTWORD_H

#include "protocol/message.h"

/** Send @word on @channel_fd. 0, or -1 with errno. */
int firstword_send(int channel_fd, const struct message_start *word);

/** Say that @step failed for the reason in errno, and leave the process. */
_Noreturn void firstword_fail(int channel_fd, enum start_step step);

#endif
