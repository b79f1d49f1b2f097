// SPDX-License-Identifier: MIT

#include "worker/container/endrecord.h"

#include "support.h"
#include "zips.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define END_SIZE 22

/* What is found in these bytes, in a block of just their size. */
static struct end_record find(const void *data, size_t size)
{
	struct source *source = source_new(file_of(data, size), 0);
	struct end_record record;

	memset(&record, 0xff, sizeof(record));
	ck_assert_ptr_nonnull(source);
	ck_assert_int_eq(end_record_find(source, &record), 0);
	source_free(source);
	return record;
}

/* An archive of two members behind @before bytes, of which its offsets count none or all. */
static struct zips make_zip(size_t before, bool counted, const struct zips_ending *ending)
{
	struct bytes content = make_content(CONTENT_RANDOM, before + 1000, 1);
	struct zips zips = {.uncounted = counted ? 0 : before};
	struct zips_member first = zips_stored("a", content.data, 1000);
	struct zips_member second = zips_stored("b", content.data, 10);

	bytes_put(&zips.file, content.data, before);
	zips_add(&zips, &first);
	zips_add(&zips, &second);
	zips_end(&zips, ending);
	bytes_free(&content);
	return zips;
}

static void check_zip(
	size_t before, bool counted, const struct zips_ending *ending, uint64_t expected_base)
{
	struct zips zips = make_zip(before, counted, ending);
	struct end_record record = find(zips.file.data, zips.file.size);

	ck_assert(record.found);
	ck_assert_uint_eq(record.base, expected_base);
	zips_free(&zips);
}

START_TEST(an_archive_from_the_first_byte_has_base_0)
{
	struct bytes comment = make_content(CONTENT_TEXT, 65535, 2);

	check_zip(0, true, &(struct zips_ending){0}, 0);
	check_zip(0, true, &(struct zips_ending){.zip64 = true}, 0);
	check_zip(0, true, &(struct zips_ending){comment.data, 1, 0, false}, 0);
	check_zip(0, true, &(struct zips_ending){comment.data, 65535, 0, false}, 0);
	check_zip(0, true, &(struct zips_ending){comment.data, 65535, 0, true}, 0);
	bytes_free(&comment);
}
END_TEST

START_TEST(data_before_that_the_offsets_count_leave_the_base_0)
{
	check_zip(1, true, &(struct zips_ending){0}, 0);
	check_zip(100000, true, &(struct zips_ending){0}, 0);
	check_zip(100000, true, &(struct zips_ending){.zip64 = true}, 0);
}
END_TEST

START_TEST(data_before_that_the_offsets_do_not_count_are_the_base)
{
	struct bytes comment = make_content(CONTENT_TEXT, 65535, 2);
	static const size_t sizes[] = {1, 22, 4095, 100000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int zip64 = 0; zip64 < 2; zip64++) {
			struct zips_ending ending = {.zip64 = zip64 != 0};
			check_zip(sizes[i], false, &ending, sizes[i]);
			ending.comment = comment.data;
			ending.comment_size = 65535;
			check_zip(sizes[i], false, &ending, sizes[i]);
		}
	}
	bytes_free(&comment);
}
END_TEST

START_TEST(a_comment_of_any_length_hides_no_zip64_record)
{
	struct bytes comment = make_content(CONTENT_TEXT, 300, 5);

	for (uint16_t size = 0; size <= comment.size; size++) {
		struct zips_ending ending = {
			.zip64 = true, .comment = comment.data, .comment_size = size};
		check_zip(5000, false, &ending, 5000);
	}
	bytes_free(&comment);
}
END_TEST

START_TEST(of_several_archives_the_last_counts)
{
	for (int empty = 0; empty < 2; empty++) {
		struct zips first = make_zip(0, true, &(struct zips_ending){0});
		struct zips last = {0};
		if (!empty)
			last = make_zip(0, true, &(struct zips_ending){0});
		else
			zips_end(&last, &(struct zips_ending){0});
		size_t size = first.file.size;
		bytes_put(&first.file, last.file.data, last.file.size);
		struct end_record record = find(first.file.data, first.file.size);
		ck_assert(record.found);
		ck_assert_uint_eq(record.base, size);
		zips_free(&first);
		zips_free(&last);
	}
}
END_TEST

START_TEST(an_archive_without_members_has_a_record)
{
	for (size_t before = 0; before <= 500; before += 500) {
		struct zips zips = {.uncounted = before};
		struct bytes junk = make_content(CONTENT_TEXT, before, 3);
		bytes_put(&zips.file, junk.data, junk.size);
		zips_end(&zips, &(struct zips_ending){0});
		struct end_record record = find(zips.file.data, zips.file.size);
		ck_assert(record.found);
		ck_assert_uint_eq(record.base, before);
		bytes_free(&junk);
		zips_free(&zips);
	}
}
END_TEST

START_TEST(files_that_are_no_archives_have_no_record)
{
	struct bytes content = make_content(CONTENT_TEXT, 200000, 4);

	for (size_t size = 0; size < 100; size++) {
		struct end_record record = find(content.data, size);
		ck_assert(!record.found && !record.starts_as_zip && record.base == 0);
	}
	struct end_record record = find(content.data, content.size);
	ck_assert(!record.found && !record.starts_as_zip && record.base == 0);
	bytes_free(&content);
}
END_TEST

