// SPDX-License-Identifier: MIT

/*
 * The arrays in members that do not state what they hold. The user states a type and a shape, which
 * are compared with the size of each member.
 */

#ifndef ZIPMAP_NUMPY_RAWARRAY_H
#define ZIPMAP_NUMPY_RAWARRAY_H

#include "numpy/array.h"
#include "numpy/dtype.h"

#include <stdbool.h>
#include <stdint.h>

struct raw_array {
	struct dtype
		dtype; /**< not of objects, and not of 0 bytes; the text is "" if none is given */
	unsigned dimensions; /**< 0 if no shape was given: then one dimension of any length */
	int open;            /**< the dimension whose length follows from the size; -1 if none */
	uint64_t shape[ARRAY_DIMENSIONS_MAX]; /**< 1 for the open dimension */
};

/** Whether a type was given. */
bool rawarray_is_given(const struct raw_array *raw);

/**
 * Read a type, a string of numpy.dtype or a common name (dtype.h). False if it is not one, or if no
 * member can hold it: a type of objects, or of 0 bytes.
 */
bool rawarray_set_dtype(struct raw_array *raw, const char *text);

/**
 * Read a shape: dimensions with commas between them, or a tuple of them as Python prints it. One of
 * them may be -1 if no other is 0; its length follows from the size of the member. False if it is
 * not a shape.
 */
bool rawarray_set_shape(struct raw_array *raw, const char *text);

/** Whether NumPy has arrays of that type and shape: their size must be a number of 63 bits. */
bool rawarray_is_possible(const struct raw_array *raw);

/** Whether the size of a member fits a type and a shape. */
enum rawarray_fit {
	RAWARRAY_FITS,
	RAWARRAY_OTHER_SIZE,  /**< the array has another size */
	RAWARRAY_NO_MULTIPLE, /**< no length of the open dimension gives this size */
};

/**
 * Make the array that a member of @size_bytes holds. It is in C order, its data begin at the first
 * byte of the member, and the text of its type is in @raw. If the member does not fit,
 * *@wanted_bytes is the size that it must have, or that its size must be a multiple of.
 */
enum rawarray_fit rawarray_fit(const struct raw_array *raw, uint64_t size_bytes,
	struct array *array, uint64_t *wanted_bytes);

#endif
