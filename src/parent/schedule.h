// SPDX-License-Identifier: MIT

/*
 * What is to be done, what is being done, and the order of results. A job is one archive. It is
 * done in units, each of which one worker does: consecutive members. The first unit of a job has
 * no end yet: the worker that gets it says where it ends, and the next unit begins there, so that
 * the parent never holds a list of members.
 *
 * Results wait in a queue of their unit until schedule_pop() takes them: in input order, those of
 * the first unit of the first job; without order, those of any. What waits is bounded: while it is
 * more than SCHEDULE_HELD_MAX, only the unit that has its turn is given out, workers that do not
 * have it are not listened to (backpressure.h), and no archive is added.
 *
 * Pure data: no input or output but closing the archives of jobs, no processes, no callbacks. What
 * workers say is checked before it comes here (protocol.h).
 */

#ifndef ZIPMAP_PARENT_SCHEDULE_H
#define ZIPMAP_PARENT_SCHEDULE_H

#include "parent/kept.h"
#include "parent/recordqueue.h"
#include "protocol/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of jobs, units and waiting results above which nothing new is begun. */
#define SCHEDULE_HELD_MAX ((size_t)1024 * 1024)

struct unit;

struct job {
	uint64_t number;             /**< the archive's place in the input */
	char *path;                  /**< as the user gave it */
	int fd;                      /**< the archive, open until every unit is done; or -1 */
	uint64_t size_bytes;         /**< of the archive */
	bool pathless;               /**< @path does not lead to it: standard input */
	bool opened;                 /**< a worker has read its directory */
	uint64_t entries;            /**< members of the archive, once it is opened */
	bool behind_another;         /**< before it, its file holds members of another archive */
	bool behind_popped;          /**< and that was popped */
	uint64_t next_first;         /**< where the next unit begins */
	bool planned;                /**< all units are made */
	unsigned deaths;             /**< workers that died over it */
	struct failure failure;      /**< of the archive as a whole */
	const char *error;           /**< no archive at all: a word for scripts; static; or NULL */
	char *message;               /**< and what is wrong with it */
	struct kept *kept;           /**< the entry that its files are kept in, or NULL */
	struct unit *units;          /**< those that are not done or whose results wait, in order */
	struct job *previous, *next; /**< all jobs, in order */
	struct job *next_open;       /**< jobs that have a unit to give out, in order */
	bool open;                   /**< is one of those */
	struct job *next_ready;      /**< without order: jobs that may have a result */
	bool ready;                  /**< is one of those */
};

enum unit_state {
	UNIT_QUEUED,  /**< waits for a worker */
	UNIT_GIVEN,   /**< a worker has it */
	UNIT_PLANNED, /**< and has said where it ends: records come */
	UNIT_DONE,    /**< all of its records are here */
};

struct unit {
	uint64_t id; /**< never used again */
	struct job *job;
	struct unit *next;
	enum unit_state state;
	uint32_t directory; /**< number of the worker directory that has its files */
	unsigned deaths;    /**< workers that died over it without a member to blame */
	bool pairable;      /**< its worker would be faster with another unit beside it */
	bool exclusive;     /**< its worker gets no other beside it: it may have killed one */
	bool withheld;      /**< its results wait until its worker is gone */
	enum unit_kind kind;
	union {
		struct unit_members members; /**< UNIT_MEMBERS */
	};
	uint64_t room;              /**< that its files may still take; UINT64_MAX: any number */
	uint64_t needed_bytes;      /**< it was given with too little room: so much it needs */
	uint64_t next_member;       /**< the lowest that the next record may have */
	uint64_t popped_member;     /**< all records below it were popped */
	struct recordqueue results; /**< records that wait for their turn */
};

enum result_kind {
	RESULT_MEMBER, /**< a member, whole or failed */
	RESULT_FAILED, /**< job->failure of a whole archive, or job->error: an input is none */
	RESULT_EMPTY,  /**< an archive without members */
	RESULT_WHOLE,  /**< all of an archive was given out, whose files are kept by this run */
	RESULT_BEHIND, /**< what is to be said of an archive before its members: behind_another */
};

/** What has its turn. All of it belongs to the schedule. */
struct result {
	enum result_kind kind;
	const struct job *job;
	const struct record *record; /**< RESULT_MEMBER */
	uint32_t directory;          /**< the same: the worker directory that has its file */
};

