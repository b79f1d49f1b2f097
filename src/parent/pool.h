// SPDX-License-Identifier: MIT

/*
 * The worker processes: starting them, sending to and receiving from them, and ending them.
 */

#ifndef ZIPMAP_PARENT_POOL_H
#define ZIPMAP_PARENT_POOL_H

#include "parent/interface.h"
#include "parent/memoryfiles.h"
#include "parent/rundir.h"
#include "parent/start.h"
#include "protocol/channel.h"
#include "protocol/crashnote.h"
#include "protocol/message.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * Units that a worker may have at a time: the one in hand, and small ones queued behind it. While
 * it is at those of a packet, the next packet is on its way.
 */
enum { WORKER_QUEUE_MAX = 2 * WORK_UNITS_MAX };

struct unit;

/** A file with several members, as the parent has verified it. */
struct seen_pack {
	bool seen;           /**< there is one */
	bool counted;        /**< its room is: gate.h */
	bool accepted;       /**< at least one of its members may be announced */
	uint64_t number;     /**< its first member */
	uint64_t inode;      /**< of the file that was found, */
	uint64_t size_bytes; /**< and its size; 0: none was yet */
	bool in_memory;      /**< it is there, */
	int descriptor;      /**< and this is ours; -1: @error is why it cannot be had */
	int error;
};

/** A unit that a worker has, and where it is with it. */
struct in_hand {
	struct unit *unit;     /**< the schedule's */
	struct seen_pack pack; /**< the last one of this unit's */
	uint64_t next_look;    /**< the lowest member that the worker may still look for */
};

struct worker {
	pid_t pid; /**< 0: no process, this place is free */
	int channel_fd;
	int directory_fd;
	struct memoryfiles *memory; /**< its files are in memory; or NULL */
	struct channel_fds fds;     /**< that came with its last packet, and are to be taken */
	uint32_t directory;         /**< the number of its worker directory */
	dev_t device;               /**< of that directory */
	uid_t owner;                /**< of that directory: this user */
	struct worker_progress *progress; /**< shared with it */
	uint64_t archive; /**< the archive it has open once its queue is done, or PROGRESS_NONE */
	struct in_hand queue[WORKER_QUEUE_MAX]; /**< in the order in which they were sent */
	unsigned queued;
	unsigned archives; /**< that it has had; one that is taken up again counts again */
	struct unit *made; /**< the unit that it has done, if that is withheld; or NULL */
	bool retired;      /**< it gets no more, and has to go */
	bool shares;       /**< others were asked to help with its member: it gets no other unit */
	bool has_mapped;   /**< a file of its own was mapped, and so others can be */
	bool asks;         /**< for its files: it may name no path */
	bool is_ready;     /**< it has started, as far as it has to say so */
	bool has_left;     /**< it has said its last message */
	bool spoke;        /**< since it was looked at last: silence.h, as the next two */
	unsigned long ticks;          /**< of processor time that it had taken then */
	unsigned silent_looks;        /**< in a row that found it doing nothing */
	struct failure start_failure; /**< why it says that it cannot start */
};

/** Units for a worker that go in one packet. */
struct parcel {
	uint64_t archive; /**< the one that the worker has open once it has done those so far */
	struct wire_writer packet;
	struct channel_fds fds;
	uint8_t bytes[WORK_PACKET_MAX];
};

struct pool {
	struct starter starter;
	struct rundir *rundir;
	struct memoryfiles *memory; /**< or NULL: files are in @rundir, if anywhere */
	struct run_stats *stats;
	struct worker *workers; /**< @size of them */
	unsigned size;
	unsigned live;
	unsigned lacking; /**< steps of the sandbox that were refused, each a bit: the user knows */
	bool hands_out;   /**< workers ask for their files: the user knows */
	bool looks;       /**< workers look for files that are there */
	uint8_t *packet;  /**< the packet received last, PACKET_MAX bytes */
};

/** How the descriptors that this process may have are shared out. */
struct pool_share {
	unsigned workers;  /**< how many there may be */
	unsigned commands; /**< the same, of the user's */
	size_t archives;   /**< how many may be open at a time */
	size_t files;      /**< the same of files in memory */
};

/**
 * Share out the descriptors that this process may have, after raising that limit if it is low for
 * @jobs workers and @commands commands at a time; if files are @in_memory, as far as it goes. 0, or
 * -1 with errno EMFILE if they are too few for anything.
 */
int pool_share_descriptors(
	unsigned jobs, unsigned commands, bool in_memory, struct pool_share *share);

/**
 * Prepare for @size workers at most, with worker directories in @rundir, or without any if that is
 * NULL. Starts none. 0, or -1 with errno.
 */
int pool_init(struct pool *pool, unsigned size, const struct worker_entry *entry,
	struct rundir *rundir, struct run_stats *stats);

/** Files of workers are to be in memory, and are kept by @memory. */
void pool_set_memory(struct pool *pool, struct memoryfiles *memory);

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

/** Begin a parcel for @worker. It holds WORK_UNITS_MAX messages. */
void parcel_init(struct parcel *parcel, const struct worker *worker);

/**
 * Put @message, a MESSAGE_WORK, into @parcel; @archive_fd, which stays the caller's, goes along
 * unless it is -1, and work.has_archive says so.
 */
void parcel_put(struct parcel *parcel, const struct message *message, int archive_fd);

/** Send @parcel to @worker. 0, or -1 with errno, and nothing is sent; EPIPE if it is dead. */
int pool_send(struct pool *pool, struct worker *worker, const struct parcel *parcel);

/** Send @worker @packet, which holds messages, with @fds. 0, or -1 with errno as pool_send(). */
int pool_send_packet(struct pool *pool, const struct worker *worker,
	const struct wire_writer *packet, const struct channel_fds *fds);

/**
 * Send @worker @message alone: a MESSAGE_PART, the MESSAGE_WORK of a UNIT_PART, or a MESSAGE_HAND.
 * @fd goes along unless it is -1. 0, or -1 with errno as pool_send().
 */
int pool_tell(
	struct pool *pool, const struct worker *worker, const struct message *message, int fd);

/**
 * Receive a packet from @worker into pool->packet. 1 with *@reader at its beginning, 0 if nothing
 * is there yet, -1 with errno if nothing will come any more: the end of the channel (ECONNRESET),
 * EBADMSG, or no memory of ours (ENOMEM, ENOBUFS). The message with which a worker starts is dealt
 * with here; what its sandbox lacks is said once. Descriptors may come along if files are in memory
 * alone: they are in worker->fds.
 */
int pool_receive(struct pool *pool, struct worker *worker, struct wire_reader *reader);

/** @worker has no more to do with @hand, which is in its queue. */
void pool_drop_unit(struct worker *worker, struct in_hand *hand);

/**
 * @worker, which has no unit, gets no more: it is killed, or with @ask told to say its last message
 * and leave. Its place is free once its channel has ended and it is buried.
 */
void pool_retire(struct worker *worker, bool ask);

/** @worker has said its last message: its peaks of memory. */
void pool_note_memory(
	struct pool *pool, struct worker *worker, const struct message_memory *memory);

/** Kill @worker unless it is dead, wait for it, and free its place. Returns its wait(2) status. */
int pool_bury(struct pool *pool, struct worker *worker);

/** End the parent's side of all channels: idle workers say their last message and leave. */
void pool_end_channels(struct pool *pool);

/** Kill all workers that are left, wait for them, and release @pool. */
void pool_release(struct pool *pool);

#endif
