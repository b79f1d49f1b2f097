// SPDX-License-Identifier: MIT

#include "parent/descend.h"

#include "util/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void descend_init(struct descend *descend, int root_fd, mode_t mode)
{
	descend->root_fd = root_fd;
	descend->mode = mode;
	descend->fd = -1;
	descend->size = 0;
}

void descend_forget(struct descend *descend)
{
	if (descend->fd >= 0)
		close(steal_fd(&descend->fd));
}

void descend_release(struct descend *descend)
{
	descend_forget(descend);
}

/* Make a directory with just this mode. 0, or -1 with errno. */
static int make_directory(int fd, const char *name, mode_t mode)
{
	mode_t before = umask(0);
	int made = mkdirat(fd, name, mode);

	umask(before);
	return made;
}

/* Open the directory @name of @fd; if it is not there, @make it. */
static int step_down(int fd, const char *name, bool make, mode_t mode)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int next = openat(fd, name, flags);

	if (next >= 0 || errno != ENOENT || !make)
		return next;
	if (make_directory(fd, name, mode) < 0 && errno != EEXIST)
		return -1;
	return openat(fd, name, flags);
}

static int enter(struct descend *descend, const char *path, size_t size, bool make)
{
	char name[NAME_MAX + 1];
	cleanup_fd int fd = -1;

	if (size == 0)
		return descend->root_fd;
	if (descend->fd >= 0 && descend->size == size && memcmp(descend->path, path, size) == 0)
		return descend->fd;
	assert(size < sizeof(descend->path));
	descend_forget(descend);
	for (size_t at = 0; at < size;) {
		const char *slash = memchr(path + at, '/', size - at);
		size_t length = slash ? (size_t)(slash - path) - at : size - at;

		assert(length > 0 && length <= NAME_MAX);
		memcpy(name, path + at, length);
		name[length] = '\0';
		int next = step_down(fd < 0 ? descend->root_fd : fd, name, make, descend->mode);
		if (next < 0)
			return -1;
		if (fd >= 0)
			close(fd);
		fd = next;
		at += length + 1;
	}
	memcpy(descend->path, path, size);
	descend->size = size;
	descend->fd = steal_fd(&fd);
	return descend->fd;
}

int descend_to(struct descend *descend, const char *path, size_t size)
{
	return enter(descend, path, size, true);
}

int descend_find(struct descend *descend, const char *path, size_t size)
{
	return enter(descend, path, size, false);
}

int descend_make_all(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t size = strlen(path);

	if (size >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, path, size + 1);
	if (make_directory(AT_FDCWD, path, mode) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT || size == 0)
		return -1;
	for (size_t at = 1; at <= size; at++) {
		if (path[at] != '/' && path[at] != '\0')
			continue;
		part[at] = '\0';
		if (make_directory(AT_FDCWD, part, mode) < 0 && errno != EEXIST)
			return -1;
		part[at] = path[at];
	}
	return 0;
}
