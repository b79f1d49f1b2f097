// SPDX-License-Identifier: MIT

/*
 * The signals that end a run in order: INT, TERM, HUP. They are blocked and read from a
 * descriptor, so that they are one more event of the parent's loop and interrupt nothing. Workers
 * inherit the mask: a Ctrl-C, which goes to all processes of a terminal, leaves it to the parent
 * to end them.
 */

#ifndef ZIPMAP_PARENT_SIGNALS_H
#define ZIPMAP_PARENT_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct signals {
	int fd;       /**< readable when a signal has come */
	int child_fd; /**< readable when a child has ended, if children are watched; or -1 */
	sigset_t old_mask;
	struct sigaction old_pipe, old_file_size, old_child;
};

/**
 * Block the signals and ignore SIGPIPE and SIGXFSZ (a lost reader shows as EPIPE, a limit on the
 * size of files as EFBIG). A signal that was ignored
 * from the start, as under nohup(1), stays so. 0, or -1 with errno.
 */
int signals_init(struct signals *signals);

/**
 * From now on, child_fd is readable when a child has ended, also if whoever has started us ignores
 * SIGCHLD. 0, or -1 with errno.
 */
int signals_watch_children(struct signals *signals);

/** Whether a child has ended since this was asked last. */
bool signals_child_ended(const struct signals *signals);

/** The signal that has come, or 0. */
int signals_pending(const struct signals *signals);

/**
 * Give the calling process the signals back that were changed, as a command that it becomes is to
 * have them. 0, or -1 with errno. May be called after vfork(2).
 */
int signals_restore(const struct signals *signals);

/** Everything as it was before. */
void signals_release(struct signals *signals);

#endif
