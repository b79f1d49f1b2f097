// SPDX-License-Identifier: MIT

#include "numpy/rawarray.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct raw_array raw;
static struct array array;
static uint64_t wanted;

static void say(const char *dtype, const char *shape)
{
	raw = (struct raw_array){.open = -1};
	ck_assert(rawarray_set_dtype(&raw, dtype));
	if (shape)
		ck_assert_msg(rawarray_set_shape(&raw, shape), "%s", shape);
}

/* What @size_bytes make: dimensions, and two of them. */
static void assert_fits(uint64_t size_bytes, unsigned dimensions, uint64_t first, uint64_t last)
{
	ck_assert_int_eq(rawarray_fit(&raw, size_bytes, &array, &wanted), RAWARRAY_FITS);
	ck_assert_uint_eq(array.dimensions, dimensions);
	ck_assert_uint_eq(array.shape[0], first);
	ck_assert_uint_eq(array.shape[dimensions - 1], last);
	ck_assert(!array.fortran_order);
	ck_assert(array_is_sound(&array, size_bytes));
}

static void assert_misfit(uint64_t size_bytes, enum rawarray_fit fit, uint64_t wanted_bytes)
{
	ck_assert_int_eq(rawarray_fit(&raw, size_bytes, &array, &wanted), fit);
	ck_assert_uint_eq(wanted, wanted_bytes);
}

START_TEST(a_type_alone_is_one_dimension_of_any_length)
{
	say("float32", NULL);
	assert_fits(16, 1, 4, 4);
	ck_assert_uint_eq(array.dtype_size, 3);
	ck_assert_mem_eq(array.dtype, "<f4", 3);
	assert_fits(0, 1, 0, 0);
	assert_misfit(15, RAWARRAY_NO_MULTIPLE, 4);
}
END_TEST

START_TEST(a_shape_is_held_against_the_size)
{
	say(">i2", "3,4");
	assert_fits(24, 2, 3, 4);
	assert_misfit(0, RAWARRAY_OTHER_SIZE, 24);
	assert_misfit(23, RAWARRAY_OTHER_SIZE, 24);
	assert_misfit(25, RAWARRAY_OTHER_SIZE, 24);
	assert_misfit(UINT64_MAX, RAWARRAY_OTHER_SIZE, 24);
	say("u1", "5,0");
	assert_fits(0, 2, 5, 0);
	assert_misfit(1, RAWARRAY_OTHER_SIZE, 0);
}
END_TEST

START_TEST(one_dimension_may_be_open)
{
	say("c16", "-1,3");
	assert_fits(96, 2, 2, 3);
	assert_fits(0, 2, 0, 3);
	assert_misfit(64, RAWARRAY_NO_MULTIPLE, 48);
	assert_misfit(UINT64_MAX - 15, RAWARRAY_NO_MULTIPLE, 48);
	say("bool", "7,-1");
	assert_fits(70, 2, 7, 10);
	say("u1", "-1");
	assert_fits(INT64_MAX, 1, INT64_MAX, INT64_MAX);
	assert_misfit((uint64_t)INT64_MAX + 1, RAWARRAY_NO_MULTIPLE, 1);
}
END_TEST

START_TEST(a_shape_may_be_as_python_prints_it)
{
	static const char *const shapes[] = {
		"1000,4", "1000, 4", "(1000, 4)", "(1000,4)", "(1000, 4,)"};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		ck_assert_msg(rawarray_set_shape(&raw, shapes[i]), "'%s'", shapes[i]);
		ck_assert_uint_eq(raw.dimensions, 2);
		ck_assert_uint_eq(raw.shape[0], 1000);
		ck_assert_uint_eq(raw.shape[1], 4);
	}
	ck_assert(rawarray_set_shape(&raw, "(7,)"));
	ck_assert_uint_eq(raw.dimensions, 1);
	ck_assert_uint_eq(raw.shape[0], 7);
	ck_assert(rawarray_set_shape(&raw, "(-1, 2)"));
	ck_assert_int_eq(raw.open, 0);
}
END_TEST

START_TEST(what_is_no_shape_or_no_type_is_refused)
{
	static const char *const shapes[] = {"", ",", "1,", ",1", "-1,-1", "-2", "- 1", "+1", " 1",
		"1 ", "1 ,2", "1.5", "(1,2", "1,2)", "()", "(,)", "(1,2) ", "( 1)", "0,-1", "-1,0",
		"9223372036854775808", "-1x", "0x10", "--1", "-"};
	static const char *const types[] = {"", "S", "O", "object", "S0", "V0", "f3", "float31",
		"<f4 ", "[('a', '<f4')]", "x4"};
	char many[2 * ARRAY_DIMENSIONS_MAX + 2];

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		ck_assert_msg(!rawarray_set_shape(&raw, shapes[i]), "'%s'", shapes[i]);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		ck_assert_msg(!rawarray_set_dtype(&raw, types[i]), "'%s'", types[i]);
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = i % 2 ? ',' : '1';
	many[2 * ARRAY_DIMENSIONS_MAX - 1] = '\0';
	ck_assert(rawarray_set_shape(&raw, many));
	ck_assert_uint_eq(raw.dimensions, ARRAY_DIMENSIONS_MAX);
	many[2 * ARRAY_DIMENSIONS_MAX - 1] = ',';
	many[2 * ARRAY_DIMENSIONS_MAX + 1] = '\0';
	ck_assert(!rawarray_set_shape(&raw, many));
}
END_TEST

START_TEST(an_array_of_more_than_63_bits_is_not_possible)
{
	say("u1", "9223372036854775807");
	ck_assert(rawarray_is_possible(&raw));
	say("u2", "4611686018427387904");
	ck_assert(!rawarray_is_possible(&raw));
	say("f8", "-1,1152921504606846975");
	ck_assert(rawarray_is_possible(&raw));
	say("f8", "-1,1152921504606846976");
	ck_assert(!rawarray_is_possible(&raw));
	say("f8", NULL);
	ck_assert(rawarray_is_possible(&raw));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rawarray");
	TCase *tests = tcase_create("rawarray");

	tcase_add_test(tests, a_type_alone_is_one_dimension_of_any_length);
	tcase_add_test(tests, a_shape_is_held_against_the_size);
	tcase_add_test(tests, one_dimension_may_be_open);
	tcase_add_test(tests, a_shape_may_be_as_python_prints_it);
	tcase_add_test(tests, what_is_no_shape_or_no_type_is_refused);
	tcase_add_test(tests, an_array_of_more_than_63_bits_is_not_possible);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
