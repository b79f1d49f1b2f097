// SPDX-License-Identifier: MIT

#include "parent/remap.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int directory_fd;
static uint64_t size_bytes; /* what remap() says */

static void set_up(void)
{
	scratch_begin();
	directory_fd = open(scratch_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory_fd, 0);
}

static void tear_down(void)
{
	close(directory_fd);
	scratch_end();
}

/** What a file is. */
static struct remap_expect expect_of(const char *name)
{
	struct stat status;

	ck_assert_int_eq(lstat(scratch_path(name), &status), 0);
	return (struct remap_expect){
		.device = status.st_dev, .owner = status.st_uid, .inode = status.st_ino};
}

/** Refused, with this errno, and without a descriptor left over. */
static void assert_refused(const char *name, const struct remap_expect *expect, int error)
{
	size_t before = open_descriptors();

	errno = 0;
	ck_assert_int_eq(remap(directory_fd, name, expect, &size_bytes), -1);
	ck_assert_int_eq(errno, error);
	ck_assert_uint_eq(open_descriptors(), before);
}

START_TEST(the_right_file_is_accepted)
{
	scratch_file("0.0-x", "abc", 3);
	struct remap_expect expect = expect_of("0.0-x");
	size_t before = open_descriptors();

	ck_assert_int_eq(remap(directory_fd, "0.0-x", &expect, &size_bytes), 0);
	ck_assert_uint_eq(size_bytes, 3);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(an_empty_file_is_accepted)
{
	scratch_file("0.0-x", "", 0);
	struct remap_expect expect = expect_of("0.0-x");

	ck_assert_int_eq(remap(directory_fd, "0.0-x", &expect, &size_bytes), 0);
}
END_TEST

START_TEST(a_large_sparse_file_is_accepted_without_reading_it)
{
	scratch_file("0.0-x", "", 0);
	ck_assert_int_eq(truncate(scratch_path("0.0-x"), (off_t)1 << 36), 0);
	struct remap_expect expect = expect_of("0.0-x");

	ck_assert_int_eq(remap(directory_fd, "0.0-x", &expect, &size_bytes), 0);
}
END_TEST

START_TEST(another_inode_is_refused)
{
	scratch_file("0.0-x", "abc", 3);
	scratch_file("0.0-y", "abc", 3);
	struct remap_expect expect = expect_of("0.0-y");

	assert_refused("0.0-x", &expect, ESTALE);
}
END_TEST

START_TEST(another_device_is_refused)
{
	scratch_file("0.0-x", "abc", 3);
	struct remap_expect expect = expect_of("0.0-x");

	expect.device++;
	assert_refused("0.0-x", &expect, ESTALE);
}
END_TEST

START_TEST(another_owner_is_refused)
{
	scratch_file("0.0-x", "abc", 3);
	struct remap_expect expect = expect_of("0.0-x");

	expect.owner++;
	assert_refused("0.0-x", &expect, ESTALE);
}
END_TEST

START_TEST(a_file_with_a_second_link_is_refused)
{
	scratch_file("0.0-x", "abc", 3);
	ck_assert_int_eq(link(scratch_path("0.0-x"), scratch_path("second")), 0);
	struct remap_expect expect = expect_of("0.0-x");

	assert_refused("0.0-x", &expect, ESTALE);
	ck_assert_int_eq(unlink(scratch_path("second")), 0);
	ck_assert_int_eq(remap(directory_fd, "0.0-x", &expect, &size_bytes), 0);
}
END_TEST

START_TEST(a_symbolic_link_is_not_followed)
{
	scratch_file("0.0-y", "abc", 3);
	ck_assert_int_eq(symlink("0.0-y", scratch_path("0.0-x")), 0);
	struct remap_expect expect = expect_of("0.0-y");

	assert_refused("0.0-x", &expect, ELOOP);
}
END_TEST

START_TEST(a_fifo_is_refused_and_not_waited_for)
{
	ck_assert_int_eq(mkfifo(scratch_path("0.0-x"), 0600), 0);
	struct remap_expect expect = expect_of("0.0-x");

	assert_refused("0.0-x", &expect, ESTALE);
}
END_TEST

START_TEST(a_directory_is_refused)
{
	scratch_directory("0.0-x");
	struct remap_expect expect = expect_of("0.0-x");

	assert_refused("0.0-x", &expect, ESTALE);
}
END_TEST

START_TEST(a_missing_file_is_enoent)
{
	scratch_file("0.0-y", "abc", 3);
	struct remap_expect expect = expect_of("0.0-y");

	assert_refused("0.0-x", &expect, ENOENT);
}
END_TEST
int main(void)
{
	Suite *suite = suite_create("remap");
	TCase *tests = tcase_create("remap");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, the_right_file_is_accepted);
	tcase_add_test(tests, an_empty_file_is_accepted);
	tcase_add_test(tests, a_large_sparse_file_is_accepted_without_reading_it);
	tcase_add_test(tests, another_inode_is_refused);
	tcase_add_test(tests, another_device_is_refused);
	tcase_add_test(tests, another_owner_is_refused);
	tcase_add_test(tests, a_file_with_a_second_link_is_refused);
	tcase_add_test(tests, a_symbolic_link_is_not_followed);
	tcase_add_test(tests, a_fifo_is_refused_and_not_waited_for);
	tcase_add_test(tests, a_directory_is_refused);
	tcase_add_test(tests, a_missing_file_is_enoent);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
