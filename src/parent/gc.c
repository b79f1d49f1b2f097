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

struct gc {
	int tmpdir_fd;
	bool look; /* remove nothing */
};

static bool is_worker_name(const char *name)
{
	return name[strspn(name, "0123456789")] == '\0';
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
	if (!is_worker_name(name))
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
	char first[RUNDIR_NAME_SIZE];

	if (dirents_each(run_fd, remove_worker_directory, NULL) < 0 ||
		dirents_each(run_fd, count_other, NULL) < 0)
		return -1;
	if (rundir_name_kind(name) == RUNDIR_FINISHED) {
		/* If somebody else has that name, it goes under its own: we may be killed between
		 * the two, and then it stays, empty. */
		rundir_name_first(name, first);
		if (renameat(tmpdir_fd, name, tmpdir_fd, first) == 0)
			name = first;
	}
	if (dirents_remove(run_fd, RUNDIR_LOCK, 0) < 0)
		return -1;
	return dirents_remove(tmpdir_fd, name, AT_REMOVEDIR);
}

static bool is_not_empty(int error)
{
	return error == ENOTEMPTY || error == EEXIST;
}

static int refuse_entry(void *context, int fd, const char *name)
{
	(void)context;
	(void)fd;
	(void)name;
	errno = ENOTEMPTY;
	return -1;
}

/* A worker's directory without files is counted; anything else is an error. */
static int count_empty(void *context, int run_fd, const char *name)
{
	unsigned *count = context;

	if (!is_worker_name(name))
		return refuse_entry(NULL, run_fd, name);
	cleanup_fd int fd = open_own_directory(run_fd, name);
	if (fd < 0 || dirents_each(fd, refuse_entry, NULL) < 0)
		return -1;
	++*count;
	return 0;
}

static int remove_empty(void *context, int run_fd, const char *name)
{
	(void)context;
	return dirents_remove(run_fd, name, AT_REMOVEDIR);
}

/*
 * One without a lock. By its first name nobody was told of it: it goes if it is empty. By its last
 * one its run has ended: it goes if those who read the list have left directories of workers only.
 */
static enum gc_end end_unlocked(const struct gc *gc, const char *name, int run_fd)
{
	bool finished = rundir_name_kind(name) == RUNDIR_FINISHED;
	unsigned count = 0;

	if (dirents_each(run_fd, finished ? count_empty : refuse_entry, &count) < 0)
		return is_not_empty(errno) && finished ? GC_LEFT_FILES : GC_LEFT_OTHER;
	if (finished && count == 0)
		return GC_LEFT_OTHER;
	if (gc->look)
		return GC_REMOVED;
	if (dirents_each(run_fd, remove_empty, NULL) == 0 &&
		unlinkat(gc->tmpdir_fd, name, AT_REMOVEDIR) == 0)
		return GC_REMOVED;
	if (errno == ENOENT)
		return GC_GONE;
	return is_not_empty(errno) ? GC_LEFT_OTHER : GC_FAILED;
}

/* What follows from @error of taking the lock, which is not ENOENT. */
static enum gc_end judge_lock(int error)
{
	if (error == EACCES || error == EAGAIN || error == ESTALE)
		return GC_LEFT_ALIVE;
	/* What is called so is no lock: a link, a directory, a socket or a device. */
	if (error == ELOOP || error == EISDIR || error == ENXIO || error == ENODEV)
		return GC_LEFT_OTHER;
	return GC_FAILED;
}

/* Run directory @name goes if its run was killed, or has left nothing in it. */
static enum gc_end end_run(const struct gc *gc, const char *name)
{
	cleanup_fd int run_fd = open_own_directory(gc->tmpdir_fd, name);
	if (run_fd < 0 && errno == ENOENT)
		return GC_GONE;
	if (run_fd < 0) /* another user's, or no directory at all */
		return errno == EPERM || errno == EACCES || errno == ENOTDIR || errno == ELOOP
			       ? GC_LEFT_OTHER
			       : GC_FAILED;
	cleanup_fd int lock_fd = rundir_take_lock(run_fd);
	if (lock_fd < 0)
		return errno == ENOENT ? end_unlocked(gc, name, run_fd) : judge_lock(errno);
	if (gc->look || remove_dead(gc->tmpdir_fd, name, run_fd) == 0)
		return GC_REMOVED;
	return errno == ENOENT ? GC_GONE : GC_FAILED; /* it was about to end */
}

enum gc_end gc_judge(int tmpdir_fd, const char *name)
{
	const struct gc gc = {tmpdir_fd, true};

	return end_run(&gc, name);
}

int gc_remove_ended(int tmpdir_fd, const char *name)
{
	struct stat status;
	cleanup_fd int run_fd = open_own_directory(tmpdir_fd, name);

	if (run_fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstatat(run_fd, RUNDIR_LOCK, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EBUSY;
		return -1;
	}
	if (dirents_each(run_fd, remove_worker_directory, NULL) < 0)
		return -1;
	return dirents_remove(tmpdir_fd, name, AT_REMOVEDIR);
}

static bool is_scratch_name(const char *name)
{
	const size_t prefix = strlen(SCRATCHFILE_TEMPLATE) - 6;

	return strncmp(name, SCRATCHFILE_TEMPLATE, prefix) == 0 &&
	       strlen(name) == strlen(SCRATCHFILE_TEMPLATE);
}

/* A copy of standard input goes. */
static enum gc_end end_scratch(const struct gc *gc, const char *name)
{
	struct stat status;

	if (fstatat(gc->tmpdir_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? GC_GONE : GC_FAILED;
	if (!S_ISREG(status.st_mode) || status.st_uid != geteuid())
		return GC_LEFT_OTHER;
	return gc->look || dirents_remove(gc->tmpdir_fd, name, 0) == 0 ? GC_REMOVED : GC_FAILED;
}

int gc_sweep(const char *tmpdir, const char *own, bool look, gc_tell *tell, void *context)
{
	cleanup_dir DIR *directory = opendir(tmpdir);
	struct dirent *entry;

	if (!directory)
		return -1;
	const struct gc gc = {dirfd(directory), look};
	while (errno = 0, (entry = readdir(directory)) != NULL) {
		const char *name = entry->d_name;
		enum gc_end end = GC_GONE;
		if (own && strcmp(name, own) == 0)
			continue;
		if (is_scratch_name(name))
			end = end_scratch(&gc, name);
		else if (rundir_name_kind(name) != RUNDIR_OTHER)
			end = end_run(&gc, name);
		if (end != GC_GONE)
			tell(context, name, end, errno);
	}
	return errno ? -1 : 0; /* of readdir(3) */
}
