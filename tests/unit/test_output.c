// SPDX-License-Identifier: MIT

#include "cli/output.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct output output;
static struct record_sink sink;

static void begin_formatted(int fd, char separator, const char *format)
{
	struct output_style style = {.separator = separator, .format = format};

	ck_assert_int_eq(output_init(&output, fd, &style), 0);
	sink = output_sink(&output);
}

static void begin(int fd, char separator)
{
	begin_formatted(fd, separator, NULL);
}

static void put(const char *path)
{
	const struct record record = {.archive = 0};

	ck_assert_int_eq(sink.put(sink.context, &record, "a.zip", path), 0);
}

/** A path for the record with this number, of a length that varies. */
static const char *make_path(unsigned number)
{
	static char path[512];
	int size = snprintf(path, sizeof(path), "/tmp/zipmap.Ab3kQ9/%u/%u.0-", number % 7, number);

	for (unsigned i = 0; i < number * 37 % 300; i++)
		path[size++] = (char)('a' + i % 26);
	path[size] = '\0';
	return path;
}

/** Whether a write would be asked for now: the descriptor is ready. */
static bool ready(void)
{
	struct pollfd descriptor = {.fd = sink.poll_fd(sink.context), .events = POLLOUT};

	return poll(&descriptor, 1, 0) == 1;
}

