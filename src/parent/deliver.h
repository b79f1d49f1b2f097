// SPDX-License-Identifier: MIT

/*
 * What becomes of results that have their turn: they are emitted; or a command gets each whole
 * member, or all of them, and its file is removed after. What commands print, and the results that
 * they make of members, are emitted in their turn.
 */

#ifndef ZIPMAP_PARENT_DELIVER_H
#define ZIPMAP_PARENT_DELIVER_H

#include "parent/emit.h"
#include "parent/exec.h"
#include "parent/execbatch.h"
#include "parent/interface.h"
#include "parent/keepentry.h"
#include "parent/memoryfiles.h"
#include "parent/naming.h"
#include "parent/rundir.h"
#include "parent/signals.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct deliver {
	const struct run_settings *settings;
	struct emit *emit;
	struct rundir *rundir;
	struct memoryfiles *memory; /**< or NULL: files are in @rundir */
	struct keepentry *keep;     /**< takes files that are to be kept; or NULL */
	enum { DELIVER_EMIT, DELIVER_EXEC, DELIVER_BATCH } way;
	struct exec exec;           /**< DELIVER_EXEC */
	struct execbatch execbatch; /**< DELIVER_BATCH */
	char *longest_path;         /**< the same */
	struct naming naming;       /**< if the settings ask for names */
	bool untidy;                /**< a file could not be removed */
};

/** What deliver_*() have to say. */
enum deliver_end {
	DELIVER_DONE,
	DELIVER_FAILURE,    /**< a failure, which was emitted and counted */
	DELIVER_NO_MEMORY,  /**< our own is short */
	DELIVER_NO_COMMAND, /**< a command cannot be started, which was said; errno is why */
};

/**
 * Prepare to deliver by @emit, with files in @rundir, which is there already, or in @memory if that
 * is not NULL; @keep, or NULL, has some of them kept. @jobs commands run at a time. All that is
 * given must stay. 0, or -1 with errno.
 */
int deliver_init(struct deliver *deliver, const struct run_settings *settings, unsigned jobs,
	struct emit *emit, struct rundir *rundir, struct memoryfiles *memory,
	struct keepentry *keep, const struct signals *signals);

/** Kill commands that run, and release @deliver. */
void deliver_release(struct deliver *deliver);

/** Whether another result may be delivered. */
bool deliver_has_room(const struct deliver *deliver);

/**
 * Deliver what of @schedule has its turn while there is room, emit what commands have printed and
 * made, and remove what is not used any more. DELIVER_DONE: for now that is all. DELIVER_FAILURE:
 * there may be more.
 */
enum deliver_end deliver_all(struct deliver *deliver, struct schedule *schedule);

/** What deliver_release_files() has found. */
enum deliver_release {
	DELIVER_RELEASED, /**< a command is to have the files that were gathered for it */
	DELIVER_WORKS,    /**< something is still to be written, or a command runs */
	DELIVER_KEEPS,    /**< only whoever reads the list, if anybody */
};

/** Nothing comes before files are removed: see who can do that. */
enum deliver_release deliver_release_files(struct deliver *deliver);

/** No result will come any more. */
void deliver_finish(struct deliver *deliver);

/** Whether all has been delivered, and all that was emitted is written. */
bool deliver_is_idle(const struct deliver *deliver);

/** The commands of the run, or NULL. */
const struct commands *deliver_commands(const struct deliver *deliver);

/** Name the descriptors to wait for: COMMAND_STREAMS for each command. Returns how many. */
size_t deliver_polls(const struct deliver *deliver, struct pollfd *polls);

/** Whether the sink may write: not while a command writes to the same place. */
bool deliver_may_write(const struct deliver *deliver);

/** Deal with those of @polls that are ready, and with children that have ended if @child is set. */
void deliver_handle(struct deliver *deliver, const struct pollfd *polls, size_t count, bool child);

/**
 * The run is over: commands that still run get signal @number, and a while to end. What they print
 * is lost. They are killed after that, or when another signal comes.
 */
void deliver_stop(struct deliver *deliver, int number, const struct signals *signals);

#endif
