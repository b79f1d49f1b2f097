// SPDX-License-Identifier: MIT

/*
 * The run directory: <tmpdir>/zipmap.XXXXXX (0700), which holds a directory for each worker, since
 * two processes that create files in one directory wait for each other. It belongs to the parent:
 * workers are handed a descriptor of their own directory and nothing else.
 *
 * While the run lives, its directory holds a file "lock" with a lock of fcntl(2) on it, which
 * belongs to this process alone, not to the workers that it forks, and ends with it. A run that
 * ends in order removes the file: from then on the directory is its caller's. So a lock file that
 * nobody has locked was left by a run that was killed (gc.h).
 *
 * No directory is called zipmap.XXXXXX before it is locked: it is made as .zipmap.XXXXXX and gets
 * its name with the lock held. Under that first name nothing is ever written but the lock, and no
 * caller hears of it, so --gc may take one without a lock too, if it is empty. Should its run live,
 * and be just about to lock it, that run finds it gone and makes another. A run that leaves nothing
 * takes the same way back. One whose files all leave it for other names is called .zipmap-XXXXXX
 * instead, all else being the same.
 */

#ifndef ZIPMAP_PARENT_RUNDIR_H
#define ZIPMAP_PARENT_RUNDIR_H

#include "parent/rundirname.h"
#include "protocol/membername.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Room for the name of a file below the run directory: a worker's number, a slash, the file. */
#define RUNDIR_FILE_SIZE (11 + MEMBER_FILE_SIZE)

/** The name of the lock file. */
#define RUNDIR_LOCK "lock"

struct rundir {
	char *path;        /**< as it is printed: below the directory that was asked for; or NULL */
	char *unfinished;  /**< what it is called before it is locked */
	size_t name_at;    /**< where its name begins in either */
	int tmpdir_fd;     /**< of the directory that was asked for, if there is a path */
	int fd;            /**< of the run directory itself */
	int lock_fd;       /**< of the locked file in it */
	int watch_fd;      /**< the inotify(7) that sees files go, or -1 */
	bool watch_needed; /**< a worker directory that it cannot watch is of no use */
	uint32_t next;     /**< the number of the next worker's directory */
	const char *distrust; /**< what speaks against the directory that was asked for */
};

/**
 * Make a run directory in @tmpdir, and lock it. 0, or -1 with errno. rundir->distrust says in words
 * what speaks against @tmpdir, or is NULL, as tmpdir_open() has it (tmpdir.h); with -1 it is the
 * reason if there is a better one than errno.
 */
int rundir_create(struct rundir *rundir, const char *tmpdir);

/** The same, but called .zipmap-XXXXXX: nobody is to find files in it. */
int rundir_create_hidden(struct rundir *rundir, const char *tmpdir);

/** Its name in the directory that was asked for; NULL if there is no run directory. */
const char *rundir_name(const struct rundir *rundir);

/**
 * Make the next worker's directory. Its number goes to *@number, which names it below the run
 * directory. Returns its descriptor, which the caller owns, or -1 with errno.
 */
int rundir_add(struct rundir *rundir, uint32_t *number);

/** Whether a file is to stay; @archive and @member are the numbers in its name. */
typedef bool rundir_keep(void *context, uint64_t archive, uint64_t member);

/**
 * Remove the files of directory @number for which @keep says no, and what is no member's file.
 * Takes no memory. 0, or -1 with errno where something could not be removed.
 */
int rundir_sweep(struct rundir *rundir, uint32_t number, rundir_keep *keep, void *context);

/** Remove all files of all directories. As rundir_sweep(). */
int rundir_sweep_all(struct rundir *rundir);

/** What is done with a file. 0, or -1 with errno: that did not work. */
typedef int rundir_action(void *context, int directory_fd, const char *file);

/** Do @action for each file of directory @number. 0, or -1 with errno. */
int rundir_each_file(
	const struct rundir *rundir, uint32_t number, rundir_action *action, void *context);

/** Write the name of @file of directory @number, below the run directory, to @name. */
void rundir_file_name(uint32_t number, const char *file, char name[RUNDIR_FILE_SIZE]);

/** Remove @file from directory @number. 0, or -1 with errno. */
int rundir_remove(const struct rundir *rundir, uint32_t number, const char *file);

/** Remove directory @number, which must be empty. 0, or -1 with errno. */
int rundir_drop(struct rundir *rundir, uint32_t number);

/**
 * Remove every directory that is empty, and end the lock; the run directory goes too where nothing
 * is left. 0, or -1 with errno where something should have gone and did not.
 */
int rundir_end(struct rundir *rundir);

/** As rundir_end(), unless that was called, and release. */
void rundir_release(struct rundir *rundir);

/**
 * Lock the lock file of the run directory @run_fd, whose run was killed. Its descriptor, which the
 * caller owns, or -1 with errno: ENOENT where there is none, EACCES or EAGAIN where the run lives,
 * ESTALE where it has ended in order meanwhile.
 */
int rundir_take_lock(int run_fd);

#endif
