// SPDX-License-Identifier: MIT

#include "parent/lease.h"

#include "support.h"

#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has_ended(int fd)
{
	struct pollfd lease = lease_poll(fd);

	ck_assert_int_ge(poll(&lease, 1, 0), 0);
	return lease_has_ended(&lease);
}

static void wait_for_end(int fd)
{
	struct pollfd lease = lease_poll(fd);

	ck_assert_int_eq(poll(&lease, 1, 20000), 1);
	ck_assert(lease_has_ended(&lease));
}

static void make_pipe(int ends[2])
{
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

static void make_unix(int ends[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

static void make_tcp(int ends[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	ck_assert_int_eq(connect(ends[1], (struct sockaddr *)&address, size), 0);
	ends[0] = accept(listener, NULL, NULL);
	ck_assert_int_ge(ends[0], 0);
	close(listener);
}

static void make_fifo(int ends[2])
{
	ck_assert_int_eq(mkfifo(scratch_path("fifo"), 0600), 0);
	ends[0] = open(scratch_path("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert(!has_ended(ends[0])); /* nobody has come yet */
	ends[1] = open(scratch_path("fifo"), O_WRONLY | O_CLOEXEC);
}

static void make_reader(int ends[2])
{
	int pipe_ends[2];

	make_pipe(pipe_ends);
	ends[0] = pipe_ends[1];
	ends[1] = pipe_ends[0];
}

static void (*const makers[])(int ends[2]) = {
	make_pipe, make_unix, make_tcp, make_fifo, make_reader};

START_TEST(a_lease_ends_when_its_other_end_is_closed)
{
	int ends[2];

	makers[_i](ends);
	ck_assert_ptr_null(lease_refusal(ends[0]));
	ck_assert(!has_ended(ends[0]));
	if (makers[_i] != make_reader)
		ck_assert_int_eq(write(ends[1], "done\n", 5), 5);
	ck_assert(!has_ended(ends[0]));
	close(ends[1]);
	wait_for_end(ends[0]);
	close(ends[0]);
}
END_TEST

START_TEST(a_lease_ends_when_its_holder_is_killed)
{
	int ends[2];

	makers[_i](ends);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		for (;;)
			pause();
	}
	close(ends[1]);
	ck_assert(!has_ended(ends[0]));
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	wait_for_end(ends[0]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
}
END_TEST

START_TEST(a_lease_of_two_holders_ends_with_the_second)
{
	int ends[2];

	make_pipe(ends);
	int other = fcntl(ends[1], F_DUPFD_CLOEXEC, 0);
	close(ends[1]);
	ck_assert(!has_ended(ends[0]));
	close(other);
	ck_assert(has_ended(ends[0]));
	close(ends[0]);
}
END_TEST

START_TEST(what_nobody_ends_is_no_lease)
{
	int master;
	int slave;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int directory = open("/", O_RDONLY | O_CLOEXEC);
	int file = open(scratch_file("file", "x", 1), O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	ck_assert_str_eq(lease_refusal(slave), "a terminal, which nobody ends");
	ck_assert_str_eq(lease_refusal(null), "a device, which nobody ends");
	ck_assert_str_eq(lease_refusal(file), "a regular file, which nobody ends");
	ck_assert_str_eq(lease_refusal(directory), "neither a pipe nor a socket");
	close(file);
	ck_assert_str_eq(lease_refusal(file), "not open");
	close(directory);
	close(null);
	close(master);
	close(slave);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lease");
	TCase *tests = tcase_create("lease");
	const int kinds = sizeof(makers) / sizeof(makers[0]);

	tcase_add_checked_fixture(tests, scratch_begin, scratch_end);
	tcase_add_loop_test(tests, a_lease_ends_when_its_other_end_is_closed, 0, kinds);
	tcase_add_loop_test(tests, a_lease_ends_when_its_holder_is_killed, 0, kinds);
	tcase_add_test(tests, a_lease_of_two_holders_ends_with_the_second);
	tcase_add_test(tests, what_nobody_ends_is_no_lease);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
