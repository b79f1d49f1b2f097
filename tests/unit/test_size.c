// SPDX-License-Identifier: MIT

#include "cli/size.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

START_TEST(numbers_with_and_without_a_unit)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{"1", 1},
		{"007", 7},
		{"1K", 1024},
		{"1k", 1024},
		{"10KiB", 10240},
		{"1miB", 1048576},
		{"3M", 3145728},
		{"2G", 2147483648},
		{"1T", 1099511627776},
		{"1KB", 1000},
		{"10GB", 10000000000},
		{"2TB", 2000000000000},
		{"1.5K", 1536},
		{"1.5GiB", 1610612736},
		{"0.25MB", 250000},
		{"0.000001T", 1099511},
		{"9223372036854775807", INT64_MAX},
		{"8388607T", 8388607 * UINT64_C(1099511627776)},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint64_t bytes = 0;
		errno = ERANGE; /* of something else */
		ck_assert_msg(size_parse(good[i].text, &bytes) == 0, "%s", good[i].text);
		ck_assert_uint_eq(bytes, good[i].bytes);
	}
}
END_TEST

START_TEST(all_else_is_none_and_changes_nothing)
{
	static const char *const bad[] = {"", "0", "0K", "-1", "+1", " 1", "1 ", "K", "1kb", "1.5",
		"1.K", ".5K", "0.0K", "1.5.5K", "1.0000001K", "1KIB", "1Ki", "1KiBs", "1B", "1,5M",
		"1.5X", "0x10", "1e3", "9223372036854775808", "8388608T", "99999999999999999999999",
		"18446744073709551617"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t bytes = 42;
		ck_assert_msg(size_parse(bad[i], &bytes) < 0, "'%s' is accepted", bad[i]);
		ck_assert_uint_eq(bytes, 42);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("size");
	TCase *cases = tcase_create("size");

	tcase_add_test(cases, numbers_with_and_without_a_unit);
	tcase_add_test(cases, all_else_is_none_and_changes_nothing);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
