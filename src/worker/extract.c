// SPDX-License-Identifier: MIT

#include "worker/extract.h"

#include "common/cleanup.h"
#include "common/membername.h"
#include "worker/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct extraction {
	int directory_fd;
	struct inflater *inflater;
	uint8_t *in;  /* EXTRACT_BUFFER_SIZE bytes of compressed data */
	uint8_t *out; /* EXTRACT_BUFFER_SIZE bytes of unzipped data */

	struct member member;
	struct record record;
	struct member_data data;
	bool inflating; /* by ourselves; else the data come as they are */
	const uint8_t *in_at;
	size_t in_left;

	int fd; /* of the file being written, or -1 */
	char file[MEMBER_FILE_SIZE];
	uint64_t written; /* bytes */
	uint32_t crc32;   /* of those */
};

struct extraction *extraction_new(int directory_fd)
{
	struct extraction *extraction = calloc(1, sizeof(*extraction));

	if (!extraction)
		return NULL;
	extraction->directory_fd = directory_fd;
	extraction->fd = -1;
	extraction->inflater = inflater_new();
	extraction->in = malloc(EXTRACT_BUFFER_SIZE);
	extraction->out = malloc(EXTRACT_BUFFER_SIZE);
	if (!extraction->inflater || !extraction->in || !extraction->out) {
		extraction_free(extraction);
		return NULL;
	}
	return extraction;
}

void extraction_free(struct extraction *extraction)
{
	if (!extraction)
		return;
	extraction_abandon(extraction);
	inflater_free(extraction->inflater);
	free(extraction->in);
	free(extraction->out);
	free(extraction);
}

const struct record *extraction_record(const struct extraction *extraction)
{
	return &extraction->record;
}

void extraction_abandon(struct extraction *extraction)
{
	member_data_close(&extraction->data);
	if (extraction->fd < 0)
		return;
	close(steal_fd(&extraction->fd));
	unlinkat(extraction->directory_fd, extraction->file, 0);
}

static enum extract_status fail(struct extraction *extraction, struct failure failure)
{
	extraction_abandon(extraction);
	extraction->record.failure = failure;
	return EXTRACT_FAILED;
}

static enum extract_status fail_as(
	struct extraction *extraction, enum failure_kind kind, uint64_t first, uint64_t second)
{
	return fail(extraction, (struct failure){kind, {first, second}});
}

/* A failed system call on the file: a full file system is told apart from all else. */
static enum extract_status fail_writing(struct extraction *extraction)
{
	bool full = errno == ENOSPC || errno == EDQUOT;

	return fail_as(extraction, full ? FAILURE_NO_SPACE : FAILURE_WRITE, (uint64_t)errno, 0);
}

enum extract_status extraction_begin(struct extraction *extraction, struct archive *archive,
	uint64_t archive_number, const struct member *member)
{
	struct failure failure = {0};

	extraction->member = *member;
	extraction->record = (struct record){
		.archive = archive_number,
		.member = member->index,
		.name = member->name,
		.name_size = member->name_size,
	};
	extraction->written = 0;
	extraction->crc32 = 0;
	extraction->in_left = 0;

	if (member->encrypted)
		return fail_as(extraction, FAILURE_ENCRYPTED, 0, 0);
	extraction->inflating = member->method == METHOD_DEFLATE;
	bool raw = extraction->inflating || member->method == METHOD_STORED;
	if (member_data_open(archive, member, raw, &extraction->data, &failure) < 0)
		return fail(extraction, failure);
	if (extraction->inflating)
		inflater_reset(extraction->inflater);

	member_file_name(
		archive_number, member->index, member->name, member->name_size, extraction->file);
	/* O_RDWR, because a map that is read needs a descriptor that can be read: mmap(2). */
	extraction->fd = openat(extraction->directory_fd, extraction->file,
		O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (extraction->fd < 0)
		return fail_writing(extraction);
	return EXTRACT_MORE;
}

/* Have unread compressed bytes in the buffer unless the data have ended. 0, or -1. */
static int fill_input(struct extraction *extraction, struct failure *failure)
{
	if (extraction->in_left > 0)
		return 0;
	ssize_t got =
		member_data_read(&extraction->data, extraction->in, EXTRACT_BUFFER_SIZE, failure);
	if (got < 0)
		return -1;
	extraction->in_at = extraction->in;
	extraction->in_left = (size_t)got;
	return 0;
}

/*
 * Inflate to the output buffer until it is full or the stream ends. Returns the bytes in it, *@end
 * set at the stream's end; -1 with *@failure.
 */
static ssize_t inflate_piece(struct extraction *extraction, bool *end, struct failure *failure)
{
	struct inflate_span span = {.out = extraction->out, .out_size = EXTRACT_BUFFER_SIZE};

	for (;;) {
		if (fill_input(extraction, failure) < 0)
			return -1;
		bool exhausted = extraction->in_left == 0;
		span.in = extraction->in_at;
		span.in_size = extraction->in_left;
		enum inflate_status status = inflater_run(extraction->inflater, &span);
		extraction->in_at = span.in;
		extraction->in_left = span.in_size;
		*end = status == INFLATE_END;
		if (status == INFLATE_END || status == INFLATE_NEED_OUTPUT)
			break;
		if (status == INFLATE_NEED_INPUT && !exhausted)
			continue;
		failure->kind = status == INFLATE_NO_MEMORY ? FAILURE_NO_MEMORY : FAILURE_BAD_DATA;
		return -1;
	}
	return (ssize_t)(EXTRACT_BUFFER_SIZE - span.out_size);
}

/* As inflate_piece(), for data that come unzipped. */
static ssize_t copy_piece(struct extraction *extraction, bool *end, struct failure *failure)
{
	ssize_t got =
		member_data_read(&extraction->data, extraction->out, EXTRACT_BUFFER_SIZE, failure);

	*end = got == 0;
	return got;
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t wrote = write(fd, bytes, size);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -1;
		bytes += wrote;
		size -= (size_t)wrote;
	}
	return 0;
}

