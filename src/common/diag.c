// SPDX-License-Identifier: MIT

#include "common/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** The most bytes of a line, its newline included. */
#define LINE_MAX_BYTES 8192

static const char prefix[] = "zipmap: ";
static const char cut_mark[] = "...";

static enum diag_level shown_level = DIAG_WARNING;

void diag_set_level(enum diag_level level)
{
	shown_level = level;
}

/** Make @line, of which @size bytes are taken and which was cut, end in the mark of a cut. */
static size_t mark_cut(char *line, size_t size)
{
	size_t end = size - (sizeof(cut_mark) - 1);

	/* Not in the middle of a UTF-8 character: its continuation bytes are 10xxxxxx. */
	while (end > sizeof(prefix) && ((unsigned char)line[end] & 0xc0) == 0x80)
		end--;
	memcpy(line + end, cut_mark, sizeof(cut_mark) - 1);
	return end + sizeof(cut_mark) - 1;
}

void diag(enum diag_level level, const char *format, ...)
{
	if (level > shown_level)
		return;

	/* Callers often say what errno means: it must survive in case they look at it again. */
	int saved_errno = errno;
	char line[LINE_MAX_BYTES];
	size_t size = sizeof(prefix) - 1;
	memcpy(line, prefix, size);

	/* vsnprintf() ends the text with a NUL, and the newline takes that one's place. */
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

	/* One write(2). Where stderr takes nothing or only a part there is nobody left to tell. */
	ssize_t written;
	do {
		written = write(STDERR_FILENO, line, size);
	} while (written < 0 && errno == EINTR);
	errno = saved_errno;
}
