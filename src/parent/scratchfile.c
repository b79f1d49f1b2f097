// SPDX-License-Identifier: MIT

#include "parent/scratchfile.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int scratchfile_open(const char *directory)
{
	/* With O_EXCL it cannot get a name later. */
	int fd = open(directory, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	cleanup_free char *path = NULL;

	/* File systems and kernels without O_TMPFILE answer with one of these: open(2). */
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	if (asprintf(&path, "%s/" SCRATCHFILE_TEMPLATE, directory) < 0) {
		path = NULL;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -1;
	/* If we are killed before this, --gc removes the file. */
	if (unlink(path) < 0 && errno != ENOENT) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}
