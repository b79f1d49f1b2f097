// SPDX-License-Identifier: MIT

/*
 * Starting a command of the user's, with a clean start: it gets what zipmap itself was started
 * with, and nothing that zipmap has changed or opened since.
 */

#ifndef ZIPMAP_PARENT_SPAWN_H
#define ZIPMAP_PARENT_SPAWN_H

#include "parent/signals.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

/** What all commands of a run get. */
struct spawn_start {
	mode_t mask;                   /**< umask(2) */
	struct rlimit files;           /**< RLIMIT_NOFILE */
	const struct signals *signals; /**< how they were before, */
	sigset_t blocked;              /**< and which of them were blocked */
	int null_fd;                   /**< /dev/null, for its standard input */
};

/**
 * Start @words, found by PATH, with @environment, as a process group of its own: a signal for it
 * reaches its children too. Its standard output and error are @output_fd and @error_fd; -1: ours.
 * Should we be killed, it gets SIGTERM. Returns its process, or -1 with errno: then it has not
 * started.
 */
pid_t spawn(const struct spawn_start *start, char *const *words, char *const *environment,
	int output_fd, int error_fd);

#endif
