// SPDX-License-Identifier: MIT

#include "parent/scratchfile.h"
#include "support.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

/* A file system without files that have no name, which says so by @error; 0: with them. */
static void begin_without_unnamed_files(int error)
{
	if (error != 0)
		refuse_call_with(SCMP_SYS(openat), error, 2, O_TMPFILE);
}

static void check_file(int fd, int reader)
{
	struct stat status;
	char bytes[8] = "";

	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_uint_eq(status.st_nlink, 0);
	ck_assert_uint_eq(status.st_mode, S_IFREG | 0600);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(write(fd, "content", 7), 7);
	if (reader >= 0) {
		ck_assert_int_eq(fcntl(reader, F_GETFD), FD_CLOEXEC);
		ck_assert_int_eq(read(reader, bytes, sizeof(bytes)), 7);
		ck_assert_str_eq(bytes, "content");
		ck_assert_int_eq(write(reader, "x", 1), -1);
		ck_assert_int_eq(errno, EBADF);
		close(reader);
	}
	close(fd);
}

/* What open(2) answers where it does not know O_TMPFILE. */
static const int answers[] = {0, EOPNOTSUPP, EISDIR, EINVAL};

START_TEST(it_has_no_name_and_a_reader_that_cannot_write)
{
	size_t open = open_descriptors();

	begin_without_unnamed_files(answers[_i]);
	int reader = -1;
	int fd = scratchfile_open(scratch_path(""), &reader);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(reader, 0);
	ck_assert_uint_eq(entries(scratch_path("")), 0);
	check_file(fd, reader);
	fd = scratchfile_open(scratch_path(""), NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(entries(scratch_path("")), 0);
	check_file(fd, -1);
	ck_assert_uint_eq(open_descriptors(), open);
}
END_TEST

START_TEST(where_none_can_be_made_that_is_an_error_and_nothing_is_left)
{
	size_t open = open_descriptors();

	begin_without_unnamed_files(answers[_i]);
	int reader = -1;
	ck_assert_int_eq(scratchfile_open(scratch_path("nowhere"), &reader), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(reader, -1);
	ck_assert_uint_eq(open_descriptors(), open);
}
END_TEST

START_TEST(another_error_is_told_and_no_name_is_tried)
{
	refuse_call_with(SCMP_SYS(openat), ENOSPC, 2, O_TMPFILE);
	ck_assert_int_eq(scratchfile_open(scratch_path(""), NULL), -1);
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

START_TEST(without_memory_for_a_name_there_is_none)
{
#ifndef __SANITIZE_ADDRESS__ /* which needs some itself */
	int status = -1;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		const char *directory = scratch_path("");
		begin_without_unnamed_files(EOPNOTSUPP);
		take_all_memory();
		bool none = scratchfile_open(directory, NULL) == -1 && errno == ENOMEM;
		/* Not by _exit(), which needs memory in a build for coverage. */
		syscall(SYS_exit_group, none ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(entries(scratch_path("")), 0);
#endif
}
END_TEST

/* In a child, so that the file can be removed afterwards. */
START_TEST(a_name_that_cannot_be_removed_is_an_error)
{
	int status = -1;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		size_t open = open_descriptors();
		int reader = -1;
		begin_without_unnamed_files(EOPNOTSUPP);
		refuse_call(SCMP_SYS(unlink), EPERM);
		refuse_call(SCMP_SYS(unlinkat), EPERM);
		int fd = scratchfile_open(scratch_path(""), &reader);
		_exit(fd == -1 && errno == EPERM && reader == -1 && open_descriptors() == open ? 0
											       : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(entries(scratch_path("")), 1);
}
END_TEST

int main(void)
{
	const int count = sizeof(answers) / sizeof(answers[0]);
	Suite *suite = suite_create("scratchfile");
	TCase *cases = tcase_create("scratchfile");

	tcase_add_checked_fixture(cases, scratch_begin, scratch_end);
	tcase_add_loop_test(cases, it_has_no_name_and_a_reader_that_cannot_write, 0, count);
	tcase_add_loop_test(
		cases, where_none_can_be_made_that_is_an_error_and_nothing_is_left, 0, count);
	tcase_add_test(cases, another_error_is_told_and_no_name_is_tried);
	tcase_add_test(cases, without_memory_for_a_name_there_is_none);
	tcase_add_test(cases, a_name_that_cannot_be_removed_is_an_error);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
