// SPDX-License-Identifier: MIT

#include "members.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* A few portions for each process, and none too large. */
enum { PORTIONS_PER_JOB = 16, PORTION_MAX = 256 };

/* One archive, as all processes see it. */
struct progress {
	atomic_ullong next_member;
	atomic_bool all_taken;
};

struct members_shared {
	atomic_size_t next_archive;
	struct progress archives[];
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "roofline: %s: %s\n", what, why);
	exit(1);
}

struct members_list members_list_read(const char *path)
{
	FILE *file = fopen(path, "re");
	struct members_list list = {0};
	size_t room = 0;
	char *item = NULL;
	size_t item_room = 0;

	if (!file)
		die(path, strerror(errno));
	while (getdelim(&item, &item_room, '\0', file) > 0) {
		if (list.count == room) {
			room = room ? room * 2 : 64;
			list.paths = realloc(list.paths, room * sizeof(*list.paths));
		}
		char *copy = strdup(item);
		if (!list.paths || !copy)
			die(path, strerror(ENOMEM));
		list.paths[list.count++] = copy;
	}
	free(item);
	fclose(file);
	return list;
}

struct members_shared *members_shared_new(const struct members_list *list)
{
	size_t size = sizeof(struct members_shared) + list->count * sizeof(struct progress);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int members_init(struct members *members, struct members_shared *shared,
	const struct members_list *list, unsigned jobs, size_t *seen)
{
	*members = (struct members){
		.shared = shared,
		.list = list,
		.jobs = jobs,
		.seen = seen,
		.archive = archive_new(),
		.cursor = calloc(1, sizeof(*members->cursor)),
	};
	return members->archive && members->cursor ? cursor_init(members->cursor) : -1;
}

int members_say(const struct members *members, const char *what)
{
	fprintf(stderr, "roofline: %s: %s\n", members->list->paths[members->index], what);
	return -1;
}

static int open_archive(struct members *members)
{
	struct failure failure;
	char text[256];
	struct stat status;
	struct scan scan = {0};
	int fd = open(members->list->paths[members->index], O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0)
		return members_say(members, strerror(errno));
	if (archive_open(members->archive, fd, (uint64_t)status.st_size, &failure) < 0 ||
		archive_scan(members->archive, members->cursor, 0, &scan, &failure) < 0) {
		failure_describe(&failure, "", text, sizeof(text));
		return members_say(members, text);
	}
	members->entries = scan.entries;
	cursor_set(members->cursor, members->archive, 0, 0);
	return 0;
}

/* Take a portion of the archive that is open. False: all are taken. */
static bool take_portion(struct members *members)
{
	struct progress *progress = &members->shared->archives[members->index];
	uint64_t entries = members->entries;
	uint64_t portion = entries / ((uint64_t)members->jobs * PORTIONS_PER_JOB);

	if (portion < 1)
		portion = 1;
	if (portion > PORTION_MAX)
		portion = PORTION_MAX;
	members->next = atomic_fetch_add(&progress->next_member, portion);
	members->end = members->next + portion < entries ? members->next + portion : entries;
	if (members->end == entries)
		atomic_store(&progress->all_taken, true);
	return members->next < entries;
}

/* The next archive: first those that nobody has, then those that others are at. False: none. */
static bool take_archive(struct members *members)
{
	struct members_shared *shared = members->shared;
	size_t count = members->list->count;
	size_t index = count;

	if (*members->seen == 0)
		index = atomic_fetch_add(&shared->next_archive, 1);
	while (index >= count && *members->seen < count) {
		size_t candidate = (*members->seen)++;
		if (!atomic_load(&shared->archives[candidate].all_taken))
			index = candidate;
	}
	members->index = index;
	return index < count;
}

/* Read the next member of the portion. Its name is not kept. */
static int read_member(struct members *members, struct member *member)
{
	struct failure failure;

	do {
		if (cursor_next_raw(members->cursor, member, &failure) != 1)
			return members_say(members, "a member is not there");
	} while (member->index < members->next);
	members->next++;
	return 0;
}

int members_next(struct members *members, struct member *member)
{
	for (;;) {
		if (members->next < members->end) {
			if (read_member(members, member) < 0)
				return -1;
			if (!member->directory)
				return 1;
		} else if (!archive_is_open(members->archive) || !take_portion(members)) {
			archive_close(members->archive);
			members->next = members->end = 0;
			if (!take_archive(members))
				return 0;
			if (open_archive(members) < 0)
				return -1;
		}
	}
}
