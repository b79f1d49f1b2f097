// SPDX-License-Identifier: MIT

#include "numpy/npywrite.h"

#include "numpy/npy.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define LITERAL(string) .text = (string), .size = sizeof(string) - 1

/* What numpy.lib.format.write_array_header_1_0 of NumPy 1.24 writes: without the blanks at its end,
 * which are counted, and the newline. */
static const struct {
	const char *dtype;
	unsigned dimensions;
	bool fortran_order;
	uint64_t shape[ARRAY_DIMENSIONS_MAX];
	const char *text;
	size_t size;
	size_t blanks;
} table[] = {
	{"<f4", 2, false, {1000, 4},
		LITERAL("\x93NUMPY\x01"
			"\x00"
			"\x76\x00"
			"{'descr': '<f4', 'fortran_order': False, 'shape': (1000, 4), }"),
		.blanks = 55},
	{">i2", 1, false, {7},
		LITERAL("\x93NUMPY\x01"
			"\x00"
			"\x76\x00"
			"{'descr': '>i2', 'fortran_order': False, 'shape': (7,), }"),
		.blanks = 60},
	{"|b1", 0, false, {},
		LITERAL("\x93NUMPY\x01"
			"\x00"
			"\x76\x00"
			"{'descr': '|b1', 'fortran_order': False, 'shape': (), }"),
		.blanks = 62},
	{"<c16", 2, false, {0, 3},
		LITERAL("\x93NUMPY\x01"
			"\x00"
			"\x76\x00"
			"{'descr': '<c16', 'fortran_order': False, 'shape': (0, 3), }"),
		.blanks = 57},
	{"<f8", 2, true, {3, 5},
		LITERAL("\x93NUMPY\x01"
			"\x00"
			"\x76\x00"
			"{'descr': '<f8', 'fortran_order': True, 'shape': (3, 5), }"),
		.blanks = 59},
	{"<M8[ns]", 3, false, {123456789012345, 1, 2},
		LITERAL("\x93NUMPY\x01"
			"\x00"
			"\x76\x00"
			"{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (123456789012345, 1, 2), }"),
		.blanks = 37},
	{"|S10", 1, false, {9223372036854775807},
		LITERAL("\x93NUMPY\x01"
			"\x00"
			"\x76\x00"
			"{'descr': '|S10', 'fortran_order': False, 'shape': (9223372036854775807,), }"),
		.blanks = 41},
	{"<u2", 32, false,
		{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
			1, 1, 1, 1},
		LITERAL("\x93NUMPY\x01"
			"\x00"
			"\xb6\x00"
			"{'descr': '<u2', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), }"),
		.blanks = 32},
};

static struct array sample(size_t i)
{
	struct array array = {
		.dtype = table[i].dtype,
		.dtype_size = (uint16_t)strlen(table[i].dtype),
		.fortran_order = table[i].fortran_order,
		.dimensions = (uint8_t)table[i].dimensions,
	};

	memcpy(array.shape, table[i].shape, sizeof(array.shape));
	return array;
}

START_TEST(a_header_is_byte_for_byte_that_of_numpy)
{
	char header[NPY_WRITTEN_MAX];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct array array = sample(i);
		memset(header, '#', sizeof(header));
		size_t size = npy_write(&array, header);
		ck_assert_uint_eq(size, table[i].size + table[i].blanks + 1);
		ck_assert_uint_eq(size % 64, 0);
		ck_assert_mem_eq(header, table[i].text, table[i].size);
		for (size_t at = table[i].size; at < size - 1; at++)
			ck_assert_int_eq(header[at], ' ');
		ck_assert_int_eq(header[size - 1], '\n');
	}
}
END_TEST

/** The header of an array of @dimensions, of which the one that may grow is @growing, others 1. */
static size_t size_of(const char *dtype, bool fortran_order, unsigned dimensions, uint64_t growing)
{
	char header[NPY_WRITTEN_MAX];
	struct array array = {
		.dtype = dtype,
		.dtype_size = (uint16_t)strlen(dtype),
		.fortran_order = fortran_order,
		.dimensions = (uint8_t)dimensions,
	};

	for (unsigned i = 0; i < dimensions; i++)
		array.shape[i] = 1;
	array.shape[fortran_order ? dimensions - 1 : 0] = growing;
	return npy_write(&array, header);
}

START_TEST(the_room_for_the_slowest_dimension_to_grow_is_that_of_numpy)
{
	/* The fewest dimensions for which write_array_header_1_0 of NumPy 1.24 writes 192 bytes and
	 * not 128. One byte of room more or less would change one of them. */
	static const struct {
		const char *dtype;
		bool fortran_order;
		unsigned dimensions;
	} longer[] = {{"<f4", false, 15}, {"|S10", false, 15}, {"|S100", false, 14},
		{"|S1000", false, 14}, {"|S100", true, 15}, {"|S1000", true, 14}};
	static const uint64_t lengths[] = {1, 10, 12345, INT64_MAX};

	for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++) {
		for (size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			const char *dtype = longer[i].dtype;
			unsigned dimensions = longer[i].dimensions;
			bool fortran = longer[i].fortran_order;

			ck_assert_uint_eq(size_of(dtype, fortran, dimensions - 1, lengths[j]), 128);
			ck_assert_uint_eq(size_of(dtype, fortran, dimensions, lengths[j]), 192);
		}
	}
}
END_TEST

START_TEST(the_longest_has_room_and_is_read_back)
{
	char *header = malloc(NPY_WRITTEN_MAX); /* what is beside it is found by a sanitizer */
	char dtype[ARRAY_DTYPE_MAX];
	struct array array = {.dtype = "|V2147483647", .dtype_size = 12, .dimensions = 64};
	struct array read;

	for (int i = 0; i < 64; i++)
		array.shape[i] = INT64_MAX;
	array.shape[63] = 0;
	size_t size = npy_write(&array, header);
	ck_assert_uint_le(size, NPY_WRITTEN_MAX);
	ck_assert_uint_eq(npy_header_size((uint8_t *)header, size), size);
	free(header);

	/* A product that NumPy takes. */
	for (int i = 0; i < 63; i++)
		array.shape[i] = 1;
	header = malloc(NPY_WRITTEN_MAX);
	size = npy_write(&array, header);
	ck_assert_int_eq(npy_parse((uint8_t *)header, size, size, &read, dtype), NPY_ARRAY);
	ck_assert_uint_eq(read.data_offset, size);
	ck_assert_mem_eq(read.shape, array.shape, sizeof(array.shape));
	free(header);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("npywrite");
	TCase *tests = tcase_create("npywrite");

	tcase_add_test(tests, a_header_is_byte_for_byte_that_of_numpy);
	tcase_add_test(tests, the_room_for_the_slowest_dimension_to_grow_is_that_of_numpy);
	tcase_add_test(tests, the_longest_has_room_and_is_read_back);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
