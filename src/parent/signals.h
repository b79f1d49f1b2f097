// SPDX-License-Identifier: MIT

/*
 * The signals that end a run in order: INT, TERM, HUP. They are blocked and read from a
 * descriptor, so that they are one more event of the parent's loop and interrupt nothing. Workers
 * inherit the mask: a Ctrl-C, which goes to all processes of a terminal, leaves it to the parent
 * to end them. USR1 asks where the run is. It ends nothing, neither here nor in a worker.
 */

#ifndef ZIPMAP_PARENT_SIGNALS_H
#define ZIPMAP_PARENT_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct signals {
	int fd;        /**< readable when a signal has come that ends the run */
	int notice_fd; /**< readable when USR1 has come, or a child has ended, if they are watched
			*/
	sigset_t old_mask;
	struct sigaction old_pipe, old_file_size, old_child;
	bool watches_children;
};

/**
 * From now on, a USR1 waits until somebody reads it, and kills nobody. @before is the mask of
 * signals as it was. To be called first of all. 0, or -1 with errno.
 */
int signals_hold_usr1(sigset_t *before);

/**
 * Block the signals and ignore SIGPIPE and SIGXFSZ (a lost reader shows as EPIPE, a limit on the
 * size of files as EFBIG). A signal that was ignored from the start, as under nohup(1), stays so.
 * 0, or -1 with errno.
 */
int signals_init(struct signals *signals);

/**
 * From now on, notice_fd is readable when a child has ended, also if whoever has started us ignores
 * SIGCHLD. 0, or -1 with errno.
 */
int signals_watch_children(struct signals *signals);

/** What has come since this was asked last. */
struct signals_notices {
	bool child; /**< a child has ended */
	bool asked; /**< USR1 */
};
struct signals_notices signals_take_notices(const struct signals *signals);

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
