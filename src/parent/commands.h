// SPDX-License-Identifier: MIT

/*
 * The processes of the user's commands, several at a time, and what they print. Nothing waits here:
 * the loop polls what commands_polls() names, says what is ready, says that a child has ended, and
 * asks what has ended.
 *
 * What a command prints is gathered until it is the command's turn to be printed. The one that has
 * its turn is in front: its output is taken from its pipe as it comes. So if there is no room to
 * gather, neither in memory nor on the disk, the others wait in their pipes and nothing is lost.
 */

#ifndef ZIPMAP_PARENT_COMMANDS_H
#define ZIPMAP_PARENT_COMMANDS_H

#include "parent/gather.h"
#include "parent/spawn.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum command_stream { COMMAND_OUTPUT, COMMAND_ERRORS, COMMAND_STREAMS };

struct command {
	pid_t pid;   /**< its process and process group */
	bool exited; /**< the process is gone, and @status is what wait(2) said of it */
	int status;
	struct {
		int fd;    /**< the end of a pipe, or -1 */
		bool full; /**< there is no room to gather more */
		struct gather gather;
	} streams[COMMAND_STREAMS];
	struct command *previous, *next; /**< all commands */
};

struct commands {
	struct spawn_start start;
	struct gather_place place;
	struct command *first, *last; /**< in the order in which they were started */
	struct command *front;        /**< the one whose output is being printed, or NULL */
	bool discards;                /**< what they print is of no use any more */
	unsigned running;             /**< those that have not ended */
	uint64_t ended;               /**< processes that have, in all */
	unsigned count;               /**< all of them */
};

/**
 * Prepare to start commands as @start says, which has no null_fd yet. Output that is more than
 * memory may hold goes to files in @directory. 0, or -1 with errno.
 */
int commands_init(
	struct commands *commands, const struct spawn_start *start, const char *directory);

/**
 * Start @words with @environment. If @gathered is false, it has our standard output and error
 * instead of pipes. NULL with errno: it could not be started.
 */
struct command *commands_start(
	struct commands *commands, char *const *words, char *const *environment, bool gathered);

/**
 * Start another process for @command, which has ended; what that one prints follows what is there.
 * 0, or -1 with errno.
 */
int commands_continue(struct commands *commands, struct command *command, char *const *words,
	char *const *environment);

/** Whether the process of @command and all that it prints have ended. */
bool command_has_ended(const struct command *command);

/** Whether a command cannot go on unless it is put in front: there is no room for its output. */
bool command_is_stuck(const struct command *command);

/** How many descriptors commands_polls() may name. */
size_t commands_poll_count(const struct commands *commands);

/**
 * Name the descriptors to wait for; those of the command in front only if @front, since nobody
 * takes its output otherwise. Returns how many.
 */
size_t commands_polls(const struct commands *commands, bool front, struct pollfd *polls);

/** Gather what is there, of those of @polls (@count of them, of commands_polls()) that are ready.
 */
void commands_read(struct commands *commands, const struct pollfd *polls, size_t count);

/** A child of ours has ended (SIGCHLD): see which commands that concerns. */
void commands_reap(struct commands *commands);

/**
 * Take up to @size bytes of what @command has printed: from its pipe if it is in front and nothing
 * else is left. How many, 0 if there are none now, or -1 with errno if what was gathered cannot be
 * read again.
 */
ssize_t commands_take(struct commands *commands, struct command *command,
	enum command_stream stream, char *bytes, size_t size);

/**
 * Send signal @number to all that run, with the processes that they have started. What they print
 * from now on is lost.
 */
void commands_signal(struct commands *commands, int number);

/** Forget @command, which has ended. */
void commands_forget(struct commands *commands, struct command *command);

/** Kill what runs, wait for it, and release @commands. */
void commands_release(struct commands *commands);

#endif
