// SPDX-License-Identifier: MIT

/*
 * The archives in a directory, or in a tree of directories, one after the other in byte order of
 * names. In memory are the names of one directory only, or of one on each level of the tree.
 */

#ifndef ZIPMAP_CLI_DIRECTORY_H
#define ZIPMAP_CLI_DIRECTORY_H

#include "cli/complaint.h"
#include "parent/run.h"

#include <stdbool.h>
#include <stddef.h>

struct directory_level;

struct directory_walk {
	bool recursive;
	struct complaint *complaint;    /**< where SOURCE_FAILED says what is wrong */
	struct directory_level *levels; /**< from the top of the tree down */
	size_t depth, depth_capacity;
	char *path; /**< of the directory on the lowest level, or of an entry in it */
	size_t path_capacity;
	size_t top_size; /**< bytes in the path of the top */
	bool any;        /**< something was found, or reported */
};

/** Prepare a walk that has nothing to give yet. @complaint must outlive it. */
void directory_init(struct directory_walk *walk, bool recursive, struct complaint *complaint);

/** Free what the walk holds, at any point of it. */
void directory_release(struct directory_walk *walk);

/**
 * Begin at the directory @path, which may be a symbolic link to one. SOURCE_ARCHIVE: ask
 * directory_next(); SOURCE_FAILED: it cannot be read, which was reported.
 */
enum source_status directory_begin(struct directory_walk *walk, const char *path);

/**
 * The next archive: a file named *.zip or *.npz in any case that is not a directory. Symbolic links
 * to directories are left out. SOURCE_ARCHIVE: *@path is "DIRECTORY/NAME", the walk's, valid until
 * the next call; SOURCE_FAILED: a directory of the tree cannot be read, or there was no archive in
 * all of it; it was reported; go on; SOURCE_AGAIN: none so far; SOURCE_END: no more.
 */
enum source_status directory_next(struct directory_walk *walk, const char **path);

#endif
