// SPDX-License-Identifier: MIT

#include "worker/extract/outfile.h"

#include "protocol/memoryfile.h"
#include "protocol/newfile.h"
#include "protocol/record.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "worker/decode/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static_assert(DECODE_HISTORY_MAX % BUFFER_ALIGNMENT == 0, "the buffer begins at a page");

int outfile_init(struct outfile *out, int directory_fd)
{
	*out = (struct outfile){
		.directory_fd = directory_fd, .sealed_fd = -1, .fd = -1, .tails_fd = -1};
	out->memory = buffer_new(
		buffer_whole_pages(DECODE_HISTORY_MAX + OUTFILE_BUFFER_SIZE + DECODE_SLACK));
	if (!out->memory)
		return -1;
	out->buffer = out->memory + DECODE_HISTORY_MAX;
	return 0;
}

void outfile_set_memory(struct outfile *out)
{
	out->in_memory = true;
}

/* Forget a file that was sealed and not taken. */
static void drop_sealed(struct outfile *out)
{
	if (out->sealed_fd >= 0)
		close(steal_fd(&out->sealed_fd));
}

void outfile_release(struct outfile *out)
{
	outfile_discard(out);
	drop_sealed(out);
	outfile_set_tails(out, -1);
	free(steal_pointer(&out->memory));
}

static bool forgets(const struct outfile *out)
{
	return out->directory_fd < 0 && !out->in_memory;
}

static int make_memory_file(const char *name)
{
	int fd = memfd_create(name, MEMORY_FILE_FLAGS | MEMORY_FILE_NOEXEC);

	/* The kernel does not know it. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MEMORY_FILE_FLAGS);
	return fd;
}

static int make_file(const struct outfile *out)
{
	if (out->in_memory)
		return make_memory_file(out->name);
	if (out->maker)
		return out->maker->make(out->maker->context, out->name);
	return openat(out->directory_fd, out->name, NEW_FILE_FLAGS, NEW_FILE_MODE);
}

static void remove_file(const struct outfile *out)
{
	if (out->in_memory)
		return; /* it is gone with its descriptor */
	if (out->maker)
		out->maker->remove(out->maker->context, out->name);
	else
		unlinkat(out->directory_fd, out->name, 0);
}

int outfile_create(struct outfile *out)
{
	out->fd = forgets(out) ? -1 : make_file(out);
	out->fill = 0;
	out->history = 0;
	out->flushed = 0;
	out->file_bytes = 0;
	out->error = 0;
	return out->fd < 0 && !forgets(out) ? -1 : 0;
}

int outfile_reserve(struct outfile *out, uint64_t size_bytes)
{
	/* In memory it takes as long as writing, and there is no one size that must not be passed.
	 */
	if (forgets(out) || out->in_memory)
		return 0;
	/* The size stays 0: what is set aside and not written in the end is no part of the file. */
	if (io_allocate(out->fd, FALLOC_FL_KEEP_SIZE, size_bytes) == 0)
		return 0;
	return errno == ENOSPC || errno == EDQUOT ? -1 : 0;
}

uint64_t outfile_position(const struct outfile *out)
{
	return out->flushed + out->fill;
}

/*
 * Write the first @size bytes of the buffer to their place. If some do not fit, they and all that
 * follow are given up: they cannot become whole.
 */
static int flush(struct outfile *out, size_t size)
{
	size_t done = size;
	int error = 0;

	if (!forgets(out) && io_pwrite_full(out->fd, out->buffer, size, out->flushed, &done) < 0)
		error = errno;
	out->flushed += done;
	if (out->flushed > out->file_bytes)
		out->file_bytes = out->flushed;
	out->fill = error ? 0 : out->fill - size;
	if (error)
		out->error = error;
	errno = error;
	return error ? -1 : 0;
}

/*
 * Make room in the buffer: write its whole pages, so that the next write begins at a page as well
 * (see buffer.h), and move what is left to its front, behind the history.
 */
static int drain(struct outfile *out)
{
	size_t size = out->fill - out->fill % BUFFER_ALIGNMENT;

	if (flush(out, size) < 0)
		return -1;
	memmove(out->buffer - out->history, out->buffer + size - out->history,
		out->history + out->fill);
	return 0;
}

uint8_t *outfile_room(struct outfile *out, size_t least, size_t *size)
{
	if (out->fill + least > OUTFILE_BUFFER_SIZE && drain(out) < 0)
		return NULL;
	*size = OUTFILE_BUFFER_SIZE - out->fill;
	return out->buffer + out->fill;
}

void outfile_commit(struct outfile *out, size_t size)
{
	out->fill += size;
}

