// SPDX-License-Identifier: MIT

/*
 * The messages between the parent and a worker. A packet on the channel holds one or more messages
 * back to back; each is a tag, a 32-bit length and its fields (see wire.h). Pure: encodes to and
 * decodes from buffers. The decoder takes nothing for granted: the bytes may come from a worker
 * that a hostile archive has taken over.
 */

#ifndef ZIPMAP_PROTOCOL_MESSAGE_H
#define ZIPMAP_PROTOCOL_MESSAGE_H

#include "protocol/record.h"
#include "protocol/startstep.h"
#include "protocol/wire.h"

#include <stdbool.h>
#include <stdint.h>

/** The most bytes of one packet: any one record fits, with the longest name that there is. */
#define PACKET_MAX ((size_t)96 * 1024)

/** The end of a unit that the worker is to find itself. */
#define UNIT_END_OPEN UINT64_MAX

enum message_kind {
	/* From the parent to a worker. */
	MESSAGE_WORK = 1, /**< unzip one unit; with the archive's descriptor where it is new */

	/* From a worker to the parent, for each MESSAGE_WORK: PLAN, any number of RECORDs, DONE. */
	MESSAGE_PLAN,   /**< which members the unit has */
	MESSAGE_RECORD, /**< one member, whole or failed */
	MESSAGE_DONE, /**< the unit's last word; with a failure where the archive cannot be read */

	MESSAGE_MEMORY, /**< the worker's last word, after the channel's end: its peaks */

	MESSAGE_START, /**< the worker's first word: it is ready, or cannot start */
};

/** A unit of work: members @first up to but not including @end of one archive. */
struct message_work {
	uint64_t archive; /**< the archive's place in the input */
	uint64_t first;
	uint64_t end;        /**< or UNIT_END_OPEN: the worker decides, and says so in PLAN */
	uint64_t total_left; /**< bytes that the run may still unzip; UINT64_MAX: no limit */
	uint64_t entries;    /**< as the first unit's PLAN had it; 0: that has not come */
	bool has_archive;    /**< the packet carries the archive's descriptor */
	bool in_place;       /**< members may stay in the archive, which has a path */
};

struct message_plan {
	uint64_t archive;
	uint64_t first;
	uint64_t end;
	uint64_t entries; /**< members of the archive, all of them */
	bool gains;       /**< the worker would be faster with another unit beside this one */
};

struct message_done {
	uint64_t archive;
	uint64_t first;
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
};

struct message {
	enum message_kind kind;
	struct array array; /**< that of a record that was read, so that no copy may be made */
	union {
		struct message_work work;
		struct message_plan plan;
		struct record record;
		struct message_done done;
		struct message_memory memory;
		struct message_start start;
	};
};

/**
 * Append @message to @packet. 0, or -1 where it does not fit: then the packet is as it was.
 */
int message_put(struct wire_writer *packet, const struct message *message);

/**
 * Take the next message from @packet; a record's name points into the packet. 1 for a message, 0
 * at the end, -1 with errno EBADMSG where the bytes are no message: unknown tag, a length that does
 * not match the fields, a value out of range.
 */
int message_get(struct wire_reader *packet, struct message *message);

#endif
