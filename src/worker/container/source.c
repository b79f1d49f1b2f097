// SPDX-License-Identifier: MIT

#include "worker/container/source.h"

#include "util/cleanup.h"
#include "worker/decode/buffer.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/*
 * libzip reads a directory a few dozen bytes at a time. One block serves all of a small archive,
 * and some dozens of headers and small members of a large one.
 */
#define BLOCK_SIZE ((size_t)64 * 1024)

struct source {
	int fd;
	uint64_t base;
	uint64_t size; /* of the file */

	uint64_t position; /* of libzip's next read, from the base */
	zip_error_t error;
	uint64_t first_seek;
	uint64_t last_read;

	uint64_t block_at; /* from the start of the file */
	size_t block_size; /* how much of the block is filled */
	uint8_t *block;
};

struct source *source_new(int fd, uint64_t base)
{
	cleanup_fd int owned = fd;
	struct stat status;

	if (fstat(fd, &status) < 0)
		return NULL;
	struct source *source = malloc(sizeof(*source));
	if (!source)
		return NULL;
	source->block = buffer_new(BLOCK_SIZE);
	if (!source->block) {
		free(source);
		return NULL;
	}
	source->fd = steal_fd(&owned);
	source->base = base;
	source->size = (uint64_t)status.st_size;
	source->position = 0;
	zip_error_init(&source->error);
	source->block_at = 0;
	source->block_size = 0;
	source_watch(source);
	return source;
}

void source_free(struct source *source)
{
	if (!source)
		return;
	close(source->fd);
	zip_error_fini(&source->error);
	free(source->block);
	free(source);
}

void source_set_base(struct source *source, uint64_t base)
{
	source->base = base;
}

uint64_t source_base(const struct source *source)
{
	return source->base;
}

uint64_t source_size(const struct source *source)
{
	return source->size > source->base ? source->size - source->base : 0;
}

/* pread(2) until @size bytes or the end of the file. */
static ssize_t pread_full(int fd, uint8_t *bytes, size_t size, uint64_t at)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, bytes + done, size - done, (off_t)(at + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* Have the block hold what is at @at and follows. Returns how much that is, or -1. */
static ssize_t fill_block(struct source *source, uint64_t at)
{
	uint64_t start = at - at % BUFFER_ALIGNMENT; /* page to page: see buffer.h */
	uint64_t left = source->size - start;        /* no second pread(2) to see the end */
	ssize_t got = pread_full(
		source->fd, source->block, left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE, start);

	source->block_at = start;
	source->block_size = got < 0 ? 0 : (size_t)got;
	if (got < 0)
		return -1;
	return start + (uint64_t)got > at ? (ssize_t)(start + (uint64_t)got - at) : 0;
}

ssize_t source_read_at(struct source *source, void *bytes, size_t size, uint64_t offset)
{
	uint64_t visible = source_size(source);
	uint64_t at = source->base + offset;

	if (offset >= visible)
		return 0;
	if (size > visible - offset)
		size = (size_t)(visible - offset);
	bool inside = at >= source->block_at && at < source->block_at + source->block_size;
	if (inside && source->block_at + source->block_size - at < size)
		inside = false;
	if (!inside && size > BLOCK_SIZE - BUFFER_ALIGNMENT)
		return pread_full(source->fd, bytes, size, at);
	if (!inside) {
		ssize_t got = fill_block(source, at);
		if (got < 0)
			return -1;
		if ((size_t)got < size)
			size = (size_t)got; /* the file has shrunk since it was opened */
	}
	memcpy(bytes, source->block + (at - source->block_at), size);
	return (ssize_t)size;
}

static zip_int64_t callback_read(struct source *source, void *data, zip_uint64_t size)
{
	ssize_t got = source_read_at(source, data, size, source->position);

	if (got < 0) {
		zip_error_set(&source->error, ZIP_ER_READ, errno);
		return -1;
	}
	source->last_read = source->position;
	source->position += (uint64_t)got;
	return got;
}

static zip_int64_t callback_seek(struct source *source, void *data, zip_uint64_t size)
{
	zip_int64_t offset = zip_source_seek_compute_offset(
		source->position, source_size(source), data, size, &source->error);

	if (offset < 0)
		return -1;
	source->position = (uint64_t)offset;
	if (source->first_seek == SOURCE_NOWHERE)
		source->first_seek = source->position;
	return 0;
}

static zip_int64_t callback_stat(struct source *source, void *data, zip_uint64_t size)
{
	zip_stat_t *status = data;

	if (size < sizeof(*status)) {
		zip_error_set(&source->error, ZIP_ER_INVAL, 0);
		return -1;
	}
	zip_stat_init(status);
	status->valid = ZIP_STAT_SIZE;
	status->size = source_size(source);
	return sizeof(*status);
}

/* zip_source_function(3). */
static zip_int64_t callback(void *context, void *data, zip_uint64_t size, zip_source_cmd_t command)
{
	struct source *source = context;

	switch (command) {
	case ZIP_SOURCE_OPEN:
		source->position = 0;
		return 0;
	case ZIP_SOURCE_READ:
		return callback_read(source, data, size);
	case ZIP_SOURCE_SEEK:
		return callback_seek(source, data, size);
	case ZIP_SOURCE_TELL:
		return (zip_int64_t)source->position;
	case ZIP_SOURCE_STAT:
		return callback_stat(source, data, size);
	case ZIP_SOURCE_ERROR:
		return zip_error_to_data(&source->error, data, size);
	case ZIP_SOURCE_CLOSE:
	case ZIP_SOURCE_FREE: /* struct source is the archive's */
		return 0;
	case ZIP_SOURCE_SUPPORTS:
		return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ,
			ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
			ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
	default:
		zip_error_set(&source->error, ZIP_ER_OPNOTSUPP, 0);
		return -1;
	}
}

zip_source_t *source_for_libzip(struct source *source, zip_error_t *error)
{
	return zip_source_function_create(callback, source, error);
}

void source_watch(struct source *source)
{
	source->first_seek = SOURCE_NOWHERE;
	source->last_read = SOURCE_NOWHERE;
}

uint64_t source_first_seek(const struct source *source)
{
	return source->first_seek;
}

uint64_t source_last_read(const struct source *source)
{
	return source->last_read;
}
