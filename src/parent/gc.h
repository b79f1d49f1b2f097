// SPDX-License-Identifier: MIT

/*
 * What runs left behind. A run directory holds a lock file as long as its run lives, and the run
 * holds a lock on that (rundir.h). A lock file that nobody holds means that the run was killed.
 * Such directories are removed, and those without a lock file in which nothing but empty
 * directories of workers is left: their runs have ended, and whoever read the list has removed the
 * files. Only one's own are, and never by their age. An empty one under the name that directories
 * have before they are locked goes too.
 */

#ifndef ZIPMAP_PARENT_GC_H
#define ZIPMAP_PARENT_GC_H

#include <stdbool.h>

/** What became of a directory, or of a copy of standard input. */
enum gc_end {
	GC_GONE, /**< it has just gone by itself: nothing is said */
	GC_REMOVED,
	GC_LEFT_ALIVE, /**< its run lives */
	GC_LEFT_FILES, /**< its run has ended, and files are there that whoever read the list owns
			*/
	GC_LEFT_OTHER, /**< it is another user's, or no run directory in spite of its name */
	GC_FAILED,     /**< it could not be removed, or not all of it */
};

/** Whom to tell what became of @name. @error is an errno if that is GC_FAILED. */
typedef void gc_tell(void *context, const char *name, enum gc_end end, int error);

/**
 * Remove what killed runs, and readers of lists, left in @tmpdir. With @look nothing is removed:
 * GC_REMOVED says what would be. Nothing that zipmap did not make is removed, and no symbolic link
 * is followed below @tmpdir. The directory @own, which may be NULL, is passed over: it is that of
 * this process, whose lock would not show, and would end if it were looked at. Returns 0, also
 * where single directories could not be removed, of which @tell is told; -1 with errno where
 * @tmpdir cannot be read.
 */
int gc_sweep(const char *tmpdir, const char *own, bool look, gc_tell *tell, void *context);

/** What gc_sweep() would do with the run directory @name in @tmpdir_fd, not this process's own. */
enum gc_end gc_judge(int tmpdir_fd, const char *name);

/**
 * Remove the run directory @name in @tmpdir_fd, whose run has ended in order, with the files that
 * were printed. 0, or -1 with errno: EBUSY if it has not.
 */
int gc_remove_ended(int tmpdir_fd, const char *name);

#endif
