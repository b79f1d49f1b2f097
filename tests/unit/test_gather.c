// SPDX-License-Identifier: MIT

#include "parent/gather.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct gather_place place;
static int ends[2];
static unsigned char put_next, take_next;

static void set_up(void)
{
	scratch_begin();
	place = (struct gather_place){.directory = scratch_path("")};
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	put_next = take_next = 0;
}

static void tear_down(void)
{
	close(ends[0]);
	close(ends[1]);
	ck_assert_uint_eq(place.held_bytes, 0);
	scratch_end();
}

/* Write @size bytes to the pipe, up to 64 KiB, each made of the one before. */
static void fill(size_t size)
{
	static unsigned char bytes[65536];

	for (size_t i = 0; i < size; i++) {
		bytes[i] = put_next;
		put_next = (unsigned char)(put_next * 5 + 1);
	}
	ck_assert_int_eq(write(ends[1], bytes, size), (ssize_t)size);
}

static void move(struct gather *gather, size_t size)
{
	fill(size);
	for (size_t moved = 0; moved < size;) {
		ssize_t some = gather_move(gather, &place, ends[0]);
		ck_assert_int_gt(some, 0);
		moved += (size_t)some;
	}
}

/* Take @size bytes and hold them against what was written. */
static void take(struct gather *gather, size_t size)
{
	char bytes[1000];

	while (size > 0) {
		ssize_t got = gather_take(
			gather, &place, bytes, size < sizeof(bytes) ? size : sizeof(bytes));
		ck_assert_int_gt(got, 0);
		bool same = true;
		for (ssize_t i = 0; i < got; i++) {
			same = same && (unsigned char)bytes[i] == take_next;
			take_next = (unsigned char)(take_next * 5 + 1);
		}
		ck_assert(same);
		size -= (size_t)got;
	}
}

START_TEST(what_is_put_is_taken_in_the_same_order)
{
	struct gather gather;

	gather_init(&gather);
	for (size_t i = 1; i < 300; i += 7) {
		move(&gather, 3 * i);
		take(&gather, 2 * i);
	}
	ck_assert_int_lt(gather.fd, 0);
	take(&gather, (size_t)gather_size(&gather));
	ck_assert_uint_eq(take_next, put_next);
	ck_assert_int_eq(gather_take(&gather, &place, (char *)&put_next, 1), 0);
	ck_assert_uint_eq(place.held_bytes, 0);
	gather_release(&gather, &place);
}
END_TEST

START_TEST(more_than_memory_may_hold_goes_to_a_file_without_a_name)
{
	struct gather gather;

	gather_init(&gather);
	for (size_t moved = 0; moved <= GATHER_MEMORY_MAX; moved += 50000) {
		move(&gather, 50000);
		ck_assert_uint_le(place.held_bytes, GATHER_MEMORY_MAX);
	}
	ck_assert_int_ge(gather.fd, 0);
	ck_assert_uint_eq(place.held_bytes, 0);
	ck_assert_int_eq(rmdir(place.directory), 0); /* nothing is in it */
	scratch_begin();
	place.directory = scratch_path("");

	take(&gather, 12345);
	move(&gather, 50000);
	take(&gather, (size_t)gather_size(&gather));
	ck_assert_uint_eq(take_next, put_next);
	/* Once it is empty it may be in memory again. */
	move(&gather, 100);
	ck_assert_int_lt(gather.fd, 0);
	take(&gather, 100);
	gather_release(&gather, &place);
}
END_TEST

START_TEST(the_bound_is_for_all_gathers_together)
{
	struct gather gathers[64];

	for (int i = 0; i < 64; i++) {
		gather_init(&gathers[i]);
		move(&gathers[i], 60000);
		ck_assert_uint_le(place.held_bytes, GATHER_MEMORY_MAX);
		ck_assert_uint_eq(gather_size(&gathers[i]), 60000);
	}
	ck_assert_int_lt(gathers[0].fd, 0);
	ck_assert_int_ge(gathers[63].fd, 0);
	for (int i = 0; i < 64; i++)
		take(&gathers[i], 60000);
	for (int i = 0; i < 64; i++)
		gather_release(&gathers[i], &place);
}
END_TEST

START_TEST(what_is_put_without_a_pipe_goes_the_same_way)
{
	static char block[50000];
	struct gather gather;
	char bytes[500];

	gather_init(&gather);
	for (char i = 0; i < 40; i++) {
		memset(block, i, sizeof(block));
		ck_assert_int_eq(gather_put(&gather, &place, block, sizeof(block)), 0);
	}
	ck_assert_int_ge(gather.fd, 0);
	for (char i = 0; i < 40; i++) {
		for (size_t left = sizeof(block); left > 0; left -= sizeof(bytes))
			ck_assert_int_eq(
				gather_take(&gather, &place, bytes, sizeof(bytes)), sizeof(bytes));
		ck_assert_int_eq(bytes[3], i);
	}
	ck_assert_uint_eq(gather_size(&gather), 0);
	gather_release(&gather, &place);
}
END_TEST

START_TEST(an_empty_pipe_is_told_from_one_that_has_ended)
{
	struct gather gather;

	gather_init(&gather);
	ck_assert_int_eq(gather_move(&gather, &place, ends[0]), -1);
	ck_assert_int_eq(errno, EAGAIN);
	fill(3);
	ck_assert_int_eq(gather_move(&gather, &place, ends[0]), 3);
	close(ends[1]);
	ck_assert_int_eq(gather_move(&gather, &place, ends[0]), 0);
	ends[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	take(&gather, 3);
	gather_release(&gather, &place);
}
END_TEST

/* Whether memory is used up, so that what follows would go to a file. */
static void use_up_memory(struct gather *gathers, int count)
{
	for (int i = 0; i < count; i++) {
		gather_init(&gathers[i]);
		move(&gathers[i], 60000);
	}
	put_next = take_next = 0;
}

START_TEST(what_finds_no_room_stays_in_the_pipe)
{
	const struct rlimit none = {0, RLIM_INFINITY};
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct gather full[16];
	struct gather gather;

	use_up_memory(full, 16);
	gather_init(&gather);
	fill(60000);
	place.directory = "/nonexistent";
	ck_assert_int_eq(gather_move(&gather, &place, ends[0]), -1);
	ck_assert_int_eq(errno, ENOENT);

	/* The same if the file can be made and not be written to. */
	place.directory = scratch_path("");
	ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	/* No assertion meanwhile: each writes to a file of its own. */
	setrlimit(RLIMIT_FSIZE, &none);
	ssize_t moved = gather_move(&gather, &place, ends[0]);
	int error = errno;
	setrlimit(RLIMIT_FSIZE, &all);
	ck_assert_int_eq(moved, -1);
	ck_assert_int_eq(error, EFBIG);

	while (gather_size(&gather) < 60000)
		ck_assert_int_gt(gather_move(&gather, &place, ends[0]), 0);
	take(&gather, 60000);
	gather_release(&gather, &place);
	for (int i = 0; i < 16; i++)
		gather_release(&full[i], &place);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gather");
	TCase *tests = tcase_create("gather");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, what_is_put_is_taken_in_the_same_order);
	tcase_add_test(tests, more_than_memory_may_hold_goes_to_a_file_without_a_name);
	tcase_add_test(tests, the_bound_is_for_all_gathers_together);
	tcase_add_test(tests, what_is_put_without_a_pipe_goes_the_same_way);
	tcase_add_test(tests, an_empty_pipe_is_told_from_one_that_has_ended);
	tcase_add_test(tests, what_finds_no_room_stays_in_the_pipe);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
