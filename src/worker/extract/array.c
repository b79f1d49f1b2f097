// SPDX-License-Identifier: MIT

#include "worker/extract/array.h"

#include "worker/extract/inplace.h"
#include "worker/extract/target.h"

#include <errno.h>

/* Read the first @size bytes of the member. 0, or -1 with *@failure. */
static int read_start(
	const struct member_place *place, uint8_t *bytes, size_t size, struct failure *failure)
{
	if (!place->out)
		return in_place_peek(place->data, place->start, bytes, size, failure);
	if (outfile_read(place->out, place->start, bytes, size) == 0)
		return 0;
	target_explain(errno, failure);
	return -1;
}

int member_find_array(const struct member *member, const struct member_place *place,
	uint8_t *buffer, struct array *array, struct record *record, struct failure *failure)
{
	uint64_t size_bytes = member->size_bytes;
	size_t size = size_bytes < NPY_PREFIX_MAX ? (size_t)size_bytes : NPY_PREFIX_MAX;
	char *dtype = (char *)buffer + NPY_HEADER_MAX;

	if (read_start(place, buffer, size, failure) < 0)
		return -1;
	size_t header = npy_header_size(buffer, size);
	enum npy_status status = NPY_DAMAGED;
	if (header > 0 && header <= size_bytes) {
		if (read_start(place, buffer, header, failure) < 0)
			return -1;
		status = npy_parse(buffer, header, size_bytes, array, dtype);
	}
	if (status == NPY_ARRAY)
		record->array = array;
	else
		record->note = status == NPY_OBJECTS ? NOTE_NPY_OBJECTS : NOTE_NPY_DAMAGED;
	return 0;
}
