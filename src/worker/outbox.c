// SPDX-License-Identifier: MIT

#include "worker/outbox.h"

#include "util/memory.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* Messages are held back this long to travel together. */
#define BATCH_NS (UINT64_C(20) * 1000 * 1000)

/* How long to wait until a packet is sent again. */
#define AGAIN_MS 5

void outbox_init(struct outbox *outbox, int channel_fd)
{
	outbox->channel_fd = channel_fd;
	outbox->fds.count = 0;
	wire_writer_init(&outbox->packet, outbox->bytes, sizeof(outbox->bytes));
}

/* Send the packet. All descriptors of this user that are on their way may be too many: that passes.
 */
static int send_packet(const struct outbox *outbox)
{
	struct pollfd nothing = {.fd = -1};

	while (channel_send_fds(outbox->channel_fd, outbox->bytes, outbox->packet.size,
		       &outbox->fds, true) < 0) {
		if (errno != ETOOMANYREFS || outbox->fds.count == 0)
			return -1;
		(void)poll(&nothing, 1, AGAIN_MS);
	}
	return 0;
}

void outbox_flush(struct outbox *outbox)
{
	if (outbox->packet.size > 0 && send_packet(outbox) < 0)
		_exit(EXIT_FAILURE);
	channel_fds_close(&outbox->fds);
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

void outbox_put_with(struct outbox *outbox, const struct message *message, int fd)
{
	outbox_put(outbox, message); /* in a packet that has room for a descriptor */
	if (fd >= 0)
		outbox->fds.fds[outbox->fds.count++] = fd;
	if (outbox->fds.count == CHANNEL_FDS_MAX)
		outbox_flush(outbox);
}

void outbox_flush_if_due(struct outbox *outbox)
{
	if (outbox->packet.size > 0 && monotonic_ns() - outbox->packet_ns >= BATCH_NS)
		outbox_flush(outbox);
}
