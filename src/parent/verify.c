// SPDX-License-Identifier: MIT

#include "parent/verify.h"

#include "parent/dirents.h"
#include "parent/remap.h"
#include "parent/schedule.h"
#include "protocol/membername.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Remove @file, which may be anything that a worker has put there. */
static void remove_file(const struct worker *worker, const char *file)
{
	if (entries_remove(worker->directory_fd, file, 0) < 0 && errno == EISDIR)
		entries_remove(worker->directory_fd, file, AT_REMOVEDIR);
}

/* How large @file is, once it has been mapped. What is wrong with it; FAILURE_NONE: nothing. */
static struct failure map_file(const struct worker *worker, const char *file,
	const struct record *record, uint64_t *size_bytes)
{
	struct remap_expect expect = {worker->device, worker->owner, record->inode};

	if (remap(worker->directory_fd, file, &expect, size_bytes) == 0)
		return (struct failure){.kind = FAILURE_NONE};
	/* ENXIO: a socket, or a FIFO's like. */
	if (errno == ESTALE || errno == ENOENT || errno == ELOOP || errno == ENXIO)
		return (struct failure){.kind = FAILURE_CHANGED};
	return (struct failure){FAILURE_MAP, {(uint64_t)errno, 0}};
}

/* A member in a file of its own. */
static void check_own(const struct worker *worker, struct budget *budget, struct record *record)
{
	char file[MEMBER_FILE_SIZE];
	uint64_t size_bytes = 0;

	record_file_name(record, file);
	record->failure = map_file(worker, file, record, &size_bytes);
	if (record->failure.kind == FAILURE_NONE &&
		((record->offset_bytes != 0) != record->headed ||
			record->offset_bytes > size_bytes ||
			record->size_bytes != size_bytes - record->offset_bytes))
		record->failure.kind = FAILURE_CHANGED;
	if (record->failure.kind == FAILURE_NONE)
		record->failure = budget_take(budget, record);
	if (record->failure.kind != FAILURE_NONE)
		remove_file(worker, file);
}

/* A member in a file with others, which is mapped once for all. */
static void check_packed(const struct worker *worker, struct seen_pack *pack, struct budget *budget,
	struct record *record)
{
	char file[MEMBER_FILE_SIZE];

	if (pack->size_bytes == 0 || pack->inode != record->inode) {
		record_file_name(record, file);
		record->failure = map_file(worker, file, record, &pack->size_bytes);
		pack->inode = record->inode;
	}
	if (record->failure.kind != FAILURE_NONE) {
		pack->size_bytes = 0;
		return;
	}
	if (record->offset_bytes <= pack->size_bytes &&
		record->size_bytes <= pack->size_bytes - record->offset_bytes)
		record->failure = budget_take(budget, record);
	else
		record->failure.kind = FAILURE_CHANGED;
	if (record->failure.kind == FAILURE_NONE)
		pack->accepted = true;
}

void recordfile_remove(const struct worker *worker, const struct record *record)
{
	char file[MEMBER_FILE_SIZE];

	record_own_name(record, file);
	remove_file(worker, file);
}

void recordfile_settle(const struct worker *worker, struct in_hand *hand)
{
	char file[MEMBER_FILE_SIZE];

	if (hand->pack.seen && !hand->pack.accepted) {
		member_pack_name(hand->unit->job->number, hand->pack.number, file);
		remove_file(worker, file);
	}
	hand->pack = (struct seen_pack){0};
}

int recordfile_check(const struct worker *worker, struct in_hand *hand, struct budget *budget,
	struct record *record)
{
	struct seen_pack *pack = &hand->pack;

	if (!record->packed) {
		check_own(worker, budget, record);
		return 0;
	}
	/* Packs are called after their first members and come in order: none that is settled comes
	 * again. */
	if (record->pack < hand->unit->first || record->pack > record->member ||
		(pack->seen && record->pack < pack->number)) {
		errno = EBADMSG;
		return -1;
	}
	if (!pack->seen || record->pack != pack->number) {
		recordfile_settle(worker, hand);
		*pack = (struct seen_pack){.seen = true, .number = record->pack};
	}
	check_packed(worker, pack, budget, record);
	return 0;
}
