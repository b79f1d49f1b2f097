// SPDX-License-Identifier: MIT

#include "parent/recordqueue.h"

#include "util/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* A queue that is empty keeps so much memory for the next records: those of a worker's packet. */
#define KEPT_BYTES ((size_t)8 * 1024)

static int make_room(struct recordqueue *queue, size_t most)
{
	if (queue->capacity - queue->size >= most)
		return 0;
	size_t capacity = 2 * queue->capacity + most;
	uint8_t *grown = realloc(queue->bytes, capacity);
	if (!grown) {
		errno = ENOMEM;
		return -1;
	}
	queue->bytes = grown;
	queue->capacity = capacity;
	return 0;
}

int recordqueue_put(struct recordqueue *queue, const struct message *message)
{
	size_t most = message_record_bytes_max(&message->record);
	struct wire_writer writer;

	if (make_room(queue, most) < 0)
		return -1;
	wire_writer_init(&writer, queue->bytes + queue->size, most);
	int put = message_put(&writer, message);
	assert(put == 0);
	(void)put;
	queue->size += writer.size;
	return 0;
}

bool recordqueue_pop(struct recordqueue *queue, struct message *message)
{
	struct wire_reader reader;

	if (queue->begin == queue->size) {
		queue->begin = queue->size = 0;
		if (queue->capacity > KEPT_BYTES)
			recordqueue_release(queue);
		return false;
	}
	wire_reader_init(&reader, queue->bytes + queue->begin, queue->size - queue->begin);
	int got = message_get(&reader, message);
	assert(got == 1); /* we put it there */
	(void)got;
	queue->begin = queue->size - reader.left;
	return true;
}

void recordqueue_release(struct recordqueue *queue)
{
	free(steal_pointer(&queue->bytes));
	*queue = (struct recordqueue){0};
}
