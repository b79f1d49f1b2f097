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
	inbox->answer_count = 0;
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

/* The next descriptor that came with answers, if @error says that there is one. */
static int take_file(struct channel_fds *fds, uint32_t error)
{
	int fd = error == 0 ? channel_fds_take(fds) : -1;

	if (error == 0 && fd < 0)
		_exit(EXIT_FAILURE);
	return fd;
}

/* Keep the answer to a MESSAGE_LOOK until it is wanted. */
static void keep_answer(struct inbox *inbox, const struct message *message, struct channel_fds *fds)
{
	if (message->kind != MESSAGE_HAND || !message->hand.looked ||
		inbox->answer_count == INBOX_ANSWERS_MAX)
		_exit(EXIT_FAILURE);
	inbox->answers[inbox->answer_count++] =
		(struct inbox_answer){message->unit, take_file(fds, message->hand.error)};
}

/* What a packet was. */
enum packet_kind {
	PACKET_WORK,  /* it is untouched */
	PACKET_LOOKS, /* answers to MESSAGE_LOOKs, which are kept */
	PACKET_FILE,  /* the answer to a MESSAGE_ASK */
};

/*
 * See what the packet of @size bytes is. Of a PACKET_FILE the descriptor, or -1 with errno, goes to
 * *@file. Ends the process if it is none that the parent would send.
 */
static enum packet_kind take_answers(
	struct inbox *inbox, const uint8_t *bytes, size_t size, struct channel_fds *fds, int *file)
{
	enum packet_kind kind = PACKET_LOOKS;
	struct wire_reader reader;
	struct message message;
	int got;

	wire_reader_init(&reader, bytes, size);
	if (message_get(&reader, &message) != 1 || message.kind != MESSAGE_HAND)
		return PACKET_WORK;
	if (!message.hand.looked) {
		kind = PACKET_FILE;
		*file = take_file(fds, message.hand.error);
	} else {
		keep_answer(inbox, &message, fds);
		while ((got = message_get(&reader, &message)) == 1)
			keep_answer(inbox, &message, fds);
		if (got < 0)
			_exit(EXIT_FAILURE);
	}
	if (reader.left > 0 || fds->count > 0)
		_exit(EXIT_FAILURE);
	if (kind == PACKET_FILE)
		errno = (int)message.hand.error;
	return kind;
}

/* The next packet that is no answer. Its size, or as channel_receive_fds() says. */
static ssize_t receive_work(struct inbox *inbox, bool wait)
{
	ssize_t size;
	int file;

	for (;;) {
		size = channel_receive_fds(
			inbox->channel_fd, inbox->bytes, sizeof(inbox->bytes), &inbox->fds, wait);
		if (size <= 0)
			return size;
		switch (take_answers(inbox, inbox->bytes, (size_t)size, &inbox->fds, &file)) {
		case PACKET_WORK:
			return size;
		case PACKET_LOOKS:
			break;
		case PACKET_FILE:
			_exit(EXIT_FAILURE); /* who asks for a file waits for it */
		}
	}
}

int inbox_receive(struct inbox *inbox, bool wait)
{
	assert(inbox_is_empty(inbox));
	ssize_t size = inbox->later_count > 0 ? take_later(inbox) : receive_work(inbox, wait);
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

/*
 * Wait for a packet of answers. Work that comes meanwhile is kept. Whether it is the answer to a
 * MESSAGE_ASK: its descriptor, or -1 with errno, goes to *@file.
 */
static bool wait_for_answers(struct inbox *inbox, int *file)
{
	for (;;) {
		if (inbox->later_count == INBOX_LATER_MAX)
			_exit(EXIT_FAILURE);
		struct inbox_packet *next = &inbox->later[inbox->later_count];
		ssize_t size = channel_receive_fds(
			inbox->channel_fd, next->bytes, sizeof(next->bytes), &next->fds, true);
		if (size <= 0)
			_exit(EXIT_FAILURE);
		next->size = (size_t)size;
		enum packet_kind kind =
			take_answers(inbox, next->bytes, next->size, &next->fds, file);
		if (kind != PACKET_WORK)
			return kind == PACKET_FILE;
		inbox->later_count++; /* what it is shows when it is taken */
	}
}

int inbox_wait_for_file(struct inbox *inbox)
{
	int file;

	while (!wait_for_answers(inbox, &file))
		continue;
	return file;
}

/* Take the first answer of @unit. False: none has come. */
static bool take_answer(struct inbox *inbox, uint64_t unit, int *fd)
{
	for (unsigned i = 0; i < inbox->answer_count; i++) {
		struct inbox_answer *answer = &inbox->answers[i];
		if (answer->unit != unit)
			continue;
		*fd = answer->fd;
		memmove(answer, answer + 1, (--inbox->answer_count - i) * sizeof(*answer));
		return true;
	}
	return false;
}

int inbox_wait_for_look(struct inbox *inbox, uint64_t unit)
{
	int file;

	while (!take_answer(inbox, unit, &file)) {
		if (wait_for_answers(inbox, &file))
			_exit(EXIT_FAILURE); /* nobody has asked for one */
	}
	return file;
}
