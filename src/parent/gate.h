// SPDX-License-Identifier: MIT

/*
 * Waiting for room. Once the gate is shut, a unit is given out only if there is room for its files:
 * below --max-scratch, and in the file system. It is shut from the start if there is a limit, or if
 * commands are run, after which files are removed; else once the file system was found full and the
 * reader of the list has removed files. What removes them, a reader or we, is seen by inotify(7) on
 * the worker directories.
 *
 * Files in memory are counted instead, since each takes a descriptor: there the gate is always
 * shut, and the room is how many more there may be. Only commands let them go. So with a lease,
 * once there are as many as there may be, units are given out with no room at all.
 */

#ifndef ZIPMAP_PARENT_GATE_H
#define ZIPMAP_PARENT_GATE_H

#include "parent/interface.h"
#include "parent/pool.h"
#include "parent/rundir.h"
#include "parent/schedule.h"
#include "parent/scratch.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * A file that was removed may still be open, and takes its room until it is closed. So long after
 * the last removal that is waited for.
 */
#define GATE_PATIENCE_NS (UINT64_C(10) * 1000000000)

/**
 * A reader who was not asked for by --max-scratch, but has removed files, may be none: a worker
 * that was taken over can remove its own, and say that there is no room. So it is waited for so
 * long at least, and GATE_PACES times as long as it ever took to remove another file; then never
 * again.
 */
#define GATE_PATIENCE_READER_NS (UINT64_C(60) * 1000000000)
#define GATE_PACES              10

struct gate {
	const struct run_settings *settings;
	struct rundir *rundir;
	const struct memoryfiles *memory; /**< files are there, and those are counted; or NULL */
	const struct schedule *schedule;
	const struct pool *pool;
	struct scratch scratch;
	bool shut;             /**< units wait for room */
	bool waits;            /**< the next one does now */
	bool was_full;         /**< a member found no room, when @full_removed files were removed */
	uint64_t full_removed; /**< : no unit is given out before another one is */
	uint64_t seen_removed; /**< files that were removed before the gate was shut */
	uint64_t given_removed; /**< how many were when the last unit was given out */
	uint64_t removed_ns;    /**< when the last one was; 0: none was yet */
	uint64_t begin_ns;      /**< when the run began */
	uint64_t pace_ns;       /**< the longest time from one removal to the next that was seen */
	uint64_t most_space;    /**< bytes that the file system had free at the best of times */
	bool hopeless;       /**< only files of later units live, which wait for the next one: it is
			 given out, and its members that find no room fail */
	uint64_t stalled_ns; /**< since when nothing but the reader can go on; 0: it is not so */
	uint64_t stalled_at; /**< how many files were removed then */
	bool told;           /**< the user knows what is waited for */
	bool weary;          /**< it was waited for in vain: the gate stays open */
};

/**
 * Begin to watch the worker directories that will be made in @rundir, if it is there; or count the
 * files of @memory if that is not NULL. 0, or -1 with errno: directories cannot be watched, and
 * --max-scratch needs that.
 */
int gate_init(struct gate *gate, const struct run_settings *settings, struct rundir *rundir,
	const struct memoryfiles *memory, const struct schedule *schedule, const struct pool *pool);

void gate_release(struct gate *gate);

/** The descriptor to wait for, or -1; then gate_look(). */
int gate_poll_fd(const struct gate *gate);

/**
 * See which files were removed. Those that we and workers remove are told apart from those that the
 * reader does by being seen before their members' records count.
 */
void gate_look(struct gate *gate);

/**
 * Whether @unit, the next in the order of the input, may be given out now. How much room its files
 * may take goes to *@room: UINT64_MAX if the gate is open; of files in memory it is 0 if there will
 * never be room for one.
 */
bool gate_allows(struct gate *gate, const struct unit *unit, uint64_t *room);

/** How long to wait at most until room is looked for again: others may free some, too. */
int gate_wait_ms(const struct gate *gate);

/** @hand's worker has said @record, which was verified. */
void gate_note_record(struct gate *gate, struct in_hand *hand, const struct record *record);

/** A unit is done. */
void gate_note_done(struct gate *gate);

/**
 * Whether the member of @record, which has failed, is better done again later: it found no room,
 * and files are being removed. Then the gate is shut.
 */
bool gate_puts_off(struct gate *gate, const struct in_hand *hand, const struct record *record);

/** Whether a unit waits for room and no worker has one, so that only removing files can help. */
bool gate_is_stuck(const struct gate *gate);

/**
 * Nothing goes on but, perhaps, the reader of the list: if that lasts, say what is waited for. If
 * it has no file either, the unit that waits is given out as if there were room.
 */
void gate_note_stall(struct gate *gate);

#endif
