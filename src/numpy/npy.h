// SPDX-License-Identifier: MIT

/*
 * The header of a .npy file, versions 1 to 3 of NumPy's format (NEP 1, numpy.lib.format): a magic
 * string, a version, a length, and a literal of a Python dictionary. Pure: it reads a buffer, takes
 * exactly the literals that such a header can have, and evaluates nothing.
 */

#ifndef ZIPMAP_NUMPY_NPY_H
#define ZIPMAP_NUMPY_NPY_H

#include "numpy/array.h"

/**
 * Room for the longest header: longer ones are refused. NumPy writes any length, and reads more
 * than 10,000 bytes only if it is told to (max_header_size).
 */
#define NPY_HEADER_MAX ((size_t)1024 * 1024)

/** Bytes that tell how long the header is. */
#define NPY_PREFIX_MAX ((size_t)12)

enum npy_status {
	NPY_ARRAY,    /**< @array describes the file */
	NPY_TRAILING, /**< so it does, and other bytes stand behind its data: NumPy reads it */
	NPY_OBJECTS,  /**< Python objects: their bytes are a pickle, no array */
	NPY_DAMAGED,  /**< no header, or one that does not fit the file */
};

/** Whether a file that begins with the @size bytes begins with the format's magic string. */
bool npy_has_magic(const uint8_t *bytes, size_t size);

/**
 * How many bytes the header has in all, by the first NPY_PREFIX_MAX bytes of the file or all that
 * there are; 0 if it is none, or longer than NPY_HEADER_MAX.
 */
size_t npy_header_size(const uint8_t *bytes, size_t size);

/**
 * Read the header of a file of @file_bytes bytes that begins with the @size bytes, which are all of
 * the header at least. The type of NPY_ARRAY and NPY_TRAILING, array->dtype, is in @dtype
 * (ARRAY_DTYPE_MAX bytes): the string of numpy.dtype.str, or for records a list of tuples as Python
 * writes it, in ASCII. A type that is longer is left out: array->dtype_size is 0.
 */
enum npy_status npy_parse(
	const uint8_t *bytes, size_t size, uint64_t file_bytes, struct array *array, char *dtype);

#endif
