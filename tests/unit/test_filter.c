// SPDX-License-Identifier: MIT

#include "protocol/filter.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/** Rules written as "+GLOB" or "-GLOB", up to a NULL. */
static bool wants(const char *name, const char *const *globs)
{
	struct filter_rule rules[8];
	struct filter filter = {.rules = rules};

	for (; globs[filter.count]; filter.count++)
		rules[filter.count] = (struct filter_rule){
			globs[filter.count][0] == '+', globs[filter.count] + 1};
	return filter_wants(&filter, name);
}

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(without_rules_all_is_wanted)
{
	const struct filter none = {NULL, 0};

	ck_assert(filter_wants(&none, "x.dat"));
	ck_assert(filter_wants(&none, ""));
}
END_TEST

START_TEST(an_include_first_leaves_out_what_does_not_match)
{
	ck_assert(wants("a.dat", RULES("+*.dat")));
	ck_assert(!wants("a.txt", RULES("+*.dat")));
	ck_assert(!wants("b.csv", RULES("+*.dat", "-b.*", "+*.txt")));
	ck_assert(!wants("c.csv", RULES("+*.dat", "-b.*", "+*.txt")));
}
END_TEST

START_TEST(an_exclude_first_takes_what_does_not_match)
{
	ck_assert(!wants("a.dat", RULES("-*.dat")));
	ck_assert(wants("a.txt", RULES("-*.dat")));
	ck_assert(wants("c.csv", RULES("-*.dat", "+a.dat")));
}
END_TEST

START_TEST(the_last_rule_that_matches_decides)
{
	ck_assert(wants("a.dat", RULES("-*.dat", "+a.*")));
	ck_assert(!wants("a.dat", RULES("+a.*", "-*.dat")));
	ck_assert(wants("a.dat", RULES("+a.*", "-*.dat", "+*")));
	ck_assert(!wants("a.dat", RULES("-*", "+*", "-*.dat", "+*.txt")));
	ck_assert(wants("a.dat", RULES("-*", "+*.dat", "-*.txt")));
}
END_TEST

START_TEST(a_glob_without_a_slash_is_for_the_base_name)
{
	ck_assert(wants("dir/sub/a.dat", RULES("+a.dat")));
	ck_assert(!wants("a.dat/b.txt", RULES("+a.dat")));
	ck_assert(!wants("dir/a.dat", RULES("+dir*")));
	ck_assert(wants("/a.dat", RULES("+a.dat")));
}
END_TEST

START_TEST(a_glob_with_a_slash_is_for_the_whole_name)
{
	ck_assert(wants("dir/a.dat", RULES("+dir/a.dat")));
	ck_assert(!wants("other/dir/a.dat", RULES("+dir/a.dat")));
	ck_assert(!wants("a.dat", RULES("+*/a.dat")));
	ck_assert(wants("x/a.dat", RULES("+*/a.dat")));
	ck_assert(wants("/a.dat", RULES("+/a.dat")));
	ck_assert(!wants("a.dat", RULES("+/a.dat")));
}
END_TEST

START_TEST(a_star_matches_slashes_too)
{
	ck_assert(wants("train/2024/01/a.dat", RULES("+train/*.dat")));
	ck_assert(wants("a/b/c/d", RULES("+a/*/d")));
	ck_assert(wants("a/b", RULES("+a?b", "+a/?")));
	ck_assert(!wants("test/2024/a.dat", RULES("+train/*")));
}
END_TEST

START_TEST(a_leading_dot_is_nothing_special)
{
	ck_assert(wants(".hidden", RULES("+*")));
	ck_assert(wants("dir/.hidden", RULES("+?hidden")));
	ck_assert(wants("dir/.hidden", RULES("+dir/*")));
}
END_TEST

START_TEST(brackets_are_sets_and_ranges)
{
	ck_assert(wants("file_3.dat", RULES("+file_[1-3].dat")));
	ck_assert(!wants("file_4.dat", RULES("+file_[1-3].dat")));
	ck_assert(wants("file_4.dat", RULES("+file_[!1-3].dat")));
	ck_assert(wants("a]b", RULES("+a[]]b")));
	ck_assert(wants("x5", RULES("+x[[:digit:]]")));
	ck_assert(!wants("xy", RULES("+x[[:digit:]]")));
	ck_assert(wants("a[b", RULES("+a[b"))); /* not closed: itself */
}
END_TEST

START_TEST(a_backslash_takes_the_meaning_away)
{
	ck_assert(wants("a*b", RULES("+a\\*b")));
	ck_assert(!wants("axb", RULES("+a\\*b")));
}
END_TEST

START_TEST(case_matters_and_the_match_is_of_the_whole_name)
{
	ck_assert(!wants("A.DAT", RULES("+a.dat")));
	ck_assert(!wants("a.dat.bak", RULES("+a.dat")));
	ck_assert(!wants("xa.dat", RULES("+a.dat")));
	ck_assert(!wants("a", RULES("+")));
	ck_assert(wants("dir/", RULES("+"))); /* an empty base name */
}
END_TEST
int main(void)
{
	Suite *suite = suite_create("filter");
	TCase *tests = tcase_create("filter");

	tcase_add_test(tests, without_rules_all_is_wanted);
	tcase_add_test(tests, an_include_first_leaves_out_what_does_not_match);
	tcase_add_test(tests, an_exclude_first_takes_what_does_not_match);
	tcase_add_test(tests, the_last_rule_that_matches_decides);
	tcase_add_test(tests, a_glob_without_a_slash_is_for_the_base_name);
	tcase_add_test(tests, a_glob_with_a_slash_is_for_the_whole_name);
	tcase_add_test(tests, a_star_matches_slashes_too);
	tcase_add_test(tests, a_leading_dot_is_nothing_special);
	tcase_add_test(tests, brackets_are_sets_and_ranges);
	tcase_add_test(tests, a_backslash_takes_the_meaning_away);
	tcase_add_test(tests, case_matters_and_the_match_is_of_the_whole_name);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
