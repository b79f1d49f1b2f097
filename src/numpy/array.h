// SPDX-License-Identifier: MIT

/*
 * What is known of the array that a member holds: its type, its shape, and where its data begin.
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
	uint32_t dtype_size; /**< at most ARRAY_DTYPE_MAX bytes; 0: the type is too long to tell */
	bool fortran_order;
	uint8_t dimensions;
	uint64_t data_offset; /**< from the member's first byte, in bytes */
	uint64_t item_bytes;
	uint64_t shape[ARRAY_DIMENSIONS_MAX];
};

/**
 * How many bytes the data of @array have. False if that, or the same of a shape without its zeros,
 * is more than INT64_MAX: NumPy takes no such array.
 */
bool array_data_bytes(const struct array *array, uint64_t *bytes);

/**
 * Whether a member of @size_bytes can hold @array: its limits are kept, and its data lie within the
 * member. Other bytes may stand behind them.
 */
bool array_is_sound(const struct array *array, uint64_t size_bytes);

#endif
