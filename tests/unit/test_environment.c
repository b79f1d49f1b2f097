// SPDX-License-Identifier: MIT

#include "parent/environment.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* The value of @name among @variables, or NULL. */
static const char *value(char *const *variables, const char *name)
{
	size_t size = strlen(name);

	for (; *variables; variables++) {
		if (strncmp(*variables, name, size) == 0 && (*variables)[size] == '=')
			return *variables + size + 1;
	}
	return NULL;
}

static char *own[] = {"PATH=/bin", "ZIPMAP_SIZE=7", "ZIPMAP_DTYPE=old", "ZIPMAP_SIZES=8",
	"ZIPMAP_ARCHIVE", "HOME=/root", NULL};

static const struct array array = {.dtype = "<f4",
	.dtype_size = 3,
	.dimensions = 2,
	.data_offset = 128,
	.item_bytes = 4,
	.shape = {2000000, 4}};

START_TEST(what_is_known_of_an_array_is_in_variables)
{
	const struct record record = {.name = "a b\n\xff.npy",
		.name_size = 9,
		.size_bytes = 32000128,
		.offset_bytes = 64,
		.crc32 = 0xe20a1c,
		.array = &array};
	struct environment environment;

	ck_assert_int_eq(environment_init(&environment, own), 0);
	char *member = environment_describe(&record, "dir/x 1.zip");
	ck_assert_ptr_nonnull(member);
	char *const *variables = environment_with(&environment, member);
	ck_assert_str_eq(value(variables, "ZIPMAP_ARCHIVE"), "dir/x 1.zip");
	ck_assert_str_eq(value(variables, "ZIPMAP_MEMBER"), "a b\n\xff.npy");
	ck_assert_str_eq(value(variables, "ZIPMAP_SIZE"), "32000128");
	ck_assert_str_eq(value(variables, "ZIPMAP_CRC32"), "00e20a1c");
	ck_assert_str_eq(value(variables, "ZIPMAP_OFFSET"), "192");
	ck_assert_str_eq(value(variables, "ZIPMAP_DTYPE"), "<f4");
	ck_assert_str_eq(value(variables, "ZIPMAP_SHAPE"), "2000000,4");
	ck_assert_str_eq(value(variables, "PATH"), "/bin");
	ck_assert_str_eq(value(variables, "ZIPMAP_SIZES"), "8");
	free(member);
	environment_release(&environment);
}
END_TEST

START_TEST(what_is_not_known_has_no_variable_of_before)
{
	const struct record record = {.name = "a\0b", .name_size = 3, .size_bytes = 1};
	struct environment environment;

	ck_assert_int_eq(environment_init(&environment, own), 0);
	char *member = environment_describe(&record, "a.zip");
	ck_assert_ptr_nonnull(member);
	char *const *variables = environment_with(&environment, member);
	ck_assert_str_eq(value(variables, "ZIPMAP_MEMBER"), "a");
	ck_assert_ptr_null(value(variables, "ZIPMAP_DTYPE"));
	ck_assert_ptr_null(value(variables, "ZIPMAP_SHAPE"));
	free(member);

	variables = environment_with(&environment, NULL);
	ck_assert_ptr_null(value(variables, "ZIPMAP_SIZE"));
	ck_assert_str_eq(value(variables, "HOME"), "/root");
	environment_release(&environment);
}
END_TEST

START_TEST(a_shape_of_no_dimension_is_empty)
{
	const struct array scalar = {.dtype = "<f8", .dtype_size = 3};
	const struct record record = {.name = "a", .name_size = 1, .array = &scalar};
	struct environment environment;

	ck_assert_int_eq(environment_init(&environment, own), 0);
	char *member = environment_describe(&record, "a.zip");
	ck_assert_ptr_nonnull(member);
	char *const *variables = environment_with(&environment, member);
	ck_assert_str_eq(value(variables, "ZIPMAP_DTYPE"), "<f8");
	ck_assert_str_eq(value(variables, "ZIPMAP_SHAPE"), "");
	free(member);
	environment_release(&environment);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("environment");
	TCase *tests = tcase_create("environment");

	tcase_add_test(tests, what_is_known_of_an_array_is_in_variables);
	tcase_add_test(tests, what_is_not_known_has_no_variable_of_before);
	tcase_add_test(tests, a_shape_of_no_dimension_is_empty);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