START_TEST(paths_end_in_the_separator)
{
	char bytes[64];
	int pair[2];
	uint64_t written = 99;

	ck_assert_int_eq(pipe(pair), 0);
	for (int i = 0; i < 2; i++) {
		begin(pair[1], i == 0 ? '\n' : '\0');
		ck_assert_int_eq(sink.poll_fd(sink.context), pair[1]);
		ck_assert_uint_eq(sink.pending(sink.context), 0);
		put("/tmp/a");
		put("/tmp/b c");
		ck_assert_uint_eq(sink.pending(sink.context), 16);
		ck_assert_int_eq(sink.write(sink.context, &written), 0);
		ck_assert_uint_eq(written, 2);
		ck_assert_uint_eq(sink.pending(sink.context), 0);
		ck_assert_int_eq(read(pair[0], bytes, sizeof(bytes)), 16);
		ck_assert_mem_eq(bytes, i == 0 ? "/tmp/a\n/tmp/b c\n" : "/tmp/a\0/tmp/b c\0", 16);
		output_release(&output);
	}
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(writing_nothing_is_no_error)
{
	uint64_t written = 99;

	begin(-1, '\n');
	ck_assert_int_eq(sink.write(sink.context, &written), 0);
	ck_assert_uint_eq(written, 0);
	output_release(&output);
}
END_TEST

/**
 * Put @count records while a reader takes a little at a time, and check after each step that as
 * many records are said to be written as have their last byte in the reader's hands or in the pipe.
 */
static void check_slow_reader(int in, int out, unsigned count)
{
	size_t all_size = 0;
	char *all = malloc(count * 400);
	char *got = malloc(count * 400 + 4096);
	size_t got_size = 0;
	unsigned next = 0;
	uint64_t written = 0;
	size_t largest = 0;

	ck_assert_ptr_nonnull(all);
	ck_assert_ptr_nonnull(got);
	fcntl(in, F_SETFL, O_NONBLOCK);
	begin(out, '\n');
	for (unsigned step = 0; next < count || sink.pending(sink.context) > 0; step++) {
		/* The parent stops putting above some bound. */
		while (next < count && sink.pending(sink.context) < 16384) {
			const char *path = make_path(next++);
			put(path);
			all_size += (size_t)sprintf(all + all_size, "%s\n", path);
		}
		for (int i = 0; i < 3 && ready(); i++) {
			uint64_t before = written;
			ck_assert_int_eq(sink.write(sink.context, &written), 0);
			ck_assert_uint_ge(written, before);
			size_t bytes_out = all_size - sink.pending(sink.context);
			uint64_t whole = 0;
			for (size_t at = 0; at < bytes_out; at++)
				whole += all[at] == '\n';
			ck_assert_uint_eq(written, whole);
		}
		if (output.capacity > largest)
			largest = output.capacity;
		ssize_t size = read(in, got + got_size, 1 + step * 997 % 4096);
		if (size > 0)
			got_size += (size_t)size;
	}
	ck_assert_uint_eq(written, count);
	ck_assert_uint_le(largest, 65536);
	for (ssize_t size; (size = read(in, got + got_size, 4096)) > 0;)
		got_size += (size_t)size;
	ck_assert_uint_eq(got_size, all_size);
	ck_assert_mem_eq(got, all, all_size);
	output_release(&output);
	free(all);
	free(got);
	close(in);
	close(out);
}

START_TEST(a_slow_reader_of_a_pipe_gets_all_and_the_count_is_exact)
{
	int pair[2];

	ck_assert_int_eq(pipe(pair), 0);
	ck_assert_int_ge(fcntl(pair[1], F_SETPIPE_SZ, 4096), 4096);
	check_slow_reader(pair[0], pair[1], 400);
}
END_TEST

START_TEST(a_pipe_that_was_made_non_blocking)
{
	int pair[2];

	ck_assert_int_eq(pipe2(pair, O_NONBLOCK), 0);
	check_slow_reader(pair[0], pair[1], 400);
}
END_TEST

START_TEST(a_socket_that_takes_a_part)
{
	int pair[2];
	int size = 1;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	ck_assert_int_eq(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	check_slow_reader(pair[0], pair[1], 400);
}
END_TEST

START_TEST(a_write_never_waits_for_the_reader_of_a_pipe)
{
	int pair[2];
	uint64_t written = 0;

	ck_assert_int_eq(pipe(pair), 0);
	begin(pair[1], '\n');
	for (unsigned i = 0; i < 5000; i++)
		put(make_path(i));
	/* Nobody reads: this would wait for ever if it wrote more than the pipe promised to take.
	 */
	while (ready())
		ck_assert_int_eq(sink.write(sink.context, &written), 0);
	ck_assert_uint_gt(written, 0);
	ck_assert_uint_lt(written, 5000);
	ck_assert_uint_gt(sink.pending(sink.context), 0);
	output_release(&output);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(a_full_non_blocking_pipe_is_no_error)
{
	int pair[2];
	uint64_t written = 0;
	uint64_t before;

	ck_assert_int_eq(pipe2(pair, O_NONBLOCK), 0);
	begin(pair[1], '\n');
	for (unsigned i = 0; i < 5000; i++)
		put(make_path(i));
	do {
		before = written;
		ck_assert_int_eq(sink.write(sink.context, &written), 0);
	} while (written > before);
	ck_assert_uint_lt(written, 5000);
	ck_assert_int_eq(sink.write(sink.context, &written), 0);
	ck_assert_uint_eq(written, before);
	output_release(&output);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(a_reader_that_goes_away_is_epipe_with_the_count)
{
	int pair[2];
	uint64_t written = 0;

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(pair), 0);
	begin(pair[1], '\n');
	put("/tmp/1");
	put("/tmp/2");
	ck_assert_int_eq(sink.write(sink.context, &written), 0);
	ck_assert_uint_eq(written, 2);
	put("/tmp/3");
	close(pair[0]);
	written = 99;
	ck_assert_int_eq(sink.write(sink.context, &written), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_uint_eq(written, 2);
	output_release(&output);
	close(pair[1]);
}
END_TEST

START_TEST(a_full_device_is_enospc)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	uint64_t written = 99;

	ck_assert_int_ge(fd, 0);
	begin(fd, '\n');
	put("/tmp/1");
	ck_assert_int_eq(sink.write(sink.context, &written), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_uint_eq(written, 0);
	output_release(&output);
	close(fd);
}
END_TEST

START_TEST(a_regular_file_takes_all_at_once)
{
	scratch_begin();
	int fd = open(scratch_path("out"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	uint64_t written = 0;
	size_t size = 0;

	ck_assert_int_ge(fd, 0);
	begin(fd, '\n');
	for (unsigned i = 0; i < 1000; i++) {
		put(make_path(i));
		size += strlen(make_path(i)) + 1;
	}
	ck_assert_uint_gt(size, 10 * PIPE_BUF);
	ck_assert_uint_eq(sink.pending(sink.context), size);
	ck_assert_int_eq(sink.write(sink.context, &written), 0);
	ck_assert_uint_eq(written, 1000);
	ck_assert_uint_eq(sink.pending(sink.context), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), (off_t)size);
	output_release(&output);
	close(fd);
	scratch_end();
}
END_TEST

START_TEST(a_newline_in_a_path_is_not_the_end_of_a_record)
{
	char bytes[64];
	int pair[2];
	uint64_t written = 0;

	ck_assert_int_eq(pipe(pair), 0);
	begin(pair[1], '\n');
	put("/t\nm\np/1");
	put("/t\nm\np/2");
	ck_assert_int_eq(sink.write(sink.context, &written), 0);
	ck_assert_uint_eq(written, 2);
	ck_assert_int_eq(read(pair[0], bytes, sizeof(bytes)), 18);
	output_release(&output);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(a_path_of_any_length)
{
	int pair[2];
	uint64_t written = 0;
	static char path[30000];
	static char bytes[sizeof(path)];

	memset(path, 'x', sizeof(path) - 1);
	ck_assert_int_eq(pipe(pair), 0);
	begin(pair[1], '\n');
	put(path);
	for (size_t left = sizeof(path); left > 0;) {
		ck_assert_uint_eq(written, 0);
		ck_assert_int_eq(sink.write(sink.context, &written), 0);
		left = sink.pending(sink.context);
	}
	ck_assert_uint_eq(written, 1);
	ck_assert_int_eq(read(pair[0], bytes, sizeof(bytes)), (ssize_t)sizeof(bytes));
	ck_assert_mem_eq(bytes, path, sizeof(path) - 1);
	output_release(&output);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(a_format_is_printed_instead_of_the_path_and_counted)
{
	const char expected[] = "a.zip 64 7\0a.zip 128 9\0";
	char bytes[64];
	int pair[2];
	uint64_t written = 0;
	struct record first = {.offset_bytes = 64, .size_bytes = 7};
	struct record second = {.offset_bytes = 128, .size_bytes = 9};

	ck_assert_int_eq(pipe(pair), 0);
	begin_formatted(pair[1], '\n', "%a %o %s\\0");
	ck_assert_int_eq(sink.put(sink.context, &first, "a.zip", "/p"), 0);
	ck_assert_int_eq(sink.put(sink.context, &second, "a.zip", "/p"), 0);
	ck_assert_int_eq(sink.write(sink.context, &written), 0);
	ck_assert_uint_eq(written, 2);
	ck_assert_int_eq(read(pair[0], bytes, sizeof(bytes)), (ssize_t)sizeof(expected) - 1);
	ck_assert_mem_eq(bytes, expected, sizeof(expected) - 1);
	output_release(&output);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(a_record_that_prints_as_nothing_is_written_in_its_turn)
{
	struct array array = {.dtype = "<f8", .dtype_size = 3};
	struct record array_record = {.array = &array};
	struct record plain = {.size_bytes = 1};
	int pair[2];
	uint64_t written = 0;

	ck_assert_int_eq(pipe(pair), 0);
	begin_formatted(pair[1], '\n', "%t");
	for (uint64_t i = 1; i <= 1000; i++) {
		ck_assert_int_eq(sink.put(sink.context, &plain, "a.zip", "/p"), 0);
		ck_assert_uint_eq(sink.pending(sink.context), 0);
		ck_assert_int_eq(sink.write(sink.context, &written), 0);
		ck_assert_uint_eq(written, i);
	}
	/* Between others they are not written before them. */
	ck_assert_int_eq(sink.put(sink.context, &array_record, "a.zip", "/p"), 0);
	ck_assert_int_eq(sink.put(sink.context, &plain, "a.zip", "/p"), 0);
	ck_assert_uint_eq(sink.pending(sink.context), 3);
	ck_assert_int_eq(sink.write(sink.context, &written), 0);
	ck_assert_uint_eq(written, 1002);
	output_release(&output);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("output");
	TCase *tests = tcase_create("output");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, paths_end_in_the_separator);
	tcase_add_test(tests, writing_nothing_is_no_error);
	tcase_add_test(tests, a_slow_reader_of_a_pipe_gets_all_and_the_count_is_exact);
	tcase_add_test(tests, a_pipe_that_was_made_non_blocking);
	tcase_add_test(tests, a_socket_that_takes_a_part);
	tcase_add_test(tests, a_write_never_waits_for_the_reader_of_a_pipe);
	tcase_add_test(tests, a_full_non_blocking_pipe_is_no_error);
	tcase_add_test(tests, a_reader_that_goes_away_is_epipe_with_the_count);
	tcase_add_test(tests, a_full_device_is_enospc);
	tcase_add_test(tests, a_regular_file_takes_all_at_once);
	tcase_add_test(tests, a_newline_in_a_path_is_not_the_end_of_a_record);
	tcase_add_test(tests, a_path_of_any_length);
	tcase_add_test(tests, a_format_is_printed_instead_of_the_path_and_counted);
	tcase_add_test(tests, a_record_that_prints_as_nothing_is_written_in_its_turn);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
