// SPDX-License-Identifier: MIT

#include "parent/tmpdir.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHER_USER 61234

static const char *distrust;

static void set_up(void)
{
	scratch_begin();
}

static void tear_down(void)
{
	scratch_end();
}

static void make_link(const char *target, const char *name)
{
	ck_assert_int_eq(symlink(target, scratch_path(name)), 0);
}

/* Whether @path is opened as the directory @name, which nothing speaks against but @words. */
static void assert_opens(const char *path, const char *name, const char *words)
{
	struct stat opened;
	struct stat wanted;
	int fd = tmpdir_open(path, &distrust);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(fstat(fd, &opened), 0);
	ck_assert_int_eq(stat(scratch_path(name), &wanted), 0);
	ck_assert_uint_eq(opened.st_ino, wanted.st_ino);
	if (words)
		ck_assert_msg(distrust && strstr(distrust, words), "%s: %s", path, distrust);
	else
		ck_assert_ptr_null(distrust);
	close(fd);
}

static void assert_fails(const char *path, int error)
{
	distrust = "not set";
	ck_assert_int_eq(tmpdir_open(path, &distrust), -1);
	ck_assert_int_eq(errno, error);
}

START_TEST(a_directory_is_judged_by_its_mode)
{
	static const struct {
		mode_t mode;
		const char *words;
	} cases[] = {
		{0700, NULL},
		{0755, NULL},
		{0555, NULL},
		{0777, "everybody"},
		{0702, "everybody"},
		{0770, "group"},
		{0720, "group"},
		{01777, NULL},
		{01770, NULL},
		{02755, NULL},
		{02775, "group"},
	};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", scratch_directory("d"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(chmod(path, cases[i].mode), 0);
		assert_opens(path, "d", cases[i].words);
	}
	ck_assert_int_eq(chmod(path, 0700), 0);
}
END_TEST

START_TEST(links_are_followed_each_from_where_it_stands)
{
	scratch_directory("a");
	scratch_directory("a/b");
	make_link("a/b", "one");
	make_link("../one", "a/two");
	make_link("a/../a/two//", "three");
	make_link(scratch_path("three"), "a/b/four");
	assert_opens(scratch_path("one"), "a/b", NULL);
	assert_opens(scratch_path("one///"), "a/b", NULL);
	assert_opens(scratch_path("a/two"), "a/b", NULL);
	assert_opens(scratch_path("three"), "a/b", NULL);
	assert_opens(scratch_path("one/four"), "a/b", NULL);
	ck_assert_int_eq(chmod(scratch_path("a/b"), 0777), 0);
	assert_opens(scratch_path("three"), "a/b", "everybody");
	ck_assert_int_eq(chdir(scratch_path("a")), 0);
	assert_opens("two", "a/b", "everybody");
	assert_opens(".", "a", NULL);
	assert_opens("..", "", NULL);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(what_leads_to_no_directory_is_an_error)
{
	char longest[PATH_MAX + 1];
	size_t before = open_descriptors();

	scratch_file("file", "", 0);
	make_link("file", "to-file");
	make_link("nothing", "dangling");
	make_link("circle", "circle");
	assert_fails(scratch_path("missing"), ENOENT);
	assert_fails("", ENOENT);
	assert_fails(scratch_path("file"), ENOTDIR);
	assert_fails(scratch_path("to-file"), ENOTDIR);
	assert_fails(scratch_path("dangling"), ENOENT);
	assert_fails(scratch_path("circle"), ELOOP);
	ck_assert_ptr_null(distrust);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_fails(longest, ENAMETOOLONG);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(a_link_of_another_user_is_not_followed_and_his_directory_is_not_trusted)
{
	if (geteuid() != 0) {
		puts("passed over: only root can give files away");
		return;
	}
	scratch_directory("d");
	make_link("d", "his");
	make_link("his", "mine");
	ck_assert_int_eq(lchown(scratch_path("his"), OTHER_USER, (gid_t)-1), 0);
	assert_fails(scratch_path("his"), ELOOP);
	ck_assert_msg(distrust && strstr(distrust, "symbolic link"), "%s", distrust);
	assert_fails(scratch_path("mine"), ELOOP);
	ck_assert_int_eq(lchown(scratch_path("d"), OTHER_USER, (gid_t)-1), 0);
	assert_opens(scratch_path("d"), "d", "another user");
	ck_assert_int_eq(chmod(scratch_path("d"), 01777), 0);
	assert_opens(scratch_path("d"), "d", "another user");
}
END_TEST

START_TEST(a_directory_that_cannot_be_read_can_be_worked_in)
{
	if (!become_unprivileged())
		return;
	scratch_directory("d");
	ck_assert_int_eq(chmod(scratch_path("d"), 0300), 0);
	int fd = tmpdir_open(scratch_path("d"), &distrust);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(mkdirat(fd, "x", 0700), 0);
	close(fd);
	ck_assert_int_eq(chmod(scratch_path("d"), 0700), 0);
	become_privileged();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tmpdir");
	TCase *tests = tcase_create("tmpdir");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_directory_is_judged_by_its_mode);
	tcase_add_test(tests, links_are_followed_each_from_where_it_stands);
	tcase_add_test(tests, what_leads_to_no_directory_is_an_error);
	tcase_add_test(
		tests, a_link_of_another_user_is_not_followed_and_his_directory_is_not_trusted);
	tcase_add_test(tests, a_directory_that_cannot_be_read_can_be_worked_in);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
