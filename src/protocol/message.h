// SPDX-License-Identifier: MIT

/*
 * The messages between the parent and a worker. A packet on the channel holds one or more messages
 * back to back; each is a tag, a 32-bit length and its fields (see wire.h). Pure: encodes to and
 * decodes from buffers. The decoder takes nothing for granted: the bytes may come from a worker
 * that a hostile archive has taken over.
 */

#ifndef ZIPMAP_PROTOCOL_MESSAGE_H
#define ZIPMAP_PROTOCOL_MESSAGE_H

#include "protocol/membername.h"
#include "protocol/messagepart.h"
#include "protocol/record.h"
#include "protocol/startstep.h"
#include "protocol/wire.h"

#include <stdbool.h>
#include <stdint.h>

/** The most bytes of one packet: any one record fits, with the longest name or type. */
#define PACKET_MAX ((size_t)96 * 1024)

/** The most bytes of the name and the type of one record together. */
#define RECORD_TEXT_MAX (PACKET_MAX - 1024)

/** The most bytes of one MESSAGE_WORK or MESSAGE_HAND. */
#define WORK_BYTES_MAX ((size_t)128)

/** The most units of a packet to a worker, and its most bytes. */
#define WORK_UNITS_MAX  8
#define WORK_PACKET_MAX (WORK_UNITS_MAX * WORK_BYTES_MAX)

/** The most of a unit's MESSAGE_LOOKs that are not answered yet, or whose answer is not used. */
#define LOOKS_MAX 16

/** The end of a unit that the worker is to find itself. */
#define UNIT_END_OPEN UINT64_MAX

enum message_kind {
	/* From the parent to a worker. */
	MESSAGE_WORK = 1, /**< do one unit; the archive's descriptor comes along if it is new, in
			     the order of the messages of a packet */

	/* From a worker to the parent, for each MESSAGE_WORK: PLAN, any number of RECORDs, DONE; or
	 * a PLAN alone that says that there is too little room. */
	MESSAGE_PLAN,   /**< which members the unit has */
	MESSAGE_RECORD, /**< one member, whole or failed */
	MESSAGE_DONE,   /**< the unit has ended; with a failure if the archive cannot be read */

	MESSAGE_MEMORY, /**< the worker's last message, after the channel has ended: its peaks */

	MESSAGE_START, /**< the worker's first message: it is ready, or cannot start */

	/* Where a worker may name no path, and the parent makes its files. */
	MESSAGE_ASK,  /**< from the worker: make a file, or remove one */
	MESSAGE_HAND, /**< to the worker: the file's descriptor comes along, or why there is none.
			 No other kind is in its packet. */
	MESSAGE_PART, /**< of a member that several workers decode; in either direction */

	/* Where files are used again (reuse.h). The answer is a MESSAGE_HAND, too. */
	MESSAGE_LOOK, /**< from the worker: hand out the file that has the name of a member, its
			   size and its time */
};

/** What a unit of work consists of. The values go over the wire: append, never reorder. */
enum unit_kind {
	UNIT_MEMBERS = 1, /**< consecutive members of one archive */
	UNIT_PART,        /**< a stretch of a member that another worker has */
};

/** The most members of a unit whose end is for the worker to decide. */
#define UNIT_MEMBERS_MAX 512

/** The members of a UNIT_MEMBERS. */
struct unit_members {
	uint64_t first;
	uint64_t end;   /**< behind the last, or UNIT_END_OPEN: the worker decides, and says so */
	uint64_t place; /**< where in the central directory the first one's entry begins, as the
			   worker said that planned the unit before; 0: find it from the start */
};

/** The stretch of a UNIT_PART: the first block that begins in it, and so on. In bits. */
struct unit_part {
	uint64_t data_place;       /**< where the member's data begin in the archive's file */
	uint64_t compressed_bytes; /**< how long they are */
	uint64_t from, to;
	bool checked_only; /**< there is no file: only the last bytes are written, behind the window
			    */
};

/** A unit of work. */
struct message_work {
	uint64_t archive;    /**< the archive's place in the input */
	uint64_t size_bytes; /**< of the archive, as the parent found it when it was opened */
	uint64_t entries; /**< members of the archive, as its first PLAN said; 0: not known yet */
	uint64_t total_left; /**< bytes that the run may still unzip; UINT64_MAX: no limit */
	uint64_t room;       /**< bytes of files that there is room for, or how many files in
				memory there may be, 0 if there never will be one; UINT64_MAX:
				no limit */
	bool has_archive;    /**< the packet carries the archive's descriptor */
	bool in_place;       /**< members may stay in the archive, which has a path */
	enum unit_kind kind; /**< which of the following there is */
	union {
		struct unit_members members;
		struct unit_part part;
	};
};

/** What a UNIT_MEMBERS turns out to be, before any of its records. */
struct message_plan {
	uint64_t end;        /**< behind its last member */
	uint64_t entries;    /**< members of the archive, all of them */
	uint64_t next_place; /**< the place of the unit that begins at @end; 0: not known */
	uint64_t room;       /**< of its files, at most. If that is more than there is room for,
				      the unit ends where it begins: it is not done, and to be given
				      again once there is so much room for its first member */
	bool pairable;       /**< the worker would be faster with another unit beside this one */
	bool behind_another; /**< before the archive, its file holds members of another one */
};

struct message_done {
	struct failure failure; /**< FAILURE_NONE, or why the whole archive failed */
};

/** Peaks over the worker's life, in bytes; see memory.h. */
struct message_memory {
	uint64_t private_bytes;
	uint64_t shared_bytes;
};

/** That the worker is ready (START_NONE), or which step of its start failed. */
struct message_start {
	enum start_step step;
	uint32_t error; /**< the step's errno; 0: none failed */
	bool goes_on;   /**< it does without what the step enters, and will be ready */
	bool asks;      /**< it is ready, and asks for its files */
};

/** A file of the worker's directory. */
struct message_ask {
	bool remove;                 /**< it is to go, and no answer comes */
	char name[MEMBER_FILE_SIZE]; /**< a string */
};

struct message_hand {
	uint32_t error; /**< 0, or the errno of the file that could not be made or opened */
	bool looked;    /**< it answers a MESSAGE_LOOK, not a MESSAGE_ASK */
};

struct message {
	enum message_kind kind;
	uint64_t unit; /**< the unit that it is about, never used again in a run; not of MEMORY and
			  START */
	struct array
		array; /**< the array of a record that was read, so that nothing is allocated */
	union {
		struct message_work work;
		struct message_plan plan;
		struct record record; /**< without record.archive, which is that of the unit; of a
					 LOOK, it says what the member is: PLACE_THERE */
		struct message_done done;
		struct message_part part;
		struct message_memory memory;
		struct message_start start;
		struct message_ask ask;
		struct message_hand hand;
	};
};

/**
 * Append @message to @packet. 0, or -1 if it does not fit: then the packet is as it was.
 */
int message_put(struct wire_writer *packet, const struct message *message);

/**
 * The most bytes that message_put() takes for @record.
 */
size_t message_record_bytes_max(const struct record *record);

/**
 * Take the next message from @packet; a record's name points into the packet. 1 for a message, 0
 * at the end, -1 with errno EBADMSG if the bytes are no message: an unknown tag, a length that does
 * not match the fields, a value out of range.
 */
int message_get(struct wire_reader *packet, struct message *message);

#endif
