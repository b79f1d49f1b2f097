// SPDX-License-Identifier: MIT

#include "parent/memoryfiles.h"

#include "protocol/memoryfile.h"
#include "util/cleanup.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define WORD_BITS 64U

void memoryfiles_init(struct memoryfiles *files, uint64_t most)
{
	*files = (struct memoryfiles){.most = most};
}

static bool is_alive(const struct memoryfiles *files, uint32_t descriptor)
{
	size_t word = descriptor / WORD_BITS;

	return word < files->words && (files->alive[word] >> descriptor % WORD_BITS & 1);
}

/* 0, or -1 with errno ENOMEM. */
static int note(struct memoryfiles *files, uint32_t descriptor)
{
	size_t word = descriptor / WORD_BITS;

	if (word >= files->words) {
		size_t words = 2 * word + 1;
		uint64_t *grown = reallocarray(files->alive, words, sizeof(*grown));
		if (!grown)
			return -1;
		memset(grown + files->words, 0, (words - files->words) * sizeof(*grown));
		files->alive = grown;
		files->words = words;
	}
	files->alive[word] |= UINT64_C(1) << descriptor % WORD_BITS;
	files->count++;
	return 0;
}

void memoryfiles_close(struct memoryfiles *files, uint32_t descriptor)
{
	if (!is_alive(files, descriptor))
		return;
	files->alive[descriptor / WORD_BITS] &= ~(UINT64_C(1) << descriptor % WORD_BITS);
	files->count--;
	close((int)descriptor);
}

void memoryfiles_sweep(struct memoryfiles *files, memoryfiles_choose *choose, void *context)
{
	uint32_t end = (uint32_t)(files->words * WORD_BITS);

	for (uint32_t descriptor = 0; descriptor < end; descriptor++) {
		if (is_alive(files, descriptor) && choose(context, descriptor))
			memoryfiles_close(files, descriptor);
	}
}

static bool choose_all(void *context, uint32_t descriptor)
{
	(void)context;
	(void)descriptor;
	return true;
}

void memoryfiles_release(struct memoryfiles *files)
{
	memoryfiles_sweep(files, choose_all, NULL);
	free(steal_pointer(&files->alive));
	files->words = 0;
}

int memoryfiles_check(int fd, uint64_t inode, uint64_t *size_bytes)
{
	struct stat status;
	struct statfs system;
	int seals = fcntl(fd, F_GET_SEALS);

	errno = EBADMSG;
	if (seals < 0 || (seals & MEMORY_FILE_SEALS) != MEMORY_FILE_SEALS)
		return -1;
	/* A file of tmpfs can be sealed too, but has a name, or had one. */
	if (io_status(fd, &status) < 0 || fstatfs(fd, &system) < 0 ||
		system.f_type != TMPFS_MAGIC || !S_ISREG(status.st_mode) || status.st_nlink != 0 ||
		status.st_uid != geteuid() || status.st_ino != inode || status.st_size < 0) {
		errno = EBADMSG;
		return -1;
	}
	*size_bytes = (uint64_t)status.st_size;
	return 0;
}

/*
 * A descriptor for reading: before Linux 6.7 a sealed file cannot be mapped as shared by one that
 * is open for writing, however little is written.
 */
static int open_anew(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

int memoryfiles_take(
	struct memoryfiles *files, int fd, uint64_t inode, bool map, uint64_t *size_bytes)
{
	cleanup_fd int handed = fd;

	errno = EBADMSG;
	if (handed < 0 || memoryfiles_check(handed, inode, size_bytes) < 0)
		return -1;
	cleanup_fd int own = open_anew(handed);
	if (own < 0 || (map && io_try_map(own, *size_bytes) < 0) || note(files, (uint32_t)own) < 0)
		return -1;
	return steal_fd(&own);
}

char *memoryfiles_path(uint32_t descriptor)
{
	char *path;

	return asprintf(&path, "/proc/%ld/fd/%u", (long)getpid(), descriptor) < 0 ? NULL : path;
}
