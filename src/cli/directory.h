// SPDX-License-Identifier: MIT

/*
 * The archives in a directory or a tree of directories, one after the other, in byte order of their
 * names. Only the names of one directory on each level of the tree are in memory.
 */

#ifndef ZIPMAP_CLI_DIRECTORY_H
#define ZIPMAP_CLI_DIRECTORY_H

#include "cli/complaint.h"
#include "parent/run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct directory_level;

struct directory_walk {
	bool recursive;
	struct complaint *complaint;    /**< what is wrong, after SOURCE_FAILED */
	struct directory_level *levels; /**< from the top of the tree down */
	size_t depth, depth_capacity;
	char *path; /**< the path of the directory on the lowest level, or of an entry in it */
	size_t path_capacity;
	size_t top_size; /**< the size of the path of the top, in bytes */
	bool any;        /**< something was found or reported */
};

/** Prepare a walk. @complaint must outlive it. */
void directory_init(struct directory_walk *walk, bool recursive, struct complaint *complaint);

/** Free what the walk holds, at any point. */
void directory_release(struct directory_walk *walk);

/**
 * Begin at the directory @path, which may be a symbolic link to one. SOURCE_ARCHIVE: call
 * directory_next(). SOURCE_FAILED: it cannot be read, and this was reported.
 */
enum source_status directory_begin(struct directory_walk *walk, const char *path);

/**
 * Find the next archive: anything but a directory that is named *.zip or *.npz, in upper or lower
 * case. Symbolic links to directories are skipped. SOURCE_ARCHIVE: *@path is "DIRECTORY/NAME"; it
 * belongs to the walk and is valid until the next call. SOURCE_FAILED: a directory of the tree
 * cannot be read, or the whole tree has no archive; this was reported; call again. SOURCE_AGAIN:
 * nothing was found yet; call again. SOURCE_END: there are no more.
 */
enum source_status directory_next(struct directory_walk *walk, const char **path);

/** How many archives are known that directory_next() will give. *@all: there are no others. */
uint64_t directory_ahead(const struct directory_walk *walk, bool *all);

#endif
