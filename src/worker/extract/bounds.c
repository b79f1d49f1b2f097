// SPDX-License-Identifier: MIT

#include "worker/extract/bounds.h"

#include <linux/magic.h>
#include <sys/statfs.h>

/* A process asks for the free space again after it has used this part of it. */
#define ROOM_PART 256

void bounds_init(struct bounds *bounds)
{
	*bounds = (struct bounds){.total_left = UINT64_MAX};
}

static int refuse(struct failure *failure, enum failure_kind kind, uint64_t found, uint64_t most)
{
	*failure = (struct failure){kind, {found, most}};
	return -1;
}

/* How many times its compressed size a member states to be, rounded up; empty data give nothing. */
static uint64_t ratio(const struct member *member)
{
	uint64_t size = member->size_bytes;
	uint64_t compressed = member->compressed_bytes;

	if (size == 0)
		return 0;
	return compressed == 0 ? UINT64_MAX : size / compressed + (size % compressed != 0);
}

int bounds_check(const struct bounds *bounds, const struct member *member, struct failure *failure)
{
	const struct limits *limits = &bounds->limits;
	uint64_t size = member->size_bytes;

	if (limits->member_bytes > 0 && size > limits->member_bytes)
		return refuse(failure, FAILURE_MEMBER_LIMIT, size, limits->member_bytes);
	if (limits->ratio > 0 && ratio(member) > limits->ratio)
		return refuse(failure, FAILURE_RATIO_LIMIT, ratio(member), limits->ratio);
	if (size > bounds->total_left)
		return refuse(failure, FAILURE_TOTAL_LIMIT, size, limits->total_bytes);
	return 0;
}

/* What may still be used of @available, of @all that there are. */
static uint64_t usable(uint64_t available, uint64_t all, uint64_t most_kept)
{
	uint64_t kept = all / 64 < most_kept ? all / 64 : most_kept;

	return available > kept ? available - kept : 0;
}

/* What the file system of @directory_fd has left. If it does not say that, there is no end of it.
 */
static struct room ask(int directory_fd)
{
	struct room room = {UINT64_MAX, UINT64_MAX};
	struct statfs status;

	if (directory_fd < 0 || fstatfs(directory_fd, &status) < 0)
		return room;
	uint64_t block = (uint64_t)status.f_frsize;
	/* No blocks or no inodes in all: the file system does not count them. */
	if (status.f_blocks > 0)
		room.bytes =
			usable(status.f_bavail * block, status.f_blocks * block, BOUNDS_KEPT_BYTES);
	if (status.f_files > 0)
		room.files = usable(status.f_ffree, status.f_files, BOUNDS_KEPT_INODES);
	return room;
}

static int check(
	const struct room *room, uint64_t size_bytes, uint64_t files, struct failure *failure)
{
	if (files > room->files)
		return refuse(failure, FAILURE_NO_INODES, room->files, 0);
	if (size_bytes > room->bytes)
		return refuse(failure, FAILURE_NO_ROOM, size_bytes, room->bytes);
	return 0;
}

int bounds_check_room(
	int directory_fd, uint64_t size_bytes, uint64_t files, struct failure *failure)
{
	const struct room room = ask(directory_fd);

	return check(&room, size_bytes, files, failure);
}

bool bounds_reserve_slowly(int directory_fd)
{
	struct statfs status;

	return directory_fd >= 0 && fstatfs(directory_fd, &status) == 0 &&
	       status.f_type == TMPFS_MAGIC;
}

int room_take(struct room *room, int directory_fd, uint64_t size_bytes, uint64_t files,
	struct failure *failure)
{
	if (size_bytes > room->bytes || files > room->files) {
		const struct room all = ask(directory_fd);
		if (check(&all, size_bytes, files, failure) < 0)
			return -1;
		/* There are at most some hundred workers, and each leaves most of it. */
		room->bytes = all.bytes / ROOM_PART;
		room->files = all.files / ROOM_PART;
	}
	room->bytes -= size_bytes < room->bytes ? size_bytes : room->bytes;
	room->files -= files < room->files ? files : room->files;
	return 0;
}
