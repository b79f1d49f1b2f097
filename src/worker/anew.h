// SPDX-License-Identifier: MIT

/*
 * A worker that is a process of its own making: this program, executed anew by the parent with a
 * hidden argument (parent/start.h).
 */

#ifndef ZIPMAP_WORKER_ANEW_H
#define ZIPMAP_WORKER_ANEW_H

/** The one argument of a worker. No option: nobody else gives it. */
#define WORKER_ARGUMENT "--internal-worker"

/**
 * Be a worker: take the settings from the channel and work until it ends, and leave the process.
 * Returns only if the process was not started by a parent: it has no channel.
 */
void anew_main(void);

#endif
