// SPDX-License-Identifier: MIT

#include "parent/budget.h"

#include <check.h>
#include <stdlib.h>

static struct budget budget;

static enum failure_kind take(uint64_t size_bytes)
{
	const struct record record = {.size_bytes = size_bytes};
	struct failure failure = {.kind = FAILURE_NONE};
	int taken = budget_take(&budget, &record, &failure);

	ck_assert_int_eq(taken, failure.kind == FAILURE_NONE ? 0 : -1);
	return failure.kind;
}

START_TEST(without_limits_all_is_taken)
{
	budget_init(&budget, &(struct limits){0});
	ck_assert_uint_eq(budget_left(&budget), UINT64_MAX);
	ck_assert_int_eq(take(UINT64_MAX), FAILURE_NONE);
	ck_assert_int_eq(take(UINT64_MAX), FAILURE_NONE);
	ck_assert_uint_eq(budget_left(&budget), UINT64_MAX);
}
END_TEST

START_TEST(the_total_is_reached_and_not_passed)
{
	budget_init(&budget, &(struct limits){.total_bytes = 100});
	ck_assert_int_eq(take(60), FAILURE_NONE);
	ck_assert_uint_eq(budget_left(&budget), 40);
	ck_assert_int_eq(take(41), FAILURE_TOTAL_LIMIT);
	ck_assert_int_eq(take(UINT64_MAX), FAILURE_TOTAL_LIMIT);
	ck_assert_uint_eq(budget_left(&budget), 40);
	ck_assert_int_eq(take(40), FAILURE_NONE);
	ck_assert_int_eq(take(1), FAILURE_TOTAL_LIMIT);
	ck_assert_int_eq(take(0), FAILURE_NONE);
}
END_TEST

START_TEST(a_member_that_is_too_large_takes_nothing)
{
	budget_init(&budget, &(struct limits){.member_bytes = 10, .total_bytes = 100});
	const struct record record = {.size_bytes = 11};
	struct failure failure;
	ck_assert_int_eq(budget_take(&budget, &record, &failure), -1);
	ck_assert_int_eq(failure.kind, FAILURE_MEMBER_LIMIT);
	ck_assert_uint_eq(failure.numbers[0], 11);
	ck_assert_uint_eq(failure.numbers[1], 10);
	ck_assert_uint_eq(budget_left(&budget), 100);
	ck_assert_int_eq(take(10), FAILURE_NONE);
}
END_TEST

START_TEST(what_is_only_allowed_takes_nothing)
{
	const struct record small = {.size_bytes = 10};
	const struct record large = {.size_bytes = 11};

	budget_init(&budget, &(struct limits){.member_bytes = 10, .total_bytes = 5});
	struct failure failure;
	ck_assert_int_eq(budget_allow(&budget, &small, &failure), 0);
	ck_assert_int_eq(budget_allow(&budget, &large, &failure), -1);
	ck_assert_int_eq(failure.kind, FAILURE_MEMBER_LIMIT);
	ck_assert_uint_eq(failure.numbers[0], 11);
	ck_assert_uint_eq(failure.numbers[1], 10);
	ck_assert_uint_eq(budget_left(&budget), 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("budget");
	TCase *cases = tcase_create("budget");

	tcase_add_test(cases, without_limits_all_is_taken);
	tcase_add_test(cases, the_total_is_reached_and_not_passed);
	tcase_add_test(cases, a_member_that_is_too_large_takes_nothing);
	tcase_add_test(cases, what_is_only_allowed_takes_nothing);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
