// SPDX-License-Identifier: MIT

/*
 * Messages to the user, on stderr. A message is one line and one write(2), or one for each PIPE_BUF
 * bytes during a run, so that the lines of several processes do not mix. Only main, the parent and
 * the command line print.
 */

#ifndef ZIPMAP_UTIL_DIAG_H
#define ZIPMAP_UTIL_DIAG_H

#include <stddef.h>

enum diag_level {
	DIAG_ERROR,   /**< always shown */
	DIAG_WARNING, /**< shown unless --quiet */
	DIAG_DETAIL,  /**< shown with --verbose */
};

/** Show messages up to this level from now on. Before the first call it is DIAG_WARNING. */
void diag_set_level(enum diag_level level);

/**
 * From now on, give up a message that waits for stderr when @fd becomes readable, so that a signal
 * can end the run. -1: wait without end, as before the first call.
 */
void diag_set_interrupt(int fd);

/**
 * Pass on @size bytes that somebody else has written for stderr, as they are. They are given up as
 * a message is.
 */
void diag_pass(const char *bytes, size_t size);

/**
 * Show the @size bytes of @line on the terminal that stderr is, below all that was written there,
 * until diag_hide_status(). A message takes it away first. @line is narrower than the terminal and
 * has no newline. It is left out if the terminal takes nothing now, if it belongs to another job of
 * the shell, or if its last line is not finished.
 */
void diag_show_status(const char *line, size_t size);

/** Take the status away, if one is shown: somebody else is about to write to the terminal. */
void diag_hide_status(void);

/** Somebody else has written to the terminal, up to the byte @last. */
void diag_note_written(char last);

/** Print "zipmap: MESSAGE" if @level is shown. A message longer than 8 KiB is cut. */
void diag(enum diag_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
