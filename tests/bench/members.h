// SPDX-License-Identifier: MIT

/*
 * The members of many archives, handed out to the lanes of several processes: in portions, so that
 * all processes end at about the same time.
 */

#ifndef ZIPMAP_TESTS_BENCH_MEMBERS_H
#define ZIPMAP_TESTS_BENCH_MEMBERS_H

#include "worker/container/scan.h"

#include <stddef.h>
#include <stdint.h>

/** Archives' paths. */
struct members_list {
	char **paths;
	size_t count;
};

/** What is handed out already, in memory that all processes share. */
struct members_shared;

/** What one lane of a process takes members from. */
struct members {
	struct members_shared *shared; /**< not owned, like the list */
	const struct members_list *list;
	unsigned jobs;
	size_t *seen;            /**< of this process: archives that it has looked at again */
	size_t index;            /**< of the archive that is open */
	struct archive *archive; /**< open or not */
	struct cursor *cursor;
	uint64_t entries;
	uint64_t next, end; /**< the rest of a portion of it */
};

/** Read paths from the file @path, each with NUL at its end. Ends the program if that fails. */
struct members_list members_list_read(const char *path);

/** NULL with errno: no memory. To be had before the processes are started. */
struct members_shared *members_shared_new(const struct members_list *list);

/** @jobs processes share the work. @seen, which is 0, is that of the process. 0, or -1. */
int members_init(struct members *members, struct members_shared *shared,
	const struct members_list *list, unsigned jobs, size_t *seen);

/**
 * Have the next member in *@member, whose data lie in members->archive. 1; 0: none is left; -1: an
 * archive cannot be read, which was said.
 */
int members_next(struct members *members, struct member *member);

/** Say on stderr what is wrong with the archive that is open. -1. */
int members_say(const struct members *members, const char *what);

#endif
