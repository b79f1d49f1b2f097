// SPDX-License-Identifier: MIT

/*
 * What is in an extraction, and what is done with a member before it is decoded: whether it may be
 * unzipped, and where its bytes are to go.
 */

#ifndef ZIPMAP_WORKER_EXTRACT_ADMIT_H
#define ZIPMAP_WORKER_EXTRACT_ADMIT_H

#include "numpy/rawarray.h"
#include "protocol/partschoice.h"
#include "protocol/record.h"
#include "worker/extract/bounds.h"
#include "worker/extract/decoding.h"
#include "worker/extract/inplace.h"
#include "worker/parts/owner.h"

#include <stdbool.h>
#include <stdint.h>

/** What is done with a member. */
enum strategy {
	STRATEGY_OWN_FILE, /**< unzip it to a file of its own */
	STRATEGY_PACK,     /**< ... to one that it shares */
	STRATEGY_IN_PLACE, /**< leave it in its archive */
	STRATEGY_THERE,    /**< leave it in the file that has its name already, if it is there */
	STRATEGY_CHECK,    /**< decode it and forget the bytes */
	STRATEGY_NONE,     /**< it would need a file, and there is no directory for it */
};

struct extraction {
	struct bounds bounds;
	struct in_place in_place;
	bool packs;
	bool trusts_there; /**< the CRC-32 of files that are there is not looked at */
	bool needs_files;  /**< members that are not in place are for files, not to be checked */
	bool in_memory;    /**< those files are in memory */
	const struct raw_array *raw; /**< what members hold that do not say it; or NULL */
	bool npy;                    /**< they get a header */
	struct target target;
	struct decoding decoding;
	enum parts_choice parts;

	/* Of the member in hand. */
	struct archive *archive;
	struct member member;
	struct record record;
	enum strategy strategy;
	bool is_raw;        /**< it holds @raw: @array is known */
	struct array array; /**< of the record; its type is that of @raw or in decoding.in */
	struct in_place_bytes bytes; /**< if it is in place, or there */
	struct source there;         /**< its file that is there; none is open: not so */
	struct owner owner;          /**< if several workers decode it */
	bool reserved;               /**< room is set aside for it, or is not to be */
	unsigned unreserved_steps;   /**< so many come before that */
};

/** So many steps of a member that was offered are time enough for others to be asked. */
#define ADMIT_UNRESERVED_STEPS 4

/** What is done with the member in hand if it cannot stay in place. */
enum strategy admit_strategy(const struct extraction *extraction);

/** See that the member may be unzipped, and has room. 0, or -1 with *@failure. */
int admit_check_bounds(const struct extraction *extraction, struct failure *failure);

/** If the member holds what it does not say: see that it fits. 0, or -1 with *@failure. */
int admit_as_raw(struct extraction *extraction, struct failure *failure);

/**
 * Set room aside for the member, unless that was done, so that a full disk shows at once. A member
 * that was offered is begun without: where that takes as long as writing, it is left to those who
 * write together. Called before each step. 0, or -1 with *@failure.
 */
int admit_reserve(struct extraction *extraction, struct failure *failure);

#endif
