// SPDX-License-Identifier: MIT

#include "worker/container/source.h"

#include "support.h"
#include "worker/decode/buffer.h"
#include "zips.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGE ((size_t)500000)

static struct source source;
static struct bytes content;

/* Open a file with the first @size bytes of the content. Another descriptor of it. */
static int begin(size_t size)
{
	content = make_content(CONTENT_RANDOM, LARGE, 1);
	int fd = file_of(content.data, size);
	int other = dup(fd);

	ck_assert_int_ge(other, 0);
	ck_assert_int_eq(source_init(&source), 0);
	source_open(&source, fd, size);
	return other;
}

static void end(int other)
{
	close(other);
	source_release(&source);
	bytes_free(&content);
}

static void check_read(uint64_t at, size_t size, size_t expected)
{
	uint8_t *bytes = malloc(size + 1);

	ck_assert_ptr_nonnull(bytes);
	ssize_t got = source_read(&source, bytes, size, at);
	if (got != (ssize_t)expected || memcmp(bytes, content.data + at, expected) != 0)
		ck_abort_msg("%zu bytes at %d: %zd", size, (int)at, got);
	free(bytes);
}

static void check_view(struct window *window, uint64_t at, size_t least, size_t ahead)
{
	size_t got = 0;
	const uint8_t *bytes = source_view(&source, window, at, least, ahead, &got);
	size_t left = at < source.size_bytes ? (size_t)(source.size_bytes - at) : 0;

	ck_assert_ptr_nonnull(bytes);
	if (got < (least < left ? least : left) || got > left ||
		memcmp(bytes, content.data + at, got) != 0)
		ck_abort_msg("%zu bytes at %d: %zu", least, (int)at, got);
}

START_TEST(any_place_can_be_read_in_any_order)
{
	uint32_t state = 7;
	int other = begin(LARGE);
	struct window window;

	ck_assert_int_eq(window_init(&window, 256 * 1024), 0);
	for (int i = 0; i < 3000; i++) {
		uint64_t at = next_random(&state) % LARGE;
		size_t size = next_random(&state) % (i % 3 == 0 ? 200000 : 300);
		size_t left = LARGE - (size_t)at;
		switch (next_random(&state) % 3) {
		case 0:
			check_read(at, size, size < left ? size : left);
			break;
		case 1:
			check_view(&window, at, size, next_random(&state) % 300000);
			break;
		default:
			check_view(&source.window, at, size % 60000, SOURCE_WINDOW_SIZE);
			break;
		}
	}
	window_release(&window);
	end(other);
}
END_TEST

START_TEST(what_the_own_window_holds_is_not_read_again)
{
	int other = begin(60000);
	struct window window;
	size_t got;

	ck_assert_int_eq(window_init(&window, 64 * 1024), 0);
	ck_assert_ptr_nonnull(source_view(&source, &source.window, 0, 1, SOURCE_WINDOW_SIZE, &got));
	ck_assert_uint_eq(got, 60000);
	/* What is in the file now would be seen by a read. */
	ck_assert_int_eq(pwrite(other, "overwritten", 11, 30000), 11);
	check_read(29000, 5000, 5000);
	check_view(&window, 29000, 5000, 5000);
	ck_assert_uint_eq(window.size, 0);
	window_release(&window);
	end(other);
}
END_TEST

START_TEST(the_largest_view_that_is_allowed_is_whole_at_any_place)
{
	int other = begin(LARGE);
	size_t most = source.window.capacity - BUFFER_ALIGNMENT;

	for (uint64_t at = 0; at < LARGE - most; at += 1021)
		check_view(&source.window, at, most, 0);
	end(other);
}
END_TEST

START_TEST(the_offset_of_the_descriptor_stays)
{
	int other = begin(LARGE);

	ck_assert_int_eq(lseek(other, 77, SEEK_SET), 77);
	check_read(1000, 300000, 300000);
	check_view(&source.window, 400000, 100, 1000);
	ck_assert_int_eq(lseek(other, 0, SEEK_CUR), 77);
	end(other);
}
END_TEST

START_TEST(a_read_is_short_at_the_end_and_nothing_behind_it)
{
	int other = begin(LARGE);

	check_read(LARGE - 10, 20, 10);
	check_read(LARGE - 100000, 200000, 100000);
	check_read(LARGE, 1, 0);
	ck_assert_int_eq(source_read(&source, NULL, 5, LARGE + 1), 0);
	ck_assert_int_eq(source_read(&source, NULL, 5, UINT64_MAX), 0);
	check_view(&source.window, LARGE - 10, 20, 100);
	check_view(&source.window, LARGE, 20, 100);
	end(other);
}
END_TEST

START_TEST(a_file_that_has_shrunk_gives_what_is_left)
{
	int other = begin(LARGE);
	size_t got;

	ck_assert_int_eq(ftruncate(other, 100000), 0);
	check_read(90000, 20000, 10000);
	check_read(300000, 100, 0);
	ck_assert_ptr_nonnull(source_view(&source, &source.window, 99990, 100, 1000, &got));
	ck_assert_uint_eq(got, 10);
	ck_assert_ptr_nonnull(source_view(&source, &source.window, 200000, 100, 1000, &got));
	ck_assert_uint_eq(got, 0);
	end(other);
}
END_TEST

START_TEST(an_error_of_reading_is_told)
{
	uint8_t bytes[10];
	size_t got;

	scratch_begin();
	const char *path = scratch_file("a", "0123456789", 10);
	ck_assert_int_eq(source_init(&source), 0);
	source_open(&source, open(path, O_WRONLY | O_CLOEXEC), 10);
	errno = 0;
	ck_assert_int_eq(source_read(&source, bytes, 10, 0), -1);
	ck_assert_int_eq(errno, EBADF);
	errno = 0;
	ck_assert_ptr_null(source_view(&source, &source.window, 0, 5, 5, &got));
	ck_assert_int_eq(errno, EBADF);
	source_release(&source);
	scratch_end();
}
END_TEST

START_TEST(one_file_follows_another_and_each_descriptor_is_taken_over)
{
	size_t before = open_descriptors();
	uint8_t byte;

	ck_assert_int_eq(source_init(&source), 0);
	for (int i = 0; i < 3; i++) {
		size_t got;
		uint8_t letter = (uint8_t)('a' + i);
		source_open(&source, file_of(&letter, 1), 1);
		ck_assert_int_eq(source_read(&source, &byte, 1, 0), 1);
		ck_assert_int_eq(byte, letter);
		const uint8_t *view = source_view(&source, &source.window, 0, 1, 1, &got);
		ck_assert(view && *view == letter);
		source_close(&source);
		source_close(&source);
	}
	source_release(&source);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source");
	TCase *tests = tcase_create("source");

	tcase_add_test(tests, any_place_can_be_read_in_any_order);
	tcase_add_test(tests, what_the_own_window_holds_is_not_read_again);
	tcase_add_test(tests, the_largest_view_that_is_allowed_is_whole_at_any_place);
	tcase_add_test(tests, the_offset_of_the_descriptor_stays);
	tcase_add_test(tests, a_read_is_short_at_the_end_and_nothing_behind_it);
	tcase_add_test(tests, a_file_that_has_shrunk_gives_what_is_left);
	tcase_add_test(tests, an_error_of_reading_is_told);
	tcase_add_test(tests, one_file_follows_another_and_each_descriptor_is_taken_over);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
