// SPDX-License-Identifier: MIT

#include "numpy/array.h"

bool array_data_bytes(const struct array *array, uint64_t *bytes)
{
	uint64_t product = array->item_bytes;
	bool empty = false;

	if (product > INT64_MAX)
		return false;
	for (unsigned i = 0; i < array->dimensions; i++) {
		uint64_t length = array->shape[i];
		if (length > INT64_MAX)
			return false;
		empty = empty || length == 0;
		if (length > 0 && product > INT64_MAX / length)
			return false;
		product *= length > 0 ? length : 1;
	}
	*bytes = empty ? 0 : product;
	return true;
}

bool array_is_sound(const struct array *array, uint64_t size_bytes)
{
	uint64_t data_bytes;

	if (array->dtype_size > ARRAY_DTYPE_MAX)
		return false;
	for (uint32_t i = 0; i < array->dtype_size; i++) {
		if (array->dtype[i] < ' ' || array->dtype[i] > '~')
			return false;
	}
	return array_data_bytes(array, &data_bytes) && array->data_offset <= size_bytes &&
	       data_bytes <= size_bytes - array->data_offset;
}
