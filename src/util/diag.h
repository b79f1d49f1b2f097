// SPDX-License-Identifier: MIT

/*
 * Messages to the user, on stderr. One message is one line and one write(2) (during a run, one for
 * each PIPE_BUF bytes), so that lines of several processes do not mix. Only main, the parent's
 * schedule and the command line print.
 */

#ifndef ZIPMAP_UTIL_DIAG_H
#define ZIPMAP_UTIL_DIAG_H

#include <stddef.h>

enum diag_level {
	DIAG_ERROR,   /**< shown always */
	DIAG_WARNING, /**< shown unless --quiet */
	DIAG_DETAIL,  /**< shown with --verbose */
};

/** Show messages up to this level from now on; DIAG_WARNING before the first call. */
void diag_set_level(enum diag_level level);

/**
 * From now on, a message that waits because stderr takes nothing is given up when @fd is readable:
 * so that a signal which ends the run is heard. -1: nothing interrupts, as before the first call.
 */
void diag_set_interrupt(int fd);

/** Print "zipmap: MESSAGE" where @level is shown. A longer message than 8 KiB is cut. */
void diag(enum diag_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
