// SPDX-License-Identifier: MIT

/* The order of results and which files stay is tested with whole runs, in test_run_files.c. */

#include "parent/emit.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A sink of records of one byte, which it writes to a pipe. */
static struct {
	size_t pending;
	uint64_t written;
	int pipe[2];
	int error; /* of the next write; 0: none */
} sunk;

static int sink_put_bytes(void *context, const char *bytes, size_t size)
{
	(void)context;
	(void)bytes;
	sunk.pending += size;
	return 0;
}

static size_t sink_pending(void *context)
{
	(void)context;
	return sunk.pending;
}

static int sink_poll_fd(void *context)
{
	(void)context;
	return sunk.pipe[1];
}

/* One record at a time. */
static int sink_write(void *context, uint64_t *written)
{
	(void)context;
	if (sunk.error != 0) {
		*written = sunk.written;
		errno = sunk.error;
		return -1;
	}
	ck_assert_uint_gt(sunk.pending, 0);
	ck_assert_int_eq(write(sunk.pipe[1], "r", 1), 1);
	sunk.pending--;
	*written = ++sunk.written;
	return 0;
}

static const struct record_sink sink = {
	.put_bytes = sink_put_bytes,
	.pending = sink_pending,
	.poll_fd = sink_poll_fd,
	.write = sink_write,
};

static struct emit emit;
static struct run_stats stats;
static int signals[2];

static void set_up(void)
{
	const struct run_settings settings = {.tmpdir = "/tmp"};

	memset(&sunk, 0, sizeof(sunk));
	ck_assert_int_eq(pipe2(sunk.pipe, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(pipe2(signals, O_CLOEXEC), 0);
	ck_assert_int_eq(emit_init(&emit, &settings, &sink, &stats), 0);
}

static void tear_down(void)
{
	emit_release(&emit);
	for (int i = 0; i < 2; i++) {
		close(sunk.pipe[i]);
		close(signals[i]);
	}
}

static void put(size_t count)
{
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(emit_bytes(&emit, "x", 1), EMIT_DONE);
}

START_TEST(all_that_is_pending_is_drained)
{
	ck_assert_int_eq(emit_drain(&emit, signals[0]), 0);
	put(200);
	ck_assert_uint_eq(emit_pending(&emit), 200);
	ck_assert_uint_eq(emit.unwritten_count, 200);
	ck_assert_int_eq(emit_drain(&emit, signals[0]), 0);
	ck_assert_uint_eq(sunk.written, 200);
	ck_assert_uint_eq(emit_pending(&emit), 0);
	ck_assert_uint_eq(emit.unwritten_count, 0);
}
END_TEST

START_TEST(what_was_written_is_forgotten_and_the_rest_is_not)
{
	put(5);
	for (uint64_t written = 1; written <= 3; written++) {
		ck_assert_int_eq(emit_write(&emit), 0);
		ck_assert_uint_eq(emit.written, written);
		ck_assert_uint_eq(emit.unwritten_count, 5 - written);
	}
	put(1);
	ck_assert_uint_eq(emit.unwritten_count, 3);
}
END_TEST

START_TEST(a_signal_ends_the_draining_of_a_pipe_that_nobody_reads)
{
	char bytes[4096] = "";

	while (write(sunk.pipe[1], bytes, sizeof(bytes)) > 0)
		;
	put(3);
	ck_assert_int_eq(write(signals[1], "s", 1), 1);
	errno = 0;
	ck_assert_int_eq(emit_drain(&emit, signals[0]), -1);
	ck_assert_int_eq(errno, EINTR);
	ck_assert_uint_eq(emit_pending(&emit), 3);
	ck_assert_uint_eq(emit.unwritten_count, 3);
}
END_TEST

START_TEST(a_signal_comes_before_what_could_be_written)
{
	put(3);
	ck_assert_int_eq(write(signals[1], "s", 1), 1);
	errno = 0;
	ck_assert_int_eq(emit_drain(&emit, signals[0]), -1);
	ck_assert_int_eq(errno, EINTR);
	ck_assert_uint_eq(sunk.written, 0);
}
END_TEST

START_TEST(an_output_that_is_lost_is_told_with_its_reason)
{
	put(3);
	ck_assert_int_eq(emit_write(&emit), 0);
	sunk.error = ENOSPC;
	errno = 0;
	ck_assert_int_eq(emit_drain(&emit, signals[0]), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_uint_eq(emit.unwritten_count, 2);
}
END_TEST

START_TEST(there_is_room_until_more_than_the_bound_is_pending)
{
	sunk.pending = EMIT_PENDING_MAX;
	ck_assert(emit_has_room(&emit));
	sunk.pending++;
	ck_assert(!emit_has_room(&emit));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("emit");
	TCase *tests = tcase_create("emit");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, all_that_is_pending_is_drained);
	tcase_add_test(tests, what_was_written_is_forgotten_and_the_rest_is_not);
	tcase_add_test(tests, a_signal_ends_the_draining_of_a_pipe_that_nobody_reads);
	tcase_add_test(tests, a_signal_comes_before_what_could_be_written);
	tcase_add_test(tests, an_output_that_is_lost_is_told_with_its_reason);
	tcase_add_test(tests, there_is_room_until_more_than_the_bound_is_pending);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
