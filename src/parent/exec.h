// SPDX-License-Identifier: MIT

/*
 * --exec: a command for each member that is whole. Results are taken over as the schedule gives
 * them out, and given back once their commands have ended and it is their turn: in the order in
 * which they came, or, without order, as their commands end. The loop asks for all of it:
 *
 * - exec_add() while there is exec_has_room();
 * - exec_wait_for() what to poll, exec_handle() what has happened, and exec_step() what follows;
 * - exec_take_used() the files that no command needs any more;
 * - exec_front() the result that has its turn: exec_take() what its commands have printed, and once
 *   there is no more of it, exec_pop() the result.
 */

#ifndef ZIPMAP_PARENT_EXEC_H
#define ZIPMAP_PARENT_EXEC_H

#include "parent/commands.h"
#include "parent/environment.h"
#include "parent/keptresult.h"
#include "parent/template.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A result that was taken over, and what is done with it. */
struct turn {
	struct turn *next;
	struct kept_result result;
	char *path;      /**< for the commands, or NULL: there are none to run */
	char *variables; /**< for their environment */
	size_t step;     /**< which command of several is the next */
	struct command *command;
	bool used;      /**< no command is left to be run */
	bool told;      /**< and exec_take_used() has said so */
	bool unstarted; /**< there was no process to be had; it is tried again */
};

struct exec {
	const struct template *templates; /**< @template_count of them, one after the other */
	size_t template_count;
	unsigned jobs; /**< most commands at a time */
	bool unordered;
	struct commands commands;
	struct environment environment;
	struct turn *first, *last;
	unsigned count;
	unsigned active;    /**< those that have commands to run */
	struct turn *front; /**< whose output is being taken */
};

/** What exec_init() needs to know. */
struct exec_settings {
	const struct template *templates; /**< which must stay */
	size_t template_count;
	char *const *environment; /**< of ours; must stay */
	mode_t mask;              /**< the user's umask(2) */
	struct rlimit files;      /**< the user's RLIMIT_NOFILE */
	sigset_t blocked;         /**< signals that the user had blocked */
	unsigned jobs;
	bool unordered;
	const char *directory; /**< for output that memory has no room for */
};

/** Prepare. @signals must stay. 0, or -1 with errno. */
int exec_init(
	struct exec *exec, const struct exec_settings *settings, const struct signals *signals);

/** Kill what runs and forget everything. */
void exec_release(struct exec *exec);

/** Whether another result may be added. */
bool exec_has_room(const struct exec *exec);

/** Whether nothing is left to do and to pop. */
bool exec_is_idle(const struct exec *exec);

/**
 * Take over @result. If it is a whole member, its commands are run, with @path. 0, or -1 with
 * errno: no memory, or the command cannot be started, and no later one can.
 */
int exec_add(struct exec *exec, const struct result *result, const char *path);

/** How many descriptors exec_wait_for() may name. */
size_t exec_poll_count(const struct exec *exec);

/**
 * Name the descriptors to wait for. If @has_room is false, exec_take() will not be called, so that
 * those are left out which that would read. Returns how many.
 */
size_t exec_wait_for(const struct exec *exec, bool has_room, struct pollfd *polls);

/**
 * Deal with those of @polls that are ready, and, if @child is set, with children that have ended
 * (SIGCHLD).
 */
void exec_handle(struct exec *exec, const struct pollfd *polls, size_t count, bool child);

/**
 * See which commands have ended, which exec_take() can tell too, and start those that come next.
 * As exec_add().
 */
int exec_step(struct exec *exec);

/**
 * The next result whose file no command needs any more. False if there is none. @record is where
 * its record is put; it is valid until exec_pop().
 */
bool exec_take_used(struct exec *exec, struct message *record, struct result *result);

/** The result that has its turn, whether or not its commands have ended; NULL if there is none. */
struct turn *exec_front(struct exec *exec);

/**
 * Take what the front's commands have printed. How many bytes; 0 if there are none now; -1 with
 * errno if they are lost.
 */
ssize_t exec_take(struct exec *exec, enum command_stream stream, char *bytes, size_t size);

/** Whether the front's commands have ended and all that they have printed is taken. */
bool exec_front_has_ended(const struct exec *exec);

/**
 * The front's result, as it was added. A command that failed makes its member's record a failed
 * one. Valid until exec_pop(); @record is where its record is kept.
 */
void exec_result(const struct exec *exec, struct message *record, struct result *result);

/** Forget the front's result. */
void exec_pop(struct exec *exec);

/** Send signal @number to all commands that run. No other is started from now on. */
void exec_signal(struct exec *exec, int number);

#endif
