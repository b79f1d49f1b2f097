// SPDX-License-Identifier: MIT

#include "numpy/npywrite.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The data begin at a multiple of this. */
#define ALIGNMENT 64

/* NumPy leaves room for a dimension to grow to this many digits: len(str(8 * 2**64 - 1)). */
#define GROWTH_DIGITS 21

/* The magic string, the version 1.0, and the length of the rest. */
static const char magic[] = "\x93NUMPY\x01\x00";
#define PREFIX (sizeof(magic) - 1 + 2)

/* The longest header has all dimensions, of 19 digits each, with ", " between them. */
static_assert(PREFIX + DTYPE_TEXT_MAX + (size_t)ARRAY_DIMENSIONS_MAX * 21 + 64 + GROWTH_DIGITS +
			      ALIGNMENT <=
		      NPY_WRITTEN_MAX,
	"there is room for any header");

size_t npy_write(const struct array *array, char *header)
{
	char *text = header + PREFIX;
	const size_t room = NPY_WRITTEN_MAX - PREFIX;
	int first_digits = GROWTH_DIGITS;
	int size;

	assert(array->dtype_size <= DTYPE_TEXT_MAX);
	size = snprintf(text, room, "{'descr': '%.*s', 'fortran_order': %s, 'shape': (",
		(int)array->dtype_size, array->dtype, array->fortran_order ? "True" : "False");
	for (unsigned i = 0; i < array->dimensions; i++) {
		int digits = snprintf(text + size, room - (size_t)size, "%s%" PRIu64,
			i > 0 ? ", " : "", array->shape[i]);
		/* The slowest dimension may grow. */
		if (i == (array->fortran_order ? array->dimensions - 1U : 0))
			first_digits = digits - (i > 0 ? 2 : 0);
		size += digits;
	}
	size += snprintf(text + size, room - (size_t)size, "%s), }%*s",
		array->dimensions == 1 ? "," : "", GROWTH_DIGITS - first_digits, "");

	/* At least one blank precedes the newline at the end. */
	size_t unpadded = PREFIX + (size_t)size + 1;
	size_t whole = unpadded + ALIGNMENT - unpadded % ALIGNMENT;
	memset(text + size, ' ', whole - unpadded);
	header[whole - 1] = '\n';
	memcpy(header, magic, sizeof(magic) - 1);
	header[PREFIX - 2] = (char)((whole - PREFIX) & 0xff);
	header[PREFIX - 1] = (char)((whole - PREFIX) >> 8);
	return whole;
}
