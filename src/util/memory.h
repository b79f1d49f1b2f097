// SPDX-License-Identifier: MIT

/*
 * What a process has in memory. Two kinds matter. Private pages cost memory: these are anonymous
 * pages, which include every page copied on write. Pages of files and of shared memory are in the
 * page cache once for everybody.
 */

#ifndef ZIPMAP_UTIL_MEMORY_H
#define ZIPMAP_UTIL_MEMORY_H

#include <stdint.h>

/** The largest figures so far of a process that measures itself. */
struct memory_peak {
	int fd;                 /**< /proc/self/smaps_rollup; -1: do not measure */
	uint64_t private_bytes; /**< the line "Anonymous" */
	uint64_t shared_bytes;  /**< the rest of the line "Rss" */
	uint64_t next_ns;       /**< the monotonic time of the next sample */
};

/**
 * Begin to measure the calling process. If @enabled is 0 or /proc is not there, memory_sample()
 * does nothing and the peaks stay 0.
 */
void memory_peak_init(struct memory_peak *peak, int enabled);

/**
 * Read /proc/self/smaps_rollup (proc(5)) and raise the peaks. Without @now, this is done every
 * 10 ms at most, because reading takes some tens of microseconds.
 */
void memory_sample(struct memory_peak *peak, int now);

/** Close what memory_peak_init() opened. The peaks stay. */
void memory_peak_release(struct memory_peak *peak);

/** The monotonic time in nanoseconds. */
uint64_t monotonic_ns(void);

#endif
