// SPDX-License-Identifier: MIT

/*
 * The header of a .npy file, versions 1 to 3 of NumPy's format (NEP 1, numpy.lib.format): a magic
 * string, a version, a length, and a literal of a Python dictionary. This reads a buffer, accepts
 * exactly the literals that such a header can have, and evaluates nothing.
 */

#ifndef ZIPMAP_NUMPY_NPY_H
#define ZIPMAP_NUMPY_NPY_H

#include "numpy/array.h"

/**
 * Room for the longest header. Longer ones are refused. NumPy writes headers of any length, and
 * reads more than 10,000 bytes only on request (max_header_size).
 */
#define NPY_HEADER_MAX ((size_t)1024 * 1024)

/** The bytes at the start that state the length of the header. */
#define NPY_PREFIX_MAX ((size_t)12)

enum npy_status {
	NPY_ARRAY,    /**< @array describes the file */
	NPY_TRAILING, /**< the same, but other bytes follow its data; NumPy reads it */
	NPY_OBJECTS,  /**< an array of Python objects, whose bytes are a pickle */
	NPY_DAMAGED,  /**< there is no header, or it does not fit the file */
};

/** Whether the @size bytes at the start of a file begin with the magic string of the format. */
bool npy_has_magic(const uint8_t *bytes, size_t size);

/**
 * The size of the whole header, in bytes, by the first NPY_PREFIX_MAX bytes of the file, or all of
 * them if it has fewer. 0 if it is not a header, or longer than NPY_HEADER_MAX.
 */
size_t npy_header_size(const uint8_t *bytes, size_t size);

/**
 * Read the header of a file of @file_bytes bytes that begins with the @size bytes. These contain at
 * least the whole header. After NPY_ARRAY and NPY_TRAILING, array->dtype is in @dtype
 * (ARRAY_DTYPE_MAX bytes): the string of numpy.dtype.str, or for records a list of tuples as Python
 * writes it, in ASCII. If the type is longer, array->dtype_size is 0.
 */
enum npy_status npy_parse(
	const uint8_t *bytes, size_t size, uint64_t file_bytes, struct array *array, char *dtype);

#endif
