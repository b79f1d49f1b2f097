// SPDX-License-Identifier: MIT

#include "parent/gc.h"

#include "common/cleanup.h"
#include "common/membername.h"
#include "parent/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Open @name in the directory @at_fd, which must be a directory of this user's. */
static int open_own_directory(int at_fd, const char *name)
{
	cleanup_fd int fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	if (status.st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	return steal_fd(&fd);
}

/* What is done with an entry of a directory; below 0 with errno: it stays, for that reason. */
typedef int entry_action(int directory_fd, const char *name);

/* Do @action for each entry of @directory_fd. 0, or -1 with the last errno. */
static int for_each(int directory_fd, entry_action *action)
{
	int error = 0;
	int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	cleanup_dir DIR *directory = fdopendir(fd);
	if (!directory) {
		close(fd);
		return -1;
	}
	for (struct dirent *entry; errno = 0, (entry = readdir(directory)) != NULL;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			action(directory_fd, entry->d_name) < 0)
			error = errno;
	}
	if (error == 0)
		error = errno; /* of readdir(3) */
	errno = error;
	return error ? -1 : 0;
}

static int remove_member_file(int directory_fd, const char *name)
{
	uint64_t archive;
	uint64_t member;

	if (!member_file_parse(name, &archive, &member))
		return 0; /* not ours: then the directory stays, and says so */
	return unlinkat(directory_fd, name, 0);
}

/* A worker's directory, with what is in it. */
static int remove_worker_directory(int run_fd, const char *name)
{
	if (name[strspn(name, "0123456789")] != '\0')
		return 0;
	cleanup_fd int fd = open_own_directory(run_fd, name);
	if (fd < 0 || for_each(fd, remove_member_file) < 0)
		return -1;
	return unlinkat(run_fd, name, AT_REMOVEDIR);
}

static int count_other(int run_fd, const char *name)
{
	(void)run_fd;
	if (strcmp(name, RUNDIR_LOCK) == 0)
		return 0;
	errno = ENOTEMPTY;
	return -1;
}

/* Remove run directory @name if its run was killed. 1: it was; 0: it was not; -1 with errno. */
static int remove_if_dead(int tmpdir_fd, const char *name)
{
	cleanup_fd int run_fd = open_own_directory(tmpdir_fd, name);
	if (run_fd < 0)
		return 0; /* another user's, or no directory at all */
	cleanup_fd int lock_fd = rundir_take_lock(run_fd);
	if (lock_fd < 0)
		return 0; /* the run lives, or has ended in order */

	/* The lock goes last, so that what cannot be removed now can be another time. */
	if (for_each(run_fd, remove_worker_directory) < 0 || for_each(run_fd, count_other) < 0)
		return -1;
	if (unlinkat(run_fd, RUNDIR_LOCK, 0) < 0 || unlinkat(tmpdir_fd, name, AT_REMOVEDIR) < 0)
		return -1;
	return 1;
}

int gc_sweep(const char *tmpdir, gc_tell *tell, void *context)
{
	cleanup_dir DIR *directory = opendir(tmpdir);
	struct dirent *entry;

	if (!directory)
		return -1;
	while (errno = 0, (entry = readdir(directory)) != NULL) {
		if (!rundir_is_name(entry->d_name))
			continue;
		int removed = remove_if_dead(dirfd(directory), entry->d_name);
		if (removed != 0)
			tell(context, entry->d_name, removed < 0 ? errno : 0);
	}
	return errno ? -1 : 0; /* of readdir(3) */
}
