// SPDX-License-Identifier: MIT

/*
 * Telling: what has its turn goes to the sink or, where it failed, to stderr; what the sink has
 * written is announced, and the files of what it has not can still be removed.
 */

#ifndef ZIPMAP_PARENT_ANNOUNCE_H
#define ZIPMAP_PARENT_ANNOUNCE_H

#include "parent/state.h"

/**
 * Bytes of output that may wait for a slow reader before no more is told, workers are no longer
 * heard and the source is no longer asked.
 */
#define ANNOUNCE_PENDING_MAX ((size_t)32 * 1024)

/** Whom the run's schedule tells. */
struct schedule_listener announce_listener(struct run *run);

/** Tell that something has failed, which stderr has said, and count it. */
void announce_failure(struct run *run, const struct failed *failed);

/** Bytes of output that wait for the sink's descriptor. */
size_t announce_pending(const struct run *run);

/** The sink's descriptor takes something: write. Where it is lost, the run is stopped. */
void announce_write(struct run *run);

/** The run is stopped by a failure: write what was told before that. */
void announce_drain(struct run *run);

/** Remove all files that were not announced; nobody may make any more. */
void announce_sweep(struct run *run);

#endif
