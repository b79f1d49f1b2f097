// SPDX-License-Identifier: MIT

/*
 * What a worker process does: take units of work from its channel, extract their members into its
 * directory, and answer with records. It reads archives, so it is the process that a hostile one
 * can take over: it is handed descriptors, and no path of the user's.
 */

#ifndef ZIPMAP_WORKER_WORKER_H
#define ZIPMAP_WORKER_WORKER_H

#include "protocol/crashnote.h"
#include "protocol/settings.h"

/**
 * Say that the worker is ready, or which step of its start failed (protocol/firstword.h), and then
 * work until the channel @channel_fd ends, then leave the process with _exit(2). Files are made in
 * @directory_fd, which is -1 where the task makes none. @context is a struct worker_settings.
 */
_Noreturn void worker_main(
	void *context, int channel_fd, int directory_fd, struct worker_progress *progress);

#endif
