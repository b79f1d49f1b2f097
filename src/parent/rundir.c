// SPDX-License-Identifier: MIT

#include "parent/rundir.h"

#include "common/cleanup.h"
#include "common/membername.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NUMBER_SIZE 11 /* a 32-bit number in decimal, and a NUL */

static const int DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/* The lock file until it is locked, so that nobody ever finds an unlocked one of a run that lives.
 */
#define LOCK_UNFINISHED "lock.new"

#define NAME_PREFIX   "zipmap."
#define NAME_TEMPLATE NAME_PREFIX "XXXXXX"

bool rundir_is_name(const char *name)
{
	return strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) == 0 &&
	       strlen(name) == strlen(NAME_TEMPLATE);
}

const char *rundir_distrust(const char *tmpdir)
{
	size_t length = strlen(tmpdir);
	char path[PATH_MAX];
	struct stat status;

	if (length >= sizeof(path))
		return NULL; /* making a directory there will say so */
	memcpy(path, tmpdir, length + 1);
	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0'; /* lstat(2) would follow a link that a slash comes after */
	if (lstat(path, &status) < 0)
		return NULL;
	if (S_ISLNK(status.st_mode))
		return "it is a symbolic link";
	if (S_ISDIR(status.st_mode) && (status.st_mode & S_IWOTH) && !(status.st_mode & S_ISVTX))
		return "everybody may write there, and it has no sticky bit";
	return NULL;
}

/* Lock the whole file for this process. 0, or -1: EACCES or EAGAIN where another one holds it. */
static int lock_file(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_SETLK, &lock);
}

static int make_lock(struct rundir *rundir)
{
	rundir->lock_fd = openat(rundir->fd, LOCK_UNFINISHED,
		O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (rundir->lock_fd < 0)
		return -1;
	if (lock_file(rundir->lock_fd) == 0 &&
		renameat(rundir->fd, LOCK_UNFINISHED, rundir->fd, RUNDIR_LOCK) == 0)
		return 0;
	int error = errno;
	unlinkat(rundir->fd, LOCK_UNFINISHED, 0);
	errno = error;
	return -1;
}

int rundir_take_lock(int run_fd)
{
	cleanup_fd int fd =
		openat(run_fd, RUNDIR_LOCK, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || lock_file(fd) < 0 || fstat(fd, &status) < 0)
		return -1;
	/* Without a name any more: its run has ended in order since it was opened. */
	return S_ISREG(status.st_mode) && status.st_nlink == 1 ? steal_fd(&fd) : -1;
}

int rundir_create(struct rundir *rundir, const char *tmpdir)
{
	size_t length = strlen(tmpdir);
	const char *slash = length > 0 && tmpdir[length - 1] == '/' ? "" : "/";

	*rundir = (struct rundir){.fd = -1, .lock_fd = -1};
	if (asprintf(&rundir->path, "%s%s" NAME_TEMPLATE, tmpdir, slash) < 0) {
		rundir->path = NULL;
		errno = ENOMEM;
		return -1;
	}
	if (!mkdtemp(rundir->path)) {
		free(steal_pointer(&rundir->path));
		return -1;
	}
	/* mkdtemp(3) leaves the mode to the umask, which may take even the owner's rights away. */
	if (chmod(rundir->path, 0700) == 0)
		rundir->fd = open(rundir->path, DIRECTORY_FLAGS);
	if (rundir->fd < 0 || make_lock(rundir) < 0) {
		int error = errno;
		rundir_release(rundir);
		errno = error;
		return -1;
	}
	return 0;
}

int rundir_add(struct rundir *rundir, uint32_t *number)
{
	char name[NUMBER_SIZE];

	snprintf(name, sizeof(name), "%" PRIu32, rundir->next);
	if (mkdirat(rundir->fd, name, 0700) < 0)
		return -1;
	int fd = openat(rundir->fd, name, DIRECTORY_FLAGS);
	if (fd < 0) {
		int error = errno;
		unlinkat(rundir->fd, name, AT_REMOVEDIR);
		errno = error;
		return -1;
	}
	*number = rundir->next++;
	return fd;
}

void rundir_sweep(struct rundir *rundir, uint32_t number, rundir_keep *keep, void *context)
{
	char name[NUMBER_SIZE];
	cleanup_dir DIR *directory = NULL;

	snprintf(name, sizeof(name), "%" PRIu32, number);
	int fd = openat(rundir->fd, name, DIRECTORY_FLAGS);
	if (fd < 0)
		return;
	directory = fdopendir(fd);
	if (!directory) {
		close(fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		uint64_t archive;
		uint64_t member;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!member_file_parse(entry->d_name, &archive, &member) ||
			!keep(context, archive, member))
			unlinkat(fd, entry->d_name, 0);
	}
}

void rundir_drop(struct rundir *rundir, uint32_t number)
{
	char name[NUMBER_SIZE];

	snprintf(name, sizeof(name), "%" PRIu32, number);
	unlinkat(rundir->fd, name, AT_REMOVEDIR);
}

void rundir_release(struct rundir *rundir)
{
	if (rundir->lock_fd >= 0) {
		unlinkat(rundir->fd, RUNDIR_LOCK, 0);
		close(steal_fd(&rundir->lock_fd)); /* only now: see rundir_take_lock() */
	}
	for (uint32_t number = 0; number < rundir->next; number++)
		rundir_drop(rundir, number); /* fails where files are left: good */
	if (rundir->fd >= 0)
		close(steal_fd(&rundir->fd));
	if (rundir->path)
		rmdir(rundir->path);
	free(steal_pointer(&rundir->path));
}
