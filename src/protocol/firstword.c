// SPDX-License-Identifier: MIT

#include "protocol/firstword.h"

#include "protocol/channel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int firstword_send(int channel_fd, const struct message_start *word)
{
	struct message message = {.kind = MESSAGE_START, .start = *word};
	struct wire_writer packet;
	uint8_t bytes[32];

	wire_writer_init(&packet, bytes, sizeof(bytes));
	int put = message_put(&packet, &message);
	assert(put == 0);
	(void)put;
	return channel_send(channel_fd, bytes, packet.size, -1, true);
}

_Noreturn void firstword_fail(int channel_fd, enum start_step step)
{
	struct message_start word = {.step = step, .error = errno > 0 ? (uint32_t)errno : EINVAL};

	/* If the parent is gone there is nobody left to tell. */
	(void)firstword_send(channel_fd, &word);
	_exit(EXIT_FAILURE);
}
