// SPDX-License-Identifier: MIT

#include "util/freespace.h"

#include <sys/statfs.h>

/* What may still be used of @available, of @all that there are. */
static uint64_t usable(uint64_t available, uint64_t all, uint64_t most_kept)
{
	uint64_t kept = all / 64 < most_kept ? all / 64 : most_kept;

	return available > kept ? available - kept : 0;
}

struct freespace freespace_ask(int directory_fd)
{
	struct freespace space = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
	struct statfs status;

	if (directory_fd < 0 || fstatfs(directory_fd, &status) < 0)
		return space;
	uint64_t block = (uint64_t)status.f_frsize;
	/* No blocks or no inodes in all: the file system does not count them. */
	if (status.f_blocks > 0) {
		space.all_bytes = status.f_blocks * block;
		space.bytes =
			usable(status.f_bavail * block, space.all_bytes, FREESPACE_KEPT_BYTES);
	}
	if (status.f_files > 0)
		space.files = usable(status.f_ffree, status.f_files, FREESPACE_KEPT_INODES);
	return space;
}
