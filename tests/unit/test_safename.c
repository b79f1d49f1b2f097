// SPDX-License-Identifier: MIT

#include "cli/safename.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/** A string literal with NULs in it, and its size. */
#define TEXT(literal) literal, sizeof(literal) - 1

static const struct {
	const char *name;
	size_t size;
	const char *safe;
} table[] = {
	{TEXT("file_1.dat"), "file_1.dat"},
	{TEXT("dir/sub/x.npy"), "dir_sub_x.npy"},
	{TEXT("../../etc/passwd"), "_._.._etc_passwd"},
	{TEXT("/etc/shadow"), "_etc_shadow"},
	{TEXT("//"), "__"},
	{TEXT(""), "_"},
	{TEXT("."), "_"},
	{TEXT(".."), "_."},
	{TEXT("a/.."), "a_.."},
	{TEXT(".hidden"), "_hidden"},
	{TEXT("-rf"), "_rf"},
	{TEXT("--rf -"), "_-rf -"},
	{TEXT("..\\x"), "_._x"},
	{TEXT("a b\tc\nd\033[0m\x7f"), "a b_c_d_[0m_"},
	{TEXT("nul\0here"), "nul_here"},
	{TEXT("gr\xc3\xbc\xc3\x9f.dat"), "gr\xc3\xbc\xc3\x9f.dat"},
	{TEXT("c1 \xc2\x9b"
	      "31m"),
		"c1 _31m"},
	{TEXT("\xe2\x80\xae"
	      "tad.exe"),
		"_tad.exe"},
	{TEXT("\xff\xfe\xc3.dat"), "___.dat"},
	{TEXT("\xc3"), "_"},
};

/** The safe form of the @size bytes of @name, read to where they end and not further. */
static char *safe_of(const char *name, size_t size)
{
	char *copy = malloc(size ? size : 1);
	char *safe = malloc(SAFENAME_MAX);

	memcpy(copy, name, size);
	size_t length = safename_make(copy, size, safe);
	free(copy);
	ck_assert_uint_ge(length, 1);
	ck_assert_uint_le(length, SAFENAME_MAX);
	char *text = calloc(1, length + 1); /* strndup(3) is taken to read on */
	memcpy(text, safe, length);
	ck_assert_uint_eq(strlen(text), length);
	free(safe);
	return text;
}

START_TEST(each_name_becomes_one_safe_component_that_stays_what_it_is)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *safe = safe_of(table[i].name, table[i].size);
		char *again = safe_of(safe, strlen(safe));
		ck_assert_str_eq(safe, table[i].safe);
		ck_assert_str_eq(again, safe);
		free(again);
		free(safe);
	}
}
END_TEST

START_TEST(of_a_long_name_the_end_is_kept_and_no_character_is_cut)
{
	/* The sizes around the limit, of ASCII and of characters of two bytes. */
	for (size_t size = 250; size < 270; size++) {
		char name[300];
		memset(name, 'x', sizeof(name));
		memcpy(name + size - 4, ".dat", 4);
		char *safe = safe_of(name, size);
		ck_assert_uint_eq(strlen(safe), size < 255 ? size : 255);
		ck_assert_str_eq(safe + strlen(safe) - 4, ".dat");
		free(safe);

		for (size_t i = 0; i + 4 < size; i++)
			name[i] = (size - i) % 2 == 0 ? '\xc3' : '\xbc';
		name[0] = size % 2 == 0 ? name[0] : '/';
		safe = safe_of(name, size);
		ck_assert_uint_eq(strlen(safe), size <= 255 ? size : 254);
		ck_assert_int_eq(safe[0], size % 2 == 1 && size <= 255 ? '_' : '\xc3');
		free(safe);
	}
}
END_TEST

START_TEST(what_a_cut_brings_to_the_start_is_safe_too)
{
	char name[300];

	memset(name, '-', sizeof(name));
	char *safe = safe_of(name, sizeof(name));
	ck_assert_int_eq(safe[0], '_');
	ck_assert_int_eq(safe[1], '-');
	free(safe);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("safename");
	TCase *tests = tcase_create("safename");

	tcase_add_test(tests, each_name_becomes_one_safe_component_that_stays_what_it_is);
	tcase_add_test(tests, of_a_long_name_the_end_is_kept_and_no_character_is_cut);
	tcase_add_test(tests, what_a_cut_brings_to_the_start_is_safe_too);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
