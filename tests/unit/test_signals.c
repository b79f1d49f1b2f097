// SPDX-License-Identifier: MIT

#include "parent/signals.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

static bool readable(int fd)
{
	struct pollfd descriptor = {.fd = fd, .events = POLLIN};

	return poll(&descriptor, 1, 0) == 1;
}

static volatile sig_atomic_t handled;

static void handle(int number)
{
	handled = number;
}

START_TEST(a_signal_is_an_event_of_the_descriptor)
{
	struct signals signals;

	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(signals_init(&signals), 0);
		ck_assert_int_eq(fcntl(signals.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		ck_assert(!readable(signals.fd));
		ck_assert_int_eq(signals_pending(&signals), 0);
		ck_assert_int_eq(raise(ending[i]), 0); /* would end this process */
		ck_assert(readable(signals.fd));
		ck_assert_int_eq(signals_pending(&signals), ending[i]);
		ck_assert_int_eq(signals_pending(&signals), 0);
		signals_release(&signals);
	}
}
END_TEST

START_TEST(a_signal_that_was_ignored_stays_ignored)
{
	struct signals signals;

	ck_assert(signal(SIGHUP, SIG_IGN) != SIG_ERR); /* as nohup(1) does */
	ck_assert_int_eq(signals_init(&signals), 0);
	ck_assert_int_eq(raise(SIGHUP), 0);
	ck_assert_int_eq(signals_pending(&signals), 0);
	ck_assert_int_eq(raise(SIGINT), 0);
	ck_assert_int_eq(signals_pending(&signals), SIGINT);
	signals_release(&signals);
	ck_assert_int_eq(raise(SIGHUP), 0);
}
END_TEST

START_TEST(a_lost_reader_is_epipe_and_no_signal)
{
	struct signals signals;
	int pair[2];

	ck_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	ck_assert_int_eq(signals_init(&signals), 0);
	ck_assert_int_eq(pipe(pair), 0);
	close(pair[0]);
	ck_assert_int_eq(write(pair[1], "x", 1), -1);
	ck_assert_int_eq(errno, EPIPE);
	close(pair[1]);
	signals_release(&signals);
}
END_TEST

START_TEST(usr1_and_the_end_of_a_child_are_notices_and_end_nothing)
{
	struct signals signals;
	struct signals_notices notices;

	ck_assert_int_eq(signals_init(&signals), 0);
	ck_assert(!readable(signals.notice_fd));
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert(readable(signals.notice_fd) && !readable(signals.fd));
	notices = signals_take_notices(&signals);
	ck_assert(notices.asked && !notices.child);
	ck_assert_int_eq(signals_watch_children(&signals), 0);
	ck_assert(!readable(signals.notice_fd));
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert_int_eq(raise(SIGCHLD), 0);
	notices = signals_take_notices(&signals);
	ck_assert(notices.asked && notices.child);
	notices = signals_take_notices(&signals);
	ck_assert(!notices.asked && !notices.child);
	signals_release(&signals);
}
END_TEST

START_TEST(usr1_waits_once_it_is_held_and_stays_ignored_if_it_was)
{
	struct signals signals;
	sigset_t before;

	ck_assert_int_eq(signals_hold_usr1(&before), 0);
	ck_assert_int_eq(sigismember(&before, SIGUSR1), 0);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert_int_eq(signals_init(&signals), 0);
	ck_assert(signals_take_notices(&signals).asked);
	signals_release(&signals);

	ck_assert(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(signals_init(&signals), 0);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert(!readable(signals.notice_fd));
	signals_release(&signals);
}
END_TEST

START_TEST(release_leaves_all_as_it_was)
{
	struct signals signals;
	struct sigaction action = {.sa_handler = handle};
	struct sigaction after;
	sigset_t mask;
	size_t before = open_descriptors();

	ck_assert_int_eq(sigaction(SIGPIPE, &action, NULL), 0);
	ck_assert_int_eq(sigaction(SIGTERM, &action, NULL), 0);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &mask, NULL), 0);

	ck_assert_int_eq(signals_init(&signals), 0);
	ck_assert_int_eq(raise(SIGTERM), 0);
	ck_assert_int_eq(handled, 0);
	signals_release(&signals);
	ck_assert_int_eq(handled, SIGTERM); /* what was not asked for is delivered */

	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	ck_assert_int_eq(sigismember(&mask, SIGUSR1), 1);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(sigismember(&mask, ending[i]), 0);
	ck_assert_int_eq(sigaction(SIGPIPE, NULL, &after), 0);
	ck_assert_ptr_eq(after.sa_handler, handle);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(where_no_descriptor_is_left_it_fails_and_all_is_as_it_was)
{
	struct signals signals;
	struct sigaction after;
	struct rlimit none = {0, 0};
	sigset_t mask;

	ck_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &none), 0);
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(signals_init(&signals), -1);
	ck_assert_int_eq(errno, EMFILE);
	ck_assert_int_eq(sigaction(SIGPIPE, NULL, &after), 0);
	ck_assert_ptr_eq(after.sa_handler, SIG_DFL);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	ck_assert_int_eq(sigismember(&mask, SIGINT), 0);
	none.rlim_cur = none.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
}
END_TEST

int main(void)
{
	signal(SIGHUP, SIG_DFL); /* as nohup(1) may have left it ignored */
	Suite *suite = suite_create("signals");
	TCase *tests = tcase_create("signals");

	tcase_add_test(tests, usr1_and_the_end_of_a_child_are_notices_and_end_nothing);
	tcase_add_test(tests, usr1_waits_once_it_is_held_and_stays_ignored_if_it_was);
	tcase_add_test(tests, a_signal_is_an_event_of_the_descriptor);
	tcase_add_test(tests, a_signal_that_was_ignored_stays_ignored);
	tcase_add_test(tests, a_lost_reader_is_epipe_and_no_signal);
	tcase_add_test(tests, release_leaves_all_as_it_was);
	tcase_add_test(tests, where_no_descriptor_is_left_it_fails_and_all_is_as_it_was);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
