// SPDX-License-Identifier: MIT

/*
 * Work from the parent, of which several units come in a packet, with the descriptors of their
 * archives; and between the work, the files that the worker has asked for. Those that it looks for
 * are asked for ahead (looking.h), so that their answers come before they are wanted.
 */

#ifndef ZIPMAP_WORKER_INBOX_H
#define ZIPMAP_WORKER_INBOX_H

#include "protocol/channel.h"
#include "protocol/message.h"

#include <stdbool.h>
#include <stdint.h>

/** Packets with work that may come while a file is waited for: more than the parent sends ahead. */
#define INBOX_LATER_MAX (16 + PART_HELPERS_MAX)

/** A packet that is looked at later. */
struct inbox_packet {
	size_t size;
	struct channel_fds fds;
	uint8_t bytes[WORK_PACKET_MAX];
};

/** Answers of MESSAGE_LOOKs that may be there before they are wanted: those of both lanes. */
#define INBOX_ANSWERS_MAX (2 * LOOKS_MAX)

/** What was found of one member. */
struct inbox_answer {
	uint64_t unit;
	int fd; /**< the file, or -1 */
};

struct inbox {
	int channel_fd;
	struct wire_reader packet; /**< messages that are not taken yet */
	struct channel_fds fds;    /**< of the packet */
	unsigned fds_taken;        /**< how many of those are the caller's */
	uint8_t bytes[WORK_PACKET_MAX];
	unsigned later_count;
	struct inbox_packet later[INBOX_LATER_MAX];
	unsigned answer_count;
	struct inbox_answer answers[INBOX_ANSWERS_MAX];
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
 * Take the next message, a MESSAGE_WORK or a MESSAGE_PART; the inbox must not be empty. The
 * descriptor that belongs to it goes to *@fd and is the caller's; -1: none does. 0, or -1 with
 * errno EBADMSG.
 */
int inbox_take(struct inbox *inbox, struct message *message, int *fd);

/**
 * Wait for the file that was asked for last. Its descriptor, the caller's, or -1 with errno. Ends
 * the process if the parent is gone or does not follow the protocol.
 */
int inbox_wait_for_file(struct inbox *inbox);

/**
 * Wait for the next answer to a MESSAGE_LOOK of @unit, of which one must be due. The descriptor of
 * the file, the caller's; -1: none is there. Ends the process as inbox_wait_for_file().
 */
int inbox_wait_for_look(struct inbox *inbox, uint64_t unit);

#endif
