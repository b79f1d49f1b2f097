// SPDX-License-Identifier: MIT

/*
 * What is to be done, what is being done, and in which order it is told. A job is one archive; it
 * is done in units, each a run of members that one worker does. The first unit of a job has no end
 * yet: the worker that takes it on says where it ends, and the next unit begins there, so that the
 * parent never holds a list of members.
 *
 * Records are handed on in input order: those of the first unit of the first job at once, all
 * others when their turn comes. Without order, all at once. What waits is bounded: while it is more
 * than SCHEDULE_HELD_MAX, only the first job's units are given out and no new archive is taken on.
 * What is printed of a record can be many times as long as the record that waits, so the listener
 * is asked before each whether it has room.
 *
 * No input or output, no processes: run.c brings those.
 */

#ifndef ZIPMAP_PARENT_SCHEDULE_H
#define ZIPMAP_PARENT_SCHEDULE_H

#include "protocol/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of jobs, units and waiting records above which nothing new is begun. */
#define SCHEDULE_HELD_MAX ((size_t)1024 * 1024)

/** Workers that may die over one archive before it is given up. */
#define SCHEDULE_DEATHS_MAX 16

struct unit;

struct job {
	uint64_t number;             /**< the archive's place in the input */
	char *path;                  /**< as the user gave it */
	int fd;                      /**< the archive, open until every unit is done; or -1 */
	uint64_t size_bytes;         /**< of the archive */
	bool pathless;               /**< @path does not lead to it: standard input */
	bool opened;                 /**< a worker has read its directory */
	uint64_t entries;            /**< members of the archive, once it is opened */
	uint64_t next_first;         /**< where the next unit begins */
	bool planned;                /**< all units are made */
	unsigned deaths;             /**< workers that died over it */
	struct failure failure;      /**< of the archive as a whole */
	const char *error;           /**< no archive at all: a word for scripts; static; or NULL */
	char *message;               /**< and what is wrong with it */
	struct unit *units;          /**< those not done or not told yet, in order */
	struct job *previous, *next; /**< all jobs, in order */
	struct job *next_open;       /**< jobs that have a unit to give, in order */
	bool open;                   /**< is one of those */
};

enum unit_state {
	UNIT_QUEUED,  /**< waits for a worker */
	UNIT_GIVEN,   /**< a worker has it */
	UNIT_PLANNED, /**< and has said where it ends: records come */
	UNIT_DONE,    /**< all of its records are here */
};

struct unit {
	struct job *job;
	struct unit *next;
	enum unit_state state;
	uint64_t first;
	uint64_t end;         /**< UNIT_END_OPEN until it is planned */
	uint64_t next_member; /**< the lowest that the next record may have */
	uint64_t told_member; /**< all records below it were told */
	uint32_t directory;   /**< number of the directory that has its files */
	unsigned deaths;      /**< workers that died over it without a member to blame */
	bool gains;           /**< its worker would be faster with another unit beside it */
	bool alone;          /**< it is to be the only one of its worker's: one of two killed one */
	uint8_t *waiting;    /**< records that wait for their turn, as messages */
	size_t waiting_told; /**< bytes of those that were told already */
	size_t waiting_size;
	size_t waiting_capacity;
};

/**
 * Whom to tell. Where one returns false, the record was not taken, and nothing is told any more:
 * the run is being stopped.
 */
struct schedule_listener {
	/** A member, whole (its file is in @directory) or failed. */
	bool (*record)(void *context, const struct job *job, const struct record *record,
		uint32_t directory);
	/** An archive that failed as a whole: job->failure, or job->error and job->message. */
	bool (*failed)(void *context, const struct job *job);
	/** An archive without members. */
	bool (*empty)(void *context, const struct job *job);
	/** Whether no more is to be told until schedule_resume(); NULL: never. */
	bool (*full)(void *context);
	void *context;
};

struct schedule {
	struct schedule_listener listener;
	bool unordered;
	bool halted;              /**< the listener has had enough */
	bool paused;              /**< something has its turn, but the listener is full */
	struct job *first, *last; /**< all jobs */
	struct job *open;         /**< jobs with a unit to give */
	uint64_t next_number;
	size_t held_bytes;
	size_t open_archives; /**< descriptors that jobs hold */
};

void schedule_init(
	struct schedule *schedule, bool unordered, const struct schedule_listener *listener);

/** Forget everything; descriptors are closed, nobody is told. */
void schedule_release(struct schedule *schedule);

/**
 * Add the next archive of the input. @fd is taken over in any case; where @failure is not NULL the
 * archive has failed already and only waits to be told. 0, or -1 with errno ENOMEM.
 */
int schedule_add(struct schedule *schedule, const char *path, int fd, uint64_t size_bytes,
	const struct failure *failure);

/**
 * Add an input that is no archive and only waits to be told as failed, with job->error (static) and
 * job->message. It takes no place among the archives. 0, or -1 with ENOMEM.
 */
int schedule_add_failed(
	struct schedule *schedule, const char *path, const char *error, const char *message);

/** The listener may not be full any more: tell what has its turn. */
void schedule_resume(struct schedule *schedule);

/** Whether another archive may be added now. */
bool schedule_has_room(const struct schedule *schedule);

/** Whether nothing is left to do or to tell. */
bool schedule_is_idle(const struct schedule *schedule);

/**
 * The unit that is to be given out next, or NULL: one of archive @preferred, which a worker has
 * open, before others. It stays queued until schedule_give().
 */
struct unit *schedule_next(const struct schedule *schedule, uint64_t preferred);

/** A worker whose files are in @directory has got @unit. */
void schedule_give(struct schedule *schedule, struct unit *unit, uint32_t directory);

/*
 * A worker's answers about a unit that it has. Each returns 0; -1 with errno EBADMSG where the
 * answer is not possible, which is the end of that worker; -1 with ENOMEM.
 */
int schedule_plan(struct schedule *schedule, struct unit *unit, const struct message_plan *plan);
int schedule_expect(const struct unit *unit, const struct record *record); /* may it come now? */
int schedule_record(struct schedule *schedule, struct unit *unit, const struct record *record);
int schedule_done(struct schedule *schedule, struct unit *unit, const struct message_done *done);

/*
 * A worker has died that had @unit. Each returns 0, or -1 with ENOMEM.
 */

/** It was not at @unit: the members whose records are missing are given out again. */
int schedule_requeue(struct schedule *schedule, struct unit *unit);

/** Whether @suspect, which the worker was on by its own last word, is a missing member of @unit. */
bool schedule_may_blame(const struct unit *unit, const struct record *suspect);

/**
 * It was on two members, and @suspect, of this unit, is one of them: it is given out again alone,
 * and so are, as always, the other members whose records are missing. Where @suspect is no missing
 * member, all of them are.
 */
int schedule_suspect(struct schedule *schedule, struct unit *unit, const struct record *suspect);

/**
 * It was at @unit and no other. @guilty is the member that it was on, with @guilty->failure set: it
 * is told as failed, and the members whose records are missing are given out again. Where
 * @guilty is no missing member, the unit is given out again once, alone, then its archive fails.
 */
int schedule_lost(struct schedule *schedule, struct unit *unit, const struct record *guilty);

/**
 * Whether the file of @archive and @member in @directory has a record that was accepted, told or
 * not: what a worker that has died had finished.
 */
bool schedule_has_record(
	const struct schedule *schedule, uint32_t directory, uint64_t archive, uint64_t member);

/** Whether a record of the file of @archive and @member was told. */
bool schedule_was_told(const struct schedule *schedule, uint64_t archive, uint64_t member);

#endif
