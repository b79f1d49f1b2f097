// SPDX-License-Identifier: MIT

#include "numpy/array.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct array sample = {.dtype = "<f4",
	.dtype_size = 3,
	.dimensions = 2,
	.data_offset = 128,
	.item_bytes = 4,
	.shape = {3, 5}};

START_TEST(data_are_the_items_of_all_dimensions)
{
	static const struct {
		uint64_t item_bytes;
		uint8_t dimensions;
		uint64_t shape[3];
		uint64_t bytes;
	} cases[] = {
		{8, 0, {0}, 8},
		{8, 1, {0}, 0},
		{8, 1, {1}, 8},
		{8, 3, {2, 3, 4}, 192},
		{0, 2, {5, 7}, 0},
		{16, 3, {5, 0, 7}, 0},
		{1, 1, {INT64_MAX}, INT64_MAX},
		{INT64_MAX, 2, {1, 1}, INT64_MAX},
		{1, 2, {INT64_MAX, 0}, 0},
		{2, 2, {0, INT64_MAX / 2}, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct array array = {
			.item_bytes = cases[i].item_bytes, .dimensions = cases[i].dimensions};
		uint64_t bytes = 42;
		memcpy(array.shape, cases[i].shape, sizeof(cases[i].shape));
		ck_assert(array_data_bytes(&array, &bytes));
		ck_assert_uint_eq(bytes, cases[i].bytes);
	}
}
END_TEST

START_TEST(more_than_numpy_takes_is_refused_even_where_a_zero_makes_it_nothing)
{
	static const struct {
		uint64_t item_bytes;
		uint8_t dimensions;
		uint64_t shape[3];
	} cases[] = {
		{(uint64_t)INT64_MAX + 1, 0, {0}}, {UINT64_MAX, 1, {0}},
		{1, 1, {(uint64_t)INT64_MAX + 1}}, {0, 1, {UINT64_MAX}},
		{2, 1, {(uint64_t)1 << 62}}, {4, 2, {(uint64_t)1 << 32, (uint64_t)1 << 32}},
		{1, 3, {(uint64_t)1 << 32, 0, (uint64_t)1 << 31}}, {2, 2, {0, (uint64_t)1 << 62}},
		{1, 3, {3, 0x5555555555555556, 1}}, /* as 64 bits, the product is small */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct array array = {
			.item_bytes = cases[i].item_bytes, .dimensions = cases[i].dimensions};
		uint64_t bytes;
		memcpy(array.shape, cases[i].shape, sizeof(cases[i].shape));
		ck_assert_msg(!array_data_bytes(&array, &bytes), "case %zu", i);
	}
}
END_TEST

START_TEST(the_data_of_an_array_lie_within_its_member)
{
	struct array array = sample;

	ck_assert(array_is_sound(&array, 188));
	ck_assert(!array_is_sound(&array, 187));
	ck_assert(array_is_sound(&array, 189)); /* other bytes may stand behind them */
	ck_assert(array_is_sound(&array, UINT64_MAX));
	ck_assert(!array_is_sound(&array, 60));
	ck_assert(!array_is_sound(&array, 0));
	array.data_offset = 189;
	ck_assert(!array_is_sound(&array, 188));
	array.data_offset = UINT64_MAX - 59; /* and its data would end at 0 */
	ck_assert(!array_is_sound(&array, 0));
	array.data_offset = 0;
	ck_assert(array_is_sound(&array, 60));
	array.shape[1] = 0;
	array.data_offset = 128;
	ck_assert(array_is_sound(&array, 128));
	ck_assert(!array_is_sound(&array, 127));
}
END_TEST

START_TEST(a_type_is_printable_ascii_of_a_limited_length)
{
	static char text[ARRAY_DTYPE_MAX + 1];
	struct array array = sample;

	for (int byte = 0; byte < 256; byte++) {
		char dtype[3] = {'<', (char)byte, '4'};
		array.dtype = dtype;
		ck_assert_int_eq(array_is_sound(&array, 188), byte >= 0x20 && byte < 0x7f);
	}
	memset(text, 'x', sizeof(text));
	array.dtype = text;
	array.dtype_size = 0; /* too long to tell */
	ck_assert(array_is_sound(&array, 188));
	array.dtype_size = ARRAY_DTYPE_MAX;
	ck_assert(array_is_sound(&array, 188));
	array.dtype_size = ARRAY_DTYPE_MAX + 1;
	ck_assert(!array_is_sound(&array, 188));
	array.dtype_size = UINT32_MAX;
	ck_assert(!array_is_sound(&array, 188));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("array");
	TCase *tests = tcase_create("array");

	tcase_add_test(tests, data_are_the_items_of_all_dimensions);
	tcase_add_test(tests, more_than_numpy_takes_is_refused_even_where_a_zero_makes_it_nothing);
	tcase_add_test(tests, the_data_of_an_array_lie_within_its_member);
	tcase_add_test(tests, a_type_is_printable_ascii_of_a_limited_length);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
