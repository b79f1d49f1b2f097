// SPDX-License-Identifier: MIT

/*
 * Messages to the parent, which travel several to a packet.
 */

#ifndef ZIPMAP_WORKER_OUTBOX_H
#define ZIPMAP_WORKER_OUTBOX_H

#include "protocol/channel.h"
#include "protocol/message.h"

#include <stdint.h>

struct outbox {
	int channel_fd;
	struct wire_writer packet; /**< messages that are not sent yet */
	uint64_t packet_ns;        /**< when the first of them was put */
	struct channel_fds fds;    /**< that go along, in the order of the messages */
	uint8_t bytes[PACKET_MAX];
};

/*
 * None of these fails: where the parent cannot be reached, nobody is left to tell, and the process
 * ends.
 */

void outbox_init(struct outbox *outbox, int channel_fd);

/** Have @message sent, at some time: as soon as the packet is full or due. */
void outbox_put(struct outbox *outbox, const struct message *message);

/** The same with the descriptor @fd, which is taken over; -1: none. */
void outbox_put_with(struct outbox *outbox, const struct message *message, int fd);

/** Send what there is. */
void outbox_flush(struct outbox *outbox);

/** Send what has waited for long enough to travel with others. */
void outbox_flush_if_due(struct outbox *outbox);

#endif
