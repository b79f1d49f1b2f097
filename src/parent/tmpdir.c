// SPDX-License-Identifier: MIT

#include "parent/tmpdir.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as the kernel follows: path_resolution(7). */
#define LINKS_MAX 40

static bool is_trusted(uid_t owner)
{
	return owner == geteuid() || owner == 0;
}

static const char *judge(const struct stat *status)
{
	bool sticky = status->st_mode & S_ISVTX;

	if ((status->st_mode & S_IWOTH) && !sticky)
		return "everybody may write there, and it has no sticky bit";
	if (!is_trusted(status->st_uid))
		return "it belongs to another user";
	if ((status->st_mode & S_IWGRP) && !sticky)
		return "its group may write there, and it has no sticky bit";
	return NULL;
}

/* End a path before the slashes at its end, behind which the kernel would follow a link itself. */
static void cut_slashes(char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
}

/*
 * The symbolic link @link_fd stands at @path below *@at_fd: have in @path what it says, and in
 * *@at_fd where that begins. A link never changes, so that what is followed is the one that was
 * looked at, whatever has become of its name. 0, or -1 with errno.
 */
static int follow(int link_fd, int *at_fd, char path[PATH_MAX])
{
	char *slash = strrchr(path, '/');

	if (slash) {
		slash[1] = '\0';
		int parent_fd = openat(*at_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (parent_fd < 0)
			return -1;
		if (*at_fd >= 0)
			close(*at_fd);
		*at_fd = parent_fd;
	}
	ssize_t length = readlinkat(link_fd, "", path, PATH_MAX);
	if (length < 0)
		return -1;
	if (length == PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	path[length] = '\0';
	cut_slashes(path);
	return 0;
}

int tmpdir_open(const char *given, const char **distrust)
{
	cleanup_fd int at_fd = AT_FDCWD;
	char path[PATH_MAX];
	struct stat status;

	*distrust = NULL;
	if (strlen(given) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, given, strlen(given) + 1);
	cut_slashes(path);
	for (int links = 0; links <= LINKS_MAX; links++) {
		cleanup_fd int fd = openat(at_fd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &status) < 0)
			return -1;
		if (S_ISDIR(status.st_mode)) {
			*distrust = judge(&status);
			return steal_fd(&fd);
		}
		if (!S_ISLNK(status.st_mode)) {
			errno = ENOTDIR;
			return -1;
		}
		if (!is_trusted(status.st_uid)) {
			*distrust = "it is a symbolic link that belongs to another user";
			errno = ELOOP;
			return -1;
		}
		if (follow(fd, &at_fd, path) < 0)
			return -1;
	}
	errno = ELOOP;
	return -1;
}