struct schedule {
	bool unordered;
	bool withhold; /**< results are not popped before the worker is gone that made them */
	struct job *first, *last; /**< all jobs */
	struct job *open;         /**< jobs with a unit to give out */
	struct job *ready, *ready_last;
	uint64_t next_number;
	uint64_t next_unit;
	size_t held_bytes;
	uint64_t units_done;     /**< by workers, in all */
	uint64_t members;        /**< whole ones that workers have reported, in all */
	uint64_t member_bytes;   /**< and their bytes */
	uint64_t losses_decided; /**< losses of workers by which a member or an archive failed */
	size_t open_archives;    /**< descriptors that jobs hold */
	struct message popped;   /**< the record of the last result */
	struct job *popped_job;  /**< the job of the last result, if that was its last; or NULL */
};

void schedule_init(struct schedule *schedule, bool unordered);

/** Forget everything; descriptors are closed. */
void schedule_release(struct schedule *schedule);

/**
 * Add the next archive of the input. @fd is taken over in any case; if @failure is not NULL the
 * archive has failed already and only waits for its turn. 0, or -1 with errno ENOMEM.
 */
int schedule_add(struct schedule *schedule, const char *path, int fd, uint64_t size_bytes,
	const struct failure *failure);

/**
 * Add an input that is no archive: job->error (static) and job->message wait for their turn. It
 * takes no place among the archives. 0, or -1 with errno ENOMEM.
 */
int schedule_add_failed(
	struct schedule *schedule, const char *path, const char *error, const char *message);

/** The archive that was added last has @kept, which is taken over. */
static inline void schedule_keep(struct schedule *schedule, struct kept *kept)
{
	schedule->last->kept = kept;
	schedule->held_bytes += kept_bytes(kept);
}

/** Whether another archive may be added now. */
bool schedule_has_room(const struct schedule *schedule);

/** Whether nothing is left to do and nothing is left to pop. */
static inline bool schedule_is_idle(const struct schedule *schedule)
{
	return schedule->first == NULL;
}

/**
 * The unit that is to be given out next, or NULL: one of archive @preferred, which a worker has
 * open, before others. It stays queued until schedule_give().
 */
struct unit *schedule_next(const struct schedule *schedule, uint64_t preferred);

/** A worker whose files are in @directory has got @unit. */
void schedule_give(struct schedule *schedule, struct unit *unit, uint32_t directory);

/** @unit could not be sent to its worker, and waits for one again. */
void schedule_take_back(struct schedule *schedule, struct unit *unit);

/**
 * Whether @plan says that there is too little room for @unit. Then schedule_plan() queues it again,
 * and its worker has no more to do with it.
 */
static inline bool schedule_postpones(const struct unit *unit, const struct message_plan *plan)
{
	return plan->room > unit->room;
}

/*
 * What the worker says that has @unit, once protocol_check() has found it possible. Each returns 0,
 * or -1 with errno ENOMEM.
 */
int schedule_plan(struct schedule *schedule, struct unit *unit, const struct message_plan *plan);
int schedule_record(struct schedule *schedule, struct unit *unit, const struct message *message);
void schedule_done(struct schedule *schedule, struct unit *unit, const struct message_done *done);

/** The worker that had @unit is gone: its results may be popped. */
void schedule_let_pop(struct schedule *schedule, struct unit *unit);

/** Whether the results of @unit have their turn now. */
bool schedule_has_turn(const struct schedule *schedule, const struct unit *unit);

/**
 * Take the next result that has its turn. False if there is none now. It is valid until the
 * schedule is changed next.
 */
bool schedule_pop(struct schedule *schedule, struct result *result);

/*
 * For requeue.c: changing what is to be done.
 */

/**
 * Insert a queued unit of members @first up to @end behind @after, or as the job's first if that is
 * NULL. schedule_offer() gives it out. NULL with errno ENOMEM.
 */
struct unit *schedule_insert(struct schedule *schedule, struct job *job, struct unit *after,
	uint64_t first, uint64_t end);

/** @job has a queued unit. */
void schedule_offer(struct schedule *schedule, struct job *job);

/** Nothing more of @unit will come. */
void schedule_finish(struct schedule *schedule, struct unit *unit);

/** No more of @job is done; what was done has its turn, then @failure. */
void schedule_fail(struct schedule *schedule, struct job *job, const struct failure *failure);

#endif
