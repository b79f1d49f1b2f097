// SPDX-License-Identifier: MIT

/*
 * What a command has written and what is not printed yet: in memory as long as all commands
 * together have little, else in a file without a name. Bytes come from a pipe and are taken from
 * the front.
 */

#ifndef ZIPMAP_PARENT_GATHER_H
#define ZIPMAP_PARENT_GATHER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** The most bytes that all gathers of a run hold in memory. */
#define GATHER_MEMORY_MAX ((size_t)1024 * 1024)

/** What the gathers of a run share. */
struct gather_place {
	const char *directory; /**< where files are made */
	size_t held_bytes;     /**< in memory, of all gathers */
};

struct gather {
	char *bytes; /**< those from @begin to @end are not taken yet, if @fd is -1 */
	size_t begin, end, capacity;
	int fd;               /**< the file, or -1 */
	uint64_t taken, size; /**< in the file: bytes taken, and all */
};

void gather_init(struct gather *gather);

/**
 * Move what is in @pipe, which must not wait, to the end. How many bytes, 0 at the end of the pipe,
 * or -1 with errno: EAGAIN if the pipe has nothing now; ENOSPC, EMFILE and the like if there is no
 * room, and then what is in the pipe stays there.
 */
ssize_t gather_move(struct gather *gather, struct gather_place *place, int pipe);

/** Put @size bytes at the end. 0, or -1 with errno if there is no room: then nothing was put. */
int gather_put(struct gather *gather, struct gather_place *place, const void *bytes, size_t size);

/** How many bytes can be taken. */
uint64_t gather_size(const struct gather *gather);

/** Take up to @size bytes, at least one if there are any. How many, or -1 with errno. */
ssize_t gather_take(struct gather *gather, struct gather_place *place, char *bytes, size_t size);

/** Forget what was not taken. */
void gather_release(struct gather *gather, struct gather_place *place);

#endif
