// SPDX-License-Identifier: MIT

/*
 * Writing the header of a .npy file, byte for byte as numpy.lib.format.write_array_header_1_0() of
 * NumPy 1.24 and later does. Pure: it writes to a buffer.
 */

#ifndef ZIPMAP_NUMPY_NPYWRITE_H
#define ZIPMAP_NUMPY_NPYWRITE_H

#include "numpy/array.h"
#include "numpy/dtype.h"

/** Room for the header of any array whose type is a string of DTYPE_TEXT_MAX bytes at most. */
#define NPY_WRITTEN_MAX ((size_t)2048)

/**
 * Write the header of @array, whose type is such a string, to @header (NPY_WRITTEN_MAX bytes).
 * Returns how many bytes it has: a multiple of 64.
 */
size_t npy_write(const struct array *array, char *header);

#endif
