// SPDX-License-Identifier: MIT

#include "parent/scratchfile.h"

#include "util/cleanup.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_same_file(int left_fd, int right_fd)
{
	struct stat left;
	struct stat right;

	return fstat(left_fd, &left) == 0 && fstat(right_fd, &right) == 0 &&
	       left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

/* As scratchfile_open(), on file systems without O_TMPFILE, and if a file cannot be reopened. */
static int open_named(const char *directory, int *reader)
{
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s/" SCRATCHFILE_TEMPLATE, directory) < 0) {
		path = NULL;
		return -1;
	}
	cleanup_fd int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -1;
	cleanup_fd int opened = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int error = errno;
	/* If we are killed before this, --gc removes the file. */
	if (unlink(path) < 0 && errno != ENOENT)
		return -1;
	if (opened < 0 || !is_same_file(fd, opened)) {
		/* Somebody who may write to the directory has put another file there. */
		errno = opened < 0 ? error : ESTALE;
		return -1;
	}
	if (reader)
		*reader = steal_fd(&opened);
	return steal_fd(&fd);
}

int scratchfile_open(const char *directory, int *reader)
{
	/* With O_EXCL it cannot get a name later. */
	cleanup_fd int fd = open(directory, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	/* File systems and kernels without O_TMPFILE answer with one of these: open(2). */
	if (fd < 0 && errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return -1;
	if (fd >= 0 && (!reader || (*reader = io_reopen(fd)) >= 0))
		return steal_fd(&fd);
	return open_named(directory, reader);
}
