// SPDX-License-Identifier: MIT

#include "cli/shard.h"

#include <check.h>
#include <stdlib.h>

START_TEST(shares_have_each_archive_once)
{
	for (uint64_t count = 1; count <= 9; count++) {
		for (uint64_t index = 0; index < 40; index++) {
			unsigned owners = 0;
			for (uint64_t number = 1; number <= count; number++)
				owners += shard_has(&(struct shard){number, count}, index);
			ck_assert_uint_eq(owners, 1);
		}
	}
	ck_assert(shard_has(&(struct shard){2, 3}, 1));
	ck_assert(shard_has(&(struct shard){0, 0}, 7));
}
END_TEST

START_TEST(what_is_ahead_is_counted)
{
	for (uint64_t count = 0; count <= 5; count++) {
		for (uint64_t number = count > 0; number <= count; number++) {
			struct shard shard = {number, count};
			for (uint64_t index = 0; index < 12; index++) {
				uint64_t own = 0;
				for (uint64_t ahead = 0; ahead < 12; ahead++) {
					ck_assert_uint_eq(shard_count(&shard, index, ahead), own);
					own += shard_has(&shard, index + ahead);
				}
			}
		}
	}
}
END_TEST

START_TEST(numbers_are_read)
{
	struct shard shard;

	ck_assert_int_eq(shard_parse("1/1", &shard), 0);
	ck_assert_int_eq(shard_parse("3/4294967295", &shard), 0);
	ck_assert_uint_eq(shard.number, 3);
	ck_assert_uint_eq(shard.count, UINT32_MAX);
	ck_assert_int_eq(shard_parse("08/16", &shard), 0);
	ck_assert_uint_eq(shard.number, 8);
}
END_TEST

START_TEST(what_is_no_share_is_refused)
{
	static const char *const bad[] = {"", "/", "1", "1/", "/1", "0/1", "2/1", "0/0", "+1/2",
		"-1/2", " 1/2", "1 /2", "1/2 ", "1/2/3", "1,2", "1/4294967296", "auto", "0x1/2"};
	struct shard shard = {5, 6};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(shard_parse(bad[i], &shard) < 0, "%s", bad[i]);
	ck_assert_uint_eq(shard.number, 5);
	ck_assert_uint_eq(shard.count, 6);
}
END_TEST

START_TEST(the_first_engine_that_has_an_array_tells)
{
	struct shard shard;
	const char *problem;

	setenv("SGE_TASK_ID", "undefined", 1);
	setenv("LSB_JOBINDEX", "5", 1);
	setenv("LSB_JOBINDEX_END", "9", 1);
	setenv("LSB_JOBINDEX_STEP", "4", 1);
	ck_assert_int_eq(shard_from_environment(&shard, &problem), 0);
	ck_assert_uint_eq(shard.number, 2);
	ck_assert_uint_eq(shard.count, 3);
	setenv("SLURM_ARRAY_TASK_ID", "0", 1);
	setenv("SLURM_ARRAY_TASK_MIN", "0", 1);
	setenv("SLURM_ARRAY_TASK_COUNT", "1", 1);
	ck_assert_int_eq(shard_from_environment(&shard, &problem), 0);
	ck_assert_uint_eq(shard.number, 1);
	ck_assert_uint_eq(shard.count, 1);
	setenv("SLURM_ARRAY_TASK_STEP", "0", 1);
	ck_assert_int_eq(shard_from_environment(&shard, &problem), -1);
	ck_assert_ptr_nonnull(problem);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shard");
	TCase *tests = tcase_create("shard");

	tcase_add_test(tests, shares_have_each_archive_once);
	tcase_add_test(tests, what_is_ahead_is_counted);
	tcase_add_test(tests, numbers_are_read);
	tcase_add_test(tests, what_is_no_share_is_refused);
	tcase_add_test(tests, the_first_engine_that_has_an_array_tells);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
