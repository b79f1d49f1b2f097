// SPDX-License-Identifier: MIT

/*
 * The run directory: <tmpdir>/zipmap.XXXXXX (0700), which holds a directory for each worker, since
 * two processes that create files in one directory wait for each other. It belongs to the parent:
 * workers are handed a descriptor of their own directory and nothing else.
 */

#ifndef ZIPMAP_PARENT_RUNDIR_H
#define ZIPMAP_PARENT_RUNDIR_H

#include <stdbool.h>
#include <stdint.h>

struct rundir {
	char *path;    /**< as it is printed: below the directory that was asked for */
	int fd;        /**< of the run directory itself */
	uint32_t next; /**< the number of the next worker's directory */
};

/** Make a run directory in @tmpdir. 0, or -1 with errno. */
int rundir_create(struct rundir *rundir, const char *tmpdir);

/**
 * Make the next worker's directory. Its number goes to *@number, which names it below the run
 * directory. Returns its descriptor, which the caller owns, or -1 with errno.
 */
int rundir_add(struct rundir *rundir, uint32_t *number);

/** Whether a file is to stay; @archive and @member are the numbers in its name. */
typedef bool rundir_keep(void *context, uint64_t archive, uint64_t member);

/** Remove the files of directory @number for which @keep says no, and what is no member's file. */
void rundir_sweep(struct rundir *rundir, uint32_t number, rundir_keep *keep, void *context);

/** Remove directory @number, which must be empty. */
void rundir_drop(struct rundir *rundir, uint32_t number);

/** Remove every directory that is empty, the run directory last, and release @rundir. */
void rundir_release(struct rundir *rundir);

#endif
