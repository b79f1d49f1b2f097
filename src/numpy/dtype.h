// SPDX-License-Identifier: MIT

/*
 * NumPy's strings for types of array items: "<f4", "|S10", "<M8[ns]" as numpy.dtype.str writes
 * them, one-letter codes such as "<d" (numpy.dtype.char), and names such as "float32". Types of
 * records are in npy.h.
 */

#ifndef ZIPMAP_NUMPY_DTYPE_H
#define ZIPMAP_NUMPY_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The most bytes of a type's string. */
#define DTYPE_TEXT_MAX 32

struct dtype {
	char text[DTYPE_TEXT_MAX + 1]; /**< as numpy.dtype.str writes it, with its byte order */
	uint64_t item_bytes;
	bool objects; /**< Python objects, whose bytes are elsewhere */
};

/** Read a type from the @size bytes at @text. False if they are not one. */
bool dtype_parse(const char *text, size_t size, struct dtype *dtype);

#endif