START_TEST(an_archive_that_was_cut_off_shows_by_its_beginning)
{
	struct zips zips = make_zip(0, true, &(struct zips_ending){0});

	for (size_t size = 0; size < zips.file.size; size++) {
		struct end_record record = find(zips.file.data, size);
		ck_assert(!record.found);
		ck_assert_int_eq(record.starts_as_zip, size >= 4);
		ck_assert_uint_eq(record.base, 0);
	}
	zips_free(&zips);
}
END_TEST

START_TEST(a_record_is_found_behind_no_more_than_the_longest_comment)
{
	struct bytes file = {0};
	struct bytes rest = make_content(CONTENT_TEXT, 65535 + 200, 5);

	bytes_put(&file, "PK\5\6", 4);
	bytes_put(&file, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", END_SIZE - 4);
	ck_assert(find(file.data, END_SIZE).found);
	ck_assert(!find(file.data, END_SIZE - 1).found);
	bytes_put(&file, rest.data, rest.size);
	ck_assert(find(file.data, END_SIZE + 65535).found);
	ck_assert(!find(file.data, file.size).found);
	bytes_free(&rest);
	bytes_free(&file);
}
END_TEST

START_TEST(a_record_in_the_comment_does_not_displace_an_archive)
{
	static const uint8_t comment[] =
		"PK\5\6, and then PK\5\6\0\0\0\0\1\0\1\0\1\0\0\0\0\0\0\0\0\0";

	for (uint16_t size = 4; size < sizeof(comment); size++) {
		struct zips_ending ending = {.comment = comment, .comment_size = size};
		check_zip(0, true, &ending, 0);
		check_zip(5000, true, &ending, 0);
	}
}
END_TEST

START_TEST(numbers_that_lead_nowhere_leave_the_base_0)
{
	static const uint64_t numbers[] = {0, 1, 21, 22, 23, 1000, 0x7fffffff, 0x80000000,
		0xfffffffe, 0xffffffff, UINT64_C(0x100000000), INT64_MAX,
		UINT64_C(0x8000000000000000), UINT64_MAX - 4000, UINT64_MAX - 1, UINT64_MAX};
	const size_t count = sizeof(numbers) / sizeof(numbers[0]);

	for (int zip64 = 0; zip64 < 2; zip64++) {
		struct zips zips =
			make_zip(3000, false, &(struct zips_ending){.zip64 = zip64 != 0});
		size_t size = zips.file.size;
		size_t width = zip64 ? 8 : 4;
		/* The directory's size; its offset follows. */
		size_t at = zip64 ? size - END_SIZE - 20 - 56 + 40 : size - END_SIZE + 12;
		for (size_t i = 0; i < count; i++) {
			for (size_t j = 0; j < count; j++) {
				bytes_set_number(&zips.file, at, numbers[i], width);
				bytes_set_number(&zips.file, at + width, numbers[j], width);
				struct end_record record = find(zips.file.data, size);
				ck_assert(record.found);
				ck_assert_uint_eq(record.base, 0);
			}
		}
		/* An offset that is too large for the place where the directory is. */
		uint64_t directory_size = zips.directory.size;
		bytes_set_number(&zips.file, at, directory_size, width);
		bytes_set_number(&zips.file, at + width, size, width);
		ck_assert_uint_eq(find(zips.file.data, size).base, 0);
		/* A size that is too small: the directory does not start there. */
		bytes_set_number(&zips.file, at, directory_size - 1, width);
		bytes_set_number(&zips.file, at + width, 0, width);
		ck_assert_uint_eq(find(zips.file.data, size).base, 0);
		zips_free(&zips);
	}
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_an_error)
{
	struct zips zips = make_zip(0, true, &(struct zips_ending){0});
	struct end_record record;

	scratch_begin();
	const char *path = scratch_file("a.zip", zips.file.data, zips.file.size);
	struct source *source = source_new(open(path, O_WRONLY | O_CLOEXEC), 0);
	ck_assert_ptr_nonnull(source);
	errno = 0;
	ck_assert_int_eq(end_record_find(source, &record), -1);
	ck_assert_int_eq(errno, EBADF);
	source_free(source);
	scratch_end();
	zips_free(&zips);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("endrecord");
	TCase *tests = tcase_create("endrecord");

	tcase_add_test(tests, an_archive_from_the_first_byte_has_base_0);
	tcase_add_test(tests, data_before_that_the_offsets_count_leave_the_base_0);
	tcase_add_test(tests, data_before_that_the_offsets_do_not_count_are_the_base);
	tcase_add_test(tests, a_comment_of_any_length_hides_no_zip64_record);
	tcase_add_test(tests, of_several_archives_the_last_counts);
	tcase_add_test(tests, an_archive_without_members_has_a_record);
	tcase_add_test(tests, files_that_are_no_archives_have_no_record);
	tcase_add_test(tests, an_archive_that_was_cut_off_shows_by_its_beginning);
	tcase_add_test(tests, a_record_is_found_behind_no_more_than_the_longest_comment);
	tcase_add_test(tests, a_record_in_the_comment_does_not_displace_an_archive);
	tcase_add_test(tests, numbers_that_lead_nowhere_leave_the_base_0);
	tcase_add_test(tests, a_file_that_cannot_be_read_is_an_error);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
