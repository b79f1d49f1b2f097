// SPDX-License-Identifier: MIT

/*
 * The first bytes of a .npy member, and the types of arrays by name. What is taken for an array
 * fits its file exactly or has bytes behind it, as is said; it is told in printable ASCII, and is
 * the same when it is written down again as NumPy would and read once more.
 *
 * Input: a type where the first byte is odd; else how much the file has besides what its header
 * says, and its first bytes.
 */

#include "fuzz.h"
#include "numpy/dtype.h"
#include "numpy/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char dtype[ARRAY_DTYPE_MAX];
static char dtype_again[ARRAY_DTYPE_MAX];

static void check_dtype(const char *text, size_t size)
{
	struct dtype first;
	struct dtype second;

	if (!dtype_parse(text, size, &first))
		return;
	MUST(memchr(first.text, '\0', sizeof(first.text)));
	MUST(strlen(first.text) >= 2 && strchr("<>|", first.text[0]));
	MUST(fuzz_is_printable(first.text));
	MUST(first.objects == (first.text[1] == 'O'));
	MUST(first.item_bytes <= 4 * (uint64_t)INT32_MAX);
	/* What is written is a type itself, and the same. */
	MUST(dtype_parse(first.text, strlen(first.text), &second));
	MUST(strcmp(first.text, second.text) == 0);
	MUST(first.item_bytes == second.item_bytes && first.objects == second.objects);
}

/* How many bytes the data have, by another way: in 128 bits. */
static void check_size(const struct array *array, uint64_t file_bytes, bool trailing)
{
	unsigned __int128 bytes = array->item_bytes;

	MUST(array->dimensions <= ARRAY_DIMENSIONS_MAX);
	MUST(array->data_offset <= file_bytes && array->data_offset <= NPY_HEADER_MAX);
	for (unsigned i = 0; i < array->dimensions; i++) {
		MUST(array->shape[i] <= INT64_MAX);
		if (array->shape[i] == 0)
			bytes = 0;
	}
	for (unsigned i = 0; bytes > 0 && i < array->dimensions; i++) {
		bytes *= array->shape[i];
		MUST(bytes <= INT64_MAX);
	}
	MUST(trailing ? bytes < file_bytes - array->data_offset
		      : bytes == file_bytes - array->data_offset);
}

/* The header of version 3 that says the same; the caller frees it. */
static uint8_t *write_header(const struct array *array, size_t *size)
{
	char *header = NULL;
	FILE *stream = open_memstream(&header, size);

	MUST(stream);
	fwrite("\x93NUMPY\3\0----", 1, 12, stream);
	const char *quote = array->dtype[0] == '[' ? "" : "'";
	fprintf(stream, "{'descr': %s%.*s%s, 'fortran_order': %s, 'shape': (", quote,
		(int)array->dtype_size, array->dtype, quote,
		array->fortran_order ? "True" : "False");
	for (unsigned i = 0; i < array->dimensions; i++)
		fprintf(stream, "%llu, ", (unsigned long long)array->shape[i]);
	fputs(")}\n", stream);
	MUST(fclose(stream) == 0);
	for (int i = 0; i < 4; i++)
		header[8 + i] = (char)((*size - 12) >> 8 * i);
	return (uint8_t *)header;
}

static void check_again(const struct array *array, uint64_t data_bytes)
{
	struct array again;
	size_t size;
	uint8_t *header = write_header(array, &size);

	/* One that was just short enough may be too long now. */
	if (size <= NPY_HEADER_MAX) {
		MUST(npy_parse(header, size, size + data_bytes, &again, dtype_again) == NPY_ARRAY);
		MUST(again.dtype_size == array->dtype_size);
		MUST(memcmp(again.dtype, array->dtype, again.dtype_size) == 0);
		MUST(again.item_bytes == array->item_bytes);
		MUST(again.fortran_order == array->fortran_order);
		MUST(again.dimensions == array->dimensions);
		MUST(memcmp(again.shape, array->shape, 8 * (size_t)again.dimensions) == 0);
		MUST(npy_parse(header, size, size + data_bytes + 1, &again, dtype_again) ==
			NPY_TRAILING);
		MUST(data_bytes == 0 || npy_parse(header, size, size + data_bytes - 1, &again,
						dtype_again) == NPY_DAMAGED);
	}
	free(header);
}

static void check_file(const uint8_t *bytes, size_t size, uint64_t file_bytes)
{
	struct array array;
	size_t header_size = npy_header_size(bytes, size);
	size_t prefix = size < NPY_PREFIX_MAX ? size : NPY_PREFIX_MAX;

	MUST(header_size <= NPY_HEADER_MAX);
	MUST(npy_header_size(bytes, prefix) == header_size);
	enum npy_status status = npy_parse(bytes, size, file_bytes, &array, dtype);
	if (status != NPY_ARRAY && status != NPY_TRAILING)
		return;
	MUST(npy_has_magic(bytes, size));
	MUST(array.data_offset == header_size && header_size <= size);
	MUST(array.dtype == dtype);
	MUST(array_is_sound(&array, file_bytes));
	check_size(&array, file_bytes, status == NPY_TRAILING);
	if (array.dtype_size == 0)
		return; /* too long to tell */
	if (array.dtype[0] != '[')
		check_dtype(array.dtype, array.dtype_size);
	uint64_t data_bytes;
	MUST(array_data_bytes(&array, &data_bytes));
	check_again(&array, data_bytes);
}

/* How many bytes a file must have for what its header says, so that mutations find that. */
static uint64_t right_size(const uint8_t *bytes, size_t size)
{
	struct array array = {.dimensions = 0};
	uint64_t data_bytes = 0;

	npy_parse(bytes, size, 0, &array, dtype);
	if (array.dimensions > ARRAY_DIMENSIONS_MAX || !array_data_bytes(&array, &data_bytes))
		return 0;
	return data_bytes + array.data_offset;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	uint8_t how = fuzz_take_u8(&input);

	if (how & 1) {
		check_dtype((const char *)input.at, input.left);
		return 0;
	}
	uint64_t more = (uint64_t)(int64_t)(int8_t)how;
	check_file(input.at, input.left, right_size(input.at, input.left) + more);
	check_file(input.at, input.left, input.left);
	return 0;
}
