// SPDX-License-Identifier: MIT

#include "worker/extract/outfile.h"

#include "protocol/record.h"
#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/** More than any test puts into a file. */
#define EXPECTED_MAX ((size_t)4 * 1024 * 1024)

static struct outfile out;
static int directory_fd;

/** What the file must hold. */
static uint8_t expected[EXPECTED_MAX];
static size_t expected_size;
static uint8_t next_byte;

static void open_file(void)
{
	scratch_begin();
	directory_fd = open(scratch_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory_fd, 0);
	ck_assert_int_eq(outfile_init(&out, directory_fd), 0);
	strcpy(out.name, "0.0-pack");
	ck_assert_int_eq(outfile_create(&out), 0);
	expected_size = 0;
	next_byte = 0;
}

static void close_file(void)
{
	outfile_release(&out);
	close(directory_fd);
	scratch_end();
}

/** Put @size bytes, each different from the one before it. */
static void put(size_t size)
{
	while (size > 0) {
		size_t room_size;
		uint8_t *room = outfile_room(&out, 1, &room_size);

		ck_assert_ptr_nonnull(room);
		ck_assert_uint_gt(room_size, 0);
		size_t count = room_size < size ? room_size : size;
		ck_assert_uint_le(expected_size + count, EXPECTED_MAX);
		for (size_t i = 0; i < count; i++) {
			next_byte = (uint8_t)(next_byte + 1 + (expected_size >> 8));
			room[i] = expected[expected_size++] = next_byte;
		}
		outfile_commit(&out, count);
		size -= count;
		ck_assert_uint_eq(outfile_position(&out), expected_size);
	}
}

static void rewind_to(size_t position)
{
	ck_assert_uint_le(position, expected_size);
	outfile_rewind(&out, position);
	expected_size = position;
	ck_assert_uint_eq(outfile_position(&out), position);
}

/** Finish the file, and compare every byte of it. */
static void finish(void)
{
	struct stat status;
	uint64_t inode;
	static uint8_t found[EXPECTED_MAX];

	ck_assert_int_eq(outfile_finish(&out, &inode), 0);
	ck_assert_int_eq(outfile_try_map(&out), 0);
	ck_assert_int_eq(fstatat(directory_fd, out.name, &status, 0), 0);
	ck_assert_uint_eq(status.st_ino, inode);
	ck_assert_uint_eq((uint64_t)status.st_size, expected_size);
	ck_assert_int_eq(pread(out.fd, found, sizeof(found), 0), (ssize_t)expected_size);
	ck_assert_mem_eq(found, expected, expected_size);
	ck_assert_int_eq(outfile_close(&out), 0);
}

START_TEST(a_file_of_many_buffers_holds_what_was_put)
{
	put(3 * OUTFILE_BUFFER_SIZE + 5);
	finish();
}
END_TEST

START_TEST(a_file_taken_back_within_the_buffer_goes_on_from_there)
{
	put(100);
	rewind_to(64);
	put(7);
	finish();
}
END_TEST

START_TEST(a_file_taken_back_within_the_buffer_behind_what_was_written_keeps_what_was_written)
{
	put(OUTFILE_BUFFER_SIZE + 1000);
	ck_assert_uint_gt(out.flushed, 0);
	ck_assert_uint_gt(out.fill, 100);
	rewind_to((size_t)out.flushed + 64);
	put(7);
	finish();
}
END_TEST

START_TEST(a_file_taken_back_to_where_what_was_written_ends_keeps_all_of_that)
{
	put(OUTFILE_BUFFER_SIZE + 1000);
	rewind_to((size_t)out.flushed);
	put(7);
	finish();
}
END_TEST

START_TEST(a_file_taken_back_before_what_was_written_is_written_over)
{
	put(2 * OUTFILE_BUFFER_SIZE + 1000);
	rewind_to(OUTFILE_BUFFER_SIZE + 64);
	put(2 * OUTFILE_BUFFER_SIZE);
	finish();
}
END_TEST

START_TEST(a_file_taken_back_before_what_was_written_is_cut_there)
{
	put(2 * OUTFILE_BUFFER_SIZE + 1000);
	rewind_to(128);
	finish();
}
END_TEST

START_TEST(a_file_taken_back_to_its_start_is_empty)
{
	put(OUTFILE_BUFFER_SIZE + 1);
	rewind_to(0);
	finish();
}
END_TEST

