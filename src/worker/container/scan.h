// SPDX-License-Identifier: MIT

/*
 * The scan: an archive's central directory is read once from end to end before anything of it is
 * unzipped. The entries have to make a chain that ends where the directory does, and their number
 * has to be the stated one, or one that writers are known to state wrongly (endrecord.h). Nothing
 * else that is wrong in an entry matters here.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_SCAN_H
#define ZIPMAP_WORKER_CONTAINER_SCAN_H

#include "worker/container/archive.h"

#include <stdbool.h>
#include <stdint.h>

/** What a scan has found. */
struct scan {
	uint64_t entries;
	/** Before the archive there is another one, or a member that the directory does not name.
	 */
	bool behind_another;
};

/**
 * Scan @archive by @cursor, which is set to it. @members_max: more entries are refused; 0: any
 * number. 0, or -1 with *@failure: nothing of the archive is to be unzipped.
 */
int archive_scan(struct archive *archive, struct cursor *cursor, uint64_t members_max,
	struct scan *scan, struct failure *failure);

#endif
