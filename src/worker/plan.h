// SPDX-License-Identifier: MIT

/*
 * How the members of an archive divide into units. A unit is as large as keeps messages rare, and
 * as small as lets every worker have one until the end of a run. A single member is never divided.
 */

#ifndef ZIPMAP_WORKER_PLAN_H
#define ZIPMAP_WORKER_PLAN_H

#include "protocol/message.h"
#include "protocol/settings.h"
#include "worker/container/archive.h"
#include "worker/container/names.h"
#include "worker/extract/extract.h"

#include <stdbool.h>
#include <stdint.h>

/** The most of one unit, beside UNIT_MEMBERS_MAX. */
#define UNIT_BYTES_MAX (UINT64_C(8) * 1024 * 1024)
#define UNIT_NAMES_MAX (UINT64_C(64) * 1024) /**< of names: records wait in the parent's memory */

/**
 * Packs that a unit may need, which are files in memory: one is closed, and another begun, if too
 * much is held for it (held.h), which is rare.
 */
#define UNIT_PACKS_MAX 4

/** Who plans, and by what. */
struct planner {
	const struct worker_settings *settings;
	struct names *names;
	const struct extraction *extraction;
	struct in_place in_place; /**< which members may stay in this archive */
	uint64_t room;            /**< that the files of the unit may have: message_work has it */
};

/** One unit. */
struct plan {
	uint64_t end;        /**< behind its last member */
	uint64_t next_place; /**< where the entry behind it begins */
	bool pairable;       /**< a member of it would gain from one in another lane */
	uint64_t file_bytes; /**< of its files, but for those of BOUNDS_LARGE_MEMBER */
	uint64_t files;      /**< how many those are */
	uint64_t room;       /**< of all of its files */
	unsigned packs;      /**< of files in memory, those that are counted in @room */
	bool postponed;      /**< there is no room for its first member, which needs @room */
};

/** Whether @member is to be unzipped. */
bool plan_wants(const struct planner *planner, const struct member *member);

/**
 * Plan the unit that begins where @cursor stands, in an archive of @entries members. Its end is
 * @end, or, if that is UNIT_END_OPEN, where the unit is large enough; and in any case where there
 * is no room for another member. 0 with @cursor somewhere behind, or -1 with *@failure, which stays
 * FAILURE_NONE if there are fewer entries.
 */
int plan_unit(const struct planner *planner, struct cursor *cursor, uint64_t end, uint64_t entries,
	struct plan *plan, struct failure *failure);

#endif
