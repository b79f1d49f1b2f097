// SPDX-License-Identifier: MIT

#include "worker/extract/bounds.h"

#include "util/freespace.h"

#include <linux/magic.h>
#include <sys/statfs.h>

/* A process asks for the free space again after it has used this part of it. */
#define ROOM_PART 256

void bounds_init(struct bounds *bounds)
{
	*bounds = (struct bounds){.total_left = UINT64_MAX, .files_left = UINT64_MAX};
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
	if (limits->scratch_bytes > 0 && size > limits->scratch_bytes)
		return refuse(failure, FAILURE_SCRATCH_LIMIT, size, limits->scratch_bytes);
	if (size > bounds->total_left)
		return refuse(failure, FAILURE_TOTAL_LIMIT, size, limits->total_bytes);
	return 0;
}

static int check(
	const struct freespace *space, uint64_t size_bytes, uint64_t files, struct failure *failure)
{
	if (files > space->files)
		return refuse(failure, FAILURE_NO_INODES, space->files, 0);
	if (size_bytes > space->bytes)
		return refuse(failure, FAILURE_NO_ROOM, size_bytes, space->bytes);
	return 0;
}

int bounds_check_room(
	int directory_fd, uint64_t size_bytes, uint64_t files, struct failure *failure)
{
	const struct freespace space = freespace_ask(directory_fd);

	return check(&space, size_bytes, files, failure);
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
		const struct freespace all = freespace_ask(directory_fd);
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
