// SPDX-License-Identifier: MIT

#include "parent/naming.h"

#include "parent/dirents.h"
#include "parent/place.h"
#include "protocol/membername.h"
#include "protocol/newfile.h"
#include "util/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int naming_init(struct naming *naming, const struct run_naming *settings, const char *root,
	struct rundir *rundir)
{
	struct stat status;

	naming->settings = settings;
	naming->root = root;
	naming->rundir = rundir;
	naming->aside_fd = -1;
	naming->stated = 0;
	descend_init(&naming->descend, rundir->tmpdir_fd, settings->directory_mode);
	descend_init(&naming->seek, rundir->tmpdir_fd, settings->directory_mode);
	if (fstat(rundir->fd, &status) < 0)
		return -1;
	naming->device = status.st_dev;
	naming->owner = status.st_uid;
	bool asks = settings->overwrite || settings->reuse.wanted;
	return asks ? before_note(&naming->before, rundir->fd) : 0;
}

void naming_release(struct naming *naming)
{
	descend_release(&naming->descend);
	descend_release(&naming->seek);
	if (naming->aside_fd >= 0)
		close(steal_fd(&naming->aside_fd));
}

/* The path below the root. */
static enum name_fault make_path(const char *root, const struct run_naming *settings,
	const struct result *result, struct ownname *path)
{
	size_t root_size = strlen(root) + 1;

	if (root_size >= PATH_MAX)
		return NAME_LONG;
	return ownname_make(
		result->record, result->job->path, settings->flat, PATH_MAX - 1 - root_size, path);
}

enum name_fault naming_make_path(
	const struct naming *naming, const struct result *result, struct ownname *path)
{
	return make_path(naming->root, naming->settings, result, path);
}

char *naming_path(const char *root, const struct run_naming *settings, const struct result *result)
{
	struct ownname own;
	char *path;
	size_t size = strlen(root);
	const char *slash = size > 0 && root[size - 1] == '/' ? "" : "/";
	enum name_fault fault = make_path(root, settings, result, &own);

	assert(fault == NAME_GOOD); /* it has been named */
	(void)fault;
	return asprintf(&path, "%s%s%s", root, slash, own.text) < 0 ? NULL : path;
}

struct failure naming_failure(int error)
{
	switch (error) {
	case EEXIST:
	case ENOTDIR:
	case ELOOP:
	case EISDIR:
		return (struct failure){.kind = FAILURE_NAME_EXISTS};
	case ENAMETOOLONG:
		return (struct failure){FAILURE_UNSAFE_NAME, {NAME_LONG, 0}};
	case ESTALE:
		return (struct failure){.kind = FAILURE_CHANGED};
	case ENOSPC:
	case EDQUOT:
		return (struct failure){FAILURE_NO_SPACE, {(uint64_t)error, 0}};
	default:
		return (struct failure){FAILURE_NAMING, {(uint64_t)error, 0}};
	}
}

time_t naming_local_time(struct naming *naming, uint64_t stated)
{
	time_t seconds = (time_t)stated;
	struct tm fields;

	if (stated == 0 || !gmtime_r(&seconds, &fields))
		return -1;
	if (stated != naming->stated) {
		fields.tm_isdst = -1;
		naming->local = mktime(&fields);
		naming->stated = stated;
	}
	return naming->local;
}

/* Have the modes that were asked for. 0, or -1 with errno. */
static int change_mode(
	const struct naming *naming, const struct place_file *file, int fd, const char *base)
{
	if (naming->settings->file_mode == NEW_FILE_MODE)
		return 0;
	cleanup_fd int opened = place_open(file, fd, base);
	return opened < 0 ? -1 : fchmod(opened, naming->settings->file_mode);
}

/*
 * Give the file, which is still in its worker's directory, the member's time. If its worker has put
 * something else there, that has no other name outside. 0, or -1 with errno.
 */
static int set_time(struct naming *naming, const char *from, uint64_t stated)
{
	time_t seconds = naming_local_time(naming, stated);
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds}};

	if (seconds == -1)
		return 0;
	return utimensat(naming->rundir->fd, from, times, AT_SYMLINK_NOFOLLOW);
}

