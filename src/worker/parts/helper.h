// SPDX-License-Identifier: MIT

/*
 * Helping with a member that another worker has: a unit of kind UNIT_PART (join.h).
 */

#ifndef ZIPMAP_WORKER_PARTS_HELPER_H
#define ZIPMAP_WORKER_PARTS_HELPER_H

#include "protocol/message.h"
#include "worker/outbox.h"

#include <stddef.h>
#include <stdint.h>

struct stretcher;

/** What a worker needs to help, from the first time on. All zero: it has not helped. */
struct helper {
	struct stretcher *stretcher;
	uint8_t *in;    /**< compressed data */
	uint8_t *bytes; /**< what is written */
};

#ifdef HAVE_TWIN

/**
 * Do the unit @unit to its end, and say what becomes of it by @outbox. @archive_fd is the archive,
 * and is taken over. 0, or -1: the channel has ended or says what it may not.
 */
int helper_do(struct helper *helper, uint64_t unit, const struct unit_part *part, int archive_fd,
	struct outbox *outbox);

void helper_release(struct helper *helper);

#else

static inline int helper_do(struct helper *helper, uint64_t unit, const struct unit_part *part,
	int archive_fd, struct outbox *outbox)
{
	(void)helper;
	(void)unit;
	(void)part;
	(void)archive_fd;
	(void)outbox;
	return -1; /* nobody offers a member */
}

static inline void helper_release(struct helper *helper)
{
	(void)helper;
}

#endif

#endif
