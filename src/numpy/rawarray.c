// SPDX-License-Identifier: MIT

#include "numpy/rawarray.h"

#include <string.h>

bool rawarray_is_given(const struct raw_array *raw)
{
	return raw->dtype.text[0] != '\0';
}

bool rawarray_set_dtype(struct raw_array *raw, const char *text)
{
	struct dtype dtype;

	if (!dtype_parse(text, strlen(text), &dtype) || dtype.objects || dtype.item_bytes == 0)
		return false;
	raw->dtype = dtype;
	return true;
}

/* Read a number of 63 bits, or -1, which leaves @raw's last dimension open. Returns what is behind
 * it, or NULL. */
static const char *get_length(const char *text, struct raw_array *raw, uint64_t *length)
{
	const char *at = text;

	*length = 0;
	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');
		if (*length > (INT64_MAX - digit) / 10)
			return NULL;
		*length = *length * 10 + digit;
	}
	if (at > text)
		return at;
	if (strncmp(text, "-1", 2) != 0 || raw->open >= 0)
		return NULL;
	raw->open = (int)raw->dimensions;
	*length = 1;
	return text + 2;
}

bool rawarray_set_shape(struct raw_array *raw, const char *text)
{
	bool tuple = *text == '(';
	const char *at = text + tuple;
	bool empty = false;

	raw->dimensions = 0;
	raw->open = -1;
	for (;;) {
		uint64_t length;
		if (raw->dimensions == ARRAY_DIMENSIONS_MAX || !(at = get_length(at, raw, &length)))
			return false;
		empty = empty || length == 0;
		raw->shape[raw->dimensions++] = length;
		if (*at != ',')
			break;
		at += 1 + strspn(at + 1, " ");
		if (tuple && *at == ')')
			break;
	}
	if (tuple && *at++ != ')')
		return false;
	/* If the array has no bytes, the open dimension could have any length. */
	return *at == '\0' && (raw->open < 0 || !empty);
}

/* Make @raw an array. An open dimension gets the length 1. */
static void make(const struct raw_array *raw, struct array *array)
{
	*array = (struct array){
		.dtype = raw->dtype.text,
		.dtype_size = (uint32_t)strlen(raw->dtype.text),
		.dimensions = raw->dimensions > 0 ? (uint8_t)raw->dimensions : 1,
		.item_bytes = raw->dtype.item_bytes,
	};
	if (raw->dimensions > 0)
		memcpy(array->shape, raw->shape, raw->dimensions * sizeof(raw->shape[0]));
	else
		array->shape[0] = 1;
}

bool rawarray_is_possible(const struct raw_array *raw)
{
	struct array array;
	uint64_t bytes;

	make(raw, &array);
	return array_data_bytes(&array, &bytes);
}

enum rawarray_fit rawarray_fit(const struct raw_array *raw, uint64_t size_bytes,
	struct array *array, uint64_t *wanted_bytes)
{
	int open = raw->dimensions > 0 ? raw->open : 0;

	make(raw, array);
	*wanted_bytes = 0;
	bool possible = array_data_bytes(array, wanted_bytes);
	if (open < 0)
		return possible && *wanted_bytes == size_bytes ? RAWARRAY_FITS
							       : RAWARRAY_OTHER_SIZE;
	if (!possible || size_bytes > INT64_MAX || size_bytes % *wanted_bytes != 0)
		return RAWARRAY_NO_MULTIPLE;
	array->shape[open] = size_bytes / *wanted_bytes;
	return RAWARRAY_FITS;
}
