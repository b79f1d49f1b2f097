// SPDX-License-Identifier: MIT

/*
 * Members that several workers decode (worker/parts/join.h), as the parent sees them: who owns one,
 * and who helps. What there is to help with is decided by the owner; the parent finds a worker that
 * has nothing else to do, and passes numbers on, and the descriptor of the file. It believes none
 * of the numbers: each is used only by workers, within files of that archive.
 */

#ifndef ZIPMAP_PARENT_PARTS_H
#define ZIPMAP_PARENT_PARTS_H

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
	char file[MEMBER_FILE_SIZE]; /**< in the owner's worker directory; "": there is none */
	int tails_fd;   /**< then this holds what is in front of stretches; -1: not yet, or a file
			   does */
	bool exhausted; /**< there is nothing left to help with */
	struct slot slots[PART_HELPERS_MAX];
};

struct parts {
	struct share *shares[PARTS_MEMBERS_MAX]; /**< NULL: free */
	struct schedule *schedule;               /**< which numbers units */
};

void parts_init(struct parts *parts, struct schedule *schedule);

void parts_release(struct parts *parts);

/**
 * What @worker says of a member: @hand is the unit that it is about, its own or one that it helps
 * with. A worker for a stretch is one of @pool that has nothing, or a new one if there are fewer
 * than @most_workers. 0, or -1 with errno ENOMEM.
 */
int parts_hear(struct parts *parts, struct pool *pool, unsigned most_workers, struct worker *worker,
	struct in_hand *hand, const struct message_part *part);

/** There is nothing else to do: ask owners for as much as there are workers without work. */
void parts_ask(struct parts *parts, struct pool *pool, unsigned most_workers);

/** Whether a worker is about to have nothing, and there may be something to help with. */
bool parts_could_ask(const struct parts *parts);

/** The member of @unit has ended, or the unit has: nobody is to help with it any more. */
void parts_end(struct parts *parts, struct pool *pool, const struct unit *unit, uint64_t member);

/** @worker is gone: what it owned ends, and owners hear that it does not help any more. */
void parts_lose(struct parts *parts, struct pool *pool, const struct worker *worker);

#endif
