// SPDX-License-Identifier: MIT

#include "cli/directory.h"

#include "parent/cache.h"
#include "util/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/** The most directories that are read in one call. */
#define ENTERED_MAX 64

/** The byte before each name in the block. */
enum entry_type { ENTRY_ARCHIVE = 'a', ENTRY_DIRECTORY = 'd' };

/** The entries of one directory that are archives, or directories to enter. */
struct directory_level {
	char *block; /**< the type, the name and a NUL of each entry */
	size_t size, capacity;
	uint32_t *index; /**< the offset of each entry in the block, sorted by name */
	uint32_t count, index_capacity;
	uint32_t next;
	uint32_t archives; /**< of those from @next on */
	size_t path_size;  /**< the size of this directory's path, in bytes */
};

void directory_init(struct directory_walk *walk, bool recursive, struct complaint *complaint)
{
	*walk = (struct directory_walk){.recursive = recursive, .complaint = complaint};
}

static void release_level(struct directory_level *level)
{
	free(level->block);
	free(level->index);
}

void directory_release(struct directory_walk *walk)
{
	while (walk->depth > 0)
		release_level(&walk->levels[--walk->depth]);
	free(walk->levels);
	free(walk->path);
	directory_init(walk, walk->recursive, walk->complaint);
}

/** Report that @path cannot be read, for the reason in errno. */
static void report(const struct directory_walk *walk, const char *path)
{
	complain(walk->complaint, path, "cannot-open", "%s", strerror(errno));
}

static bool has_archive_suffix(const char *name)
{
	size_t size = strlen(name);

	return size >= 4 && (strcasecmp(name + size - 4, ".zip") == 0 ||
				    strcasecmp(name + size - 4, ".npz") == 0);
}

/** Whether @entry is a directory, or a symbolic link to one (*@linked). */
static bool is_directory(int fd, const struct dirent *entry, bool *linked)
{
	struct stat status;
	mode_t mode = (mode_t)DTTOIF(entry->d_type);

	if (entry->d_type == DT_UNKNOWN)
		mode = fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0
			       ? status.st_mode
			       : 0;
	*linked = S_ISLNK(mode);
	if (*linked)
		mode = fstatat(fd, entry->d_name, &status, 0) == 0 ? status.st_mode : 0;
	return S_ISDIR(mode);
}

/** Append an entry to @level. 0, or -1 with errno. */
static int add_entry(struct directory_level *level, enum entry_type type, const char *name)
{
	size_t size = strlen(name) + 2;

	if (level->capacity - level->size < size) {
		size_t larger = level->capacity > 0 ? level->capacity * 2 : 4096;
		/* Offsets of 32 bits halve the index and are enough for 100 million names. */
		if (larger > UINT32_MAX) {
			errno = EOVERFLOW;
			return -1;
		}
		char *moved = realloc(level->block, larger);
		if (!moved)
			return -1;
		level->block = moved;
		level->capacity = larger;
	}
	if (level->count == level->index_capacity) {
		uint32_t larger = level->index_capacity > 0 ? level->index_capacity * 2 : 256;
		uint32_t *moved = reallocarray(level->index, larger, sizeof(level->index[0]));
		if (!moved)
			return -1;
		level->index = moved;
		level->index_capacity = larger;
	}
	level->index[level->count++] = (uint32_t)level->size;
	level->archives += type == ENTRY_ARCHIVE;
	level->block[level->size] = (char)type;
	memcpy(level->block + level->size + 1, name, size - 1);
	level->size += size;
	return 0;
}

/** Compare entries by the bytes of their names, for qsort_r(). strcmp() compares unsigned bytes. */
static int compare_entries(const void *left, const void *right, void *context)
{
	const char *block = context;

	return strcmp(block + *(const uint32_t *)left + 1, block + *(const uint32_t *)right + 1);
}

/** Read all of @dir into @level and sort it. 0, or -1 with errno. */
static int read_entries(struct directory_level *level, DIR *dir, bool recursive)
{
	const struct dirent *entry;

	while (errno = 0, (entry = readdir(dir))) {
		const char *name = entry->d_name;
		bool archive = has_archive_suffix(name);
		bool linked;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (!archive && !recursive))
			continue;
		if (is_directory(dirfd(dir), entry, &linked)) {
			if (recursive && !linked && add_entry(level, ENTRY_DIRECTORY, name) < 0)
				return -1;
		} else if (archive && add_entry(level, ENTRY_ARCHIVE, name) < 0) {
			return -1;
		}
	}
	if (errno != 0)
		return -1;
	if (level->count > 1)
		qsort_r(level->index, level->count, sizeof(level->index[0]), compare_entries,
			level->block);
	return 0;
}

