// SPDX-License-Identifier: MIT

/*
 * The end of central directory record (APPNOTE 4.3.16), looked at for two things that libzip does
 * not do: to tell a damaged archive from a file that is none, and to find where an archive starts
 * that something was put before without its offsets being adjusted (a self-extracting one, say, or
 * another archive).
 */

#ifndef ZIPMAP_WORKER_CONTAINER_ENDRECORD_H
#define ZIPMAP_WORKER_CONTAINER_ENDRECORD_H

#include "worker/container/source.h"

#include <stdbool.h>
#include <stdint.h>

struct end_record {
	bool found;
	bool starts_as_zip; /**< where it is not found: the file begins with a local header */
	/** Bytes before the archive, by which all its offsets are too small; 0 where none are, or
	 * where the record makes no sense. */
	uint64_t base;
};

/**
 * Look for the last record in the last 64 KiB of @source, whose base is 0: where several archives
 * were put one behind the other, that of the last one counts, as for other programs. 0, or -1 with
 * errno.
 */
int end_record_find(struct source *source, struct end_record *record);

#endif
