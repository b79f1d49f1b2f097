// SPDX-License-Identifier: MIT

/*
 * One unit of work, being done member by member and step by step. A worker has two lanes, so that
 * two members can be decoded at once (extract.h); what one does or fails in does not touch the
 * other.
 */

#ifndef ZIPMAP_WORKER_LANE_H
#define ZIPMAP_WORKER_LANE_H

#include "protocol/crashnote.h"
#include "protocol/settings.h"
#include "worker/asking.h"
#include "worker/container/archive.h"
#include "worker/container/names.h"
#include "worker/extract/extract.h"
#include "worker/looking.h"
#include "worker/outbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lane {
	const struct worker_settings *settings;
	int directory_fd;               /* not owned */
	struct outbox *outbox;          /* the worker's */
	struct names *names;            /* the worker's */
	struct progress_lane *progress; /* its part of the page that is shared with the parent */
	struct extraction *extraction;  /* NULL: the lane was not used yet */

	struct asking asking;       /* if files are asked for, */
	struct outfile_maker maker; /* by this */
	struct looking looking;     /* for files that are there: the worker's to begin with */

	struct archive *archive; /* the worker's, open for both lanes; or NULL */
	uint64_t archive_number;
	struct cursor cursor; /* before the next member; it has the name of the one in hand */

	struct room room; /* of its files, until the file system is asked again */

	bool busy;     /* there is a unit */
	uint64_t unit; /* its id */
	uint64_t end;  /* behind its last member */
	bool in_hand;  /* a member is begun */
	bool waiting;  /* and cannot go on before something was heard */
	struct member member;

	struct held *held; /* records that wait for their pack, or NULL: not packing */
};

/** Get what a lane needs to work, once. 0, or -1: no memory. */
int lane_init(struct lane *lane, const struct worker_settings *settings, int directory_fd,
	struct outbox *outbox, struct names *names, struct progress_lane *progress);

/** Have the lane's files by asking for them. @inbox is the worker's. */
void lane_ask(struct lane *lane, struct inbox *inbox);

void lane_release(struct lane *lane);

/**
 * Begin with @work, the unit @unit of lane->archive, and say the plan. The lane is busy until its
 * members are done, which may be at once. 0, or -1 if there can be no such unit.
 */
int lane_begin(struct lane *lane, uint64_t unit, const struct message_work *work);

/** The unit @unit cannot be done: say why. */
void lane_refuse(struct lane *lane, uint64_t unit, const struct failure *failure);

/** Whether the member in hand would be decoded faster with one in the other lane. */
bool lane_is_pairable(const struct lane *lane);

/** Go on with the lane, which must be busy. Its end is said. */
void lane_step(struct lane *lane);

/** Whether something may be said of the member in hand, which several workers may decode. */
bool lane_listens(const struct lane *lane);

/** What was said of it. @fd, what came along or -1, is taken over. */
void lane_hear(struct lane *lane, const struct message_part *word, int fd);

/** Go on with both lanes, which must be busy. */
void lane_step_two(struct lane lanes[2]);

/**
 * The most bytes that one file may have, as far as limits tell: a member with the header that may
 * be put before it, or a pack, which holds members until a unit ends. 0: any.
 */
uint64_t lane_file_limit(const struct worker_settings *settings);

#endif
