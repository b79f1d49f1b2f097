// SPDX-License-Identifier: MIT

#include "worker/held.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct held *held;

static void set_up(void)
{
	held = calloc(1, sizeof(*held));
	ck_assert_ptr_nonnull(held);
}

static void tear_down(void)
{
	held_clear(held);
	free(held);
}

/* Add a member called @name, and spoil what was given. */
static bool add(uint64_t member, const char *name, bool name_is_utf8)
{
	char *given = strdup(name);
	struct record record = {.member = member,
		.name = given,
		.name_size = (uint16_t)strlen(given),
		.packed = member % 2};

	ck_assert_ptr_nonnull(given);
	bool room = held_add(held, &record, name_is_utf8, (int)member + 100);
	memset(given, '#', strlen(given));
	free(given);
	return room;
}

/* Add an array whose type has @dtype_size bytes, and spoil what was given. */
static bool add_array(uint32_t dtype_size)
{
	char *dtype = malloc(dtype_size);
	struct array array = {.dtype = dtype, .dtype_size = dtype_size, .shape = {7}};
	struct record record = {.name = "", .array = &array};

	ck_assert_ptr_nonnull(dtype);
	memset(dtype, 'd', dtype_size);
	bool room = held_add(held, &record, true, -1);
	memset(dtype, '#', dtype_size);
	free(dtype);
	array.shape[0] = 8;
	return room;
}

START_TEST(records_are_kept_in_order_with_their_names)
{
	ck_assert(add(3, "first", true));
	ck_assert(add(4, "", false));
	ck_assert(add(9, "third", false));
	ck_assert_uint_eq(held->count, 3);
	ck_assert_uint_eq(held->records[0].member, 3);
	ck_assert_str_eq(held->records[0].name, "first");
	ck_assert(held->records[0].packed);
	ck_assert(held->names_are_utf8[0]);
	ck_assert_str_eq(held->records[1].name, "");
	ck_assert_int_eq(held->fds[1], 104);
	ck_assert(!held->records[1].packed);
	ck_assert(!held->names_are_utf8[1]);
	ck_assert_uint_eq(held->records[2].member, 9);
	ck_assert_str_eq(held->records[2].name, "third");
	ck_assert_uint_eq(held->records[2].name_size, 5);
	ck_assert_ptr_null(held->records[2].array);
}
END_TEST

START_TEST(arrays_are_kept_with_their_types)
{
	ck_assert(add_array(1));
	ck_assert(add_array(1000));
	for (size_t i = 0; i < 2; i++) {
		const struct array *array = held->records[i].array;
		ck_assert_uint_eq(array->dtype_size, i == 0 ? 1 : 1000);
		ck_assert_uint_eq(array->shape[0], 7);
		for (uint32_t at = 0; at < array->dtype_size; at++)
			ck_assert_int_eq(array->dtype[at], 'd');
	}
}
END_TEST

START_TEST(the_last_for_which_there_is_room_is_told)
{
	for (size_t i = 1; i < UNIT_MEMBERS_MAX; i++)
		ck_assert_msg(add(i, "", true), "%zu", i);
	ck_assert(!add(UNIT_MEMBERS_MAX, "", true));
	ck_assert_uint_eq(held->count, UNIT_MEMBERS_MAX);
	ck_assert_uint_eq(held->records[UNIT_MEMBERS_MAX - 1].member, UNIT_MEMBERS_MAX);
}
END_TEST

START_TEST(names_fill_their_room_and_one_that_does_not_fit_stays_where_it_is)
{
	static char name[32 * 1024];
	size_t left = HELD_NAMES;

	for (; left > sizeof(name); left -= sizeof(name)) {
		memset(name, 'n', sizeof(name) - 1);
		ck_assert(add(1, name, true));
	}
	memset(name, 'm', sizeof(name));
	name[left - 1] = '\0';
	ck_assert(add(2, name, true));
	const struct record *last = &held->records[held->count - 1];
	ck_assert_str_eq(last->name, name);
	/* Not even a name of no bytes, which has its end. */
	const struct record empty = {.member = 5, .name = ""};
	ck_assert(!held_add(held, &empty, true, -1));
	ck_assert_ptr_eq(held->records[held->count - 1].name, empty.name);
	ck_assert_uint_eq(held->records[held->count - 1].member, 5);
	ck_assert_str_eq(last->name, name);
}
END_TEST

START_TEST(arrays_have_a_bound_that_the_last_one_may_pass)
{
	const uint32_t size = 64 * 1024 - sizeof(struct array);

	for (size_t bytes = 64 * 1024; bytes < HELD_ARRAYS; bytes += 64 * 1024)
		ck_assert(add_array(size));
	ck_assert(!add_array(size));
	held_clear(held);
	for (size_t bytes = 64 * 1024; bytes < HELD_ARRAYS; bytes += 64 * 1024)
		ck_assert(add_array(size));
	ck_assert(add_array(size - 1));
	ck_assert(!add_array(1));
}
END_TEST

START_TEST(when_they_are_forgotten_all_room_is_there_again)
{
	for (int turn = 0; turn < 3; turn++) {
		for (size_t i = 1; i < UNIT_MEMBERS_MAX; i++)
			ck_assert(add(i, i < 100 ? "a name of some length" : "", true));
		held_clear(held);
		ck_assert_uint_eq(held->count, 0);
		ck_assert_uint_eq(held->names_size, 0);
		ck_assert_uint_eq(held->arrays_size, 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("held");
	TCase *tests = tcase_create("held");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, records_are_kept_in_order_with_their_names);
	tcase_add_test(tests, arrays_are_kept_with_their_types);
	tcase_add_test(tests, the_last_for_which_there_is_room_is_told);
	tcase_add_test(tests, names_fill_their_room_and_one_that_does_not_fit_stays_where_it_is);
	tcase_add_test(tests, arrays_have_a_bound_that_the_last_one_may_pass);
	tcase_add_test(tests, when_they_are_forgotten_all_room_is_there_again);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
