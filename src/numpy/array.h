// SPDX-License-Identifier: MIT

/*
 * The array that a member holds: its type, its shape, and the place of its data.
 */

#ifndef ZIPMAP_NUMPY_ARRAY_H
#define ZIPMAP_NUMPY_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** As many dimensions as NumPy 2 has; NumPy 1 has 32. */
#define ARRAY_DIMENSIONS_MAX 64

/** The most bytes of a type in words: some thousands of fields. */
#define ARRAY_DTYPE_MAX ((size_t)92 * 1024)

struct array {
	const char *dtype;   /**< printable ASCII, not NUL-terminated, not owned */
	uint32_t dtype_size; /**< at most ARRAY_DTYPE_MAX bytes; 0 if the type is longer */
	bool fortran_order;
	uint8_t dimensions;
	uint64_t data_offset; /**< in bytes from the start of the member */
	uint64_t item_bytes;
	uint64_t shape[ARRAY_DIMENSIONS_MAX];
};

/**
 * Compute the size of the data of @array. False if it is more than INT64_MAX, or would be without
 * the zeros in the shape: NumPy refuses such arrays.
 */
bool array_data_bytes(const struct array *array, uint64_t *bytes);

/**
 * Whether a member of @size_bytes can hold @array: it keeps the limits, and its data lie within the
 * member. Other bytes may follow them.
 */
bool array_is_sound(const struct array *array, uint64_t size_bytes);

#endif
