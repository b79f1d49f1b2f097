// SPDX-License-Identifier: MIT

/*
 * The archives that the command line names: operands, the archives in directories, standard input,
 * and the entries of a list. They come as a stream. Only the names of one directory (with
 * --recursive, of one on each level) and one line of the list are in memory.
 *
 * Only directories and the list are opened here, and nothing here waits for another process. A
 * path that is not a directory is handed on as an archive. The parent opens it and says if it does
 * not exist or is not one.
 */

#ifndef ZIPMAP_CLI_INPUTS_H
#define ZIPMAP_CLI_INPUTS_H

#include "cli/complaint.h"
#include "cli/directory.h"
#include "cli/options.h"
#include "cli/pathlist.h"
#include "cli/spool.h"
#include "parent/run.h"

#include <stddef.h>

/** What the inputs are taken from now. */
enum inputs_state {
	INPUTS_NEXT,      /**< the next operand, or the next entry of the list */
	INPUTS_DIRECTORY, /**< a directory that was begun */
	INPUTS_SPOOL,     /**< standard input, which is being copied */
	INPUTS_END,
};

struct inputs {
	const struct options *options;
	struct complaint complaint; /**< the last one */
	enum inputs_state state;
	size_t next_operand;
	size_t archives_from; /**< no operand from here on is a directory; 0: not known yet */
	struct directory_walk walk;
	struct spool spool;
	struct pathlist list; /**< open only if there is a list */
	uint64_t index;       /**< of the next archive, from 0 */
	uint64_t passed_over; /**< archives of other shares since the last one of this */
};

/**
 * Prepare the inputs that @options names, and open the list of --files-from. @options must outlive
 * the inputs. 0, or -1 if the list cannot be opened, which is reported.
 */
int inputs_open(struct inputs *inputs, const struct options *options);

/** Close and free what the inputs hold. */
void inputs_close(struct inputs *inputs);

/** The inputs as a source for the parent. It is valid as long as @inputs. */
struct archive_source inputs_source(struct inputs *inputs);

#endif
