// SPDX-License-Identifier: MIT

/*
 * Work from the parent, of which several units come in a packet, with the descriptors of their
 * archives.
 */

#ifndef ZIPMAP_WORKER_INBOX_H
#define ZIPMAP_WORKER_INBOX_H

#include "protocol/channel.h"
#include "protocol/message.h"

#include <stdbool.h>
#include <stdint.h>

struct inbox {
	int channel_fd;
	struct wire_reader packet; /**< messages that are not taken yet */
	struct channel_fds fds;    /**< of the packet */
	unsigned fds_taken;        /**< how many of those are the caller's */
	uint8_t bytes[WORK_PACKET_MAX];
};

void inbox_init(struct inbox *inbox, int channel_fd);

/** Whether there is no message but what inbox_receive() may bring. */
bool inbox_is_empty(const struct inbox *inbox);

/**
 * Receive the next packet; the inbox must be empty. 1, 0 at the end of the channel, or -1 with
 * errno: EAGAIN if @wait is false and nothing is there, or EBADMSG.
 */
int inbox_receive(struct inbox *inbox, bool wait);

/**
 * Take the next message, a MESSAGE_WORK; the inbox must not be empty. The descriptor that belongs
 * to it goes to *@fd and is the caller's; -1: none does. 0, or -1 with errno EBADMSG.
 */
int inbox_take(struct inbox *inbox, struct message *message, int *fd);

#endif
