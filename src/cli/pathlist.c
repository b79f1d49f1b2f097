// SPDX-License-Identifier: MIT

#include "cli/pathlist.h"

#include "util/cleanup.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** The most blocks that are read, or entries that are skipped, in one call. */
#define TURNS_MAX 256

int pathlist_open(struct pathlist *list, const char *path, char separator)
{
	struct stat status;
	bool standard_input = strcmp(path, "-") == 0;
	/* Without O_NONBLOCK, open() would wait for the writer of a FIFO. */
	int fd = standard_input ? STDIN_FILENO
				: open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	*list = (struct pathlist){.fd = -1};
	if (fd < 0)
		return -1;
	cleanup_fd int owned = standard_input ? -1 : fd;
	if (fstat(fd, &status) < 0)
		return -1;
	if (S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	char *buffer = malloc(PATHLIST_LINE_MAX);
	if (!buffer)
		return -1;
	*list = (struct pathlist){
		.fd = fd,
		.owned = steal_fd(&owned) >= 0,
		.waits = !S_ISREG(status.st_mode),
		.separator = separator,
		.buffer = buffer,
		.line = 1,
	};
	return 0;
}

void pathlist_close(struct pathlist *list)
{
	if (list->owned)
		close(list->fd);
	free(list->buffer);
	*list = (struct pathlist){.fd = -1, .ended = true};
}

/** Read what is there. PATHLIST_PATH: some bytes or the end were read, so look again. */
static enum pathlist_status read_some(struct pathlist *list)
{
	struct pollfd descriptor = {.fd = list->fd, .events = POLLIN};

	if (list->begin > 0) {
		memmove(list->buffer, list->buffer + list->begin, list->end - list->begin);
		list->end -= list->begin;
		list->scanned -= list->begin;
		list->begin = 0;
	}
	/* Standard input is shared with other processes, so it is not made non-blocking. Ask before
	 * reading. If poll(2) fails, the poll(2) of the loop fails as well and ends the run. */
	if (list->waits && poll(&descriptor, 1, 0) <= 0)
		return PATHLIST_WAIT;
	ssize_t got = io_read(list->fd, list->buffer + list->end, PATHLIST_LINE_MAX - list->end);
	if (got < 0 && errno == EAGAIN)
		return PATHLIST_WAIT;
	if (got <= 0)
		list->ended = true;
	if (got < 0) {
		/* A line that an error cut is not a path. */
		list->begin = list->scanned = list->end;
		return PATHLIST_ERROR;
	}
	list->end += (size_t)got;
	return PATHLIST_PATH;
}

/**
 * Take a line out of the buffer. PATHLIST_PATH: *@line has *@size bytes without its separator.
 * PATHLIST_WAIT: the buffer has no complete line. PATHLIST_TOO_LONG: the line is too long.
 */
static enum pathlist_status take_line(struct pathlist *list, char **line, size_t *size)
{
	char *end =
		memchr(list->buffer + list->scanned, list->separator, list->end - list->scanned);
	bool whole = end != NULL;

	if (!whole) {
		list->scanned = list->end;
		bool full = list->end - list->begin == PATHLIST_LINE_MAX;
		if (list->begin == list->end || !(full || list->ended))
			return PATHLIST_WAIT;
		if (full) {
			/* There is no room for its end. Drop it up to here, and later its rest. */
			list->begin = list->end;
			bool first = !list->skipping;
			list->skipping = true;
			return first ? PATHLIST_TOO_LONG : PATHLIST_WAIT;
		}
		end = list->buffer + list->end;
	}
	*line = list->buffer + list->begin;
	*size = (size_t)(end - *line);
	*end = '\0'; /* in the buffer, which is not full or has the separator here */
	list->begin = list->scanned = (size_t)(end - list->buffer) + (whole ? 1 : 0);
	return PATHLIST_PATH;
}

enum pathlist_status pathlist_next(struct pathlist *list, const char **path, uint64_t *line)
{
	*line = list->line;
	if (!list->buffer) /* it was closed */
		return PATHLIST_END;
	/* A list may be endless and have no path in it, like /dev/zero. */
	for (int turns = 0; turns < TURNS_MAX; turns++) {
		char *text;
		size_t size;
		enum pathlist_status status = take_line(list, &text, &size);

		*line = list->line;
		if (status == PATHLIST_TOO_LONG)
			return status;
		if (status == PATHLIST_WAIT) {
			/* After the end, PATHLIST_WAIT means that the buffer is empty. */
			if (list->ended)
				return PATHLIST_END;
			status = read_some(list);
			if (status != PATHLIST_PATH)
				return status;
			continue;
		}
		list->line++;
		if (list->skipping) {
			list->skipping = false;
			continue;
		}
		if (size == 0)
			continue;
		if (memchr(text, '\0', size))
			return PATHLIST_NUL;
		*path = text;
		return PATHLIST_PATH;
	}
	return PATHLIST_AGAIN;
}
