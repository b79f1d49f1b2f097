// SPDX-License-Identifier: MIT

#include "cli/output.h"

#include "cli/format.h"
#include "parent/json.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BYTES = 4096, FIRST_SIZES = 64 };

int output_init(struct output *output, int fd, const struct output_style *style)
{
	struct stat status;

	*output = (struct output){
		.fd = fd,
		.separator = style->separator,
		.format = style->format,
		.json = style->json,
	};
	output->regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	output->terminal = isatty(fd) == 1;
	if (!style->format && !style->json)
		return 0;
	output->formatter = open_memstream(&output->formatted, &output->formatted_size);
	return output->formatter ? 0 : -1;
}

void output_list(struct output *output)
{
	output->lists = true;
	output->listing = (struct listing){.lined_up = isatty(output->fd) == 1};
}

void output_release(struct output *output)
{
	if (output->formatter)
		fclose(output->formatter);
	free(output->formatted);
	free(output->bytes);
	free(output->sizes);
	*output = (struct output){.fd = -1};
}

/**
 * Make room for @needed more elements of @element_size bytes in *@array. The elements in use, from
 * *@begin to *@end, move to the front. If that is not enough, the array grows. 0, or -1 (ENOMEM).
 */
static int make_room(void **array, size_t element_size, size_t *begin, size_t *end,
	size_t *capacity, size_t needed, size_t first_capacity)
{
	if (needed <= *capacity - *end)
		return 0;
	if (*begin > 0) {
		memmove(*array, (char *)*array + *begin * element_size,
			(*end - *begin) * element_size);
		*end -= *begin;
		*begin = 0;
	}
	size_t larger = *capacity > 0 ? *capacity : first_capacity;
	while (larger - *end < needed) {
		if (larger > SIZE_MAX / 2 / element_size) {
			errno = ENOMEM;
			return -1;
		}
		larger *= 2;
	}
	if (larger == *capacity)
		return 0;
	void *moved = reallocarray(*array, larger, element_size);
	if (!moved)
		return -1;
	*array = moved;
	*capacity = larger;
	return 0;
}

/** Buffer @size bytes of @text and @tail_size bytes of @tail as the output of one record. */
static int append(
	struct output *output, const char *text, size_t size, const char *tail, size_t tail_size)
{
	void *bytes = output->bytes;
	void *sizes = output->sizes;

	if (size >= UINT32_MAX - tail_size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int result = make_room(&bytes, 1, &output->begin, &output->end, &output->capacity,
		size + tail_size, FIRST_BYTES);
	output->bytes = bytes;
	if (result < 0)
		return -1;
	result = make_room(&sizes, sizeof(output->sizes[0]), &output->first, &output->last,
		&output->size_capacity, 1, FIRST_SIZES);
	output->sizes = sizes;
	if (result < 0)
		return -1;
	if (size > 0)
		memcpy(output->bytes + output->end, text, size);
	if (tail_size > 0)
		memcpy(output->bytes + output->end + size, tail, tail_size);
	output->end += size + tail_size;
	output->sizes[output->last++] = (uint32_t)(size + tail_size);
	return 0;
}

/** Buffer what the formatter printed, which may be nothing, unless it @failed. */
static int append_formatted(struct output *output, int failed)
{
	if (failed < 0 || fflush(output->formatter) != 0 || ferror(output->formatter)) {
		errno = ENOMEM;
		return -1;
	}
	if (output->formatted_size == 0)
		return append(output, "", 0, "", 0); /* there may be no buffer yet */
	return append(output, output->formatted, output->formatted_size, "", 0);
}

static int put(
	void *context, const struct record *record, const char *archive_path, const char *path)
{
	struct output *output = context;
	int failed = 0;

	if (!output->formatter)
		return append(output, path, strlen(path), &output->separator, 1);
	rewind(output->formatter);
	if (output->lists)
		listing_print(output->formatter, &output->listing, record, archive_path);
	else if (output->json)
		failed = json_print_member(output->formatter, record, archive_path, path);
	else
		format_print(output->formatter, output->format, record, archive_path, path);
	return append_formatted(output, failed);
}

static int put_failure(void *context, const struct failed *failed)
{
	struct output *output = context;

	rewind(output->formatter);
	return append_formatted(output, json_print_failure(output->formatter, failed));
}

static int put_bytes(void *context, const char *bytes, size_t size)
{
	return append(context, bytes, size, "", 0);
}

/** Whoever reads sees the end, and nothing that is opened later gets the descriptor's number. */
static int end(void *context)
{
	const struct output *output = context;
	cleanup_fd int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	return null < 0 || dup2(null, output->fd) < 0 ? -1 : 0;
}

static size_t pending(void *context)
{
	const struct output *output = context;

	return output->end - output->begin;
}

static int poll_fd(void *context)
{
	const struct output *output = context;

	return output->fd;
}

/** Take @size bytes, which are written, out of the buffer. */
static void forget(struct output *output, size_t size)
{
	output->begin += size;
	while (size > 0) {
		uint32_t *rest = &output->sizes[output->first];
		if (size < *rest) {
			*rest -= (uint32_t)size;
			break;
		}
		size -= *rest;
		output->first++;
		output->written++;
	}
	/* A record without bytes is written when the records before it are. */
	while (output->first < output->last && output->sizes[output->first] == 0) {
		output->first++;
		output->written++;
	}
	if (output->begin == output->end) {
		output->begin = output->end = 0;
		output->first = output->last = 0;
	}
}

/**
 * Write up to @size of @bytes without waiting for the reader; the descriptor can take some. Where
 * the kernel cannot be asked for that, no more than PIPE_BUF bytes: a pipe that is ready takes
 * those.
 */
static ssize_t write_ready(struct output *output, const char *bytes, size_t size)
{
	if (output->regular)
		return io_write(output->fd, bytes, size);
	if (!output->may_wait) {
		ssize_t taken = io_write_now(output->fd, bytes, size);
		if (taken >= 0 || errno == EAGAIN || errno == EPIPE)
			return taken;
		output->may_wait = true;
	}
	return io_write(output->fd, bytes, size < PIPE_BUF ? size : PIPE_BUF);
}

static int write_some(void *context, uint64_t *written)
{
	struct output *output = context;
	int result = 0;

	forget(output, 0);
	if (output->terminal && output->begin < output->end)
		diag_hide_status();
	while (output->begin < output->end) {
		ssize_t taken = write_ready(
			output, output->bytes + output->begin, output->end - output->begin);
		if (taken < 0) {
			/* Another process may have made the descriptor non-blocking. */
			result = errno == EAGAIN ? 0 : -1;
			break;
		}
		if (output->terminal && taken > 0)
			diag_note_written(output->bytes[output->begin + (size_t)taken - 1]);
		forget(output, (size_t)taken);
		if (!output->regular || taken == 0)
			break;
	}
	*written = output->written;
	return result;
}

struct record_sink output_sink(struct output *output)
{
	return (struct record_sink){
		.put = put,
		.put_failure = output->json ? put_failure : NULL,
		.put_bytes = put_bytes,
		.end = end,
		.pending = pending,
		.poll_fd = poll_fd,
		.write = write_some,
		.context = output,
	};
}
