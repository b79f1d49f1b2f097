// SPDX-License-Identifier: MIT

/*
 * What array a member holds that is a .npy file by its first bytes or its name.
 */

#ifndef ZIPMAP_WORKER_EXTRACT_ARRAY_H
#define ZIPMAP_WORKER_EXTRACT_ARRAY_H

#include "numpy/array.h"
#include "numpy/npy.h"
#include "protocol/record.h"
#include "worker/extract/inplace.h"
#include "worker/extract/outfile.h"

/** Where the bytes of a member are: in a file that is being written, or in place. */
struct member_place {
	const struct outfile *out; /**< the file; NULL: in place */
	uint64_t start;            /**< where the member begins there */
	const struct in_place_bytes *bytes;
};

/** Bytes that member_find_array() needs to work with. */
#define MEMBER_ARRAY_BUFFER ((size_t)256 * 1024)

/**
 * Read the .npy header of @member, if it has one or is called so, and say in @record what it says:
 * @array, and a note if there is something to warn of. @buffer (MEMBER_ARRAY_BUFFER bytes) holds
 * the array's type from then on. 0, or -1 with
 * *@failure.
 */
int member_find_array(const struct member *member, const struct member_place *place,
	uint8_t *buffer, struct array *array, struct record *record, struct failure *failure);

#endif
