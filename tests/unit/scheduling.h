// SPDX-License-Identifier: MIT

/*
 * A schedule for tests, and short words for what happens to it. What has its turn is popped after
 * each of them, while there is room, and is kept as text.
 */

#ifndef ZIPMAP_TESTS_UNIT_SCHEDULING_H
#define ZIPMAP_TESTS_UNIT_SCHEDULING_H

#include "support.h"

#include "parent/schedule.h"

/** An archive, a unit or a member that there is not. */
#define NOBODY UINT64_MAX

extern struct schedule schedule;

/** How many results are popped until there is no more room. */
extern size_t room;

/** A new schedule, with room for any number of results. */
void begin(bool unordered);

/** Pop what has its turn while there is room. */
void pop_results(void);

/** Set @room, and pop what has its turn. */
void make_room(size_t results);

/**
 * What was popped since begin(): "0.3" is member 3 of archive 0, "0.3!" one that failed, "F0" an
 * archive that failed, "E0" one without members; with spaces between.
 */
const char *popped(void);

/** Nothing is left, and the account of what is held says so. */
void finish(void);

/** Add archives without a descriptor. */
void add(unsigned count);
void add_failed(enum failure_kind kind);

/** Give out the next unit, which must be of @archive and begin with @first. */
struct unit *give(uint64_t archive, uint64_t first);

/** Its worker says a plan, records of members @first up to @end, and the end of @unit. */
void plan(struct unit *unit, uint64_t end, uint64_t entries);
void records(struct unit *unit, uint64_t first, uint64_t end);
void done(struct unit *unit);

/** Its worker says that the archive of @unit cannot be read. */
void unreadable(struct unit *unit, enum failure_kind kind);

/** @unit from its plan to its end. */
void whole(struct unit *unit, uint64_t end, uint64_t entries);

/** A whole member's record, of @unit. */
struct message make_record(const struct unit *unit, uint64_t member);

#define assert_popped(expected) ck_assert_str_eq(popped(), expected)

#endif
