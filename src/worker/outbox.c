// SPDX-License-Identifier: MIT

#include "worker/outbox.h"

#include "protocol/channel.h"
#include "util/memory.h"

#include <stdlib.h>
#include <unistd.h>

/* Messages are held back this long to travel together. */
#define BATCH_NS (UINT64_C(20) * 1000 * 1000)

void outbox_init(struct outbox *outbox, int channel_fd)
{
	outbox->channel_fd = channel_fd;
	wire_writer_init(&outbox->packet, outbox->bytes, sizeof(outbox->bytes));
}

void outbox_flush(struct outbox *outbox)
{
	if (outbox->packet.size > 0 &&
		channel_send(outbox->channel_fd, outbox->bytes, outbox->packet.size, -1, true) < 0)
		_exit(EXIT_FAILURE);
	wire_writer_init(&outbox->packet, outbox->bytes, sizeof(outbox->bytes));
}

void outbox_put(struct outbox *outbox, const struct message *message)
{
	if (outbox->packet.size == 0)
		outbox->packet_ns = monotonic_ns();
	if (message_put(&outbox->packet, message) == 0)
		return;
	outbox_flush(outbox);
	outbox->packet_ns = monotonic_ns();
	if (message_put(&outbox->packet, message) < 0)
		_exit(EXIT_FAILURE); /* PACKET_MAX is more than any one message */
}

void outbox_flush_if_due(struct outbox *outbox)
{
	if (outbox->packet.size > 0 && monotonic_ns() - outbox->packet_ns >= BATCH_NS)
		outbox_flush(outbox);
}
