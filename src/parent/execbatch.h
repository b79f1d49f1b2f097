// SPDX-License-Identifier: MIT

/*
 * --exec-batch: one command for as many members as the system lets a command have. Whole members
 * are added until a batch is full or no more come. Then its command runs, one at a time, with our
 * own standard output and error, while the next batch is gathered. The loop asks for all of it:
 *
 * - execbatch_add() while there is execbatch_has_room(), execbatch_finish() after the last one;
 * - execbatch_start() if one execbatch_is_due() and nothing of ours is left to be written;
 * - execbatch_reap() when a child has ended, then execbatch_step();
 * - once one execbatch_has_ended(): remove the files that execbatch_used(), take its records, and
 *   execbatch_conclude().
 */

#ifndef ZIPMAP_PARENT_EXECBATCH_H
#define ZIPMAP_PARENT_EXECBATCH_H

#include "parent/batch.h"
#include "parent/commands.h"
#include "parent/environment.h"
#include "parent/exec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The file of a member, by the numbers in its name; or one in memory, by 0 and its descriptor. */
struct batch_file {
	uint64_t archive;
	uint64_t member;
};

struct execbatch {
	const struct template *templates; /**< @template_count of them, one after the other */
	size_t template_count;
	struct batch *batches; /**< one for each of them, with the same members */
	struct commands commands;
	struct environment environment;
	const char *longest_path;
	bool keeps_records;
	bool full;     /**< no other member is sure to fit */
	bool finished; /**< no more come */

	struct batch_file *files; /**< of the batch that is gathered, the running one's before */
	size_t file_count, file_capacity;
	struct gather records; /**< in the same order, if they are kept */

	struct command *command; /**< of the batch that runs, or NULL */
	size_t step;             /**< which of the templates is the next */
	size_t running_files;    /**< how many are the running batch's */
	size_t running_records;  /**< of those, how many records are not taken yet */
};

/**
 * Prepare as exec_init(). No path that is added is longer than @longest_path, which must stay. If
 * @keeps_records is false, none can be taken. 0, or -1 with errno.
 */
int execbatch_init(struct execbatch *execbatch, const struct exec_settings *settings,
	const struct signals *signals, const char *longest_path, bool keeps_records);

/** Kill what runs and forget everything. */
void execbatch_release(struct execbatch *execbatch);

/** Whether another member may be added. */
bool execbatch_has_room(const struct execbatch *execbatch);

/** Add @result, a whole member, which is in the file @path. 0, or -1 with errno. */
int execbatch_add(struct execbatch *execbatch, const struct result *result, const char *path);

/** Start with what was gathered, without waiting for more. False: nothing was, or one runs. */
bool execbatch_close(struct execbatch *execbatch);

/** No more will be added. */
void execbatch_finish(struct execbatch *execbatch);

/** Whether a batch is to be started. */
bool execbatch_is_due(const struct execbatch *execbatch);

/** Start its command. 0, or -1 with errno: it cannot be started. */
int execbatch_start(struct execbatch *execbatch);

/** Whether a command runs, or has ended and was not concluded. */
bool execbatch_is_running(const struct execbatch *execbatch);

/** A child has ended (SIGCHLD). */
void execbatch_reap(struct execbatch *execbatch);

/** Start the batch's next command if the one before has ended well. As execbatch_start(). */
int execbatch_step(struct execbatch *execbatch);

/** Whether all commands of the running batch have ended; the last one's wait(2) status. */
bool execbatch_has_ended(const struct execbatch *execbatch, int *status);

/** Whether this file, as struct batch_file has it, was for the batch that has ended. */
bool execbatch_used(const struct execbatch *execbatch, uint64_t archive, uint64_t member);

/**
 * Take the next record of the batch that has ended. 1, 0 if there is no other, or -1 with errno if
 * they are lost. The caller releases @kept.
 */
int execbatch_take(struct execbatch *execbatch, struct kept_result *kept);

/** Forget the batch that has ended, with its records. */
void execbatch_conclude(struct execbatch *execbatch);

/** Whether nothing is left to do. */
bool execbatch_is_idle(const struct execbatch *execbatch);

/** Send signal @number to the command that runs. No other is started from now on. */
void execbatch_signal(struct execbatch *execbatch, int number);

#endif
