// SPDX-License-Identifier: MIT

/*
 * Starting the process of a worker. It is made anew from /proc/self/exe, so that nothing of the
 * parent's memory is in it: neither operands nor environment nor other archives' paths nor the
 * layout of addresses. It has an environment of its own, standard streams that lead nowhere, its
 * channel, its directory, and no other descriptor; its settings come by the channel.
 *
 * Where that is not possible the parent forks, as it does for an entry that has no settings.
 */

#ifndef ZIPMAP_PARENT_START_H
#define ZIPMAP_PARENT_START_H

#include "parent/note.h"
#include "protocol/startstep.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** What is done if a worker cannot be a process of its own making. */
enum worker_fork {
	FORK_WARNED,  /**< it is forked, and the user is warned */
	FORK_QUIET,   /**< it is forked */
	FORK_REFUSED, /**< it is not started */
};

/**
 * What a worker process does, and how it is made. With @settings it is this program, executed anew
 * with @argument: it is told the settings by its channel (protocol/settings.h), and says when it is
 * ready. Otherwise, or where that cannot be done, it is forked, and calls @main, which leaves with
 * _exit(2) and does not return.
 */
struct worker_entry {
	void (*main)(
		void *context, int channel_fd, int directory_fd, struct worker_progress *progress);
	void *context;
	const char *argument;
	const uint8_t *settings; /**< encoded; or NULL */
	size_t settings_bytes;
	enum worker_fork fork;
};

/** How the workers of a run are started. */
struct starter {
	const struct worker_entry *entry;
	char **environment; /**< of those that are made anew; NULL: none is */
};

/** Prepare for @entry. 0, or -1 with ENOMEM. */
int starter_init(struct starter *starter, const struct worker_entry *entry);

void starter_release(struct starter *starter);

/** What a worker is started with. The caller closes all three. */
struct start {
	int channel_fd;
	int directory_fd; /**< or -1: it makes no files */
	const struct note *note;
};

/**
 * Start a worker. Returns its process, or -1 with errno and the step that failed in *@step. That
 * workers have to be forked although they should not is said once.
 */
pid_t starter_start(struct starter *starter, const struct start *start, enum start_step *step);

/**
 * Send the settings to the worker at the other end of @channel_fd, with its note; nothing if it was
 * forked. *@packets and *@bytes grow by what was sent. 0, or -1 with errno.
 */
int starter_tell(const struct starter *starter, int channel_fd, const struct start *start,
	uint64_t *packets, uint64_t *bytes);

#endif
