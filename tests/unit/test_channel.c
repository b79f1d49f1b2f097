// SPDX-License-Identifier: MIT

#include "protocol/channel.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int ends[2];

static void set_up(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void tear_down(void)
{
	close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
}

/** Send @count descriptors with one packet, which channel_send() never does. */
static void send_many(const int *fds, size_t count)
{
	union {
		char bytes[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr alignment;
	} control;
	struct iovec iov = {.iov_base = "x", .iov_len = 1};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(count * sizeof(int))};

	memset(&control, 0, sizeof(control));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	ck_assert_int_eq(sendmsg(ends[1], &message, 0), 1);
}

START_TEST(packets_keep_their_boundaries_and_order)
{
	char bytes[16];
	int fd = 99;

	ck_assert_int_eq(channel_send(ends[1], "one", 3, -1, true), 0);
	ck_assert_int_eq(channel_send(ends[1], "three", 5, -1, true), 0);
	ck_assert_int_eq(channel_send(ends[1], "x", 1, -1, false), 0);
	ck_assert_int_eq(channel_receive(ends[0], bytes, sizeof(bytes), &fd, true), 3);
	ck_assert_mem_eq(bytes, "one", 3);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(channel_receive(ends[0], bytes, 5, NULL, true), 5); /* exactly */
	ck_assert_mem_eq(bytes, "three", 5);
	ck_assert_int_eq(channel_receive(ends[0], bytes, sizeof(bytes), NULL, false), 1);
	ck_assert_mem_eq(bytes, "x", 1);
}
END_TEST

START_TEST(without_waiting_an_empty_channel_is_eagain)
{
	char byte;
	int fd = 99;

	ck_assert_int_eq(channel_receive(ends[0], &byte, 1, &fd, false), -1);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(without_waiting_a_full_channel_is_eagain)
{
	static char packet[4096];
	int sent = 0;

	while (channel_send(ends[1], packet, sizeof(packet), -1, false) == 0)
		sent++;
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_gt(sent, 0);
	for (int i = 0; i < sent; i++) /* and nothing of the one that did not fit */
		ck_assert_int_eq(channel_receive(ends[0], packet, sizeof(packet), NULL, false),
			sizeof(packet));
	ck_assert_int_eq(channel_receive(ends[0], packet, sizeof(packet), NULL, false), -1);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(a_descriptor_arrives_and_is_closed_by_exec)
{
	char byte;
	int fd = -1;
	struct stat sent;
	struct stat got;
	int null = open("/dev/null", O_RDONLY); /* not close-on-exec here */

	ck_assert_int_ge(null, 0);
	ck_assert_int_eq(channel_send(ends[1], "x", 1, null, true), 0);
	ck_assert_int_ge(fcntl(null, F_GETFD), 0); /* still the sender's */
	ck_assert_int_eq(channel_receive(ends[0], &byte, 1, &fd, true), 1);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(fd, null);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fstat(null, &sent), 0);
	ck_assert_int_eq(fstat(fd, &got), 0);
	ck_assert_uint_eq(sent.st_rdev, got.st_rdev);
	close(fd);
	close(null);
}
END_TEST

START_TEST(a_descriptor_goes_with_its_own_packet)
{
	char byte;
	int fd = -1;

	ck_assert_int_eq(channel_send(ends[1], "a", 1, -1, true), 0);
	ck_assert_int_eq(channel_send(ends[1], "b", 1, STDIN_FILENO, true), 0);
	ck_assert_int_eq(channel_send(ends[1], "c", 1, -1, true), 0);
	ck_assert_int_eq(channel_receive(ends[0], &byte, 1, &fd, true), 1);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(channel_receive(ends[0], &byte, 1, &fd, true), 1);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(channel_receive(ends[0], &byte, 1, &fd, true), 1);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(a_packet_that_is_too_large_is_ebadmsg_and_the_next_is_whole)
{
	char bytes[4];

	ck_assert_int_eq(channel_send(ends[1], "12345", 5, -1, true), 0);
	ck_assert_int_eq(channel_send(ends[1], "ok", 2, -1, true), 0);
	errno = 0;
	ck_assert_int_eq(channel_receive(ends[0], bytes, sizeof(bytes), NULL, true), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_int_eq(channel_receive(ends[0], bytes, sizeof(bytes), NULL, true), 2);
}
END_TEST

START_TEST(a_descriptor_of_a_packet_that_is_too_large_does_not_leak)
{
	char bytes[4];
	int fd = -1;

	ck_assert_int_eq(channel_send(ends[1], "12345", 5, STDIN_FILENO, true), 0);
	size_t before = open_descriptors();
	ck_assert_int_eq(channel_receive(ends[0], bytes, sizeof(bytes), &fd, true), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(a_descriptor_where_none_is_allowed_is_refused_and_does_not_leak)
{
	char byte;
	size_t before = open_descriptors();

	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(channel_send(ends[1], "x", 1, STDIN_FILENO, true), 0);
		errno = 0;
		ck_assert_int_eq(channel_receive(ends[0], &byte, 1, NULL, true), -1);
		ck_assert_int_eq(errno, EBADMSG);
	}
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(several_descriptors_are_refused_and_do_not_leak)
{
	static const int fds[8] = {0, 0, 0, 0, 0, 0, 0, 0};
	char byte;
	size_t before = open_descriptors();

	for (size_t count = 2; count <= 8; count++) {
		int fd = -1;
		send_many(fds, count);
		errno = 0;
		ck_assert_int_eq(channel_receive(ends[0], &byte, 1, &fd, true), -1);
		ck_assert_int_eq(errno, EBADMSG);
		ck_assert_uint_eq(open_descriptors(), before);
		send_many(fds, count);
		ck_assert_int_eq(channel_receive(ends[0], &byte, 1, NULL, true), -1);
		ck_assert_int_eq(errno, EBADMSG);
		ck_assert_uint_eq(open_descriptors(), before);
	}
}
END_TEST

START_TEST(as_many_descriptors_as_a_packet_may_carry_arrive_in_order)
{
	struct channel_fds sent = {.count = CHANNEL_FDS_MAX};
	struct channel_fds got = {.count = 99};
	struct stat status[2];
	char byte;

	scratch_begin();
	size_t before = open_descriptors();
	for (unsigned i = 0; i < CHANNEL_FDS_MAX; i++) {
		char name[] = {(char)('a' + i), '\0'};
		sent.fds[i] = open(scratch_file(name, "", 0), O_RDONLY);
		ck_assert_int_ge(sent.fds[i], 0);
	}
	ck_assert_int_eq(channel_send_fds(ends[1], "x", 1, &sent, true), 0);
	ck_assert_int_eq(channel_receive_fds(ends[0], &byte, 1, &got, true), 1);
	ck_assert_uint_eq(got.count, CHANNEL_FDS_MAX);
	for (unsigned i = 0; i < CHANNEL_FDS_MAX; i++) {
		ck_assert_int_eq(fcntl(got.fds[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		ck_assert_int_eq(fstat(sent.fds[i], &status[0]), 0);
		ck_assert_int_eq(fstat(got.fds[i], &status[1]), 0);
		ck_assert_uint_eq(status[0].st_ino, status[1].st_ino);
		close(sent.fds[i]);
		close(got.fds[i]);
	}
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert_int_eq(channel_send_fds(ends[1], "x", 1, NULL, true), 0);
	ck_assert_int_eq(channel_receive_fds(ends[0], &byte, 1, &got, true), 1);
	ck_assert_uint_eq(got.count, 0);
	scratch_end();
}
END_TEST

START_TEST(more_descriptors_than_a_packet_may_carry_are_refused_and_do_not_leak)
{
	static const int fds[16] = {0};
	struct channel_fds got;
	char byte;
	size_t before = open_descriptors();

	/* qemu-user takes them all, and what it says of that (MSG_CTRUNC) it overwrites. */
	if (is_emulated("word for descriptors that a message has no room for"))
		return;
	for (size_t count = CHANNEL_FDS_MAX + 1; count <= 16; count++) {
		send_many(fds, count);
		errno = 0;
		ck_assert_int_eq(channel_receive_fds(ends[0], &byte, 1, &got, true), -1);
		ck_assert_int_eq(errno, EBADMSG);
		ck_assert_uint_eq(open_descriptors(), before);
	}
}
END_TEST

START_TEST(the_end_of_the_channel_is_0_after_all_packets)
{
	char byte;
	int fd = 99;

	ck_assert_int_eq(channel_send(ends[1], "x", 1, -1, true), 0);
	close(ends[1]);
	ends[1] = -1;
	ck_assert_int_eq(channel_receive(ends[0], &byte, 1, &fd, true), 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(channel_receive(ends[0], &byte, 1, &fd, true), 0);
		ck_assert_int_eq(fd, -1);
		ck_assert_int_eq(channel_receive(ends[0], &byte, 1, NULL, false), 0);
	}
}
END_TEST

START_TEST(a_peer_that_is_gone_is_epipe_and_no_signal)
{
	ck_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	close(ends[1]);
	ends[1] = -1;
	ck_assert_int_eq(channel_send(ends[0], "x", 1, -1, true), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(channel_send(ends[0], "x", 1, STDIN_FILENO, false), -1);
	ck_assert_int_eq(errno, EPIPE);
}
END_TEST

START_TEST(what_a_peer_said_before_it_died_is_heard_although_it_left_packets_unread)
{
	char bytes[8];

	/* unix(7): then the first answer of the kernel may be ECONNRESET. */
	ck_assert_int_eq(channel_send(ends[0], "work", 4, -1, true), 0);
	ck_assert_int_eq(channel_send(ends[1], "done", 4, -1, true), 0);
	close(ends[1]);
	ends[1] = -1;
	ck_assert_int_eq(channel_receive(ends[0], bytes, sizeof(bytes), NULL, false), 4);
	ck_assert_mem_eq(bytes, "done", 4);
	ck_assert_int_eq(channel_receive(ends[0], bytes, sizeof(bytes), NULL, false), 0);
}
END_TEST

START_TEST(a_descriptor_that_is_not_open_is_an_error)
{
	char byte;

	ck_assert_int_eq(channel_send(ends[1], "x", 1, 1000, true), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(channel_receive(ends[0], &byte, 1, NULL, false), -1);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("channel");
	TCase *tests = tcase_create("channel");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, packets_keep_their_boundaries_and_order);
	tcase_add_test(tests, without_waiting_an_empty_channel_is_eagain);
	tcase_add_test(tests, without_waiting_a_full_channel_is_eagain);
	tcase_add_test(tests, a_descriptor_arrives_and_is_closed_by_exec);
	tcase_add_test(tests, a_descriptor_goes_with_its_own_packet);
	tcase_add_test(tests, a_packet_that_is_too_large_is_ebadmsg_and_the_next_is_whole);
	tcase_add_test(tests, a_descriptor_of_a_packet_that_is_too_large_does_not_leak);
	tcase_add_test(tests, a_descriptor_where_none_is_allowed_is_refused_and_does_not_leak);
	tcase_add_test(tests, several_descriptors_are_refused_and_do_not_leak);
	tcase_add_test(tests, as_many_descriptors_as_a_packet_may_carry_arrive_in_order);
	tcase_add_test(tests, more_descriptors_than_a_packet_may_carry_are_refused_and_do_not_leak);
	tcase_add_test(tests, the_end_of_the_channel_is_0_after_all_packets);
	tcase_add_test(tests, a_peer_that_is_gone_is_epipe_and_no_signal);
	tcase_add_test(
		tests, what_a_peer_said_before_it_died_is_heard_although_it_left_packets_unread);
	tcase_add_test(tests, a_descriptor_that_is_not_open_is_an_error);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
