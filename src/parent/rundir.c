// SPDX-License-Identifier: MIT

#include "parent/rundir.h"

#include "common/cleanup.h"
#include "common/membername.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NUMBER_SIZE 11 /* a 32-bit number in decimal, and a NUL */

static const int DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

int rundir_create(struct rundir *rundir, const char *tmpdir)
{
	size_t length = strlen(tmpdir);
	const char *slash = length > 0 && tmpdir[length - 1] == '/' ? "" : "/";

	*rundir = (struct rundir){.fd = -1};
	if (asprintf(&rundir->path, "%s%szipmap.XXXXXX", tmpdir, slash) < 0) {
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
	if (rundir->fd < 0) {
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
	for (uint32_t number = 0; number < rundir->next; number++)
		rundir_drop(rundir, number); /* fails where files are left: good */
	if (rundir->fd >= 0)
		close(steal_fd(&rundir->fd));
	if (rundir->path)
		rmdir(rundir->path);
	free(steal_pointer(&rundir->path));
}
