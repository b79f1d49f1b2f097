// SPDX-License-Identifier: MIT

/*
 * When it is shown where a run is, and what is shown: figures for a display (interface.h). If none
 * is to be shown, nobody is woken for it, and nothing is counted that is not counted anyway.
 */

#ifndef ZIPMAP_PARENT_PROGRESS_H
#define ZIPMAP_PARENT_PROGRESS_H

#include "parent/deliver.h"
#include "parent/input.h"
#include "parent/interface.h"
#include "parent/schedule.h"

#include <stdint.h>

/** All of it is the caller's to set, but for @shown_ns, which is 0 at first. */
struct progress {
	const struct run_display *display; /**< or NULL */
	const struct input *input;
	const struct schedule *schedule;
	const struct deliver *deliver;
	const struct run_stats *stats;
	uint64_t start_ns;
	uint64_t shown_ns; /**< when it was shown last, or 0 */
};

/** How long to wait at most, @timeout_ms or less: it may be time to show it before. */
int progress_wait_ms(const struct progress *progress, int timeout_ms);

/** Show it if it is time. */
void progress_show(struct progress *progress);

/** The user asks: show it now. */
void progress_answer(const struct progress *progress);

/** Let the display show nothing more, unless the user asks. */
void progress_end(struct progress *progress);

#endif
