// SPDX-License-Identifier: MIT

/*
 * The archive on standard input. An archive is read from its end, so what comes from a pipe is
 * first copied into a scratch file that has no name; a regular file is used as it is.
 */

#ifndef ZIPMAP_CLI_SPOOL_H
#define ZIPMAP_CLI_SPOOL_H

#include "cli/complaint.h"
#include "parent/run.h"

#include <stdbool.h>

struct spool {
	int in;     /**< not owned */
	int out;    /**< the scratch file, or -1 */
	bool waits; /**< @in may have nothing to read now */
	const char *tmpdir;
	struct complaint *complaint; /**< where SOURCE_FAILED says what is wrong */
	char *buffer;
};

/**
 * Prepare to copy from @in, which stays the caller's, to a scratch file in @tmpdir. @complaint must
 * outlive the spool.
 */
void spool_init(struct spool *spool, int in, const char *tmpdir, struct complaint *complaint);

/** Close and free what the spool holds. */
void spool_release(struct spool *spool);

/**
 * Go on for a while (at most 1 MiB is copied) without waiting for the writer.
 * SOURCE_ARCHIVE: all is there, and *@fd, which is the caller's from now on, reads it;
 * SOURCE_WAIT: ask again when @in is readable;
 * SOURCE_FAILED: it was reported.
 */
enum source_status spool_step(struct spool *spool, int *fd);

#endif
