// SPDX-License-Identifier: MIT

/*
 * What is known of members that several workers decode: who owns one, and who helps (parts.h).
 */

#ifndef ZIPMAP_PARENT_SHARE_H
#define ZIPMAP_PARENT_SHARE_H

#include "parent/pool.h"
#include "parent/schedule.h"
#include "protocol/membername.h"

#include <stdbool.h>
#include <stdint.h>

/** Members that may be divided at a time; others that are offered are not. */
#define PARTS_MEMBERS_MAX 64

enum slot_state {
	SLOT_FREE,
	SLOT_ASKED,   /**< the owner was asked for something to do */
	SLOT_GIVEN,   /**< a worker has it */
	SLOT_TAILED,  /**< and writes the rest of it, so that it can have another one behind */
	SLOT_DROPPED, /**< and was told to stop: what it says means nothing */
};

/** A helper of a member, by the number that its owner knows. */
struct slot {
	enum slot_state state;
	struct unit unit; /**< SLOT_GIVEN, SLOT_TAILED, SLOT_DROPPED: what the worker has */
	struct worker *worker;
};

/** A member that was offered. */
struct share {
	struct worker *owner; /**< NULL: none, but for helpers that are still to stop */
	uint64_t unit;        /**< the owner's, by id */
	const struct job *job;
	uint64_t member;
	uint64_t data_place;
	uint64_t compressed_bytes;
	uint64_t size_bytes;         /**< as its owner states it */
	char file[MEMBER_FILE_SIZE]; /**< in the owner's worker directory; "": there is none */
	int tails_fd;   /**< then this holds what is in front of stretches; -1: not yet, or a file
			   does */
	bool exhausted; /**< there is nothing left to help with */
	struct slot slots[PART_HELPERS_MAX];
};

struct parts {
	struct share *shares[PARTS_MEMBERS_MAX]; /**< NULL: free */
	struct schedule *schedule;               /**< which numbers units */
	bool has_failed_to_start; /**< a worker that was to help: no other one is tried */
};

/** The member whose owner has the unit with the id @unit, or NULL. */
struct share *share_of(const struct parts *parts, uint64_t unit);

/** The slot whose unit is @unit, and in *@share whose it is; or NULL. */
struct slot *share_find_slot(
	const struct parts *parts, const struct unit *unit, struct share **share);

/** Whether workers without work may ask its owner. With a second unit that has enough to do. */
bool share_wants_help(const struct share *share);

#endif
