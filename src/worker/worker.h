// SPDX-License-Identifier: MIT

/*
 * What a worker process does: take units of work from its channel, extract their members into its
 * directory, and answer with records. It reads archives, so it is the process that a hostile one
 * can take over: it is handed descriptors, and no path of the user's.
 */

#ifndef ZIPMAP_WORKER_WORKER_H
#define ZIPMAP_WORKER_WORKER_H

#include "numpy/rawarray.h"
#include "protocol/crashnote.h"
#include "protocol/decoder.h"
#include "protocol/filter.h"
#include "protocol/inplace.h"
#include "protocol/limits.h"

#include <stdbool.h>

/** What is done with the members that are wanted. */
enum worker_task {
	TASK_UNZIP, /**< into files */
	TASK_TEST,  /**< decoded and checked, into no file */
	TASK_LIST,  /**< what the directory states of them */
};

struct worker_settings {
	enum worker_task task;
	struct filter filter;        /**< which members are wanted */
	const char *password;        /**< a string; or NULL */
	const char *encoding;        /**< of names that do not say it, as names.h has it; or NULL */
	struct limits limits;        /**< what is refused */
	const struct raw_array *raw; /**< what members that are not .npy hold; or NULL */
	bool npy;                    /**< with a header put before them; not together with @pack */
	bool pack;                   /**< small members share a file */
	struct in_place in_place;    /**< in archives where the work says that they may stay */
	enum decoder_choice decoder; /**< one that decoder_has() */
	bool full_names;  /**< say the whole names of members, not only what files are called */
	bool sandboxed;   /**< enter the sandbox (sandbox.h) before any work */
	unsigned sandbox; /**< with these parts of it */
	bool measure;     /**< measure private memory, and say the peaks at the end */
};

/**
 * Work until the channel @channel_fd ends, then leave the process with _exit(2). Files are made in
 * @directory_fd, which is -1 where the task makes none. @context is a struct worker_settings.
 */
_Noreturn void worker_main(
	void *context, int channel_fd, int directory_fd, struct worker_progress *progress);

#endif
