// SPDX-License-Identifier: MIT

#include "worker/extract/array.h"

#include "protocol/membername.h"
#include "worker/extract/target.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

/* The header goes behind the type. */
#define HEADER_ROOM (MEMBER_ARRAY_BUFFER - ARRAY_DTYPE_MAX)

static_assert(HEADER_ROOM >= UINT16_MAX + NPY_PREFIX_MAX, "any header of version 1 has room");

/* Read the first @size bytes of the member. 0, or -1 with *@failure. */
static int read_start(
	const struct member_place *place, uint8_t *bytes, size_t size, struct failure *failure)
{
	if (!place->out)
		return in_place_peek(place->bytes, bytes, size, failure);
	if (outfile_read(place->out, place->start, bytes, size) == 0)
		return 0;
	target_explain(errno, failure);
	return -1;
}

/* The note that tells of @status, and of the array if there is one. */
static enum record_note note_of(enum npy_status status, const struct array *array)
{
	switch (status) {
	case NPY_OBJECTS:
		return NOTE_NPY_OBJECTS;
	case NPY_DAMAGED:
		return NOTE_NPY_DAMAGED;
	case NPY_TRAILING:
	case NPY_ARRAY:
		break;
	}
	if (array->dtype_size == 0)
		return NOTE_NPY_LONG_DTYPE;
	return status == NPY_TRAILING ? NOTE_NPY_TRAILING : NOTE_NONE;
}

int member_find_array(const struct member *member, const struct member_place *place,
	uint8_t *buffer, struct array *array, struct record *record, struct failure *failure)
{
	uint64_t size_bytes = member->size_bytes;
	size_t prefix = size_bytes < NPY_PREFIX_MAX ? (size_t)size_bytes : NPY_PREFIX_MAX;
	enum npy_status status = NPY_DAMAGED;
	uint8_t *header = buffer + ARRAY_DTYPE_MAX;
	int result = 0;

	if (read_start(place, header, prefix, failure) < 0)
		return -1;
	/* NumPy goes by the first bytes, whatever the name. A name alone is a reason to warn. */
	if (!npy_has_magic(header, prefix) && !member_is_npy(member->name, member->name_size))
		return 0;
	size_t size = npy_header_size(header, prefix);
	if (size > 0 && size <= size_bytes) {
		/* A long header gets memory that goes at once, which free(3) would keep. */
		if (size > HEADER_ROOM)
			header = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (header == MAP_FAILED) {
			*failure = (struct failure){.kind = FAILURE_NO_MEMORY};
			return -1;
		}
		result = read_start(place, header, size, failure);
		if (result == 0)
			status = npy_parse(header, size, size_bytes, array, (char *)buffer);
		if (size > HEADER_ROOM)
			munmap(header, size);
	}
	if (status == NPY_ARRAY || status == NPY_TRAILING)
		record->array = array;
	record->note = note_of(status, array);
	return result;
}
