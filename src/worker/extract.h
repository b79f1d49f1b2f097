// SPDX-License-Identifier: MIT

/*
 * The extraction of one member into its own file, as a state machine that goes on step by step: a
 * worker may have several in hand, of one archive or of several. A file is announced only once it
 * is whole: its size and CRC-32 are those that the archive states, and it has been mapped.
 */

#ifndef ZIPMAP_WORKER_EXTRACT_H
#define ZIPMAP_WORKER_EXTRACT_H

#include "common/record.h"
#include "worker/archive.h"

#include <stdint.h>

/** Bytes that one step decodes at most: they stay in a core's cache until they are written. */
#define EXTRACT_BUFFER_SIZE (256 * 1024)

enum extract_status {
	EXTRACT_MORE,   /**< call extraction_step() again */
	EXTRACT_WHOLE,  /**< the record describes the finished file */
	EXTRACT_FAILED, /**< the record says why; no file is left */
};

struct extraction;

/** Extract into files of the directory @directory_fd, which must stay open. NULL: no memory. */
struct extraction *extraction_new(int directory_fd);

void extraction_free(struct extraction *extraction);

/**
 * Begin with @member of @archive, which has the place @archive_number in the input. Both must
 * outlive the extraction's end. Only after EXTRACT_WHOLE or EXTRACT_FAILED can another one begin.
 */
enum extract_status extraction_begin(struct extraction *extraction, struct archive *archive,
	uint64_t archive_number, const struct member *member);

/** Go on by at most EXTRACT_BUFFER_SIZE bytes of output. */
enum extract_status extraction_step(struct extraction *extraction);

/** The member's record, complete after EXTRACT_WHOLE or EXTRACT_FAILED. Owned by @extraction. */
const struct record *extraction_record(const struct extraction *extraction);

/** Give up: the data are closed, the partial file is removed. */
void extraction_abandon(struct extraction *extraction);

#endif
