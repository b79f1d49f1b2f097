// SPDX-License-Identifier: MIT

/*
 * Records that wait, first in, first out: as messages, which take far less memory than the structs.
 */

#ifndef ZIPMAP_PARENT_RECORDQUEUE_H
#define ZIPMAP_PARENT_RECORDQUEUE_H

#include "protocol/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** All zero at first. */
struct recordqueue {
	uint8_t *bytes;
	size_t begin; /**< of those that were not popped */
	size_t size;
	size_t capacity;
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
