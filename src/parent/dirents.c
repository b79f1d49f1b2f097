// SPDX-License-Identifier: MIT

#include "parent/dirents.h"

#include <dirent.h>
#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES 4096

/* Do @action for the entries in @block. The errno of the last that failed, or @error. */
static int act_on_block(
	const char *block, size_t size, int fd, dirents_action *action, void *context, int error)
{
	for (size_t at = 0; at < size;) {
		const struct dirent64 *entry = (const struct dirent64 *)(const void *)(block + at);
		const char *name = entry->d_name;
		at += entry->d_reclen;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
			action(context, fd, name) < 0)
			error = errno;
	}
	return error;
}

int dirents_each(int fd, dirents_action *action, void *context)
{
	alignas(struct dirent64) char block[BLOCK_BYTES];
	int error = 0;
	ssize_t size;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	while ((size = getdents64(fd, block, sizeof(block))) > 0)
		error = act_on_block(block, (size_t)size, fd, action, context, error);
	if (size < 0)
		return -1;
	errno = error;
	return error ? -1 : 0;
}

int dirents_remove(int fd, const char *name, int flags)
{
	for (int tries = 0; tries < 2; tries++) {
		if (unlinkat(fd, name, flags) == 0 || errno == ENOENT)
			return 0;
		if (errno == ENOTEMPTY || errno == EEXIST)
			return -1;
	}
	return -1;
}
