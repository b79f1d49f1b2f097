// SPDX-License-Identifier: MIT

/*
 * The files in memory (protocol/memoryfile.h) that live: each is a descriptor of ours, by which
 * whoever may look at this process can open it, as /proc/PID/fd/N. A worker hands one over once it
 * is whole. It is believed nothing: the file has to be one in memory, and sealed, so that neither
 * that worker nor anybody else can change it after it was looked at.
 */

#ifndef ZIPMAP_PARENT_MEMORYFILES_H
#define ZIPMAP_PARENT_MEMORYFILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memoryfiles {
	uint64_t most;   /**< so many may live at a time */
	uint64_t count;  /**< so many do */
	uint64_t *alive; /**< a bit for each descriptor */
	size_t words;    /**< of @alive */
};

void memoryfiles_init(struct memoryfiles *files, uint64_t most);

/** Close all of them. */
void memoryfiles_release(struct memoryfiles *files);

/**
 * Whether @fd is a file in memory, of this user, with this @inode and all seals. 0 with its size,
 * or -1 with errno EBADMSG.
 */
int memoryfiles_check(int fd, uint64_t inode, uint64_t *size_bytes);

/**
 * Take over @fd, which a worker has handed over as the file @inode; -1: it has not. It is checked,
 * opened anew for reading alone, and mapped if @map is set. Its descriptor from now on, with its
 * size; or -1 with errno: EBADMSG if it is not what it should be, or why we cannot have it.
 */
int memoryfiles_take(
	struct memoryfiles *files, int fd, uint64_t inode, bool map, uint64_t *size_bytes);

/** Close the file with this descriptor, if it lives: nobody needs it any more. */
void memoryfiles_close(struct memoryfiles *files, uint32_t descriptor);

/** Which files are to be closed. */
typedef bool memoryfiles_choose(void *context, uint32_t descriptor);

/** Close all of those that @choose says. */
void memoryfiles_sweep(struct memoryfiles *files, memoryfiles_choose *choose, void *context);

/** The path of a file that lives, for other processes. NULL: no memory. The caller frees it. */
char *memoryfiles_path(uint32_t descriptor);

#endif
