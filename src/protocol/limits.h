// SPDX-License-Identifier: MIT

/*
 * What a run refuses to unzip, by --max-member and its kin. Workers refuse by what archives state,
 * before anything is written; the parent holds what workers say against the same limits.
 */

#ifndef ZIPMAP_PROTOCOL_LIMITS_H
#define ZIPMAP_PROTOCOL_LIMITS_H

#include <stdint.h>

/** Each is the most that is taken; 0: no limit. */
struct limits {
	uint64_t member_bytes;  /**< of one member, unzipped */
	uint64_t total_bytes;   /**< of all members of the run, unzipped */
	uint64_t members;       /**< in one archive */
	uint64_t ratio;         /**< of a member's size to its compressed size */
	uint64_t scratch_bytes; /**< of the files that live at a time: of one member's file */
};

#endif
