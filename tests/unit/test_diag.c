// SPDX-License-Identifier: MIT

#include "util/diag.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

START_TEST(a_message_has_the_prefix_and_a_newline)
{
	capture_begin();
	diag(DIAG_ERROR, "%s: %d", "a.zip", 7);
	ck_assert_str_eq(capture_end(), "zipmap: a.zip: 7\n");
}
END_TEST

START_TEST(levels_hide_what_is_above_them)
{
	capture_begin();
	diag(DIAG_WARNING, "warning 1");
	diag(DIAG_DETAIL, "detail 1");
	diag_set_level(DIAG_ERROR);
	diag(DIAG_ERROR, "error 2");
	diag(DIAG_WARNING, "warning 2");
	diag_set_level(DIAG_DETAIL);
	diag(DIAG_DETAIL, "detail 3");
	diag_set_level(DIAG_WARNING);
	ck_assert_str_eq(capture_end(), "zipmap: warning 1\nzipmap: error 2\nzipmap: detail 3\n");
}
END_TEST

START_TEST(a_message_of_up_to_8_KiB_is_whole)
{
	char name[8192];
	size_t size = sizeof(name) - strlen("zipmap: ") - 1;

	memset(name, 'x', size);
	name[size] = '\0';
	capture_begin();
	diag(DIAG_ERROR, "%s", name);
	const char *text = capture_end();
	ck_assert_uint_eq(strlen(text), 8192);
	ck_assert_mem_eq(text + 8, name, size);
	ck_assert_str_eq(text + 8191, "\n");
}
END_TEST

START_TEST(a_status_is_taken_away_before_a_message_and_only_once)
{
	capture_begin();
	diag_show_status("half", 4);
	diag(DIAG_ERROR, "wrong");
	diag(DIAG_ERROR, "again");
	diag_show_status("all", 3);
	diag_hide_status();
	diag_hide_status();
	ck_assert_str_eq(capture_end(), "\r\033[Jhalf\r"
					"\r\033[Jzipmap: wrong\nzipmap: again\n"
					"\r\033[Jall\r\r\033[J");
}
END_TEST

START_TEST(a_line_of_somebody_else_that_is_not_finished_is_not_drawn_over)
{
	capture_begin();
	diag_pass("a comm", 6);
	diag_show_status("half", 4);
	diag_pass("and\n", 4);
	diag_note_written('x');
	diag_show_status("half", 4);
	diag_note_written('\n');
	ck_assert_str_eq(capture_end(), "a command\n");
}
END_TEST

START_TEST(a_longer_message_is_cut_and_still_one_line)
{
	char name[20000];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	capture_begin();
	diag(DIAG_ERROR, "%s", name);
	const char *text = capture_end();
	ck_assert_uint_eq(strlen(text), 8192);
	ck_assert_str_eq(text + 8192 - 5, "x...\n");
}
END_TEST

START_TEST(a_cut_does_not_divide_a_character)
{
	/* Two bytes a character: with one of one byte in front, the other half of the places. */
	for (size_t shift = 0; shift < 2; shift++) {
		char name[20001];

		for (size_t i = 0; i + 1 < sizeof(name); i += 2)
			memcpy(name + i, "\xc3\xa4", 2);
		name[sizeof(name) - 1] = '\0';
		capture_begin();
		diag(DIAG_ERROR, "%s%s", shift ? "x" : "", name);
		const char *text = capture_end();
		size_t size = strlen(text);
		ck_assert_uint_ge(size, 8190);
		ck_assert_str_eq(text + size - 6, "\xc3\xa4...\n");
	}
}
END_TEST

START_TEST(a_message_is_one_write)
{
	/* A socket that keeps messages apart shows how many there were. */
	int pair[2];
	char bytes[16384];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	int saved = dup(STDERR_FILENO);
	dup2(pair[1], STDERR_FILENO);
	diag(DIAG_ERROR, "%s: %s: %s", "one", "two", "three");
	diag(DIAG_ERROR, "%06000d", 0);
	dup2(saved, STDERR_FILENO);
	ck_assert_int_eq(recv(pair[0], bytes, sizeof(bytes), MSG_DONTWAIT), 24);
	ck_assert_mem_eq(bytes, "zipmap: one: two: three\n", 24);
	ck_assert_int_eq(recv(pair[0], bytes, sizeof(bytes), MSG_DONTWAIT), 6009);
	ck_assert_int_eq(recv(pair[0], bytes, sizeof(bytes), MSG_DONTWAIT), -1);
	close(saved);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(errno_survives)
{
	int saved = dup(STDERR_FILENO);

	close(STDERR_FILENO);
	errno = ENOENT;
	diag(DIAG_ERROR, "nobody reads this");
	int after = errno;
	dup2(saved, STDERR_FILENO);
	close(saved);
	ck_assert_int_eq(after, ENOENT);
}
END_TEST

/** Have stderr be the end of a pipe that is full, for one message. What the pipe holds is lost. */
static void diag_into_full_pipe(void)
{
	char bytes[4096] = {0};
	int pair[2];
	int saved = dup(STDERR_FILENO);

	ck_assert_int_eq(pipe2(pair, O_NONBLOCK), 0);
	while (write(pair[1], bytes, sizeof(bytes)) > 0)
		;
	fcntl(pair[1], F_SETFL, 0);
	dup2(pair[1], STDERR_FILENO);
	diag(DIAG_ERROR, "lost");
	dup2(saved, STDERR_FILENO);
	while (read(pair[0], bytes, sizeof(bytes)) > 0)
		ck_assert_ptr_null(memchr(bytes, 'z', sizeof(bytes)));
	close(saved);
	close(pair[0]);
	close(pair[1]);
}

START_TEST(a_message_that_waits_is_given_up_when_it_is_interrupted)
{
	int pair[2];

	ck_assert_int_eq(pipe(pair), 0);
	diag_set_interrupt(pair[0]);
	capture_begin();
	diag(DIAG_ERROR, "%05000d", 0);
	ck_assert_uint_eq(strlen(capture_end()), 5009);
	ck_assert_int_eq(write(pair[1], "", 1), 1);
	diag_into_full_pipe();
	capture_begin();
	diag(DIAG_ERROR, "stderr takes it");
	ck_assert_str_eq(capture_end(), "zipmap: stderr takes it\n");
	diag_set_interrupt(-1);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diag");
	TCase *tests = tcase_create("diag");

	tcase_add_test(tests, a_message_has_the_prefix_and_a_newline);
	tcase_add_test(tests, levels_hide_what_is_above_them);
	tcase_add_test(tests, a_message_of_up_to_8_KiB_is_whole);
	tcase_add_test(tests, a_longer_message_is_cut_and_still_one_line);
	tcase_add_test(tests, a_cut_does_not_divide_a_character);
	tcase_add_test(tests, a_message_is_one_write);
	tcase_add_test(tests, errno_survives);
	tcase_add_test(tests, a_status_is_taken_away_before_a_message_and_only_once);
	tcase_add_test(tests, a_line_of_somebody_else_that_is_not_finished_is_not_drawn_over);
	tcase_add_test(tests, a_message_that_waits_is_given_up_when_it_is_interrupted);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