START_TEST(what_was_put_can_be_read_wherever_it_is)
{
	uint8_t bytes[4096];

	put(OUTFILE_BUFFER_SIZE + 6000);
	rewind_to(expected_size - 10);
	put(100);
	for (size_t position = 0; position + sizeof(bytes) <= expected_size;
		position += sizeof(bytes) / 4) {
		ck_assert_int_eq(outfile_read(&out, position, bytes, sizeof(bytes)), 0);
		ck_assert_mem_eq(bytes, expected + position, sizeof(bytes));
	}
	finish();
}
END_TEST

START_TEST(aligning_puts_zeros_up_to_a_multiple_of_64)
{
	put(OUTFILE_BUFFER_SIZE - 3);
	ck_assert_int_eq(outfile_align(&out), 0);
	while (expected_size % OUTFILE_ALIGNMENT != 0)
		expected[expected_size++] = 0;
	ck_assert_uint_eq(outfile_position(&out), OUTFILE_BUFFER_SIZE);
	ck_assert_int_eq(outfile_align(&out), 0);
	ck_assert_uint_eq(outfile_position(&out), OUTFILE_BUFFER_SIZE);
	put(1);
	finish();
}
END_TEST

START_TEST(any_row_of_writes_and_of_steps_back_leaves_what_was_not_taken_back)
{
	srand(1);
	for (int i = 0; i < 40; i++) {
		size_t most = i % 3 == 0 ? 1000 : OUTFILE_BUFFER_SIZE;

		put((size_t)rand() % most);
		if (i % 4 == 3)
			rewind_to(expected_size - (size_t)rand() % (expected_size / 2));
		else if (i % 4 == 1)
			rewind_to(expected_size - (size_t)rand() % (expected_size < 900 ? 1 : 900));
		if (expected_size > EXPECTED_MAX / 2)
			rewind_to(OUTFILE_BUFFER_SIZE / 2);
	}
	finish();
}
END_TEST

START_TEST(what_was_put_last_stands_in_front_of_the_room)
{
	out.history = DECODE_HISTORY_MAX;
	while (expected_size < 3 * OUTFILE_BUFFER_SIZE) {
		size_t room_size;
		const uint8_t *room = outfile_room(&out, 1, &room_size);
		size_t history = expected_size < out.history ? expected_size : out.history;

		ck_assert_ptr_nonnull(room);
		ck_assert(memcmp(room - history, expected + expected_size - history, history) == 0);
		put(room_size < 50001 ? room_size : 50001);
	}
	finish();
}
END_TEST

START_TEST(bytes_in_the_slack_behind_the_room_are_not_lost)
{
	put(OUTFILE_BUFFER_SIZE - 1);
	size_t room_size;
	uint8_t *room = outfile_room(&out, 1, &room_size);

	ck_assert_uint_eq(room_size, 1);
	memset(room, 0x5a, 1 + DECODE_SLACK);
	memset(expected + expected_size, 0x5a, 1 + DECODE_SLACK);
	expected_size += 1 + DECODE_SLACK;
	outfile_commit(&out, 1 + DECODE_SLACK);
	put(1000);
	finish();
}
END_TEST

