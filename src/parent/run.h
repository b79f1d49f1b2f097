// SPDX-License-Identifier: MIT

/*
 * One run: the trusted process's loop, which owns all parts of the parent and which none of them
 * knows.
 */

#ifndef ZIPMAP_PARENT_RUN_H
#define ZIPMAP_PARENT_RUN_H

#include "parent/interface.h"

struct worker_entry; /* start.h */

/**
 * Unzip all that @source gives, and hand each whole member to @sink. Failures are reported with
 * diag(). When it returns, no worker lives, and no file exists that the sink did not write out.
 * *@number is the signal (RUN_SIGNALED) or errno (RUN_OUTPUT_LOST, RUN_NO_COMMAND), else 0.
 */
enum run_end run(const struct run_settings *settings, const struct archive_source *source,
	const struct record_sink *sink, const struct worker_entry *worker, struct run_stats *stats,
	int *number);

#endif
