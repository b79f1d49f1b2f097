// SPDX-License-Identifier: MIT

/* How it is used, with long lists and with endless ones, is in test_inputs.c. */

#include "cli/pathlist.h"
#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct pathlist list;
static const char *path;
static uint64_t line;

static void open_bytes(const void *bytes, size_t size, char separator)
{
	ck_assert_int_eq(pathlist_open(&list, scratch_file("list", bytes, size), separator), 0);
}

static void open_text(const char *text)
{
	open_bytes(text, strlen(text), '\n');
}

static enum pathlist_status next(void)
{
	path = NULL;
	return pathlist_next(&list, &path, &line);
}

static void expect_path(const char *expected, uint64_t number)
{
	ck_assert_int_eq(next(), PATHLIST_PATH);
	ck_assert_str_eq(path, expected);
	ck_assert_uint_eq(line, number);
}

static void expect_end(void)
{
	ck_assert_int_eq(next(), PATHLIST_END);
	ck_assert_int_eq(next(), PATHLIST_END);
	pathlist_close(&list);
}

START_TEST(each_path_comes_with_the_number_of_its_line)
{
	open_text("one\n\n\ntwo words\n three\nlast");
	expect_path("one", 1);
	expect_path("two words", 4);
	expect_path(" three", 5);
	expect_path("last", 6);
	expect_end();
}
END_TEST

START_TEST(entries_that_end_in_a_nul_may_have_newlines)
{
	static const char bytes[] = "one\0two\nlines\0\0\n\0last";

	open_bytes(bytes, sizeof(bytes), '\0');
	expect_path("one", 1);
	expect_path("two\nlines", 2);
	expect_path("\n", 4);
	expect_path("last", 5);
	expect_end();
}
END_TEST

START_TEST(a_nul_in_a_line_spoils_that_line_alone)
{
	static const char bytes[] = "one\ntw\0o\n\0\nthree\nfou\0";

	open_bytes(bytes, sizeof(bytes) - 1, '\n');
	expect_path("one", 1);
	ck_assert_int_eq(next(), PATHLIST_NUL);
	ck_assert_uint_eq(line, 2);
	ck_assert_int_eq(next(), PATHLIST_NUL);
	ck_assert_uint_eq(line, 3);
	expect_path("three", 4);
	ck_assert_int_eq(next(), PATHLIST_NUL);
	ck_assert_uint_eq(line, 5);
	expect_end();
}
END_TEST

/* A first line of @first bytes, one of @size bytes, and "end", each with its newline. */
static void open_lines(size_t first, size_t size)
{
	char *bytes = malloc(first + size + 16);
	size_t at = 0;

	ck_assert_ptr_nonnull(bytes);
	memset(bytes, 'f', first);
	at += first;
	bytes[at++] = '\n';
	memset(bytes + at, 'x', size);
	at += size;
	memcpy(bytes + at, "\nend\n", 5);
	at += 5;
	open_bytes(bytes, at, '\n');
	free(bytes);
}

/* Where a line begins in the buffer decides when it is moved. */
static const size_t firsts[] = {1, 2, 1000, PATHLIST_LINE_MAX / 2, PATHLIST_LINE_MAX - 3,
	PATHLIST_LINE_MAX - 2, PATHLIST_LINE_MAX - 1};

enum { FIRSTS = sizeof(firsts) / sizeof(firsts[0]) };

START_TEST(the_longest_line_fits_with_its_newline)
{
	open_lines(firsts[_i], PATHLIST_LINE_MAX - 1);
	ck_assert_int_eq(next(), PATHLIST_PATH);
	ck_assert_uint_eq(strlen(path), firsts[_i]);
	ck_assert_uint_eq(line, 1);
	ck_assert_int_eq(next(), PATHLIST_PATH);
	ck_assert_uint_eq(strspn(path, "x"), PATHLIST_LINE_MAX - 1);
	ck_assert_uint_eq(strlen(path), PATHLIST_LINE_MAX - 1);
	ck_assert_uint_eq(line, 2);
	expect_path("end", 3);
	expect_end();
}
END_TEST

START_TEST(a_longer_line_is_told_once_and_skipped)
{
	static const size_t more[] = {0, 1, 2, PATHLIST_LINE_MAX - 1, PATHLIST_LINE_MAX,
		PATHLIST_LINE_MAX + 1, 3 * PATHLIST_LINE_MAX};

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		open_lines(firsts[_i], PATHLIST_LINE_MAX + more[i]);
		ck_assert_int_eq(next(), PATHLIST_PATH);
		ck_assert_int_eq(next(), PATHLIST_TOO_LONG);
		ck_assert_uint_eq(line, 2);
		expect_path("end", 3);
		expect_end();
	}
}
END_TEST

