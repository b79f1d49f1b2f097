// SPDX-License-Identifier: MIT

/*
 * The archive on standard input. An archive is read from its end, so an archive that comes from a
 * pipe is first copied into a scratch file without a name. A regular file is used as it is, opened
 * anew for reading only if it is open for writing too: a worker gets the descriptor.
 */

#ifndef ZIPMAP_CLI_SPOOL_H
#define ZIPMAP_CLI_SPOOL_H

#include "cli/complaint.h"
#include "parent/run.h"

#include <stdbool.h>

struct spool {
	int in;     /**< not owned */
	int out;    /**< the scratch file, or -1 */
	int reader; /**< the same file, open for reading only, or -1 */
	bool waits; /**< @in is a pipe or the like, which may have nothing to read now */
	const char *tmpdir;
	struct complaint *complaint; /**< what is wrong, after SOURCE_FAILED */
	char *buffer;
};

/**
 * Prepare to copy from @in, which still belongs to the caller, to a scratch file in @tmpdir.
 * @tmpdir and @complaint must outlive the spool.
 */
void spool_init(struct spool *spool, int in, const char *tmpdir, struct complaint *complaint);

/** Close and free what the spool holds. */
void spool_release(struct spool *spool);

/**
 * Copy at most 1 MiB without waiting for the writer. SOURCE_ARCHIVE: the archive is complete, and
 * the caller owns the descriptor *@fd of it, which is open for reading only. SOURCE_WAIT: call
 * again when @in is readable. SOURCE_FAILED: something failed, which was reported.
 */
enum source_status spool_step(struct spool *spool, int *fd);

#endif
