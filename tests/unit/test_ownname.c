// SPDX-License-Identifier: MIT

#include "parent/ownname.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct ownname made;

static struct record record_of(const char *name, size_t size)
{
	return (struct record){
		.own_name = true, .size_bytes = 1, .name = name, .name_size = (uint16_t)size};
}

/* Of a member called @name in "in/a.zip". */
static enum name_fault make(const char *name)
{
	const struct record record = record_of(name, strlen(name));

	return ownname_make(&record, "in/a.zip", false, PATH_MAX - 1, &made);
}

static void assert_made(const char *name, const char *expected)
{
	ck_assert_msg(make(name) == NAME_GOOD, "%s", name);
	ck_assert_str_eq(made.text, expected);
	ck_assert_uint_eq(made.size, strlen(expected));
}

START_TEST(the_path_is_below_a_directory_called_as_the_archive)
{
	assert_made("x.dat", "a/x.dat");
	assert_made("d/e/x.dat", "a/d/e/x.dat");
	ck_assert_str_eq(made.text + made.base_at, "x.dat");
	assert_made("-x", "a/-x");
	assert_made("back\\slash", "a/back\\slash");
	assert_made("\xff\xfe", "a/\xff\xfe");
}
END_TEST

START_TEST(archives_are_called_by_their_base_names)
{
	static const char *const rows[][2] = {
		{"a.zip", "a/x"},
		{"/b/c/a.ZIP", "a/x"},
		{"a.npz", "a/x"},
		{"a.tar.zip", "a.tar/x"},
		{"a.jar", "a.jar/x"},
		{"zip", "zip/x"},
		{"-", "stdin/x"},
		{".zip", ".zip/x"},
		{"..zip", "..zip/x"},
		{"...zip", "...zip/x"},
		{"a\n.zip", "a_/x"},
	};
	const struct record record = record_of("x", 1);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(
			ownname_make(&record, rows[i][0], false, PATH_MAX, &made), NAME_GOOD);
		ck_assert_str_eq(made.text, rows[i][1]);
	}
	ck_assert_int_eq(ownname_make(&record, "a.zip", true, PATH_MAX, &made), NAME_GOOD);
	ck_assert_str_eq(made.text, "x");
	ck_assert_uint_eq(made.base_at, 0);
}
END_TEST

START_TEST(components_that_say_nothing_are_left_out)
{
	assert_made("./x", "a/x");
	assert_made("d//e/.//x", "a/d/e/x");
	assert_made("...", "a/...");
	assert_made(".x/y..", "a/.x/y..");
}
END_TEST

START_TEST(whatever_could_lead_out_is_refused)
{
	ck_assert_int_eq(make("/x"), NAME_ABSOLUTE);
	ck_assert_int_eq(make("//x"), NAME_ABSOLUTE);
	ck_assert_int_eq(make("../x"), NAME_PARENT);
	ck_assert_int_eq(make("d/../x"), NAME_PARENT);
	ck_assert_int_eq(make("d/.."), NAME_PARENT);
	ck_assert_int_eq(make(".."), NAME_PARENT);
	ck_assert_int_eq(make("C:x"), NAME_DRIVE);
	ck_assert_int_eq(make("c:/x"), NAME_DRIVE);
	ck_assert_int_eq(make("1:x"), NAME_GOOD);
	ck_assert_int_eq(make("cd:x"), NAME_GOOD);
}
END_TEST

START_TEST(what_names_no_file_is_refused)
{
	ck_assert_int_eq(make(""), NAME_EMPTY);
	ck_assert_int_eq(make("."), NAME_EMPTY);
	ck_assert_int_eq(make("x/."), NAME_EMPTY);
	ck_assert_int_eq(make("x/"), NAME_EMPTY);
}
END_TEST

START_TEST(a_name_that_was_cut_at_a_NUL_is_refused)
{
	struct record record = record_of("x", 1);

	record.cut_name = true;
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_CUT);
}
END_TEST

START_TEST(control_characters_are_replaced)
{
	/* What ends a line for some readers, and what turns the text around. */
	assert_made("a\xe2\x80\xa8"
		    "b\xe2\x80\xae.\\",
		"a/a_b_.\\");
	assert_made("a\nb\x1b[1m\x7f\xc2\x9b.\xc2\xa0", "a/a_b_[1m__.\xc2\xa0");
	const struct record record = record_of("\xc2", 1);
	ck_assert_int_eq(ownname_make(&record, "a", true, PATH_MAX, &made), NAME_GOOD);
	ck_assert_str_eq(made.text, "\xc2");
}
END_TEST

