// SPDX-License-Identifier: MIT

/*
 * Where archives come from, as the command line says it: operands, the archives in directories,
 * standard input, and the entries of a list. A stream: no more is in memory than the names of one
 * directory (of one on each level, with --recursive) and a line of the list.
 *
 * Nothing but directories and the list is opened here, and nothing that can wait for somebody is
 * waited for. A path that is no directory is handed on as an archive: whether it exists and is one
 * is for the parent to find out and to say.
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

/** What inputs are busy with. */
enum inputs_state {
	INPUTS_NEXT,      /**< the next operand, or the next entry of the list */
	INPUTS_DIRECTORY, /**< the archives of a directory */
	INPUTS_SPOOL,     /**< copying standard input */
	INPUTS_END,
};

struct inputs {
	const struct options *options;
	struct complaint complaint; /**< the last one */
	enum inputs_state state;
	size_t next_operand;
	struct directory_walk walk;
	struct spool spool;
	struct pathlist list; /**< open only where there is a list */
};

/**
 * Prepare the inputs that @options (which must outlive them) names, and open the list of
 * --files-from. 0, or -1 if the list cannot be opened, which is reported: nothing can be started.
 */
int inputs_open(struct inputs *inputs, const struct options *options);

/** Close and free what the inputs hold. */
void inputs_close(struct inputs *inputs);

/** The inputs as the parent asks for them; valid as long as @inputs. */
struct archive_source inputs_source(struct inputs *inputs);

#endif