/* Whether what has the name @base may be replaced. 0, or -1 with errno. */
static int check_replaceable(const struct naming *naming, int fd, const char *base)
{
	struct stat status;

	if (fstatat(fd, base, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	errno = EEXIST;
	return S_ISDIR(status.st_mode) || !before_has(&naming->before, &status) ? -1 : 0;
}

/* A file on its way: what it is, and where it goes. */
struct move {
	const struct place_file *file;
	const char *from; /* below the run directory */
	int to_fd;
	const char *base;
};

/*
 * Put the file in the place of another one. First it goes where no worker can reach it, so that
 * only the file that was verified replaces anything. 0, or -1 with errno.
 */
static int replace(struct naming *naming, const struct move *move)
{
	const char *aside = strrchr(move->from, '/') + 1;
	uint32_t number;

	if (check_replaceable(naming, move->to_fd, move->base) < 0)
		return -1;
	if (naming->aside_fd < 0)
		naming->aside_fd = rundir_add(naming->rundir, &number);
	if (naming->aside_fd < 0)
		return -1;
	if (place_move(move->file, naming->rundir->fd, move->from, naming->aside_fd, aside) < 0 ||
		change_mode(naming, move->file, naming->aside_fd, aside) < 0)
		return -1;
	return renameat(naming->aside_fd, aside, move->to_fd, move->base);
}

/* 0, or -1 with errno. */
static int move_file(struct naming *naming, const struct move *move)
{
	const struct place_file *file = move->file;
	int moved = place_move(file, naming->rundir->fd, move->from, move->to_fd, move->base);

	if (moved < 0 && errno == EEXIST && naming->settings->overwrite)
		return replace(naming, move);
	if (moved < 0 || change_mode(naming, file, move->to_fd, move->base) == 0)
		return moved;
	int error = errno;
	dirents_remove(move->to_fd, move->base, 0);
	errno = error;
	return -1;
}

/* Move the file to its name. 0, or -1 with errno. */
static int give_name(struct naming *naming, const struct result *result, const struct ownname *path)
{
	const struct record *record = result->record;
	const struct place_file file = {naming->device, naming->owner, record->inode,
		record->offset_bytes + record->size_bytes};
	size_t directory_size = path->base_at > 0 ? path->base_at - 1 : 0;
	char name[MEMBER_FILE_SIZE];
	char from[RUNDIR_FILE_SIZE];

	record_file_name(record, name);
	rundir_file_name(result->directory, name, from);
	if (set_time(naming, from, record->time) < 0) {
		errno = errno == ENOENT ? ESTALE : errno;
		return -1;
	}
	/* Once more if the directory that was kept open is no more. */
	for (int tries = 0; tries < 2; tries++) {
		const struct move move = {&file, from,
			descend_to(&naming->descend, path->text, directory_size),
			path->text + path->base_at};
		if (move.to_fd < 0)
			return -1;
		if (move_file(naming, &move) == 0)
			return 0;
		if (errno != ENOENT)
			return -1;
		descend_forget(&naming->descend);
	}
	errno = ESTALE; /* it is the file that is not there */
	return -1;
}

int naming_give(struct naming *naming, const struct result *result, struct failure *failure)
{
	const struct record *record = result->record;
	bool directory = ownname_is_directory(record);
	char file[MEMBER_FILE_SIZE];
	struct ownname path;
	int given = -1;

	enum name_fault fault = naming_make_path(naming, result, &path);
	if (fault != NAME_GOOD) {
		*failure = (struct failure){FAILURE_UNSAFE_NAME, {fault, 0}};
	} else {
		given = directory ? descend_to(&naming->descend, path.text, path.size)
				  : give_name(naming, result, &path);
		if (given < 0)
			*failure = naming_failure(errno);
	}
	if (record->place == PLACE_FILE && (given < 0 || directory)) {
		record_file_name(record, file);
		rundir_remove(naming->rundir, result->directory, file);
	}
	return given < 0 ? -1 : 0;
}
