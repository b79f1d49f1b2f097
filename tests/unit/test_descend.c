// SPDX-License-Identifier: MIT

#include "parent/descend.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct descend descend;
static int root_fd = -1;

static void set_up(void)
{
	scratch_begin();
	root_fd = open(scratch_directory("root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root_fd, 0);
	descend_init(&descend, root_fd, 0700);
}

static void tear_down(void)
{
	descend_release(&descend);
	close(root_fd);
	scratch_end();
}

static int go(const char *path)
{
	return descend_to(&descend, path, strlen(path));
}

/* Whether @fd is the directory @name of the scratch directory. */
static bool is(int fd, const char *name)
{
	struct stat opened;
	struct stat named;

	return fstat(fd, &opened) == 0 && lstat(scratch_path(name), &named) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

START_TEST(directories_are_made_one_below_the_other)
{
	ck_assert(is(go("a/b/c"), "root/a/b/c"));
	ck_assert(is(go("a/b"), "root/a/b"));
	ck_assert(is(go("a/bd"), "root/a/bd"));
	ck_assert(is(go(""), "root"));
	ck_assert(is(go("a/bd"), "root/a/bd"));
}
END_TEST

START_TEST(their_mode_is_the_one_that_is_asked_for)
{
	struct stat status;

	umask(077);
	descend_release(&descend);
	descend_init(&descend, root_fd, 0751);
	ck_assert_int_ge(go("a/b"), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(stat(scratch_path(i ? "root/a/b" : "root/a"), &status), 0);
		ck_assert_uint_eq(status.st_mode & 0777, 0751);
	}
	ck_assert_uint_eq(umask(0), 077);
}
END_TEST

START_TEST(no_link_is_followed)
{
	scratch_directory("outside");
	ck_assert_int_eq(symlink("../outside", scratch_path("root/link")), 0);
	scratch_directory("root/real");
	ck_assert_int_eq(symlink("real", scratch_path("root/inside")), 0);
	ck_assert_int_eq(go("link"), -1);
	ck_assert(errno == ENOTDIR || errno == ELOOP);
	ck_assert_int_eq(go("link/a"), -1);
	ck_assert_int_eq(go("inside/a"), -1);
	struct stat status;
	ck_assert_int_eq(lstat(scratch_path("outside/a"), &status), -1);
}
END_TEST

START_TEST(a_file_is_no_directory)
{
	scratch_file("root/file", "x", 1);
	ck_assert_int_eq(go("file/a"), -1);
	ck_assert_int_eq(errno, ENOTDIR);
	/* And what came before it still goes. */
	ck_assert(is(go("a"), "root/a"));
}
END_TEST

START_TEST(what_takes_the_place_of_a_directory_is_not_entered_by_the_one_that_is_open)
{
	int fd = go("a/b");

	ck_assert(is(fd, "root/a/b"));
	ck_assert_int_eq(rename(scratch_path("root/a"), scratch_path("root/moved")), 0);
	ck_assert_int_eq(symlink("/", scratch_path("root/a")), 0);
	ck_assert(is(go("a/b"), "root/moved/b"));
	descend_forget(&descend);
	ck_assert_int_eq(go("a/b"), -1);
}
END_TEST

static int find(const char *path)
{
	return descend_find(&descend, path, strlen(path));
}

START_TEST(a_directory_is_found_without_making_any)
{
	struct stat status;

	ck_assert_int_eq(find("a/b"), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(lstat(scratch_path("root/a"), &status), -1);
	ck_assert(is(go("a/b"), "root/a/b"));
	ck_assert(is(find("a/b"), "root/a/b"));
	ck_assert(is(find("a"), "root/a"));
	ck_assert(is(find(""), "root"));
	ck_assert_int_eq(symlink("a", scratch_path("root/link")), 0);
	ck_assert_int_eq(find("link/b"), -1);
	ck_assert(errno == ENOTDIR || errno == ELOOP);
	ck_assert_int_eq(find("a/b/c"), -1);
	ck_assert_int_eq(lstat(scratch_path("root/a/b/c"), &status), -1);
}
END_TEST

START_TEST(no_descriptor_is_lost)
{
	size_t before = open_descriptors();

	ck_assert_int_ge(go("a/b/c/d"), 0);
	ck_assert_int_ge(go("a/x"), 0);
	scratch_file("root/file", "x", 1);
	ck_assert_int_eq(go("file/x/y"), -1);
	ck_assert_uint_le(open_descriptors(), before + 1);
	descend_release(&descend);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(all_that_leads_to_a_directory_is_made)
{
	char path[PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "%s//x/./y/z/", scratch_path("root"));
	ck_assert_int_eq(descend_make_all(path, 0700), 0);
	ck_assert_int_eq(stat(scratch_path("root/x/y/z"), &status), 0);
	ck_assert_int_eq(descend_make_all(path, 0700), 0);
	ck_assert_int_eq(descend_make_all("", 0700), -1);
	snprintf(path, sizeof(path), "%s/a", scratch_file("root/file", "x", 1));
	ck_assert_int_eq(descend_make_all(path, 0700), -1);
	ck_assert_int_eq(errno, ENOTDIR);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("descend");
	TCase *tests = tcase_create("descend");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, directories_are_made_one_below_the_other);
	tcase_add_test(tests, their_mode_is_the_one_that_is_asked_for);
	tcase_add_test(tests, no_link_is_followed);
	tcase_add_test(tests, a_file_is_no_directory);
	tcase_add_test(
		tests, what_takes_the_place_of_a_directory_is_not_entered_by_the_one_that_is_open);
	tcase_add_test(tests, a_directory_is_found_without_making_any);
	tcase_add_test(tests, no_descriptor_is_lost);
	tcase_add_test(tests, all_that_leads_to_a_directory_is_made);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
