// SPDX-License-Identifier: MIT

/*
 * Writes the header of a .npy file to a buffer, byte for byte as
 * numpy.lib.format.write_array_header_1_0() of NumPy 1.24 and later does.
 */

#ifndef ZIPMAP_NUMPY_NPYWRITE_H
#define ZIPMAP_NUMPY_NPYWRITE_H

#include "numpy/array.h"
#include "numpy/dtype.h"

/** Room for the header of any array whose type has at most DTYPE_TEXT_MAX bytes. */
#define NPY_WRITTEN_MAX ((size_t)2048)

/**
 * Write the header of @array, whose type has at most DTYPE_TEXT_MAX bytes, to @header
 * (NPY_WRITTEN_MAX bytes). Returns its size in bytes, a multiple of 64.
 */
size_t npy_write(const struct array *array, char *header);

#endif