/** Make room for @size bytes in the walk's path. 0, or -1 with errno. */
static int reserve_path(struct directory_walk *walk, size_t size)
{
	if (size <= walk->path_capacity)
		return 0;
	char *moved = realloc(walk->path, size + 256);
	if (!moved)
		return -1;
	walk->path = moved;
	walk->path_capacity = size + 256;
	return 0;
}

/** Enter the directory that the walk's path names. 0, or -1 with errno. */
static int enter(struct directory_walk *walk)
{
	/* Only a link that the user named is followed. */
	int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY |
		    (walk->depth > 0 ? O_NOFOLLOW : 0);
	struct directory_level level = {.path_size = strlen(walk->path)};

	cleanup_fd int fd = open(walk->path, flags);
	if (fd < 0)
		return -1;
	cleanup_dir DIR *dir = fdopendir(fd);
	if (!dir)
		return -1;
	steal_fd(&fd);
	if (walk->depth == walk->depth_capacity) {
		size_t larger = walk->depth_capacity > 0 ? walk->depth_capacity * 2 : 4;
		struct directory_level *moved = reallocarray(walk->levels, larger, sizeof(level));
		if (!moved)
			return -1;
		walk->levels = moved;
		walk->depth_capacity = larger;
	}
	/* Archives among kept files come from others, which are unzipped already. */
	bool skipped = walk->depth > 0 && cache_has_tag(dirfd(dir));
	if (!skipped && read_entries(&level, dir, walk->recursive) < 0) {
		int error = errno;
		release_level(&level);
		errno = error;
		return -1;
	}
	walk->levels[walk->depth++] = level;
	return 0;
}

enum source_status directory_begin(struct directory_walk *walk, const char *path)
{
	assert(walk->depth == 0);
	walk->any = false;
	walk->top_size = strlen(path);
	if (reserve_path(walk, walk->top_size + 1) == 0) {
		memcpy(walk->path, path, walk->top_size + 1);
		if (enter(walk) == 0)
			return SOURCE_ARCHIVE;
	}
	report(walk, path);
	return SOURCE_FAILED;
}

/** Set the walk's path to @name in the directory of @level. 0, or -1 with errno. */
static int set_path(
	struct directory_walk *walk, const struct directory_level *level, const char *name)
{
	size_t size = strlen(name);
	size_t end = level->path_size;

	if (reserve_path(walk, end + 1 + size + 1) < 0)
		return -1;
	if (end > 0 && walk->path[end - 1] != '/')
		walk->path[end++] = '/';
	memcpy(walk->path + end, name, size + 1);
	return 0;
}

uint64_t directory_ahead(const struct directory_walk *walk, bool *all)
{
	uint64_t archives = 0;

	*all = true;
	for (size_t i = 0; i < walk->depth; i++) {
		const struct directory_level *level = &walk->levels[i];
		archives += level->archives;
		*all &= level->count - level->next == level->archives;
	}
	return archives;
}

enum source_status directory_next(struct directory_walk *walk, const char **path)
{
	unsigned entered = 0;

	while (walk->depth > 0) {
		struct directory_level *level = &walk->levels[walk->depth - 1];

		if (level->next == level->count) {
			release_level(level);
			walk->depth--;
			continue;
		}
		const char *entry = level->block + level->index[level->next++];
		level->archives -= *entry == ENTRY_ARCHIVE;
		if (set_path(walk, level, entry + 1) < 0) {
			report(walk, entry + 1);
			walk->any = true;
			return SOURCE_FAILED;
		}
		if (*entry == ENTRY_ARCHIVE) {
			walk->any = true;
			*path = walk->path;
			return SOURCE_ARCHIVE;
		}
		if (enter(walk) < 0) {
			report(walk, walk->path);
			walk->any = true;
			return SOURCE_FAILED;
		}
		if (++entered == ENTERED_MAX)
			return SOURCE_AGAIN;
	}
	if (!walk->any && walk->path) {
		walk->any = true;
		walk->path[walk->top_size] = '\0';
		complain(walk->complaint, walk->path, "no-archives",
			"no *.zip or *.npz in this directory%s",
			walk->recursive ? "" : "; -r looks below it too");
		return SOURCE_FAILED;
	}
	return SOURCE_END;
}
