// SPDX-License-Identifier: MIT

/*
 * What killed runs left. A run directory holds a lock file as long as its run lives, and the run
 * holds a lock on that (rundir.h). A lock file that nobody holds means that the run was killed;
 * only such directories are removed, and only one's own, never by their age. An empty one under the
 * name that directories have before they are locked goes too.
 */

#ifndef ZIPMAP_PARENT_GC_H
#define ZIPMAP_PARENT_GC_H

/** Whom to tell: the run directory @name was removed (@error 0), or could not be (an errno). */
typedef void gc_tell(void *context, const char *name, int error);

/**
 * Remove what killed runs left in @tmpdir. Nothing that zipmap did not make is removed, and no
 * symbolic link is followed below @tmpdir. Returns 0, also where single directories could not be
 * removed, of which @tell is told; -1 with errno where @tmpdir cannot be read.
 */
int gc_sweep(const char *tmpdir, gc_tell *tell, void *context);

#endif
