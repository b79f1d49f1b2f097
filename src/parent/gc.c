// SPDX-License-Identifier: MIT

#include "parent/gc.h"

#include "parent/dirents.h"
#include "parent/rundir.h"
#include "parent/scratchfile.h"
#include "protocol/membername.h"
#include "util/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
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

static int remove_member_file(void *context, int directory_fd, const char *name)
{
	uint64_t archive;
	uint64_t member;

	(void)context;
	if (!member_file_parse(name, &archive, &member))
		return 0; /* not ours: then the directory stays, and says so */
	return dirents_remove(directory_fd, name, 0);
}

/* A worker's directory, with what is in it. */
static int remove_worker_directory(void *context, int run_fd, const char *name)
{
	if (name[strspn(name, "0123456789")] != '\0')
		return 0;
	cleanup_fd int fd = open_own_directory(run_fd, name);
	if (fd < 0 || dirents_each(fd, remove_member_file, context) < 0)
		return -1;
	return dirents_remove(run_fd, name, AT_REMOVEDIR);
}

static int count_other(void *context, int run_fd, const char *name)
{
	(void)context;
	(void)run_fd;
	if (strcmp(name, RUNDIR_LOCK) == 0)
		return 0;
	errno = ENOTEMPTY;
	return -1;
}

/*
 * The run is dead, and its lock is ours. The lock goes last, so that what cannot be removed now can
 * be another time; and before it does, the directory gets the name of those that need none for
 * that, should we be killed ourselves.
 */
static int remove_dead(int tmpdir_fd, const char *name, int run_fd)
{
	char hidden[NAME_MAX + 1];

	if (dirents_each(run_fd, remove_worker_directory, NULL) < 0 ||
		dirents_each(run_fd, count_other, NULL) < 0)
		return -1;
	if (rundir_name_kind(name) == RUNDIR_FINISHED) {
		/* If somebody else has that name, it goes under its own: we may be killed between
		 * the two, and then it stays, empty. */
		if (snprintf(hidden, sizeof(hidden), ".%s", name) < (int)sizeof(hidden) &&
			renameat(tmpdir_fd, name, tmpdir_fd, hidden) == 0)
			name = hidden;
	}
	if (dirents_remove(run_fd, RUNDIR_LOCK, 0) < 0)
		return -1;
	return dirents_remove(tmpdir_fd, name, AT_REMOVEDIR);
}

/* One without a lock that nobody was told of, by its name, goes if it is empty. As
 * remove_if_dead(). */
static int remove_unfinished(int tmpdir_fd, const char *name)
{
	if (unlinkat(tmpdir_fd, name, AT_REMOVEDIR) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST ? 0 : -1;
}

/* Whether @error of taking the lock means that the run lives, or has ended in order; or that we may
 * not see; or that what is called so is no lock: a link, a directory, a socket or a device. */
static bool leaves_open(int error)
{
	return error == ENOENT || error == EACCES || error == EAGAIN || error == ESTALE ||
	       error == ELOOP || error == EISDIR || error == ENXIO || error == ENODEV;
}

/* Remove run directory @name if its run was killed. 1: it was; 0: it was not; -1 with errno. */
static int remove_if_dead(int tmpdir_fd, const char *name)
{
	cleanup_fd int run_fd = open_own_directory(tmpdir_fd, name);
	if (run_fd < 0) /* another user's, no directory at all, or just gone */
		return errno == EPERM || errno == EACCES || errno == ENOTDIR || errno == ELOOP ||
				       errno == ENOENT
			       ? 0
			       : -1;
	cleanup_fd int lock_fd = rundir_take_lock(run_fd);
	if (lock_fd >= 0) {
		if (remove_dead(tmpdir_fd, name, run_fd) == 0)
			return 1;
		return errno == ENOENT ? 0 : -1; /* it was about to end, and has gone meanwhile */
	}
	if (errno == ENOENT && rundir_name_kind(name) == RUNDIR_UNFINISHED)
		return remove_unfinished(tmpdir_fd, name);
	return leaves_open(errno) ? 0 : -1;
}

static bool is_scratch_name(const char *name)
{
	const size_t prefix = strlen(SCRATCHFILE_TEMPLATE) - 6;

	return strncmp(name, SCRATCHFILE_TEMPLATE, prefix) == 0 &&
	       strlen(name) == strlen(SCRATCHFILE_TEMPLATE);
}

/* As remove_if_dead(), for a copy of standard input. */
static int remove_scratch(int tmpdir_fd, const char *name)
{
	struct stat status;

	if (fstatat(tmpdir_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(status.st_mode) || status.st_uid != geteuid())
		return 0;
	return dirents_remove(tmpdir_fd, name, 0) < 0 ? -1 : 1;
}

int gc_sweep(const char *tmpdir, gc_tell *tell, void *context)
{
	cleanup_dir DIR *directory = opendir(tmpdir);
	struct dirent *entry;

	if (!directory)
		return -1;
	while (errno = 0, (entry = readdir(directory)) != NULL) {
		const char *name = entry->d_name;
		int removed = 0;
		if (is_scratch_name(name))
			removed = remove_scratch(dirfd(directory), name);
		else if (rundir_name_kind(name) != RUNDIR_OTHER)
			removed = remove_if_dead(dirfd(directory), name);
		if (removed != 0)
			tell(context, name, removed < 0 ? errno : 0);
	}
	return errno ? -1 : 0; /* of readdir(3) */
}