/** Whether the finished file of @size_bytes is mapped: its descriptor can only be written to. */
static bool is_mapped(size_t size_bytes)
{
	uint64_t inode;

	outfile_discard(&out);
	ck_assert_int_eq(outfile_create(&out), 0);
	expected_size = 0;
	put(size_bytes);
	ck_assert_int_eq(outfile_finish(&out, &inode), 0);
	int fd = openat(directory_fd, out.name, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(dup2(fd, out.fd), 0);
	close(fd);
	int result = outfile_try_map(&out);
	ck_assert(result == 0 || errno == EACCES);
	return result < 0;
}

START_TEST(the_first_file_and_large_ones_are_mapped_and_small_ones_are_not)
{
	ck_assert(is_mapped(1));
	ck_assert(is_mapped(1)); /* that one could not be */
	ck_assert(!is_mapped(0));
	outfile_discard(&out);
	ck_assert_int_eq(outfile_create(&out), 0);
	expected_size = 0;
	put(1);
	finish();
	ck_assert_int_eq(unlinkat(directory_fd, out.name, 0), 0);
	ck_assert(!is_mapped(1));
	ck_assert(!is_mapped(MAPPED_FILE_MIN - 1));
	ck_assert(is_mapped(MAPPED_FILE_MIN));
}
END_TEST

START_TEST(a_write_that_fails_loses_what_follows_and_keeps_the_rest)
{
	const struct rlimit limit = {100000, RLIM_INFINITY};
	size_t room_size;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	put(OUTFILE_BUFFER_SIZE);
	ck_assert_ptr_null(outfile_room(&out, 1, &room_size));
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_int_eq(out.error, EFBIG);
	expected_size = (size_t)limit.rlim_cur;
	ck_assert_uint_eq(outfile_position(&out), expected_size);
	finish();
}
END_TEST

/** What is there of the file that was made in memory last. */
static int make_sealed(size_t size)
{
	uint64_t inode;

	outfile_set_memory(&out);
	ck_assert_int_eq(outfile_create(&out), 0);
	expected_size = 0;
	put(size);
	ck_assert_int_eq(outfile_reserve(&out, UINT64_MAX), 0); /* there is no room that ends */
	ck_assert_int_eq(outfile_finish(&out, &inode), 0);
	ck_assert_int_eq(outfile_try_map(&out), 0);
	ck_assert_int_eq(outfile_close(&out), 0);
	int fd = outfile_take_sealed(&out);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(outfile_take_sealed(&out), -1);
	return fd;
}

START_TEST(a_file_in_memory_is_in_no_directory_and_can_be_changed_by_nobody)
{
	static uint8_t found[EXPECTED_MAX];
	struct stat status;

	outfile_discard(&out);
	int fd = make_sealed(2 * OUTFILE_BUFFER_SIZE + 5);
	ck_assert_int_eq(pread(fd, found, sizeof(found), 0), (ssize_t)expected_size);
	ck_assert_mem_eq(found, expected, expected_size);
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_uint_eq(status.st_nlink, 0);
	ck_assert_int_lt(fstatat(directory_fd, out.name, &status, 0), 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(ftruncate(fd, 1), -1);
	ck_assert_int_eq(ftruncate(fd, 1 << 30), -1);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	ck_assert_ptr_eq(mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	close(fd);
}
END_TEST

START_TEST(a_file_in_memory_that_is_not_taken_or_not_whole_is_gone)
{
	outfile_discard(&out);
	size_t before = open_descriptors();
	close(make_sealed(10));
	ck_assert_int_eq(outfile_create(&out), 0);
	outfile_discard(&out);
	ck_assert_uint_eq(open_descriptors(), before);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(outfile_create(&out), 0);
		ck_assert_int_eq(outfile_close(&out), 0);
		ck_assert_uint_eq(open_descriptors(), before + 1);
	}
	outfile_release(&out);
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert_int_eq(outfile_init(&out, directory_fd), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("outfile");
	TCase *tests = tcase_create("outfile");

	tcase_add_checked_fixture(tests, open_file, close_file);
	tcase_add_test(tests, a_file_of_many_buffers_holds_what_was_put);
	tcase_add_test(tests, a_file_taken_back_within_the_buffer_goes_on_from_there);
	tcase_add_test(tests,
		a_file_taken_back_within_the_buffer_behind_what_was_written_keeps_what_was_written);
	tcase_add_test(tests, a_file_taken_back_to_where_what_was_written_ends_keeps_all_of_that);
	tcase_add_test(tests, a_file_taken_back_before_what_was_written_is_written_over);
	tcase_add_test(tests, a_file_taken_back_before_what_was_written_is_cut_there);
	tcase_add_test(tests, a_file_taken_back_to_its_start_is_empty);
	tcase_add_test(tests, what_was_put_can_be_read_wherever_it_is);
	tcase_add_test(tests, aligning_puts_zeros_up_to_a_multiple_of_64);
	tcase_add_test(tests, any_row_of_writes_and_of_steps_back_leaves_what_was_not_taken_back);
	tcase_add_test(tests, what_was_put_last_stands_in_front_of_the_room);
	tcase_add_test(tests, bytes_in_the_slack_behind_the_room_are_not_lost);
	tcase_add_test(tests, the_first_file_and_large_ones_are_mapped_and_small_ones_are_not);
	tcase_add_test(tests, a_write_that_fails_loses_what_follows_and_keeps_the_rest);
	tcase_add_test(tests, a_file_in_memory_is_in_no_directory_and_can_be_changed_by_nobody);
	tcase_add_test(tests, a_file_in_memory_that_is_not_taken_or_not_whole_is_gone);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
