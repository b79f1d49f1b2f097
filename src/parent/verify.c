// SPDX-License-Identifier: MIT

#include "parent/verify.h"

#include "parent/dirents.h"
#include "parent/memoryfiles.h"
#include "parent/schedule.h"
#include "protocol/membername.h"
#include "util/cleanup.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Remove @file, which may be anything that a worker has put there. */
static void remove_file(const struct worker *worker, const char *file)
{
	if (dirents_remove(worker->directory_fd, file, 0) < 0 && errno == EISDIR)
		dirents_remove(worker->directory_fd, file, AT_REMOVEDIR);
}

static bool is_expected(
	const struct stat *status, const struct worker *worker, const struct record *record)
{
	return S_ISREG(status->st_mode) && status->st_nlink == 1 &&
	       status->st_uid == worker->owner && status->st_dev == worker->device &&
	       status->st_ino == record->inode && status->st_size >= 0;
}

/*
 * Look up @file, a single component, without following a link or opening anything. It must be a
 * regular file with one link and what the record says. 0 with its size, or -1 with errno; ESTALE if
 * it is another file.
 */
static int stat_file(const struct worker *worker, const char *file, const struct record *record,
	uint64_t *size_bytes)
{
	struct stat status;

	if (fstatat(worker->directory_fd, file, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!is_expected(&status, worker, record)) {
		errno = ESTALE;
		return -1;
	}
	*size_bytes = (uint64_t)status.st_size;
	return 0;
}

/*
 * As stat_file(), but open @file, without following a link or waiting for a FIFO, map all of it,
 * read only, and unmap it again. No byte of it is touched: a worker that shrinks it cannot hurt.
 */
static int map_whole(
	struct worker *worker, const char *file, const struct record *record, uint64_t *size_bytes)
{
	struct stat status;
	cleanup_fd int fd = openat(worker->directory_fd, file,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	if (!is_expected(&status, worker, record)) {
		errno = ESTALE;
		return -1;
	}
	*size_bytes = (uint64_t)status.st_size;
	if (*size_bytes == 0)
		return 0; /* nothing to map: mmap(2) refuses a length of 0 */
	if (io_try_map(fd, *size_bytes) < 0)
		return -1;
	worker->has_mapped = true;
	return 0;
}

/*
 * Find the file of @record, and map it if it is no small one, or the first: both as it should be by
 * the record, and as it turns out to be. 0 with its size, or -1 with errno as stat_file().
 */
static int find_whole(
	struct worker *worker, const char *file, const struct record *record, uint64_t *size_bytes)
{
	bool large = !worker->has_mapped || record->offset_bytes >= MAPPED_FILE_MIN ||
		     record->size_bytes >= MAPPED_FILE_MIN - record->offset_bytes;

	/* If it gets another name, it is looked up under that: place.h. */
	if (!large && record->own_name)
		*size_bytes = record->offset_bytes + record->size_bytes;
	else if (!large && stat_file(worker, file, record, size_bytes) < 0)
		return -1;
	return large || *size_bytes >= MAPPED_FILE_MIN ? map_whole(worker, file, record, size_bytes)
						       : 0;
}

/* As find_whole(), but -1 with record->failure. */
static int find_file(
	struct worker *worker, const char *file, struct record *record, uint64_t *size_bytes)
{
	if (find_whole(worker, file, record, size_bytes) == 0)
		return 0;
	/* ENXIO: a socket, or a FIFO's like. */
	if (errno == ESTALE || errno == ENOENT || errno == ELOOP || errno == ENXIO)
		record->failure.kind = FAILURE_CHANGED;
	else
		record->failure = (struct failure){FAILURE_MAP, {(uint64_t)errno, 0}};
	return -1;
}

/* 0, or -1 with record->failure, as all of the following. */
static int check_own(struct worker *worker, const char *file, struct record *record)
{
	uint64_t size_bytes = 0;

	if (find_file(worker, file, record, &size_bytes) < 0)
		return -1;
	if ((record->offset_bytes != 0) == record->npy_header &&
		record->offset_bytes <= size_bytes &&
		record->size_bytes == size_bytes - record->offset_bytes)
		return 0;
	record->failure.kind = FAILURE_CHANGED;
	return -1;
}

/* A member in a file of its own. */
static void verify_own(struct worker *worker, struct budget *budget, struct record *record)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	if (check_own(worker, file, record) < 0 ||
		budget_take(budget, record, &record->failure) < 0)
		remove_file(worker, file);
}

/* A member in a file with others, which is looked at once for all. */
static void verify_packed(
	struct worker *worker, struct seen_pack *pack, struct budget *budget, struct record *record)
{
	char file[MEMBER_FILE_SIZE];

	if (pack->size_bytes == 0 || pack->inode != record->inode) {
		record_file_name(record, file);
		pack->inode = record->inode;
		if (find_file(worker, file, record, &pack->size_bytes) < 0) {
			pack->size_bytes = 0;
			return;
		}
	}
	if (record->offset_bytes > pack->size_bytes ||
		record->size_bytes > pack->size_bytes - record->offset_bytes)
		record->failure.kind = FAILURE_CHANGED;
	else if (budget_take(budget, record, &record->failure) == 0)
		pack->accepted = true;
}

static void verify_file(
	struct worker *worker, struct in_hand *hand, struct budget *budget, struct record *record)
{
	struct seen_pack *pack = &hand->pack;

	if (!record->packed) {
		verify_own(worker, budget, record);
		return;
	}
	if (!pack->seen || record->pack != pack->number) {
		verify_settle_pack(worker, hand);
		*pack = (struct seen_pack){.seen = true, .number = record->pack};
	}
	verify_packed(worker, pack, budget, record);
}

/* Remove the file of a member that has failed, should its worker not have done so. */
static void remove_failed(const struct worker *worker, const struct record *record)
{
	char file[MEMBER_FILE_SIZE];

	record_own_name(record, file);
	remove_file(worker, file);
}

/* --- in memory -------------------------------------------------------------------------------- */

static int refuse(void)
{
	errno = EBADMSG;
	return -1;
}

/*
 * Take the file that came along for @record, and map it if it is no small one, or the first. Its
 * descriptor and size, or -1 with errno: EBADMSG, or why we cannot have it.
 */
static int take_file(struct worker *worker, struct in_hand *hand, const struct record *record,
	uint64_t *size_bytes)
{
	uint64_t end = record->offset_bytes + record->size_bytes;
	bool map = !worker->has_mapped || end >= MAPPED_FILE_MIN || end < record->size_bytes;

	if (hand->unit->room == 0)
		return refuse(); /* it has said that there would be fewer */
	hand->unit->room--;
	int descriptor = memoryfiles_take(
		worker->memory, channel_fds_take(&worker->fds), record->inode, map, size_bytes);
	if (descriptor >= 0 && *size_bytes > 0 && map)
		worker->has_mapped = true;
	return descriptor;
}

/* As verify_record(), of a member in a file of its own, as the next one. */
static int verify_own_memory(
	struct worker *worker, struct in_hand *hand, struct budget *budget, struct record *record)
{
	uint64_t size_bytes;
	int descriptor = take_file(worker, hand, record, &size_bytes);

	if (descriptor < 0 && errno == EBADMSG)
		return -1;
	if (descriptor < 0) {
		record->failure = (struct failure){FAILURE_MAP, {(uint64_t)errno, 0}};
		return 0;
	}
	record->descriptor = (uint32_t)descriptor;
	bool right = (record->offset_bytes != 0) == record->npy_header &&
		     record->offset_bytes <= size_bytes &&
		     record->size_bytes == size_bytes - record->offset_bytes;
	if (!right || budget_take(budget, record, &record->failure) < 0)
		memoryfiles_close(worker->memory, record->descriptor);
	return right ? 0 : refuse();
}

/* A pack comes along with the first of its members. */
static int verify_packed_memory(
	struct worker *worker, struct in_hand *hand, struct budget *budget, struct record *record)
{
	struct seen_pack *pack = &hand->pack;

	if (!pack->seen || record->pack != pack->number) {
		verify_settle_pack(worker, hand);
		*pack = (struct seen_pack){.seen = true,
			.number = record->pack,
			.inode = record->inode,
			.in_memory = true};
		pack->descriptor = take_file(worker, hand, record, &pack->size_bytes);
		pack->error = pack->descriptor < 0 ? errno : 0;
	}
	if (pack->error == EBADMSG)
		return refuse();
	if (pack->error) {
		record->failure = (struct failure){FAILURE_MAP, {(uint64_t)pack->error, 0}};
		return 0;
	}
	if (record->inode != pack->inode || record->offset_bytes > pack->size_bytes ||
		record->size_bytes > pack->size_bytes - record->offset_bytes)
		return refuse();
	record->descriptor = (uint32_t)pack->descriptor;
	if (budget_take(budget, record, &record->failure) == 0)
		pack->accepted = true;
	return 0;
}

int verify_record(
	struct worker *worker, struct in_hand *hand, struct budget *budget, struct record *record)
{
	record->archive = hand->unit->job->number;
	if (record->failure.kind != FAILURE_NONE) {
		if (!worker->memory)
			remove_failed(worker, record);
		return 0;
	}
	switch (record->place) {
	case PLACE_FILE:
		verify_file(worker, hand, budget, record);
		break;
	case PLACE_MEMORY:
		return record->packed ? verify_packed_memory(worker, hand, budget, record)
				      : verify_own_memory(worker, hand, budget, record);
	case PLACE_DIRECTORY:
		break;
	case PLACE_NOWHERE:
		if (!record->listed)
			budget_take(budget, record, &record->failure);
		break;
	case PLACE_ARCHIVE:
	case PLACE_THERE: /* and it is looked up when it has its turn: reuse.h */
		/* It takes no room, so that only the limits of one member are for it. */
		budget_allow(budget, record, &record->failure);
		break;
	}
	return 0;
}

void verify_settle_pack(const struct worker *worker, struct in_hand *hand)
{
	char file[MEMBER_FILE_SIZE];

	if (hand->pack.in_memory) {
		if (!hand->pack.accepted && hand->pack.descriptor >= 0)
			memoryfiles_close(worker->memory, (uint32_t)hand->pack.descriptor);
	} else if (hand->pack.seen && !hand->pack.accepted) {
		member_pack_name(hand->unit->job->number, hand->pack.number, file);
		remove_file(worker, file);
	}
	hand->pack = (struct seen_pack){0};
}
