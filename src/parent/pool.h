// SPDX-License-Identifier: MIT

/*
 * The worker processes: starting, talking to, and ending them. What they are told to do, and what
 * becomes of their answers, is the schedule's.
 */

#ifndef ZIPMAP_PARENT_POOL_H
#define ZIPMAP_PARENT_POOL_H

#include "parent/run.h"
#include "parent/rundir.h"
#include "parent/start.h"
#include "protocol/crashnote.h"
#include "protocol/message.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** Units that a worker may have at a time: the one in hand, and small ones queued behind it. */
#define WORKER_QUEUE_MAX 4

struct unit;

/** A file with several members, as the parent has looked at it. */
struct seen_pack {
	bool seen;           /**< there is one */
	bool accepted;       /**< one of its members at least is announced */
	uint64_t number;     /**< its first member */
	uint64_t inode;      /**< of the file that was mapped, */
	uint64_t size_bytes; /**< and its size; 0: none was yet */
};

/** A unit that a worker has, and where it is with it. */
struct in_hand {
	struct unit *unit;     /**< the schedule's */
	struct seen_pack pack; /**< the last one of this unit's */
};

struct worker {
	pid_t pid; /**< 0: no process, this place is free */
	int channel_fd;
	int directory_fd;
	uint32_t directory;               /**< the number of its directory */
	dev_t device;                     /**< of its directory */
	uid_t owner;                      /**< of its directory: this user */
	struct worker_progress *progress; /**< shared with it */
	uint64_t archive; /**< the archive it has open once its queue is done, or PROGRESS_NONE */
	struct in_hand queue[WORKER_QUEUE_MAX]; /**< in the order in which they were sent */
	unsigned queued;
	bool is_ready;                /**< it has started, as far as it has to say so */
	bool has_left;                /**< it has said its last words */
	struct failure start_failure; /**< why it says that it cannot start */
};

struct pool {
	struct starter starter;
	struct rundir *rundir;
	struct run_stats *stats;
	struct worker *workers; /**< @size of them */
	unsigned size;
	unsigned live;
	unsigned lacking; /**< steps of the sandbox that were refused, each a bit: the user knows */
	uint8_t *packet;  /**< the packet received last, PACKET_MAX bytes */
};

/**
 * Prepare for @size workers at most, with directories in @rundir, or without where that is NULL;
 * starts none. 0, or -1 with errno.
 */
int pool_init(struct pool *pool, unsigned size, const struct worker_entry *entry,
	struct rundir *rundir, struct run_stats *stats);

/**
 * Start one more worker in a free place, of which there must be one. NULL with *@failure, as the
 * user is told it, and errno.
 */
struct worker *pool_start(struct pool *pool, struct failure *failure);

/**
 * Whether @worker, which ended with the wait(2) status @status, never came to be ready, and others
 * would not either: it could not do a step, or left. Why goes to *@failure.
 */
bool pool_failed_to_start(const struct worker *worker, int status, struct failure *failure);

/**
 * Tell @worker to do a unit; @archive_fd goes along unless it is -1. 0, or -1 with errno; EPIPE
 * where it is dead.
 */
int pool_send(
	struct pool *pool, struct worker *worker, const struct message_work *work, int archive_fd);

/**
 * Receive a packet from @worker into pool->packet. 1 with *@reader at its beginning, 0 where
 * nothing is there yet, -1 where nothing will come any more: the end of the channel, or EBADMSG.
 * Its first word is dealt with here; what its sandbox lacks is said once.
 */
int pool_receive(struct pool *pool, struct worker *worker, struct wire_reader *reader);

/** Kill @worker unless it is dead, wait for it, and free its place. Returns its wait(2) status. */
int pool_bury(struct pool *pool, struct worker *worker);

/** End the parent's side of all channels: idle workers say their last words and leave. */
void pool_end_channels(struct pool *pool);

/** Kill all workers that are left, wait for them, and release @pool. */
void pool_release(struct pool *pool);

#endif
