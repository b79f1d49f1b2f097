// SPDX-License-Identifier: MIT

/*
 * What array a member holds.
 */

#include "numpy/npy.h"
#include "numpy/rawarray.h"
#include "worker/extract/parts.h"
#include "worker/extract/placing.h"

#include <assert.h>
#include <errno.h>

/* Read the first @size bytes of the member, wherever they are. 0, or -1 with *@failure. */
static int read_start(
	struct extraction *extraction, uint8_t *bytes, size_t size, struct failure *failure)
{
	if (extraction->stays)
		return stay_peek(&extraction->data, extraction->start, bytes, size, failure);
	if (outfile_read(extraction->out, extraction->start, bytes, size) == 0)
		return 0;
	*failure = extraction_writing_failure(errno);
	return -1;
}

int extraction_look_for_array(struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;
	uint64_t size_bytes = member->size_bytes;
	uint8_t *bytes = extraction->in;
	char *dtype = (char *)extraction->in + NPY_HEADER_MAX;
	size_t size = size_bytes < NPY_PREFIX_MAX ? (size_t)size_bytes : NPY_PREFIX_MAX;

	static_assert(
		EXTRACT_INPUT_SIZE >= NPY_HEADER_MAX + ARRAY_DTYPE_MAX, "the buffer has room");
	if (extraction->is_raw)
		extraction->record.array = &extraction->array;
	if (extraction->is_raw || !member_is_npy(member->name, member->name_size))
		return 0;
	if (extraction->directory_fd < 0)
		return 0; /* only tested: there is no file to read from */
	if (read_start(extraction, bytes, size, failure) < 0)
		return -1;
	size_t header = npy_header_size(bytes, size);
	enum npy_status status = NPY_DAMAGED;
	if (header > 0 && header <= size_bytes) {
		if (read_start(extraction, bytes, header, failure) < 0)
			return -1;
		status = npy_parse(bytes, header, size_bytes, &extraction->array, dtype);
	}
	if (status == NPY_ARRAY)
		extraction->record.array = &extraction->array;
	else
		extraction->record.note =
			status == NPY_OBJECTS ? NOTE_NPY_OBJECTS : NOTE_NPY_DAMAGED;
	return 0;
}

bool extraction_take_as_raw(struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;

	extraction->is_raw = extraction->raw && !member_is_npy(member->name, member->name_size);
	extraction->record.npy_header = extraction->is_raw && extraction->npy;
	return !extraction->is_raw ||
	       rawarray_fit(extraction->raw, member->size_bytes, &extraction->array, failure);
}
