// SPDX-License-Identifier: MIT

/*
 * The file that a member goes to: its own, or a pack, which it shares with other small members of
 * its unit. A pack is named after its first member, and so it cannot outlive the failure of that
 * one.
 */

#ifndef ZIPMAP_WORKER_EXTRACT_TARGET_H
#define ZIPMAP_WORKER_EXTRACT_TARGET_H

#include "protocol/failure.h"
#include "protocol/record.h"
#include "worker/container/archive.h"
#include "worker/extract/outfile.h"

#include <stdbool.h>
#include <stdint.h>

/** Members below this size are packed. */
#define PACK_MEMBER_MAX (UINT64_C(1024) * 1024)

struct target {
	int directory_fd;     /**< not owned; -1: nothing is written */
	struct outfile own;   /**< of the member in hand */
	struct outfile pack;  /**< of small members */
	uint64_t pack_number; /**< the first member in the pack */
	uint64_t pack_first;  /**< where that ends */
	struct outfile *out;  /**< one of the two: where the member in hand goes; NULL: none is */
	uint64_t start;       /**< where the member in hand begins in the file */
	uint64_t member;      /**< its index */
};

/** What became of a pack. */
struct pack_result {
	uint64_t inode;
	int fd;                 /**< of a pack in memory, which is the caller's; or -1 */
	uint64_t valid_bytes;   /**< members that end by here are whole */
	struct failure failure; /**< of those that do not */
};

/** Make files in @directory_fd, which must stay open; -1: none. 0, or -1: no memory. */
int target_init(struct target *target, int directory_fd);

/** Have files made and removed by @maker, which must stay. */
void target_set_maker(struct target *target, const struct outfile_maker *maker);

/** Have files made in memory, not in the directory. */
void target_set_memory(struct target *target);

/** Remove files that are not finished, and release @target. */
void target_release(struct target *target);

/** Why a system call on a file has failed with @error: a full file system is told apart. */
void target_explain(int error, struct failure *failure);

/**
 * Have a file open for @member: its own, or the pack if @packed. A file of its own begins with the
 * .npy header of @header, unless that is NULL. Says in @record, which names the member, where the
 * member is. 0, or -1 with *@failure.
 */
int target_open(struct target *target, bool packed, const struct member *member,
	const struct array *header, struct record *record, struct failure *failure);

/**
 * Set room aside for the member in hand, of @size_bytes, if it is large and has a file of its own.
 * 0, or -1 with *@failure: then the member is still in hand.
 */
int target_reserve(struct target *target, uint64_t size_bytes, struct failure *failure);

/**
 * The member in hand is whole. A file of its own is finished and closed. 0 with *@inode of that, or
 * -1 with *@failure: then the member is still in hand.
 */
int target_finish(struct target *target, uint64_t *inode, struct failure *failure);

/** The file of its own, in memory, that was finished last: its descriptor, the caller's; or -1. */
int target_take_file(struct target *target);

/** Whether a file is to be made for a member that is @packed, or not. */
bool target_needs_file(const struct target *target, bool packed);

/** Give up the member in hand, if there is one: nothing of it is left. */
void target_abandon(struct target *target);

/**
 * Whether members in the pack may be lost because a later one could not be written. Then it has to
 * be closed before another member begins.
 */
bool target_pack_is_broken(const struct target *target);

/** Finish the pack, if there is one. */
void target_close_pack(struct target *target, struct pack_result *result);

#endif
