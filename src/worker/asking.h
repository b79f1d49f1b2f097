// SPDX-License-Identifier: MIT

/*
 * Files by way of the parent, for a worker that may name no path (sandbox.h). It asks by a message
 * for each, and waits until it is handed the descriptor.
 */

#ifndef ZIPMAP_WORKER_ASKING_H
#define ZIPMAP_WORKER_ASKING_H

#include "worker/extract/outfile.h"
#include "worker/inbox.h"
#include "worker/outbox.h"

#include <stdint.h>

struct asking {
	struct outbox *outbox; /**< the worker's, as is the next */
	struct inbox *inbox;
	const uint64_t *unit; /**< the id of the one that files are for */
};

/** What makes files by asking for them. @asking must stay. */
struct outfile_maker asking_maker(struct asking *asking);

#endif
