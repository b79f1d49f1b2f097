// SPDX-License-Identifier: MIT

/* A directory of archives, made by several processes at once. */

#ifndef ZIPMAP_TESTDATA_GEN_DATASET_H
#define ZIPMAP_TESTDATA_GEN_DATASET_H

#include "archive.h"

#include <stdint.h>

struct dataset {
	const char *directory;       /**< exists */
	const char *prefix, *suffix; /**< an archive is DIRECTORY/PREFIXnumberSUFFIX */
	uint64_t first, archives;    /**< numbers first ... first + archives - 1 */
	uint64_t members;            /**< of each archive */
	unsigned jobs;               /**< processes, at least 1 */
};

/**
 * Write the archives. What they hold does not depend on the number of processes. 0, or -1 and a
 * message was printed; then some archives may not have been made.
 */
int dataset_write(const struct dataset *dataset, const struct member_settings *settings);

#endif
