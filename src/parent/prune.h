// SPDX-License-Identifier: MIT

/*
 * Pruning the directory of kept files (cache.h). What goes first is what no run can use any more:
 * unfinished entries, and files in directories of runs that have ended. Then entries go, those
 * first that were used least recently. What a run that lives may have printed stays.
 */

#ifndef ZIPMAP_PARENT_PRUNE_H
#define ZIPMAP_PARENT_PRUNE_H

#include "parent/cache.h"

#include <stdbool.h>
#include <stdint.h>

enum prune_kind {
	PRUNE_ENTRY,      /**< a whole entry */
	PRUNE_UNFINISHED, /**< one without a manifest, or something else in its place */
	PRUNE_RUN,        /**< the directory of a run that has ended, with files that it printed */
	PRUNE_LIVE_RUN,   /**< that of one that lives */
	PRUNE_LEFT_OVER,  /**< that of one that was killed, or of whose files none is left */
};

/** A directory below that of kept files. */
struct prune_item {
	enum prune_kind kind;
	uint64_t bytes;  /**< that its files take on the disk */
	int64_t used_ns; /**< PRUNE_ENTRY: when it was used last, from 1970 */
	char name[CACHE_ENTRY_SIZE];
};

/** What has become of an item. @error is an errno if it could not be removed, or else 0. */
typedef void prune_tell(void *context, const struct prune_item *item, int error);

struct prune_sums {
	uint64_t bytes;    /**< that are left */
	uint64_t removed;  /**< items */
	uint64_t left;     /**< items that are not removed */
	uint64_t failures; /**< items that could not be removed */
};

/**
 * Remove items until they take at most @max_bytes; 0: only what no run can use. With @all, that
 * goes even if there is room for it; what killed runs have left goes in any case. @tell, which may
 * be NULL, is told of each that is removed or cannot be. 0 with *@sums, or -1 with errno if the
 * directory cannot be read.
 */
int prune(struct cache *cache, uint64_t max_bytes, bool all, prune_tell *tell, void *context,
	struct prune_sums *sums);

/** Tell of each item, in no order, and remove none. 0, or -1 with errno. */
int prune_list(const struct cache *cache, prune_tell *tell, void *context);

#endif
