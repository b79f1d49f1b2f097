// SPDX-License-Identifier: MIT

/*
 * What a process has in memory, in the two kinds that matter: private pages (anonymous ones, which
 * include every page copied on write), which cost memory, and pages of files and of shared memory,
 * which the page cache holds once for everybody.
 */

#ifndef ZIPMAP_UTIL_MEMORY_H
#define ZIPMAP_UTIL_MEMORY_H

#include <stdint.h>

/** The largest figures seen so far of the process that measures itself. */
struct memory_peak {
	int fd; /**< /proc/self/smaps_rollup of this process, or -1: do not measure */
	uint64_t private_bytes; /**< its line "Anonymous" */
	uint64_t shared_bytes;  /**< the rest of its line "Rss" */
	uint64_t next_ns;       /**< monotonic time of the next sample */
};

/**
 * Begin to measure the calling process. Where @enabled is false, or /proc gives nothing,
 * memory_sample() does nothing and the peaks stay 0.
 */
void memory_peak_init(struct memory_peak *peak, int enabled);

/**
 * Read /proc/self/smaps_rollup (proc(5)) and raise the peaks: at most every 10 ms, since a reading
 * costs some tens of microseconds, unless @now is not 0.
 */
void memory_sample(struct memory_peak *peak, int now);

void memory_peak_release(struct memory_peak *peak);

/** Monotonic time in nanoseconds. */
uint64_t monotonic_ns(void);

#endif
