// SPDX-License-Identifier: MIT

#include "worker/inbox.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void inbox_init(struct inbox *inbox, int channel_fd)
{
	inbox->channel_fd = channel_fd;
	inbox->fds.count = inbox->fds_taken = 0;
	inbox->later_count = 0;
	wire_reader_init(&inbox->packet, inbox->bytes, 0);
}

bool inbox_is_empty(const struct inbox *inbox)
{
	return inbox->packet.left == 0;
}

/* The first packet of those that came meanwhile. Its size. */
static ssize_t take_later(struct inbox *inbox)
{
	struct inbox_packet *first = inbox->later;
	size_t size = first->size;

	memcpy(inbox->bytes, first->bytes, size);
	inbox->fds = first->fds;
	memmove(first, first + 1, --inbox->later_count * sizeof(*first));
	return (ssize_t)size;
}

int inbox_receive(struct inbox *inbox, bool wait)
{
	ssize_t size;

	assert(inbox_is_empty(inbox));
	if (inbox->later_count > 0)
		size = take_later(inbox);
	else
		size = channel_receive_fds(
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
	if (message_get(&inbox->packet, message) != 1 ||
		(message->kind != MESSAGE_WORK && message->kind != MESSAGE_PART)) {
		errno = EBADMSG;
		return -1;
	}
	/* A MESSAGE_PART comes alone, so that what is there belongs to it. */
	bool left = inbox->fds_taken < inbox->fds.count;
	bool wanted = message->kind == MESSAGE_WORK ? message->work.has_archive : left;
	if (wanted && !left) {
		errno = EBADMSG;
		return -1;
	}
	if (wanted)
		*fd = inbox->fds.fds[inbox->fds_taken++];
	/* One that no message tells of would never be closed. */
	if (!inbox_is_empty(inbox) || inbox->fds_taken == inbox->fds.count)
		return 0;
	errno = EBADMSG;
	return -1;
}

/* Whether @packet is the answer; then its descriptor, or -1 and the reason, goes to *@fd. */
static bool is_answer(const struct inbox_packet *packet, int *fd)
{
	struct wire_reader reader;
	struct message message;

	wire_reader_init(&reader, packet->bytes, packet->size);
	if (message_get(&reader, &message) != 1 || message.kind != MESSAGE_HAND)
		return false;
	if (reader.left > 0 || packet->fds.count != (message.hand.error == 0))
		_exit(EXIT_FAILURE);
	*fd = packet->fds.count > 0 ? packet->fds.fds[0] : -1;
	errno = (int)message.hand.error;
	return true;
}

int inbox_wait_for_file(struct inbox *inbox)
{
	int fd;

	for (;;) {
		if (inbox->later_count == INBOX_LATER_MAX)
			_exit(EXIT_FAILURE);
		struct inbox_packet *next = &inbox->later[inbox->later_count];
		ssize_t size = channel_receive_fds(
			inbox->channel_fd, next->bytes, sizeof(next->bytes), &next->fds, true);
		if (size <= 0)
			_exit(EXIT_FAILURE);
		next->size = (size_t)size;
		if (is_answer(next, &fd))
			return fd;
		inbox->later_count++; /* what it is shows when it is taken */
	}
}
