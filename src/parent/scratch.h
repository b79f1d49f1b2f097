// SPDX-License-Identifier: MIT

/*
 * The files that live, and what room they leave. Pure data: who gives out units asks here whether
 * there is room for another one, and says which files were made and removed.
 *
 * A deadlock is impossible, whatever the order of output: units are given out in the order of the
 * input, each only with the room that its files need, and none before it is known where the one
 * before it ends. So what comes before a unit that was given out needs no more room than it has,
 * and is done and printed without any file of a later one being removed. What a lost worker gives
 * back goes to its units first, since those come before all that were not given out.
 */

#ifndef ZIPMAP_PARENT_SCRATCH_H
#define ZIPMAP_PARENT_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Files that are known one by one, so that memory is bounded. Of those beyond, only the sum is
 * known, and each that is removed counts as their mean.
 */
#define SCRATCH_KNOWN_MAX ((size_t)48 * 1024)

struct scratch_file {
	uint64_t key; /**< made of its two numbers; 0: there is none */
	uint64_t bytes;
};

struct scratch {
	uint64_t most_bytes; /**< of files at a time; 0: as many as the file system takes */
	uint64_t bytes;      /**< of all files that live */
	uint64_t count;      /**< how many those are */
	uint64_t removed;    /**< files that were, since the start */

	struct scratch_file *known; /**< hashed; @capacity is a power of 2, or 0 */
	size_t capacity;
	size_t known_count;
	uint64_t other_bytes; /**< of files that live and are not known one by one */
	uint64_t other_count;
};

void scratch_init(struct scratch *scratch, uint64_t most_bytes);

void scratch_release(struct scratch *scratch);

/**
 * The file with these numbers in its name lives, with @bytes; one that is known is not counted
 * again. Memory that is short is done without.
 */
void scratch_put(struct scratch *scratch, uint64_t archive, uint64_t member, uint64_t bytes);

/**
 * It was removed. False if it is not known; then, if @certain, it is one of those that are not
 * known one by one, if there are any.
 */
bool scratch_remove(struct scratch *scratch, uint64_t archive, uint64_t member, bool certain);

/** What is asked of scratch_allow(). */
struct scratch_request {
	uint64_t granted_bytes; /**< that units in hand may still use */
	bool in_hand;           /**< there are such units */
	uint64_t space_bytes;   /**< that the file system has; UINT64_MAX: no end */
	uint64_t needed_bytes;  /**< of the unit's first member; 0: not known yet */
};

/**
 * Whether a unit may be given out, and with how much room. If no file lives and no unit is in hand,
 * nothing will ever be freed: then it may in any case, and its worker finds out what is wrong.
 */
bool scratch_allow(
	const struct scratch *scratch, const struct scratch_request *request, uint64_t *room_bytes);

#endif
