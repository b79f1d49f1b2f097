// SPDX-License-Identifier: MIT

#include "parent/recordqueue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* A queue that is empty keeps a block that is not larger, for those of the next packet. */
#define KEPT_BYTES ((size_t)2 * 1024)

/* Each block of a queue is twice as large as the one before, but not larger than this, */
#define BLOCK_BYTES_MAX ((size_t)32 * 1024)

/* and one for a record of more than this has no room to spare. */
#define SHARED_BYTES_MAX (BLOCK_BYTES_MAX / 8)

struct record_block {
	struct record_block *next;
	size_t begin; /* of the records that were not popped */
	size_t size;
	size_t capacity;
	uint8_t bytes[];
};

/* A block behind @last, which may be NULL, for a record of @most bytes and perhaps for others. */
static struct record_block *new_block(const struct record_block *last, size_t most)
{
	size_t capacity = last ? 2 * last->capacity : KEPT_BYTES;

	if (capacity > BLOCK_BYTES_MAX)
		capacity = BLOCK_BYTES_MAX;
	if (capacity < most || most > SHARED_BYTES_MAX)
		capacity = most;
	struct record_block *block = malloc(sizeof(*block) + capacity);
	if (block)
		*block = (struct record_block){.capacity = capacity};
	return block;
}

/* Have room for @most bytes in the last block. 0, or -1 with errno. */
static int make_room(struct recordqueue *queue, size_t most)
{
	struct record_block *last = queue->last;

	if (last && last->capacity - last->size >= most)
		return 0;
	struct record_block *block = new_block(last, most);
	if (!block) {
		errno = ENOMEM;
		return -1;
	}
	*(last ? &last->next : &queue->first) = block;
	queue->last = block;
	queue->capacity += block->capacity;
	return 0;
}

int recordqueue_put(struct recordqueue *queue, const struct message *message)
{
	size_t most = message_record_bytes_max(&message->record);
	struct wire_writer writer;

	if (make_room(queue, most) < 0)
		return -1;
	struct record_block *block = queue->last;
	wire_writer_init(&writer, block->bytes + block->size, most);
	int put = message_put(&writer, message);
	assert(put == 0);
	(void)put;
	block->size += writer.size;
	return 0;
}

static void drop_first(struct recordqueue *queue)
{
	struct record_block *first = queue->first;

	queue->first = first->next;
	if (!queue->first)
		queue->last = NULL;
	queue->capacity -= first->capacity;
	free(first);
}

/* The first block that has a record; NULL if there is none. */
static struct record_block *first_block(struct recordqueue *queue)
{
	struct record_block *first = queue->first;

	while (first && first->begin == first->size &&
		(first->next || first->capacity > KEPT_BYTES)) {
		drop_first(queue);
		first = queue->first;
	}
	if (!first || first->begin < first->size)
		return first;
	first->begin = first->size = 0;
	return NULL;
}

bool recordqueue_pop(struct recordqueue *queue, struct message *message)
{
	struct record_block *block = first_block(queue);
	struct wire_reader reader;

	if (!block)
		return false;
	wire_reader_init(&reader, block->bytes + block->begin, block->size - block->begin);
	int got = message_get(&reader, message);
	assert(got == 1); /* we put it there */
	(void)got;
	block->begin = block->size - reader.left;
	return true;
}

void recordqueue_release(struct recordqueue *queue)
{
	while (queue->first)
		drop_first(queue);
}
