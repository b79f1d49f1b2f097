// SPDX-License-Identifier: MIT

/*
 * What the user says that members hold which do not say it themselves: a type and a shape, held
 * against the size of each.
 */

#ifndef ZIPMAP_NUMPY_RAWARRAY_H
#define ZIPMAP_NUMPY_RAWARRAY_H

#include "numpy/array.h"
#include "numpy/dtype.h"

#include <stdbool.h>
#include <stdint.h>

struct raw_array {
	struct dtype dtype;  /**< of no objects, and more than 0 bytes; text "": nothing is said */
	unsigned dimensions; /**< 0: no shape was given, so one dimension of any length */
	int open;            /**< the dimension that is as long as the size makes it; -1: none is */
	uint64_t shape[ARRAY_DIMENSIONS_MAX]; /**< that of the open dimension is 1 */
};

/** Whether anything is said. */
bool rawarray_is_given(const struct raw_array *raw);

/**
 * Read a type: one of numpy.dtype's strings or a common name (dtype.h). False where it is none, or
 * one that no member can be full of: of objects, or of 0 bytes.
 */
bool rawarray_set_dtype(struct raw_array *raw, const char *text);

/**
 * Read a shape: dimensions divided by commas, of which one may be -1: as long as the size makes it,
 * if no other is 0. False where it is none.
 */
bool rawarray_set_shape(struct raw_array *raw, const char *text);

/** Whether NumPy has arrays of that type and shape: their bytes are a number of 63 bits. */
bool rawarray_is_possible(const struct raw_array *raw);

/** How the size of a member suits a type and a shape. */
enum rawarray_fit {
	RAWARRAY_FITS,
	RAWARRAY_OTHER_SIZE,  /**< the shape is of another size */
	RAWARRAY_NO_MULTIPLE, /**< one dimension is open, and no length of it makes this size */
};

/**
 * Make the array that a member of @size_bytes is: in C order, its data from the member's first byte
 * on, its type's text in @raw. If the member does not fit, *@wanted_bytes is the size that it must
 * have, or that its size must be a multiple of.
 */
enum rawarray_fit rawarray_fit(const struct raw_array *raw, uint64_t size_bytes,
	struct array *array, uint64_t *wanted_bytes);

#endif
