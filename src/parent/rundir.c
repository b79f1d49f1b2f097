// SPDX-License-Identifier: MIT

#include "parent/rundir.h"

#include "parent/dirents.h"
#include "parent/tmpdir.h"
#include "protocol/membername.h"
#include "util/cleanup.h"
#include "util/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUMBER_SIZE 11 /* a 32-bit number in decimal, and a NUL */

static const int DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/* How often another name is tried, where another process has removed or taken the one before. */
#define TRIES_MAX 64

/* Lock the whole file for this process. 0, or -1: EACCES or EAGAIN where another one holds it. */
static int lock_file(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_SETLK, &lock);
}

/* Whether the file has its name still. 0, or -1 with errno ESTALE. */
static int check_linked(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -1;
	if (S_ISREG(status.st_mode) && status.st_nlink == 1)
		return 0;
	errno = ESTALE;
	return -1;
}

int rundir_take_lock(int run_fd)
{
	cleanup_fd int fd =
		openat(run_fd, RUNDIR_LOCK, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || lock_file(fd) < 0 || check_linked(fd) < 0)
		return -1;
	return steal_fd(&fd);
}

static int count_entry(void *context, int fd, const char *name)
{
	(void)fd;
	(void)name;
	++*(unsigned *)context;
	return 0;
}

/*
 * Whether the directory that was opened can be the one that was made: another one may have been put
 * in its place. It is empty, this user's, and nobody else's to use; but a file system that has no
 * owners and modes gives all directories those of @tmpdir. 0, or -1 with errno.
 */
static int check_made(int fd, const struct stat *status, const struct stat *tmpdir)
{
	unsigned mode = status->st_mode & 0777;
	unsigned entries = 0;

	if (dirents_each(fd, count_entry, &entries) < 0)
		return -1;
	errno = EPERM;
	return entries == 0 && (status->st_uid == geteuid() || status->st_uid == tmpdir->st_uid) &&
			       (mode == 0700 || mode == (tmpdir->st_mode & 0777))
		       ? 0
		       : -1;
}

/* Make the directory, under a first name that nobody has. 0, or -1 with errno. */
static int make_directory(struct rundir *rundir)
{
	char *name = rundir->unfinished + rundir->name_at;
	mode_t before = umask(077); /* one that takes the owner's rights away would lock us out */
	int made = -1;

	errno = EEXIST;
	for (int tries = 0; made < 0 && errno == EEXIST && tries < TRIES_MAX; tries++) {
		rundir_name_make(name);
		made = mkdirat(rundir->tmpdir_fd, name, 0700);
	}
	umask(before);
	memcpy(rundir->path + strlen(rundir->path) - RUNDIR_LETTERS,
		name + strlen(name) - RUNDIR_LETTERS, RUNDIR_LETTERS);
	return made;
}

/* Open the directory that was made. 0, or -1 with errno. */
static int open_directory(struct rundir *rundir)
{
	const char *name = rundir->unfinished + rundir->name_at;
	struct stat status;
	struct stat tmpdir;

	rundir->fd = openat(rundir->tmpdir_fd, name, DIRECTORY_FLAGS);
	if (rundir->fd < 0 || fstat(rundir->fd, &status) < 0 ||
		fstat(rundir->tmpdir_fd, &tmpdir) < 0)
		return -1;
	/* Those who remove what is old leave a locked directory alone: tmpfiles.d(5). It is no loss
	 * if this file system has no such locks. */
	(void)flock(rundir->fd, LOCK_SH | LOCK_NB);
	if (rundir->distrust && check_made(rundir->fd, &status, &tmpdir) < 0)
		return -1;
	/* It may have got a set-group-ID bit from above. */
	if (status.st_uid == geteuid() && (status.st_mode & 0777) == 0700 &&
		(status.st_mode & 07000))
		return fchmod(rundir->fd, 0700);
	return 0;
}

