// SPDX-License-Identifier: MIT

/*
 * Workers that have nothing else to do, and can help with a member that another one has (parts.h).
 */

#ifndef ZIPMAP_PARENT_HELPERS_H
#define ZIPMAP_PARENT_HELPERS_H

#include "parent/pool.h"
#include "parent/share.h"

/** A worker that has nothing, or else one that is about to have nothing; or NULL. */
struct worker *helpers_find(const struct parts *parts, const struct pool *pool);

/** How many such workers there are, less those that something was asked for. May be negative. */
int helpers_count(const struct parts *parts, const struct pool *pool);

/**
 * Start workers, up to @most_workers in all, for members that were offered and for a large archive
 * that is only being looked at: they can help once they are ready.
 */
void helpers_start(struct parts *parts, struct pool *pool, unsigned most_workers);

#endif
