// SPDX-License-Identifier: MIT

#include "parent/remap.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>

static bool is_as_expected(const struct stat *status, const struct remap_expect *expect)
{
	return S_ISREG(status->st_mode) && status->st_nlink == 1 &&
	       status->st_uid == expect->owner && status->st_dev == expect->device &&
	       status->st_ino == expect->inode && status->st_size >= 0;
}

int remap(
	int directory_fd, const char *file, const struct remap_expect *expect, uint64_t *size_bytes)
{
	struct stat status;
	cleanup_fd int fd = openat(
		directory_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	if (!is_as_expected(&status, expect)) {
		errno = ESTALE;
		return -1;
	}
	*size_bytes = (uint64_t)status.st_size;
	if (*size_bytes == 0)
		return 0; /* nothing to map: mmap(2) refuses a length of 0 */
	void *map = mmap(NULL, *size_bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -1;
	return munmap(map, *size_bytes);
}