/* Make the lock in the new directory. 0, or -1 with errno. */
static int make_lock(struct rundir *rundir)
{
	rundir->lock_fd = openat(
		rundir->fd, RUNDIR_LOCK, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (rundir->lock_fd < 0 || lock_file(rundir->lock_fd) < 0)
		return -1;
	return check_linked(rundir->lock_fd);
}

/* Give the directory its name. 0, or -1 with errno: EEXIST if another one has it. */
static int finish(const struct rundir *rundir)
{
	const char *from = rundir->unfinished + rundir->name_at;
	const char *to = rundir->path + rundir->name_at;
	int fd = rundir->tmpdir_fd;
	struct stat status;

	if (renameat2(fd, from, fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system without this: rename(2) itself takes the place of an empty directory only.
	 */
	if (fstatat(fd, to, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(fd, from, fd, to);
}

/* Whether the directory is what has its name now. 0, or -1 with errno ESTALE. */
static int check_named(const struct rundir *rundir)
{
	struct stat named;
	struct stat made;

	if (fstatat(rundir->tmpdir_fd, rundir->path + rundir->name_at, &named,
		    AT_SYMLINK_NOFOLLOW) < 0 ||
		fstat(rundir->fd, &made) < 0)
		return -1;
	errno = ESTALE;
	return named.st_dev == made.st_dev && named.st_ino == made.st_ino ? 0 : -1;
}

/*
 * Undo what was made, after an error, which stays in errno. What has the name that is @finished may
 * be anybody's if the error is ESTALE.
 */
static void undo(struct rundir *rundir, bool finished)
{
	const char *path = finished && errno != ESTALE ? rundir->path : rundir->unfinished;
	int error = errno;

	if (rundir->lock_fd >= 0) {
		dirents_remove(rundir->fd, RUNDIR_LOCK, 0);
		close(steal_fd(&rundir->lock_fd));
	}
	if (rundir->fd >= 0)
		close(steal_fd(&rundir->fd));
	dirents_remove(rundir->tmpdir_fd, path + rundir->name_at, AT_REMOVEDIR);
	errno = error;
}

/* Whether --gc came between, or another run has the same name: then the next try will do. */
static bool is_passing(int error)
{
	return error == ENOENT || error == ESTALE || error == EEXIST || error == EAGAIN ||
	       error == EACCES;
}

/* Its name will begin with @prefix. */
static int create(struct rundir *rundir, const char *tmpdir, const char *prefix)
{
	size_t length = strlen(tmpdir);
	const char *slash = length > 0 && tmpdir[length - 1] == '/' ? "" : "/";

	*rundir = (struct rundir){.fd = -1, .lock_fd = -1, .watch_fd = -1};
	int tmpdir_fd = tmpdir_open(tmpdir, &rundir->distrust);
	if (tmpdir_fd < 0)
		return -1;
	rundir->name_at = length + strlen(slash);
	if (asprintf(&rundir->path, "%s%s%sXXXXXX", tmpdir, slash, prefix) < 0)
		rundir->path = NULL;
	if (asprintf(&rundir->unfinished, "%s%s" RUNDIR_FIRST_TEMPLATE, tmpdir, slash) < 0)
		rundir->unfinished = NULL;
	if (!rundir->path || !rundir->unfinished) {
		close(tmpdir_fd);
		free(steal_pointer(&rundir->path));
		free(steal_pointer(&rundir->unfinished));
		errno = ENOMEM;
		return -1;
	}
	rundir->tmpdir_fd = tmpdir_fd;
	for (int tries = 0; tries < TRIES_MAX && make_directory(rundir) == 0; tries++) {
		bool finished = open_directory(rundir) == 0 && make_lock(rundir) == 0 &&
				finish(rundir) == 0;
		if (finished && check_named(rundir) == 0)
			return 0;
		undo(rundir, finished);
		if (!is_passing(errno))
			break;
	}
	int error = errno;
	rundir_release(rundir);
	rundir->distrust = NULL; /* it is not the reason */
	errno = error;
	return -1;
}

int rundir_create(struct rundir *rundir, const char *tmpdir)
{
	return create(rundir, tmpdir, RUNDIR_PREFIX);
}

int rundir_create_hidden(struct rundir *rundir, const char *tmpdir)
{
	return create(rundir, tmpdir, RUNDIR_HIDDEN_PREFIX);
}

const char *rundir_name(const struct rundir *rundir)
{
	return rundir->path ? rundir->path + rundir->name_at : NULL;
}

/* Have it seen if a file of worker directory @name goes. 0, or -1 with errno. */
static int watch(const struct rundir *rundir, const char *name)
{
	cleanup_free char *path = NULL;

	if (rundir->watch_fd < 0)
		return 0;
	if (asprintf(&path, "%s/%s", rundir->path, name) < 0) {
		path = NULL;
		errno = ENOMEM;
		return -1;
	}
	int watched = inotify_add_watch(
		rundir->watch_fd, path, IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR | IN_DONT_FOLLOW);
	return watched < 0 && rundir->watch_needed ? -1 : 0;
}

int rundir_add(struct rundir *rundir, uint32_t *number)
{
	char name[NUMBER_SIZE];

	snprintf(name, sizeof(name), "%" PRIu32, rundir->next);
	if (mkdirat(rundir->fd, name, 0700) < 0)
		return -1;
	int fd = openat(rundir->fd, name, DIRECTORY_FLAGS);
	if (fd < 0 || watch(rundir, name) < 0) {
		int error = errno;
		if (fd >= 0)
			close(fd);
		dirents_remove(rundir->fd, name, AT_REMOVEDIR);
		errno = error;
		return -1;
	}
	*number = rundir->next++;
	return fd;
}

/* Which files stay. */
struct sweep {
	rundir_keep *keep;
	void *context;
};

static int sweep_entry(void *context, int fd, const char *name)
{
	const struct sweep *sweep = context;
	uint64_t archive;
	uint64_t member;

	if (member_file_parse(name, &archive, &member) &&
		sweep->keep(sweep->context, archive, member))
		return 0;
	return dirents_remove(fd, name, 0);
}

int rundir_sweep(struct rundir *rundir, uint32_t number, rundir_keep *keep, void *context)
{
	struct sweep sweep = {keep, context};
	char name[NUMBER_SIZE];

	snprintf(name, sizeof(name), "%" PRIu32, number);
	/* Once more where it fails: what it fails for may pass (ENFILE, EINTR). */
	for (int tries = 0; tries < 2; tries++) {
		cleanup_fd int fd = openat(rundir->fd, name, DIRECTORY_FLAGS);
		if (fd < 0 && errno == ENOENT)
			return 0;
		if (fd >= 0 && dirents_each(fd, sweep_entry, &sweep) == 0)
			return 0;
	}
	return -1;
}

int rundir_each_file(
	const struct rundir *rundir, uint32_t number, rundir_action *action, void *context)
{
	char name[NUMBER_SIZE];

	snprintf(name, sizeof(name), "%" PRIu32, number);
	cleanup_fd int fd = openat(rundir->fd, name, DIRECTORY_FLAGS);
	return fd < 0 ? -1 : dirents_each(fd, action, context);
}

static bool keep_none(void *context, uint64_t archive, uint64_t member)
{
	(void)context;
	(void)archive;
	(void)member;
	return false;
}

int rundir_sweep_all(struct rundir *rundir)
{
	int error = 0;

	for (uint32_t number = 0; number < rundir->next; number++) {
		if (rundir_sweep(rundir, number, keep_none, NULL) < 0)
			error = errno;
	}
	errno = error;
	return error ? -1 : 0;
}

void rundir_file_name(uint32_t number, const char *file, char name[RUNDIR_FILE_SIZE])
{
	/* Nobody but us can have put something else in the place of a worker directory. */
	size_t size = member_put_decimal(name, number);

	name[size] = '/';
	memcpy(name + size + 1, file, strlen(file) + 1);
}

int rundir_remove(const struct rundir *rundir, uint32_t number, const char *file)
{
	char name[RUNDIR_FILE_SIZE];

	rundir_file_name(number, file, name);
	return dirents_remove(rundir->fd, name, 0) == 0 || errno == ENOENT ? 0 : -1;
}

int rundir_drop(struct rundir *rundir, uint32_t number)
{
	char name[NUMBER_SIZE];

	snprintf(name, sizeof(name), "%" PRIu32, number);
	return dirents_remove(rundir->fd, name, AT_REMOVEDIR);
}

/*
 * Nothing is left but the lock: remove that, and the directory. Between the two it has no lock and
 * nobody is to keep it, so it gets back the name of those that --gc takes then.
 */
static int remove_empty(struct rundir *rundir)
{
	const char *finished = rundir->path + rundir->name_at;
	const char *unfinished = rundir->unfinished + rundir->name_at;
	int tmpdir_fd = rundir->tmpdir_fd;
	int renamed = renameat(tmpdir_fd, finished, tmpdir_fd, unfinished);

	if (dirents_remove(rundir->fd, RUNDIR_LOCK, 0) < 0)
		return -1;
	if (dirents_remove(tmpdir_fd, renamed == 0 ? unfinished : finished, AT_REMOVEDIR) == 0)
		return 0;
	int error = errno;
	if (renamed == 0 && (error == ENOTEMPTY || error == EEXIST))
		renameat(tmpdir_fd, unfinished, tmpdir_fd, finished);
	errno = error;
	return -1;
}

int rundir_end(struct rundir *rundir)
{
	bool empty = true;
	int error = 0;

	if (rundir->lock_fd < 0)
		return 0;
	for (uint32_t number = 0; number < rundir->next; number++) {
		if (rundir_drop(rundir, number) == 0)
			continue;
		empty = false;
		if (errno != ENOTEMPTY && errno != EEXIST) /* it has files: good */
			error = errno;
	}
	if (empty ? remove_empty(rundir) < 0 : dirents_remove(rundir->fd, RUNDIR_LOCK, 0) < 0)
		error = errno;
	close(steal_fd(&rundir->lock_fd)); /* only now: see rundir_take_lock() */
	errno = error;
	return error ? -1 : 0;
}

void rundir_release(struct rundir *rundir)
{
	rundir_end(rundir);
	if (rundir->fd >= 0)
		close(steal_fd(&rundir->fd));
	if (rundir->watch_fd >= 0)
		close(steal_fd(&rundir->watch_fd));
	if (rundir->path)
		close(steal_fd(&rundir->tmpdir_fd));
	free(steal_pointer(&rundir->path));
	free(steal_pointer(&rundir->unfinished));
}
