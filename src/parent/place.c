// SPDX-License-Identifier: MIT

#include "parent/place.h"

#include "parent/dirents.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Where a file system cannot rename without replacing: a second name, then the first one goes. 0,
 * or -1 with errno.
 */
static int link_and_unlink(int from_fd, const char *from, int to_fd, const char *to)
{
	if (linkat(from_fd, from, to_fd, to, 0) < 0) {
		if (errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP)
			errno = ENOTSUP; /* no second names either */
		return -1;
	}
	if (dirents_remove(from_fd, from, 0) == 0)
		return 0;
	int error = errno;
	dirents_remove(to_fd, to, 0);
	errno = error;
	return -1;
}

static int give_name(int from_fd, const char *from, int to_fd, const char *to)
{
	if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	return errno == EINVAL || errno == ENOSYS ? link_and_unlink(from_fd, from, to_fd, to) : -1;
}

static bool is_same(const struct stat *status, const struct place_file *file)
{
	return S_ISREG(status->st_mode) && status->st_nlink == 1 &&
	       status->st_dev == file->device && status->st_uid == file->owner &&
	       status->st_ino == file->inode && (uint64_t)status->st_size == file->size_bytes;
}

int place_open(const struct place_file *file, int fd, const char *name)
{
	struct stat status;
	cleanup_fd int opened =
		openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	/* ELOOP: a link; ENXIO: a socket, or a device without a driver. */
	if (opened < 0 && (errno == ELOOP || errno == ENXIO || errno == ENOENT))
		errno = ESTALE;
	if (opened < 0 || fstat(opened, &status) < 0)
		return -1;
	if (is_same(&status, file))
		return steal_fd(&opened);
	errno = ESTALE;
	return -1;
}

/* 0, or -1 with errno. */
static int check_same(const struct place_file *file, int fd, const char *name)
{
	struct stat status;

	if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	errno = ESTALE;
	return is_same(&status, file) ? 0 : -1;
}

int place_move(
	const struct place_file *file, int from_fd, const char *from, int to_fd, const char *to)
{
	if (give_name(from_fd, from, to_fd, to) < 0)
		return -1;
	if (check_same(file, to_fd, to) == 0)
		return 0;
	/* Whatever it is goes back: it may be a directory with something in it. */
	int error = errno == ENOENT ? ESTALE : errno;
	if (renameat(to_fd, to, from_fd, from) < 0)
		dirents_remove(to_fd, to, 0);
	errno = error;
	return -1;
}