int outfile_write_out(struct outfile *out)
{
	size_t done;

	if (drain(out) < 0)
		return -1;
	if (forgets(out))
		return out->tails_fd < 0 ? 0
					 : io_pwrite_full(out->tails_fd,
						   out->buffer + out->fill - out->history,
						   out->history, 0, NULL);
	if (io_pwrite_full(out->fd, out->buffer, out->fill, out->flushed, &done) < 0) {
		out->error = errno;
		out->fill = 0;
		return -1;
	}
	if (out->flushed + out->fill > out->file_bytes)
		out->file_bytes = out->flushed + out->fill;
	return 0;
}

void outfile_set_tails(struct outfile *out, int tails_fd)
{
	if (out->tails_fd >= 0)
		close(out->tails_fd);
	out->tails_fd = tails_fd;
}

bool outfile_is_shareable(const struct outfile *out)
{
	return forgets(out) ? out->tails_fd >= 0 : out->fd >= 0;
}

int outfile_seek(struct outfile *out, uint64_t position, uint64_t tails_end)
{
	size_t fill = (size_t)(position % BUFFER_ALIGNMENT);
	int fd = forgets(out) ? out->tails_fd : out->fd;
	uint64_t end = forgets(out) ? tails_end : position;
	ssize_t got = io_pread_full(
		fd, out->buffer + fill - out->history, out->history, end - out->history);

	if (got >= 0 && (size_t)got < out->history)
		errno = EIO; /* it is not there */
	if (got < (ssize_t)out->history)
		return -1;
	out->flushed = position - fill;
	out->fill = fill;
	if (position > out->file_bytes)
		out->file_bytes = position;
	return 0;
}

int outfile_align(struct outfile *out)
{
	size_t gap = (size_t)(-outfile_position(out) % OUTFILE_ALIGNMENT);

	while (gap > 0) {
		size_t size;
		uint8_t *room = outfile_room(out, 1, &size);
		if (!room)
			return -1;
		size = size < gap ? size : gap;
		memset(room, 0, size);
		outfile_commit(out, size);
		gap -= size;
	}
	return 0;
}

int outfile_read(const struct outfile *out, uint64_t position, uint8_t *bytes, size_t size)
{
	size_t stored = 0;

	if (position < out->flushed) {
		stored = out->flushed - position < size ? (size_t)(out->flushed - position) : size;
		ssize_t got = io_pread_full(out->fd, bytes, stored, position);
		if (got >= 0 && (size_t)got < stored)
			errno = EIO; /* somebody has cut the file */
		if (got < (ssize_t)stored)
			return -1;
	}
	if (stored < size)
		memcpy(bytes + stored, out->buffer + (position + stored - out->flushed),
			size - stored);
	return 0;
}

void outfile_rewind(struct outfile *out, uint64_t position)
{
	if (position >= out->flushed) {
		out->fill = (size_t)(position - out->flushed);
	} else {
		out->flushed = position; /* what is there will be written over, or cut off */
		out->fill = 0;
	}
}

int outfile_finish(struct outfile *out, uint64_t *inode)
{
	struct stat status;

	*inode = 0;
	if (forgets(out))
		return 0;
	if (out->fill > 0 && flush(out, out->fill) < 0)
		return -1;
	if (out->file_bytes > out->flushed) {
		if (io_truncate(out->fd, out->flushed) < 0)
			return -1;
		out->file_bytes = out->flushed;
	}
	if (io_status(out->fd, &status) < 0)
		return -1;
	*inode = status.st_ino;
	return 0;
}

int outfile_try_map(struct outfile *out)
{
	if (forgets(out) || out->file_bytes == 0)
		return 0; /* mmap(2) refuses a length of 0 */
	if (out->has_mapped && out->file_bytes < MAPPED_FILE_MIN)
		return 0;
	if (io_try_map(out->fd, out->file_bytes) < 0)
		return -1;
	out->has_mapped = true;
	return 0;
}

/* As outfile_close(). It is mapped no more, so that nothing can keep it from being sealed. */
static int seal(struct outfile *out)
{
	drop_sealed(out);
	if (fcntl(out->fd, F_ADD_SEALS, MEMORY_FILE_SEALS) == 0) {
		out->sealed_fd = steal_fd(&out->fd);
		return 0;
	}
	int error = errno;
	outfile_discard(out);
	errno = error;
	return -1;
}

int outfile_close(struct outfile *out)
{
	if (forgets(out))
		return 0;
	if (out->in_memory)
		return seal(out);
	/* Here NFS first says that the data did not fit. */
	if (close(steal_fd(&out->fd)) == 0)
		return 0;
	int error = errno;
	remove_file(out);
	errno = error;
	return -1;
}

int outfile_take_sealed(struct outfile *out)
{
	return steal_fd(&out->sealed_fd);
}

void outfile_discard(struct outfile *out)
{
	if (out->fd < 0)
		return;
	close(steal_fd(&out->fd));
	remove_file(out);
}
