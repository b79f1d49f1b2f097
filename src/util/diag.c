// SPDX-License-Identifier: MIT

#include "util/diag.h"

#include "util/io.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** The most bytes of a line, including its newline. */
#define LINE_MAX_BYTES 8192

static const char prefix[] = "zipmap: ";
static const char cut_mark[] = "...";
static const char erase_status[] = "\r\033[J";

static enum diag_level shown_level = DIAG_WARNING;

/** A message that waits is given up when this is readable. -1: never. */
static int interrupt_fd = -1;

/** A status is on the terminal, in its last line, with the cursor at its first byte. */
static bool status_shown;

/** The last byte that was written to the terminal is no newline. */
static bool line_open;

void diag_set_interrupt(int fd)
{
	interrupt_fd = fd;
}

void diag_set_level(enum diag_level level)
{
	shown_level = level;
}

/** End the @size bytes of @line, which was cut, in the mark of a cut. Returns the new size. */
static size_t mark_cut(char *line, size_t size)
{
	size_t end = size - (sizeof(cut_mark) - 1);

	/* Do not cut a UTF-8 character: its continuation bytes are 10xxxxxx. */
	while (end > sizeof(prefix) && ((unsigned char)line[end] & 0xc0) == 0x80)
		end--;
	memcpy(line + end, cut_mark, sizeof(cut_mark) - 1);
	return end + sizeof(cut_mark) - 1;
}

/**
 * Wait until stderr accepts bytes. A pager that nobody scrolls may make us wait for hours. Returns
 * -1 if the interrupt comes first. If poll(2) fails, the write itself may wait.
 */
static int wait_for_stderr(void)
{
	struct pollfd polls[] = {
		{.fd = STDERR_FILENO, .events = POLLOUT},
		{.fd = interrupt_fd, .events = POLLIN},
	};

	if (interrupt_fd < 0)
		return 0;
	int ready = io_retry(poll(polls, 2, -1));
	return ready > 0 && polls[0].revents == 0 ? -1 : 0;
}

/**
 * Write @bytes. One write(2) does it, except if that could wait: a pipe that is ready takes only
 * PIPE_BUF bytes for sure.
 */
static void put(const char *bytes, size_t size)
{
	size_t most = interrupt_fd >= 0 ? PIPE_BUF : size;

	while (size > 0 && wait_for_stderr() == 0) {
		ssize_t written = io_write(STDERR_FILENO, bytes, size < most ? size : most);
		if (written <= 0)
			return; /* nobody is left to tell */
		bytes += written;
		size -= (size_t)written;
	}
}

/** Whether stderr takes some bytes now, and is not another job's. */
static bool may_show(void)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	pid_t foreground = tcgetpgrp(STDERR_FILENO);

	return !line_open && (foreground < 0 || foreground == getpgrp()) &&
	       io_retry(poll(&out, 1, 0)) == 1 && out.revents == POLLOUT;
}

/*
 * The cursor waits at the beginning of the line. If the terminal becomes narrower and breaks the
 * line in two, the cursor stays with its beginning, and what is erased from there on is all of it.
 */
void diag_show_status(const char *line, size_t size)
{
	char text[LINE_MAX_BYTES];
	int saved_errno = errno;

	assert(size <= sizeof(text) - sizeof(erase_status));
	if (may_show()) {
		char *end = mempcpy(text, erase_status, sizeof(erase_status) - 1);
		end = mempcpy(end, line, size);
		*end++ = '\r';
		put(text, (size_t)(end - text));
		status_shown = true;
	}
	errno = saved_errno;
}

void diag_hide_status(void)
{
	int saved_errno = errno;

	if (status_shown)
		put(erase_status, sizeof(erase_status) - 1);
	status_shown = false;
	errno = saved_errno;
}

void diag_note_written(char last)
{
	line_open = last != '\n';
}

void diag_pass(const char *bytes, size_t size)
{
	int saved_errno = errno;

	diag_hide_status();
	put(bytes, size);
	if (size > 0)
		diag_note_written(bytes[size - 1]);
	errno = saved_errno;
}

void diag(enum diag_level level, const char *format, ...)
{
	if (level > shown_level)
		return;

	/* Callers print strerror(errno) and may look at errno again. */
	int saved_errno = errno;
	char line[LINE_MAX_BYTES];
	size_t size = sizeof(prefix) - 1;
	memcpy(line, prefix, size);

	/* vsnprintf() ends the text with a NUL. The newline takes its place. */
	size_t room = sizeof(line) - size;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line + size, room, format, arguments);
	va_end(arguments);
	if (length < 0) {
		errno = saved_errno;
		return;
	}
	if ((size_t)length < room)
		size += (size_t)length;
	else
		size = mark_cut(line, sizeof(line) - 1);
	line[size++] = '\n';

	diag_hide_status();
	put(line, size);
	line_open = false;
	errno = saved_errno;
}