/* All is written: hold it against what the archive states, and map it. */
static enum extract_status finish(struct extraction *extraction)
{
	const struct member *member = &extraction->member;
	struct record *record = &extraction->record;
	struct stat status;

	if (extraction->written != member->size_bytes)
		return fail_as(
			extraction, FAILURE_SIZE_MISMATCH, member->size_bytes, extraction->written);
	if (extraction->crc32 != member->crc32)
		return fail_as(extraction, FAILURE_CRC_MISMATCH, member->crc32, extraction->crc32);
	if (fstat(extraction->fd, &status) < 0)
		return fail_writing(extraction);
	if (extraction->written > 0) {
		void *map =
			mmap(NULL, extraction->written, PROT_READ, MAP_SHARED, extraction->fd, 0);
		if (map == MAP_FAILED)
			return fail_as(extraction, FAILURE_MAP, (uint64_t)errno, 0);
		munmap(map, extraction->written);
	}
	/* close(2) can be the first to say that the data did not fit (NFS). */
	if (close(steal_fd(&extraction->fd)) < 0) {
		enum extract_status failed = fail_writing(extraction);
		unlinkat(extraction->directory_fd, extraction->file, 0);
		return failed;
	}
	member_data_close(&extraction->data);
	/* What the file's name does not show of the member's name, nobody asked for. */
	record->name = strchr(extraction->file, '-') + 1;
	record->name_size = (uint16_t)strlen(record->name);
	record->size_bytes = extraction->written;
	record->crc32 = extraction->crc32;
	record->inode = status.st_ino;
	return EXTRACT_WHOLE;
}

enum extract_status extraction_step(struct extraction *extraction)
{
	struct failure failure = {0};
	bool end;
	ssize_t size = extraction->inflating ? inflate_piece(extraction, &end, &failure)
					     : copy_piece(extraction, &end, &failure);

	if (size < 0) {
		if (failure.kind == FAILURE_CRC_MISMATCH) { /* libzip's word, without numbers */
			failure.numbers[0] = extraction->member.crc32;
			failure.numbers[1] = extraction->crc32;
		}
		return fail(extraction, failure);
	}
	/* More than stated is refused before it is written, so that a lie costs no space. */
	if ((uint64_t)size > extraction->member.size_bytes - extraction->written)
		return fail_as(extraction, FAILURE_SIZE_MISMATCH, extraction->member.size_bytes,
			extraction->written + (uint64_t)size);
	extraction->crc32 = checksum_crc32(extraction->crc32, extraction->out, (size_t)size);
	if (write_all(extraction->fd, extraction->out, (size_t)size) < 0)
		return fail_writing(extraction);
	extraction->written += (uint64_t)size;
	return end ? finish(extraction) : EXTRACT_MORE;
}
