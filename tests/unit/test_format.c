// SPDX-License-Identifier: MIT

#include "cli/format.h"

#include "support.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct record record = {
	.size_bytes = 12345678901,
	.offset_bytes = 192,
	.crc32 = 0xa1c96,
	.name = "dir/na\nme",
	.name_size = 9,
};

/** Check what @format prints of the record: @size bytes at @expected. */
static void prints(const char *format, const char *expected, size_t size)
{
	char *text = NULL;
	size_t text_size = 0;
	const char *wrong;
	size_t wrong_size;
	FILE *stream = open_memstream(&text, &text_size);

	ck_assert_ptr_nonnull(stream);
	ck_assert_int_eq(format_check(format, &wrong, &wrong_size), 0);
	format_print(stream, format, &record, "a b.zip", "/tmp/x");
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_uint_eq(text_size, size);
	ck_assert_mem_eq(text, expected, size);
	free(text);
}

START_TEST(each_directive_prints_its_field)
{
	prints("%p", "/tmp/x", 6);
	prints("%a", "a b.zip", 7);
	prints("%m", "dir/na\nme", 9);
	prints("%M", "dir_na_me", 9);
	prints("%s", "12345678901", 11);
	prints("%c", "000a1c96", 8);
	prints("%o", "192", 3);
	prints("%%", "%", 1);
}
END_TEST

START_TEST(each_escape_prints_its_character)
{
	prints("a\\nb\\tc\\0d\\\\e", "a\nb\tc\0d\\e", 9);
	prints("\\a\\b\\f\\r\\v", "\a\b\f\r\v", 5);
	prints("\\1018\\60\\0x\\0001\\377", "A80\0x\0001\377", 8);
}
END_TEST

START_TEST(other_text_stays)
{
	prints("", "", 0);
	prints("path=%p, \xc3\xa9%%p\\\\n", "path=/tmp/x, \xc3\xa9%p\\n", 19);
}
END_TEST

START_TEST(what_is_no_directive_or_escape_is_refused_and_pointed_at)
{
	static const struct {
		const char *format;
		size_t at, size;
	} bad[] = {{"%", 0, 1}, {"ab%", 2, 1}, {"%p%x", 2, 2}, {"%5s", 0, 2}, {"\\", 0, 1},
		{"a\\8", 1, 2}, {"a\\x41", 1, 2}, {"%%%", 2, 1}, {"\\\\\\", 2, 1}, {"% p", 0, 2}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *wrong = NULL;
		size_t size = 0;
		ck_assert_int_eq(format_check(bad[i].format, &wrong, &size), -1);
		ck_assert_ptr_eq(wrong, bad[i].format + bad[i].at);
		ck_assert_uint_eq(size, bad[i].size);
	}
}
END_TEST

START_TEST(which_directives_are_used_is_told)
{
	ck_assert(format_uses("%p %m", 'm'));
	ck_assert(!format_uses("%%m", 'm'));
	ck_assert(!format_uses("\\\\m m", 'm'));
	ck_assert(format_uses("%%%m", 'm'));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("format");
	TCase *tests = tcase_create("format");

	tcase_add_test(tests, each_directive_prints_its_field);
	tcase_add_test(tests, each_escape_prints_its_character);
	tcase_add_test(tests, other_text_stays);
	tcase_add_test(tests, what_is_no_directive_or_escape_is_refused_and_pointed_at);
	tcase_add_test(tests, which_directives_are_used_is_told);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
