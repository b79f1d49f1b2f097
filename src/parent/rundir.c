// SPDX-License-Identifier: MIT

#include "parent/rundir.h"

#include "parent/dirents.h"
#include "protocol/membername.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUMBER_SIZE 11 /* a 32-bit number in decimal, and a NUL */

static const int DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

#define NAME_PREFIX   "zipmap."
#define NAME_TEMPLATE NAME_PREFIX "XXXXXX"

/* How often another name is tried, where another process has removed or taken the one before. */
#define TRIES_MAX 64

enum rundir_name rundir_name_kind(const char *name)
{
	bool hidden = name[0] == '.';

	name += hidden;
	if (strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) != 0 ||
		strlen(name) != strlen(NAME_TEMPLATE))
		return RUNDIR_OTHER;
	return hidden ? RUNDIR_UNFINISHED : RUNDIR_FINISHED;
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

/* Make the lock in the new directory @rundir->unfinished. 0, or -1 with errno. */
static int make_lock(struct rundir *rundir)
{
	/* mkdtemp(3) leaves the mode to the umask, which may take even the owner's rights away. */
	if (chmod(rundir->unfinished, 0700) < 0)
		return -1;
	rundir->fd = open(rundir->unfinished, DIRECTORY_FLAGS);
	if (rundir->fd < 0)
		return -1;
	rundir->lock_fd = openat(
		rundir->fd, RUNDIR_LOCK, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (rundir->lock_fd < 0 || lock_file(rundir->lock_fd) < 0)
		return -1;
	return check_linked(rundir->lock_fd);
}

/* Give the directory its name. 0, or -1 with errno: EEXIST where another one has it. */
static int finish(const struct rundir *rundir)
{
	struct stat status;

	if (renameat2(AT_FDCWD, rundir->unfinished, AT_FDCWD, rundir->path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system without this: rename(2) itself takes the place of an empty directory only.
	 */
	if (lstat(rundir->path, &status) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(AT_FDCWD, rundir->unfinished, AT_FDCWD, rundir->path);
}

/* Undo what was made, after an error, which stays in errno. */
static void undo(struct rundir *rundir)
{
	int error = errno;

	if (rundir->lock_fd >= 0) {
		dirents_remove(rundir->fd, RUNDIR_LOCK, 0);
		close(steal_fd(&rundir->lock_fd));
	}
	if (rundir->fd >= 0)
		close(steal_fd(&rundir->fd));
	dirents_remove(AT_FDCWD, rundir->unfinished, AT_REMOVEDIR);
	errno = error;
}

/* Whether --gc came between, or another run has the same name: then the next try will do. */
static bool is_passing(int error)
{
	return error == ENOENT || error == ESTALE || error == EEXIST || error == EAGAIN ||
	       error == EACCES;
}

/* One try: 0, or -1 with errno. The names begin at @at in the paths. */
static int try_create(struct rundir *rundir, size_t at)
{
	memcpy(rundir->unfinished + at, "." NAME_TEMPLATE, sizeof("." NAME_TEMPLATE));
	if (!mkdtemp(rundir->unfinished))
		return -1;
	memcpy(rundir->path + at, rundir->unfinished + at + 1, sizeof(NAME_TEMPLATE));
	if (make_lock(rundir) == 0 && finish(rundir) == 0)
		return 0;
	undo(rundir);
	return -1;
}

int rundir_create(struct rundir *rundir, const char *tmpdir)
{
	size_t length = strlen(tmpdir);
	const char *slash = length > 0 && tmpdir[length - 1] == '/' ? "" : "/";

	*rundir = (struct rundir){.fd = -1, .lock_fd = -1};
	if (asprintf(&rundir->path, "%s%s" NAME_TEMPLATE, tmpdir, slash) < 0)
		rundir->path = NULL;
	if (asprintf(&rundir->unfinished, "%s%s." NAME_TEMPLATE, tmpdir, slash) < 0)
		rundir->unfinished = NULL;
	if (!rundir->path || !rundir->unfinished) {
		rundir_release(rundir);
		errno = ENOMEM;
		return -1;
	}
	for (int tries = 0; tries < TRIES_MAX; tries++) {
		if (try_create(rundir, length + strlen(slash)) == 0)
			return 0;
		if (!is_passing(errno) || access(tmpdir, W_OK | X_OK) < 0)
			break;
	}
	int error = errno;
	rundir_release(rundir);
	errno = error;
	return -1;
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
	int renamed = renameat(AT_FDCWD, rundir->path, AT_FDCWD, rundir->unfinished);
	const char *name = renamed == 0 ? rundir->unfinished : rundir->path;

	if (dirents_remove(rundir->fd, RUNDIR_LOCK, 0) < 0)
		return -1;
	if (dirents_remove(AT_FDCWD, name, AT_REMOVEDIR) == 0)
		return 0;
	int error = errno;
	if (renamed == 0 && (error == ENOTEMPTY || error == EEXIST))
		renameat(AT_FDCWD, rundir->unfinished, AT_FDCWD, rundir->path);
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
	free(steal_pointer(&rundir->path));
	free(steal_pointer(&rundir->unfinished));
}
