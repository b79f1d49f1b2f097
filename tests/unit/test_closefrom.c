// SPDX-License-Identifier: MIT

#include "support.h"
#include "util/closefrom.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each case closes descriptors in a child, since Check has some of its own. */
enum { FIRST = 5, LIMIT = 64, SOME = 20 };

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Open descriptors from FIRST on, some of which an exec would not close, so that two are free
 * between them; and those before FIRST. */
static void open_some(void)
{
	(void)close_range(3, ~0U, 0); /* what this test was started with */
	for (int fd = 3; fd < SOME; fd++) {
		if (fd == FIRST + 2 || fd == FIRST + 9)
			close(fd);
		else if (dup2(STDIN_FILENO, fd) != fd)
			_exit(100);
	}
}

/* No number is free from now on, so that no directory can be opened. */
static void open_all(void)
{
	const struct rlimit limit = {LIMIT, LIMIT};

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		_exit(101);
	while (dup(STDIN_FILENO) >= 0)
		;
	if (errno != EMFILE || !is_open(LIMIT - 1))
		_exit(102);
}

/* Whether exactly those before FIRST are open. */
static bool only_first_are_open(void)
{
	for (int fd = 0; fd < 1024; fd++) {
		if (is_open(fd) != (fd < FIRST))
			return false;
	}
	return true;
}

static void expect_child(void (*act)(void))
{
	int status = -1;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		act();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

static void close_and_look(void)
{
	if (close_from(FIRST) != 0)
		_exit(1);
	if (!only_first_are_open())
		_exit(2);
}

static void by_one_call(void)
{
	open_some();
	close_and_look();
}

START_TEST(all_from_a_number_on_are_closed)
{
	expect_child(by_one_call);
}
END_TEST

static void one_by_one(void)
{
	open_some();
	refuse_call(SCMP_SYS(close_range), ENOSYS);
	/* So that it cannot try each number either. */
	refuse_call(SCMP_SYS(prlimit64), EPERM);
	refuse_call(SCMP_SYS(getrlimit), EPERM);
	close_and_look();
}

START_TEST(without_close_range_those_that_proc_names_are_closed)
{
	expect_child(one_by_one);
}
END_TEST

static void each_number(void)
{
	open_some();
	refuse_call(SCMP_SYS(close_range), EPERM);
	open_all();
	close_and_look();
}

START_TEST(where_proc_cannot_be_read_either_each_number_is_closed)
{
	expect_child(each_number);
}
END_TEST

static void nothing_helps(void)
{
	open_some();
	refuse_call(SCMP_SYS(close_range), ENOSYS);
	open_all();
	refuse_call(SCMP_SYS(prlimit64), EPERM);
	refuse_call(SCMP_SYS(getrlimit), EPERM);
	errno = 0;
	if (close_from(FIRST) != -1 || errno != EPERM)
		_exit(1);
}

START_TEST(if_no_way_is_left_that_is_an_error)
{
	expect_child(nothing_helps);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("closefrom");
	TCase *cases = tcase_create("closefrom");

	tcase_add_test(cases, all_from_a_number_on_are_closed);
	tcase_add_test(cases, without_close_range_those_that_proc_names_are_closed);
	tcase_add_test(cases, where_proc_cannot_be_read_either_each_number_is_closed);
	tcase_add_test(cases, if_no_way_is_left_that_is_an_error);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
