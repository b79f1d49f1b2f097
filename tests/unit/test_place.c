// SPDX-License-Identifier: MIT

#include "parent/place.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int from_fd = -1;
static int to_fd = -1;

static int open_made(const char *name)
{
	int fd = open(scratch_directory(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void make_directories(void)
{
	scratch_begin();
	from_fd = open_made("from");
	to_fd = open_made("to");
}

static void close_directories(void)
{
	close(from_fd);
	close(to_fd);
	scratch_end();
}

static void write_file(int fd, const char *name, const char *text)
{
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
	close(file);
}

/* Make the file "a" in the first directory. What it is when it is verified. */
static struct place_file make_verified(const char *text)
{
	struct stat status;

	write_file(from_fd, "a", text);
	ck_assert_int_eq(fstatat(from_fd, "a", &status, AT_SYMLINK_NOFOLLOW), 0);
	return (struct place_file){
		status.st_dev, status.st_uid, status.st_ino, (uint64_t)status.st_size};
}

static void assert_text(int fd, const char *name, const char *text)
{
	char got[16] = {0};
	int file = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	ck_assert_int_ge(file, 0);
	ck_assert_int_ge(read(file, got, sizeof(got) - 1), 0);
	ck_assert_str_eq(got, text);
	close(file);
}

static bool is_there(int fd, const char *name)
{
	struct stat status;

	return fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What moves is not the file that was verified. */
static void assert_refused(const struct place_file *file)
{
	ck_assert_int_eq(place_move(file, from_fd, "a", to_fd, "b"), -1);
	ck_assert_int_eq(errno, ESTALE);
	ck_assert(!is_there(to_fd, "b"));
	ck_assert_int_eq(place_open(file, from_fd, "a"), -1);
	ck_assert_int_eq(errno, ESTALE);
}

START_TEST(a_file_gets_its_name_and_can_be_opened)
{
	struct place_file file = make_verified("one");
	char got[4] = {0};

	ck_assert_int_eq(place_move(&file, from_fd, "a", to_fd, "b"), 0);
	int fd = place_open(&file, to_fd, "b");
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read(fd, got, 3), 3);
	ck_assert_str_eq(got, "one");
	close(fd);
	ck_assert(!is_there(from_fd, "a"));
	assert_text(to_fd, "b", "one");
}
END_TEST

START_TEST(what_has_the_name_is_not_replaced)
{
	struct place_file file = make_verified("one");

	write_file(to_fd, "b", "two");
	ck_assert_int_eq(place_move(&file, from_fd, "a", to_fd, "b"), -1);
	ck_assert_int_eq(errno, EEXIST);
	assert_text(to_fd, "b", "two");
	assert_text(from_fd, "a", "one");
	/* Nor what is no file: a link that leads nowhere. */
	ck_assert_int_eq(symlinkat("nowhere", to_fd, "c"), 0);
	ck_assert_int_eq(place_move(&file, from_fd, "a", to_fd, "c"), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert(!is_there(to_fd, "nowhere"));
}
END_TEST

START_TEST(another_file_in_its_place_is_refused)
{
	struct place_file file = make_verified("one");

	ck_assert_int_eq(renameat(from_fd, "a", from_fd, "kept"), 0); /* keeps the inode in use */
	write_file(from_fd, "a", "two");
	assert_refused(&file);
	assert_text(from_fd, "a", "two");
}
END_TEST

START_TEST(a_link_in_its_place_is_refused)
{
	struct place_file file = make_verified("one");

	ck_assert_int_eq(renameat(from_fd, "a", from_fd, "kept"), 0);
	ck_assert_int_eq(symlinkat("../from/kept", from_fd, "a"), 0);
	assert_refused(&file);
}
END_TEST

START_TEST(a_file_with_a_second_name_is_refused)
{
	struct place_file file = make_verified("one");

	ck_assert_int_eq(linkat(from_fd, "a", from_fd, "other", 0), 0);
	assert_refused(&file);
}
END_TEST

START_TEST(a_file_of_another_size_is_refused)
{
	struct place_file file = make_verified("one");

	file.size_bytes++;
	assert_refused(&file);
}
END_TEST

START_TEST(a_directory_in_its_place_goes_back_with_all_that_is_in_it)
{
	struct place_file file = make_verified("one");

	ck_assert_int_eq(unlinkat(from_fd, "a", 0), 0);
	ck_assert_int_eq(mkdirat(from_fd, "a", 0700), 0);
	ck_assert_int_eq(symlinkat("/", from_fd, "a/root"), 0);
	assert_refused(&file);
	ck_assert(is_there(from_fd, "a/root"));
}
END_TEST

START_TEST(a_fifo_in_its_place_is_refused_without_waiting)
{
	struct place_file file = make_verified("one");

	ck_assert_int_eq(unlinkat(from_fd, "a", 0), 0);
	ck_assert_int_eq(mkfifoat(from_fd, "a", 0600), 0);
	assert_refused(&file);
}
END_TEST

START_TEST(a_file_that_is_gone_is_an_error)
{
	struct place_file file = make_verified("one");

	ck_assert_int_eq(unlinkat(from_fd, "a", 0), 0);
	ck_assert_int_eq(place_move(&file, from_fd, "a", to_fd, "b"), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(a_file_system_that_cannot_rename_so_gives_a_second_name_first)
{
	struct place_file file = make_verified("one");

	write_file(to_fd, "c", "two");
	refuse_call(SCMP_SYS(renameat2), EINVAL);
	ck_assert_int_eq(place_move(&file, from_fd, "a", to_fd, "c"), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(place_move(&file, from_fd, "a", to_fd, "b"), 0);
	ck_assert(!is_there(from_fd, "a"));
	assert_text(to_fd, "b", "one");
	assert_text(to_fd, "c", "two");
}
END_TEST

START_TEST(a_file_system_that_can_do_neither_is_an_error)
{
	struct place_file file = make_verified("one");

	refuse_call(SCMP_SYS(renameat2), EINVAL);
	refuse_call(SCMP_SYS(linkat), EPERM);
	ck_assert_int_eq(place_move(&file, from_fd, "a", to_fd, "b"), -1);
	ck_assert_int_eq(errno, ENOTSUP);
	assert_text(from_fd, "a", "one");
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("place");
	Suite *suite = suite_create("place");

	tcase_add_checked_fixture(cases, make_directories, close_directories);
	tcase_add_test(cases, a_file_gets_its_name_and_can_be_opened);
	tcase_add_test(cases, what_has_the_name_is_not_replaced);
	tcase_add_test(cases, another_file_in_its_place_is_refused);
	tcase_add_test(cases, a_link_in_its_place_is_refused);
	tcase_add_test(cases, a_file_with_a_second_name_is_refused);
	tcase_add_test(cases, a_file_of_another_size_is_refused);
	tcase_add_test(cases, a_directory_in_its_place_goes_back_with_all_that_is_in_it);
	tcase_add_test(cases, a_fifo_in_its_place_is_refused_without_waiting);
	tcase_add_test(cases, a_file_that_is_gone_is_an_error);
	tcase_add_test(cases, a_file_system_that_cannot_rename_so_gives_a_second_name_first);
	tcase_add_test(cases, a_file_system_that_can_do_neither_is_an_error);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