START_TEST(the_last_line_may_be_as_long_without_its_newline)
{
	static char bytes[PATHLIST_LINE_MAX];

	memset(bytes, 'x', sizeof(bytes));
	open_bytes(bytes, sizeof(bytes) - 1, '\n');
	ck_assert_int_eq(next(), PATHLIST_PATH);
	ck_assert_uint_eq(strlen(path), sizeof(bytes) - 1);
	expect_end();
	open_bytes(bytes, sizeof(bytes), '\n');
	ck_assert_int_eq(next(), PATHLIST_TOO_LONG);
	ck_assert_uint_eq(line, 1);
	expect_end();
}
END_TEST

START_TEST(a_list_without_a_path_gives_others_their_turn)
{
	static char bytes[600];
	int turns = 0;

	memset(bytes, '\n', sizeof(bytes));
	memcpy(bytes + sizeof(bytes) - 5, "path", 4);
	open_bytes(bytes, sizeof(bytes), '\n');
	while (next() == PATHLIST_AGAIN)
		turns++;
	ck_assert_int_ge(turns, 1);
	ck_assert_int_le(turns, 5);
	ck_assert_str_eq(path, "path");
	ck_assert_uint_eq(line, sizeof(bytes) - 4);
	expect_end();
}
END_TEST

START_TEST(what_a_pipe_has_is_taken_and_what_is_not_complete_waits)
{
	const char *fifo = scratch_path("fifo");

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(pathlist_open(&list, fifo, '\n'), 0);
	int writer = open(fifo, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(writer, 0);
	ck_assert_int_eq(next(), PATHLIST_WAIT);
	ck_assert_int_eq(write(writer, "one\ntwo\nth", 10), 10);
	expect_path("one", 1);
	expect_path("two", 2);
	ck_assert_int_eq(next(), PATHLIST_WAIT);
	ck_assert_int_eq(next(), PATHLIST_WAIT);
	ck_assert_int_eq(write(writer, "ree\n\nfo", 7), 7);
	expect_path("three", 3);
	ck_assert_int_eq(next(), PATHLIST_WAIT);
	ck_assert_int_eq(write(writer, "ur", 2), 2);
	ck_assert_int_eq(next(), PATHLIST_WAIT);
	close(writer);
	expect_path("four", 5);
	expect_end();
}
END_TEST

START_TEST(a_read_error_drops_the_line_that_it_cut)
{
	open_text("one\ntwo\nthr");
	expect_path("one", 1);
	/* The next read finds a descriptor that cannot be read. */
	expect_path("two", 2);
	int fd = open(scratch_path("written"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dup2(fd, list.fd), list.fd);
	close(fd);
	errno = 0;
	ck_assert_int_eq(next(), PATHLIST_ERROR);
	ck_assert_int_eq(errno, EBADF);
	expect_end();
}
END_TEST

START_TEST(what_is_no_list_is_an_error_and_leaves_nothing_open)
{
	size_t open = open_descriptors();

	ck_assert_int_eq(pathlist_open(&list, scratch_path("nowhere"), '\n'), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(pathlist_open(&list, scratch_path(""), '\n'), -1);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_uint_eq(open_descriptors(), open);
	pathlist_close(&list);
}
END_TEST

START_TEST(standard_input_is_not_closed_and_a_file_is)
{
	size_t open = open_descriptors();

	open_text("one\n");
	pathlist_close(&list);
	ck_assert_uint_eq(open_descriptors(), open);
	ck_assert_int_eq(pathlist_open(&list, "-", '\n'), 0);
	pathlist_close(&list);
	ck_assert_uint_eq(open_descriptors(), open);
	ck_assert_int_ge(fcntl(STDIN_FILENO, F_GETFD), 0);
	/* It is at its end. */
	ck_assert_int_eq(next(), PATHLIST_END);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pathlist");
	TCase *cases = tcase_create("pathlist");

	tcase_add_checked_fixture(cases, scratch_begin, scratch_end);
	tcase_add_test(cases, each_path_comes_with_the_number_of_its_line);
	tcase_add_test(cases, entries_that_end_in_a_nul_may_have_newlines);
	tcase_add_test(cases, a_nul_in_a_line_spoils_that_line_alone);
	tcase_add_loop_test(cases, the_longest_line_fits_with_its_newline, 0, FIRSTS);
	tcase_add_loop_test(cases, a_longer_line_is_told_once_and_skipped, 0, FIRSTS);
	tcase_add_test(cases, the_last_line_may_be_as_long_without_its_newline);
	tcase_add_test(cases, a_list_without_a_path_gives_others_their_turn);
	tcase_add_test(cases, what_a_pipe_has_is_taken_and_what_is_not_complete_waits);
	tcase_add_test(cases, a_read_error_drops_the_line_that_it_cut);
	tcase_add_test(cases, what_is_no_list_is_an_error_and_leaves_nothing_open);
	tcase_add_test(cases, standard_input_is_not_closed_and_a_file_is);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
