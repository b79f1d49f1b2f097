// SPDX-License-Identifier: MIT

#include "worker/container/source.h"

#include "util/cleanup.h"
#include "util/io.h"
#include "worker/decode/buffer.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

int window_init(struct window *window, size_t capacity)
{
	*window = (struct window){.bytes = buffer_new(capacity), .capacity = capacity};
	return window->bytes ? 0 : -1;
}

void window_release(struct window *window)
{
	free(steal_pointer(&window->bytes));
}

void window_clear(struct window *window)
{
	window->size = 0;
}

int source_init(struct source *source)
{
	source->fd = -1;
	source->size_bytes = 0;
	return window_init(&source->window, SOURCE_WINDOW_SIZE);
}

void source_release(struct source *source)
{
	source_close(source);
	window_release(&source->window);
}

void source_open(struct source *source, int fd, uint64_t size_bytes)
{
	assert(source->fd < 0);
	source->fd = fd;
	source->size_bytes = size_bytes;
	window_clear(&source->window);
}

void source_close(struct source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
	window_clear(&source->window);
}

static bool window_has(const struct window *window, uint64_t at, size_t size)
{
	return at >= window->at && at - window->at <= window->size &&
	       window->size - (size_t)(at - window->at) >= size;
}

/* Have @window hold @size bytes from @at on, and no more than @ahead. 0, or -1 with errno. */
static int fill(
	struct source *source, struct window *window, uint64_t at, size_t size, size_t ahead)
{
	size_t skew = (size_t)(at % BUFFER_ALIGNMENT); /* page to page: see buffer.h */
	uint64_t start = at - skew;
	uint64_t left = source->size_bytes - start; /* no second pread(2) to see the end */
	size_t want = skew + (ahead > size ? ahead : size);

	assert(skew + size <= window->capacity);
	if (want > window->capacity)
		want = window->capacity;
	if (want > left)
		want = (size_t)left;
	ssize_t got = io_pread_full(source->fd, window->bytes, want, start);
	window->at = start;
	window->size = got < 0 ? 0 : (size_t)got;
	return got < 0 ? -1 : 0;
}

const uint8_t *source_view(struct source *source, struct window *window, uint64_t at, size_t least,
	size_t ahead, size_t *got)
{
	uint64_t left = at < source->size_bytes ? source->size_bytes - at : 0;
	size_t size = least < left ? least : (size_t)left;

	*got = 0;
	if (size == 0)
		return window->bytes;
	if (!window_has(window, at, size)) {
		if (window_has(&source->window, at, size))
			window = &source->window;
		else if (fill(source, window, at, size, ahead) < 0)
			return NULL;
	}
	/* It may be short of @size: the file has shrunk since it was opened. */
	size_t offset = (size_t)(at - window->at);
	if (offset < window->size)
		*got = window->size - offset;
	return window->bytes + offset;
}

ssize_t source_read(struct source *source, void *bytes, size_t size, uint64_t at)
{
	uint64_t left = at < source->size_bytes ? source->size_bytes - at : 0;

	if (size > left)
		size = (size_t)left;
	if (!window_has(&source->window, at, size))
		return io_pread_full(source->fd, bytes, size, at);
	if (size > 0)
		memcpy(bytes, source->window.bytes + (at - source->window.at), size);
	return (ssize_t)size;
}
