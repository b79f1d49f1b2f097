// SPDX-License-Identifier: MIT

/*
 * Records that wait, first in, first out: as messages, which take far less memory than the structs.
 * They are in blocks, none of which ever grows: to copy a large one would take twice the memory.
 */

#ifndef ZIPMAP_PARENT_RECORDQUEUE_H
#define ZIPMAP_PARENT_RECORDQUEUE_H

#include "protocol/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_block;

/** All zero at first. */
struct recordqueue {
	struct record_block *first;
	struct record_block *last;
	size_t capacity; /**< bytes of all blocks */
};

/** Append a copy of @message, a MESSAGE_RECORD. 0, or -1 with errno ENOMEM. */
int recordqueue_put(struct recordqueue *queue, const struct message *message);

/**
 * Take the first record into @message, whose names and array are valid until the queue is changed
 * next. False if there is none; then the queue gives back the memory that it does not need.
 */
bool recordqueue_pop(struct recordqueue *queue, struct message *message);

void recordqueue_release(struct recordqueue *queue);

#endif
