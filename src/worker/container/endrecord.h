// SPDX-License-Identifier: MIT

/*
 * The end of central directory record (APPNOTE 4.3.16), by which an archive is found in its file.
 *
 * The last record counts, as for Python, unzip and bsdtar. If the central directory is not where it
 * says, that is an error and never a reason to look for an earlier record: that may be the end of
 * another, older archive. For the same reason a record is refused if behind it there is what only
 * an archive has, whose own end record is cut off or damaged then. A comment that is cut does not
 * matter, nor do other bytes behind the record, as long as it lies in the last END_RECORD_TAIL.
 *
 * One kind of place has the signature and is no end record: text in the comment of one. What begins
 * there and makes no sense is passed over if it lies in the comment of a record that makes sense
 * and whose comment ends with the file.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_ENDRECORD_H
#define ZIPMAP_WORKER_CONTAINER_ENDRECORD_H

#include "protocol/failure.h"
#include "worker/container/source.h"

#include <stdbool.h>
#include <stdint.h>

/** The record, the longest comment, and up to 64 KiB of other bytes. */
#define END_RECORD_TAIL (22 + 65535 + 65536)

/** Where the central directory is, and what the archive states about it. */
struct end_record {
	/** Bytes of the file before the archive that its offsets do not count. */
	uint64_t base;
	uint64_t directory_at; /**< in the file */
	uint64_t directory_size;
	uint64_t entries;
	bool zip64; /**< the number of entries is that of a zip64 record */
};

/** Find the record. 0, or -1 with *@failure. */
int end_record_find(struct source *source, struct end_record *end, struct failure *failure);

/**
 * Whether a central directory of just the stated size may have @entries entries. Writers are known
 * to state 0, or to count in 16 bits without a zip64 record: then the number is 65535, or too small
 * by a multiple of 65536.
 */
bool end_record_allows(const struct end_record *end, uint64_t entries);

#endif