START_TEST(names_are_as_long_as_the_system_allows)
{
	char name[NAME_MAX + 2];
	struct record record = record_of(name, NAME_MAX);

	memset(name, 'x', sizeof(name));
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_GOOD);
	ck_assert_int_eq(ownname_make(&record, "a", false, NAME_MAX + 1, &made), NAME_LONG);
	ck_assert_int_eq(ownname_make(&record, "a", false, NAME_MAX + 2, &made), NAME_GOOD);
	record.npy_header = true;
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_LONG);
	record.npy_header = false;
	record.name_size++;
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_LONG);
}
END_TEST

START_TEST(the_longest_name_of_an_archive_is_no_danger)
{
	static char name[MEMBER_NAME_MAX];

	memset(name, 'x', sizeof(name));
	for (size_t i = 1; i < sizeof(name); i += 2)
		name[i] = '/';
	const struct record record = record_of(name, sizeof(name));
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_LONG);
}
END_TEST

START_TEST(names_of_MS_DOS_without_a_slash_have_backslashes_between_components)
{
	struct record record = record_of("d\\x", 3);

	record.dos_name = true;
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_GOOD);
	ck_assert_str_eq(made.text, "a/d/x");
	record.name = "..\\x";
	record.name_size = 4;
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_PARENT);
	record.name = "\\x";
	record.name_size = 2;
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_ABSOLUTE);
	record.name = "d/e\\x";
	record.name_size = 5;
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_GOOD);
	ck_assert_str_eq(made.text, "a/d/e\\x");
}
END_TEST

START_TEST(an_empty_member_of_MS_DOS_that_ends_in_a_backslash_is_a_directory)
{
	struct record record = record_of("d\\", 2);

	record.dos_name = true;
	ck_assert(!ownname_is_directory(&record));
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_EMPTY);
	record.size_bytes = 0;
	ck_assert(ownname_is_directory(&record));
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_GOOD);
	ck_assert_str_eq(made.text, "a/d");
}
END_TEST

START_TEST(directory_entries_have_paths_too)
{
	struct record record = record_of("d/e/", 4);

	record.place = PLACE_DIRECTORY;
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_GOOD);
	ck_assert_str_eq(made.text, "a/d/e");
	record.name = "./";
	record.name_size = 2;
	ck_assert_int_eq(ownname_make(&record, "a", true, PATH_MAX, &made), NAME_GOOD);
	ck_assert_str_eq(made.text, "");
}
END_TEST

START_TEST(a_header_that_was_put_before_the_data_shows_in_the_name)
{
	struct record record = record_of("d/x.dat", 7);

	record.npy_header = true;
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_GOOD);
	ck_assert_str_eq(made.text, "a/d/x.dat.npy");
}
END_TEST

START_TEST(nothing_is_called_as_directories_of_runs_are)
{
	struct record record = record_of(".zipmap-abcdef/lock", 19);

	ck_assert_int_eq(ownname_make(&record, "a", true, PATH_MAX, &made), NAME_RUN);
	ck_assert_int_eq(ownname_make(&record, "a", false, PATH_MAX, &made), NAME_GOOD);
	ck_assert_int_eq(
		ownname_make(&record, ".zipmap-abcdef.zip", false, PATH_MAX, &made), NAME_RUN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ownname");
	TCase *tests = tcase_create("ownname");

	tcase_add_test(tests, the_path_is_below_a_directory_called_as_the_archive);
	tcase_add_test(tests, archives_are_called_by_their_base_names);
	tcase_add_test(tests, components_that_say_nothing_are_left_out);
	tcase_add_test(tests, whatever_could_lead_out_is_refused);
	tcase_add_test(tests, what_names_no_file_is_refused);
	tcase_add_test(tests, a_name_that_was_cut_at_a_NUL_is_refused);
	tcase_add_test(tests, control_characters_are_replaced);
	tcase_add_test(tests, names_are_as_long_as_the_system_allows);
	tcase_add_test(tests, the_longest_name_of_an_archive_is_no_danger);
	tcase_add_test(tests, names_of_MS_DOS_without_a_slash_have_backslashes_between_components);
	tcase_add_test(tests, an_empty_member_of_MS_DOS_that_ends_in_a_backslash_is_a_directory);
	tcase_add_test(tests, directory_entries_have_paths_too);
	tcase_add_test(tests, a_header_that_was_put_before_the_data_shows_in_the_name);
	tcase_add_test(tests, nothing_is_called_as_directories_of_runs_are);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
