// SPDX-License-Identifier: MIT

#include "worker/inbox.h"

#include <assert.h>
#include <errno.h>

void inbox_init(struct inbox *inbox, int channel_fd)
{
	inbox->channel_fd = channel_fd;
	inbox->fds.count = inbox->fds_taken = 0;
	wire_reader_init(&inbox->packet, inbox->bytes, 0);
}

bool inbox_is_empty(const struct inbox *inbox)
{
	return inbox->packet.left == 0;
}

int inbox_receive(struct inbox *inbox, bool wait)
{
	assert(inbox_is_empty(inbox));
	ssize_t size = channel_receive_fds(
		inbox->channel_fd, inbox->bytes, sizeof(inbox->bytes), &inbox->fds, wait);
	if (size <= 0)
		return (int)size;
	wire_reader_init(&inbox->packet, inbox->bytes, (size_t)size);
	inbox->fds_taken = 0;
	return 1;
}

int inbox_take(struct inbox *inbox, struct message *message, int *fd)
{
	*fd = -1;
	if (message_get(&inbox->packet, message) != 1 || message->kind != MESSAGE_WORK ||
		(message->work.has_archive && inbox->fds_taken == inbox->fds.count)) {
		errno = EBADMSG;
		return -1;
	}
	if (message->work.has_archive)
		*fd = inbox->fds.fds[inbox->fds_taken++];
	/* One that no message tells of would never be closed. */
	if (!inbox_is_empty(inbox) || inbox->fds_taken == inbox->fds.count)
		return 0;
	errno = EBADMSG;
	return -1;
}
