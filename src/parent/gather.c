// SPDX-License-Identifier: MIT

#include "parent/gather.h"

#include "parent/scratchfile.h"
#include "util/cleanup.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* As much as a pipe holds, unless somebody has made it larger. */
#define MOVE_MAX ((size_t)64 * 1024)

#define FIRST_BYTES ((size_t)256)

void gather_init(struct gather *gather)
{
	*gather = (struct gather){.fd = -1};
}

uint64_t gather_size(const struct gather *gather)
{
	return gather->fd >= 0 ? gather->size - gather->taken : gather->end - gather->begin;
}

static void free_memory(struct gather *gather, struct gather_place *place)
{
	place->held_bytes -= gather->capacity;
	free(steal_pointer(&gather->bytes));
	gather->begin = gather->end = gather->capacity = 0;
}

/* Write all of it at the end of the file. 0, or -1 with errno: then the file is as it was. */
static int write_all(struct gather *gather, const char *bytes, size_t size)
{
	if (io_pwrite_full(gather->fd, bytes, size, gather->size, NULL) < 0)
		return -1;
	gather->size += size;
	return 0;
}

/* Move what is in memory to a file. 0, or -1 with errno: then it stays in memory. */
static int spill(struct gather *gather, struct gather_place *place)
{
	gather->fd = scratchfile_open(place->directory, NULL);
	gather->taken = gather->size = 0;
	if (gather->fd < 0)
		return -1;
	if (write_all(gather, gather->bytes + gather->begin, gather->end - gather->begin) < 0) {
		int error = errno;
		close(steal_fd(&gather->fd));
		errno = error;
		return -1;
	}
	free_memory(gather, place);
	return 0;
}

/* Have room for @size more bytes in memory. False: they would be too many, or there is none. */
static bool make_room(struct gather *gather, struct gather_place *place, size_t size)
{
	size_t used = gather->end - gather->begin;
	size_t capacity = gather->capacity > 0 ? gather->capacity : FIRST_BYTES;

	if (size > GATHER_MEMORY_MAX)
		return false;
	while (capacity < used + size)
		capacity *= 2;
	if (capacity - gather->capacity > GATHER_MEMORY_MAX - place->held_bytes)
		return false;
	if (gather->begin > 0) {
		memmove(gather->bytes, gather->bytes + gather->begin, used);
		gather->begin = 0;
		gather->end = used;
	}
	if (capacity == gather->capacity)
		return true;
	char *grown = realloc(gather->bytes, capacity);
	if (!grown)
		return false;
	place->held_bytes += capacity - gather->capacity;
	gather->bytes = grown;
	gather->capacity = capacity;
	return true;
}

/* How much is in @pipe, at most MOVE_MAX. At its end, one byte is tried. */
static size_t readable_bytes(int pipe)
{
	int size = 0;

	if (ioctl(pipe, FIONREAD, &size) < 0 || size <= 0)
		return 1;
	return (size_t)size < MOVE_MAX ? (size_t)size : MOVE_MAX;
}

ssize_t gather_move(struct gather *gather, struct gather_place *place, int pipe)
{
	size_t size = readable_bytes(pipe);
	ssize_t moved;

	if (gather->fd < 0 && !make_room(gather, place, size) && spill(gather, place) < 0)
		return -1;
	if (gather->fd < 0) {
		moved = io_read(pipe, gather->bytes + gather->end, size);
		gather->end += moved > 0 ? (size_t)moved : 0;
		return moved;
	}
	off_t end = (off_t)gather->size;
	/* Unlike read(2) and write(2), this leaves in the pipe what the disk has no room for. */
	moved = io_retry(splice(pipe, NULL, gather->fd, &end, MOVE_MAX, SPLICE_F_NONBLOCK));
	gather->size += moved > 0 ? (uint64_t)moved : 0;
	return moved;
}

int gather_put(struct gather *gather, struct gather_place *place, const void *bytes, size_t size)
{
	if (gather->fd < 0 && !make_room(gather, place, size) && spill(gather, place) < 0)
		return -1;
	if (gather->fd >= 0)
		return write_all(gather, bytes, size);
	// NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): make_room() has made it
	memcpy(gather->bytes + gather->end, bytes, size);
	gather->end += size;
	return 0;
}

static ssize_t take_from_file(struct gather *gather, char *bytes, size_t size)
{
	ssize_t got = io_retry(pread(gather->fd, bytes, size, (off_t)gather->taken));

	if (got == 0)
		errno = EIO; /* it has no name: nobody can have cut it */
	if (got <= 0)
		return -1;
	gather->taken += (uint64_t)got;
	if (gather->taken == gather->size)
		close(steal_fd(&gather->fd)); /* there may be room in memory again */
	return got;
}

ssize_t gather_take(struct gather *gather, struct gather_place *place, char *bytes, size_t size)
{
	uint64_t left = gather_size(gather);

	size = left < size ? (size_t)left : size;
	if (size == 0)
		return 0;
	if (gather->fd >= 0)
		return take_from_file(gather, bytes, size);
	memcpy(bytes, gather->bytes + gather->begin, size);
	gather->begin += size;
	if (gather->begin == gather->end)
		free_memory(gather, place);
	return (ssize_t)size;
}

void gather_release(struct gather *gather, struct gather_place *place)
{
	free_memory(gather, place);
	if (gather->fd >= 0)
		close(gather->fd);
	gather_init(gather);
}
