// SPDX-License-Identifier: MIT

#include "worker/container/endrecord.h"

#include "support.h"
#include "zips.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define END_SIZE       22
#define LOCATOR64_SIZE 20
#define END64_SIZE     56

/* What is found in these bytes: FAILURE_NONE with *@end, or why nothing is. */
static enum failure_kind find(const void *data, size_t size, struct end_record *end)
{
	struct failure failure = {0};
	struct source source;

	memset(end, 0xff, sizeof(*end));
	ck_assert_int_eq(source_init(&source), 0);
	source_open(&source, file_of(data, size), size);
	int found = end_record_find(&source, end, &failure);
	ck_assert_int_eq(found, failure.kind == FAILURE_NONE ? 0 : -1);
	source_release(&source);
	return failure.kind;
}

static void check_refused(const struct bytes *file, enum failure_kind expected)
{
	struct end_record end;

	ck_assert_int_eq(find(file->data, file->size, &end), expected);
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

/* Where the directory of an archive of make_zip() begins. */
static size_t directory_of(const struct zips *zips, const struct zips_ending *ending)
{
	size_t zip64 = ending->zip64 ? LOCATOR64_SIZE + END64_SIZE : 0;

	return zips->file.size - ending->comment_size - END_SIZE - zip64 - zips->directory.size;
}

static void check_zip(
	size_t before, bool counted, const struct zips_ending *ending, uint64_t expected_base)
{
	struct zips zips = make_zip(before, counted, ending);
	struct end_record end;

	ck_assert_int_eq(find(zips.file.data, zips.file.size, &end), FAILURE_NONE);
	ck_assert_uint_eq(end.base, expected_base);
	ck_assert_uint_eq(end.directory_at, directory_of(&zips, ending));
	ck_assert_uint_eq(end.directory_size, zips.directory.size);
	ck_assert_uint_eq(end.entries, 2);
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
		struct end_record end;
		if (!empty)
			last = make_zip(0, true, &(struct zips_ending){0});
		else
			zips_end(&last, &(struct zips_ending){0});
		size_t size = first.file.size;
		bytes_put(&first.file, last.file.data, last.file.size);
		ck_assert_int_eq(find(first.file.data, first.file.size, &end), FAILURE_NONE);
		ck_assert_uint_eq(end.base, size);
		zips_free(&first);
		zips_free(&last);
	}
}
END_TEST

/* Two archives, one behind the other. The second begins at *@second. */
static struct bytes make_two(const struct zips_ending *ending, size_t *second)
{
	struct zips first = make_zip(0, true, ending);
	struct zips last = make_zip(0, true, ending);
	struct bytes file = {0};

	bytes_put(&file, first.file.data, first.file.size);
	*second = file.size;
	bytes_put(&file, last.file.data, last.file.size);
	zips_free(&first);
	zips_free(&last);
	return file;
}

START_TEST(no_damage_to_the_last_archive_brings_back_the_one_before)
{
	static const uint8_t values[] = {0, 1, 0xff};

	for (int zip64 = 0; zip64 < 2; zip64++) {
		size_t second;
		struct bytes file = make_two(&(struct zips_ending){.zip64 = zip64}, &second);
		for (size_t at = second; at < file.size; at++) {
			uint8_t before = file.data[at];
			for (size_t v = 0; v < sizeof(values); v++) {
				struct end_record end;
				file.data[at] = values[v];
				enum failure_kind kind = find(file.data, file.size, &end);
				if (kind == FAILURE_NONE && end.directory_at < second)
					ck_abort_msg("byte %zu is %d", at - second, values[v]);
			}
			file.data[at] = before;
		}
		bytes_free(&file);
	}
}
END_TEST

START_TEST(a_last_archive_that_is_cut_off_does_not_bring_back_the_one_before)
{
	size_t second;
	struct bytes file = make_two(&(struct zips_ending){0}, &second);
	size_t size = file.size;

	for (file.size = second + 4; file.size < size; file.size++)
		check_refused(&file, FAILURE_FOLLOWED);
	bytes_free(&file);
}
END_TEST

START_TEST(an_archive_without_members_has_a_record)
{
	for (size_t before = 0; before <= 500; before += 500) {
		struct zips zips = {.uncounted = before};
		struct bytes junk = make_content(CONTENT_TEXT, before, 3);
		struct end_record end;
		bytes_put(&zips.file, junk.data, junk.size);
		zips_end(&zips, &(struct zips_ending){0});
		ck_assert_int_eq(find(zips.file.data, zips.file.size, &end), FAILURE_NONE);
		ck_assert_uint_eq(end.base, before);
		ck_assert_uint_eq(end.entries, 0);
		ck_assert_uint_eq(end.directory_size, 0);
		bytes_free(&junk);
		zips_free(&zips);
	}
}
END_TEST

START_TEST(files_that_are_no_archives_have_no_record)
{
	struct bytes content = make_content(CONTENT_TEXT, 200000, 4);
	struct end_record end;

	for (size_t size = 0; size < 100; size++)
		ck_assert_int_eq(find(content.data, size, &end), FAILURE_NOT_A_ZIP);
	ck_assert_int_eq(find(content.data, content.size, &end), FAILURE_NOT_A_ZIP);
	bytes_free(&content);
}
END_TEST

START_TEST(an_archive_that_was_cut_off_shows_by_its_beginning)
{
	struct zips zips = make_zip(0, true, &(struct zips_ending){0});
	struct end_record end;

	for (size_t size = 0; size < zips.file.size; size++)
		ck_assert_int_eq(find(zips.file.data, size, &end),
			size >= 4 ? FAILURE_CUT_OFF : FAILURE_NOT_A_ZIP);
	zips_free(&zips);
}
END_TEST

START_TEST(the_longest_comment_and_64_KiB_of_other_bytes_do_not_hide_a_record)
{
	struct bytes rest = make_content(CONTENT_TEXT, 200000, 5);

	for (size_t comment_size = 0; comment_size <= 65535; comment_size += 65535) {
		struct zips_ending ending = {
			.comment = rest.data, .comment_size = (uint16_t)comment_size};
		for (size_t behind = 0; behind <= 65536; behind += 8192) {
			struct zips zips = make_zip(1000, false, &ending);
			struct end_record end;
			bytes_put(&zips.file, rest.data, behind);
			ck_assert_int_eq(find(zips.file.data, zips.file.size, &end), FAILURE_NONE);
			ck_assert_uint_eq(end.base, 1000);
			zips_free(&zips);
		}
		struct zips zips = make_zip(0, true, &ending);
		bytes_put(&zips.file, rest.data, END_RECORD_TAIL - END_SIZE - comment_size + 1);
		check_refused(&zips.file, FAILURE_CUT_OFF);
		zips_free(&zips);
	}
	bytes_free(&rest);
}
END_TEST

START_TEST(a_comment_that_is_cut_does_not_hide_a_record)
{
	struct bytes comment = make_content(CONTENT_TEXT, 300, 5);
	struct zips_ending ending = {.comment = comment.data, .comment_size = 300};
	struct zips zips = make_zip(0, true, &ending);
	struct end_record end;

	for (size_t cut = 0; cut <= 300; cut++)
		ck_assert_int_eq(find(zips.file.data, zips.file.size - cut, &end), FAILURE_NONE);
	zips_free(&zips);
	bytes_free(&comment);
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
		check_zip(5000, false, &ending, 5000);
	}
}
END_TEST

START_TEST(a_damaged_archive_in_a_comment_does_not_bring_back_the_one_around_it)
{
	struct zips inner = make_zip(0, true, &(struct zips_ending){0});
	struct zips_ending ending = {
		.comment = inner.file.data, .comment_size = (uint16_t)inner.file.size};
	struct zips outer = make_zip(0, true, &ending);
	struct end_record end;

	ck_assert_int_eq(find(outer.file.data, outer.file.size, &end), FAILURE_NONE);
	ck_assert_uint_eq(end.base, outer.file.size - inner.file.size);
	/* The size of the directory. */
	bytes_set_number(&outer.file, outer.file.size - END_SIZE + 12, 5, 4);
	check_refused(&outer.file, FAILURE_BAD_DIRECTORY);
	zips_free(&inner);
	zips_free(&outer);
}
END_TEST

START_TEST(numbers_that_lead_nowhere_are_refused)
{
	static const uint64_t numbers[] = {0, 1, 21, 22, 23, 1000, 0x7fffffff, 0x80000000,
		0xfffffffe, 0xffffffff, UINT64_C(0x100000000), INT64_MAX,
		UINT64_C(0x8000000000000000), UINT64_MAX - 4000, UINT64_MAX - 1, UINT64_MAX};
	const size_t count = sizeof(numbers) / sizeof(numbers[0]);

	for (int zip64 = 0; zip64 < 2; zip64++) {
		struct zips zips =
			make_zip(3000, false, &(struct zips_ending){.zip64 = zip64 != 0});
		size_t width = zip64 ? 8 : 4;
		/* The directory's size; its offset follows. */
		size_t at = zips.file.size - END_SIZE + 12;
		if (zip64)
			at = zips.file.size - END_SIZE - LOCATOR64_SIZE - END64_SIZE + 40;
		for (size_t i = 0; i < count; i++) {
			for (size_t j = 0; j < count; j++) {
				bytes_set_number(&zips.file, at, numbers[i], width);
				bytes_set_number(&zips.file, at + width, numbers[j], width);
				check_refused(&zips.file, FAILURE_BAD_DIRECTORY);
			}
		}
		/* An offset that is too large for the place where the directory is. */
		uint64_t directory_size = zips.directory.size;
		bytes_set_number(&zips.file, at, directory_size, width);
		bytes_set_number(&zips.file, at + width, zips.file.size, width);
		check_refused(&zips.file, FAILURE_BAD_DIRECTORY);
		/* A size that is too small: the directory does not start there. */
		bytes_set_number(&zips.file, at, directory_size - 1, width);
		bytes_set_number(&zips.file, at + width, 0, width);
		check_refused(&zips.file, FAILURE_BAD_DIRECTORY);
		zips_free(&zips);
	}
}
END_TEST

START_TEST(a_zip64_record_counts_only_if_a_number_asks_for_it)
{
	struct zips zips = make_zip(0, true, &(struct zips_ending){.zip64 = true});
	size_t at = zips.file.size - END_SIZE;
	size_t directory =
		zips.file.size - END_SIZE - LOCATOR64_SIZE - END64_SIZE - zips.directory.size;
	struct end_record end;

	/* Every number is in the end record itself, and the zip64 record is wrong. */
	bytes_set_number(&zips.file, at + 8, 2, 2);
	bytes_set_number(&zips.file, at + 10, 2, 2);
	bytes_set_number(&zips.file, at + 12, zips.directory.size, 4);
	bytes_set_number(&zips.file, at + 16, directory, 4);
	bytes_set_number(&zips.file, at - LOCATOR64_SIZE - END64_SIZE + 32, 77, 8);
	ck_assert_int_eq(find(zips.file.data, zips.file.size, &end), FAILURE_NONE);
	ck_assert_uint_eq(end.entries, 2);
	ck_assert(!end.zip64);
	/* One is not. */
	bytes_set_number(&zips.file, at + 10, 0xffff, 2);
	ck_assert_int_eq(find(zips.file.data, zips.file.size, &end), FAILURE_NONE);
	ck_assert_uint_eq(end.entries, 77);
	ck_assert(end.zip64);
	/* Without a locator it is what it says. */
	bytes_set_number(&zips.file, at - LOCATOR64_SIZE, 0, 4);
	check_refused(&zips.file, FAILURE_BAD_DIRECTORY);
	zips_free(&zips);
}
END_TEST

START_TEST(numbers_of_the_largest_value_without_a_zip64_record_are_themselves)
{
	struct zips zips = make_zip(0, true, &(struct zips_ending){0});
	struct end_record end;

	bytes_set_number(&zips.file, zips.file.size - END_SIZE + 8, 0xffff, 2);
	bytes_set_number(&zips.file, zips.file.size - END_SIZE + 10, 0xffff, 2);
	ck_assert_int_eq(find(zips.file.data, zips.file.size, &end), FAILURE_NONE);
	ck_assert_uint_eq(end.entries, 0xffff);
	ck_assert(!end.zip64);
	zips_free(&zips);
}
END_TEST

START_TEST(a_zip64_record_with_more_behind_its_numbers_is_found_by_its_locator)
{
	struct zips zips = make_zip(0, true, &(struct zips_ending){.zip64 = true});
	size_t locator = zips.file.size - END_SIZE - LOCATOR64_SIZE;
	struct bytes file = {0};
	struct end_record end;

	bytes_put(&file, zips.file.data, locator);
	bytes_put(&file, "more of it", 10);
	bytes_put(&file, zips.file.data + locator, LOCATOR64_SIZE + END_SIZE);
	bytes_set_number(&file, locator - END64_SIZE + 4, END64_SIZE - 12 + 10, 8);
	ck_assert_int_eq(find(file.data, file.size, &end), FAILURE_NONE);
	ck_assert_uint_eq(end.entries, 2);
	/* The record does not reach to the locator. */
	bytes_set_number(&file, locator - END64_SIZE + 4, END64_SIZE - 12 + 9, 8);
	check_refused(&file, FAILURE_BAD_DIRECTORY);
	bytes_free(&file);
	zips_free(&zips);
}
END_TEST

START_TEST(a_part_of_a_split_archive_is_told)
{
	struct zips zips = make_zip(0, true, &(struct zips_ending){.disk = 1});
	struct zips zip64 = make_zip(0, true, &(struct zips_ending){.zip64 = true});

	check_refused(&zips.file, FAILURE_MULTI_DISK);
	/* Of how many disks there are; 0 is what some write who mean 1. */
	size_t disks = zip64.file.size - END_SIZE - 4;
	struct end_record end;
	for (uint64_t i = 0; i < 3; i++) {
		bytes_set_number(&zip64.file, disks, i, 4);
		ck_assert_int_eq(find(zip64.file.data, zip64.file.size, &end),
			i < 2 ? FAILURE_NONE : FAILURE_MULTI_DISK);
	}
	zips_free(&zips);
	zips_free(&zip64);
}
END_TEST

/* A zip64 record of version 2 (APPNOTE 7.3.4) behind what would be the encrypted directory. */
START_TEST(an_encrypted_directory_is_told)
{
	struct zips zips = make_zip(0, true, &(struct zips_ending){.zip64 = true});
	size_t locator = zips.file.size - END_SIZE - LOCATOR64_SIZE;
	struct bytes file = {0};

	bytes_put(&file, zips.file.data, locator);
	bytes_put_number(&file, 8, 2);      /* compression method */
	bytes_put_number(&file, 99, 8);     /* compressed size */
	bytes_put_number(&file, 99, 8);     /* size */
	bytes_put_number(&file, 0x660e, 2); /* AES-128 */
	bytes_put_number(&file, 128, 2);
	bytes_put_number(&file, 1, 2);
	bytes_put_number(&file, 0, 2); /* no hash */
	bytes_put_number(&file, 0, 2);
	size_t more = file.size - locator;
	bytes_put(&file, zips.file.data + locator, LOCATOR64_SIZE + END_SIZE);
	bytes_set_number(&file, locator - END64_SIZE + 4, END64_SIZE - 12 + more, 8);
	memset(file.data + locator - END64_SIZE - zips.directory.size, 'x', zips.directory.size);
	check_refused(&file, FAILURE_ENCRYPTED_DIRECTORY);
	bytes_free(&file);
	zips_free(&zips);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_an_error)
{
	struct zips zips = make_zip(0, true, &(struct zips_ending){0});
	struct failure failure = {0};
	struct end_record end;
	struct source source;

	scratch_begin();
	const char *path = scratch_file("a.zip", zips.file.data, zips.file.size);
	ck_assert_int_eq(source_init(&source), 0);
	source_open(&source, open(path, O_WRONLY | O_CLOEXEC), zips.file.size);
	ck_assert_int_eq(end_record_find(&source, &end, &failure), -1);
	ck_assert_int_eq(failure.kind, FAILURE_READ);
	ck_assert_uint_eq(failure.numbers[0], EBADF);
	source_release(&source);
	scratch_end();
	zips_free(&zips);
}
END_TEST

START_TEST(a_number_of_entries_may_be_wrong_as_writers_are_known_to_state_it)
{
	static const struct {
		uint64_t stated, there;
		bool zip64, allowed;
	} rows[] = {
		{3, 3, false, true},
		{3, 2, false, false},
		{3, 4, false, false},
		{0, 3, false, true},
		{65535, 3, false, true},
		{65535, 70000, false, true},
		{65534, 3, false, false},
		{3, 65539, false, true},
		{3, 131075, false, true},
		{3, 65540, false, false},
		{65539, 3, false, false},
		{0, 3, true, false},
		{65535, 3, true, false},
		{3, 65539, true, false},
		{70000, 70000, true, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct end_record end = {
			.entries = rows[i].stated, .zip64 = rows[i].zip64, .directory_size = 1};
		ck_assert_msg(
			end_record_allows(&end, rows[i].there) == rows[i].allowed, "row %zu", i);
	}
	struct end_record empty = {.entries = 0};
	ck_assert(end_record_allows(&empty, 0) && !end_record_allows(&empty, 1));
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
	tcase_add_test(tests, no_damage_to_the_last_archive_brings_back_the_one_before);
	tcase_add_test(tests, a_last_archive_that_is_cut_off_does_not_bring_back_the_one_before);
	tcase_add_test(tests, an_archive_without_members_has_a_record);
	tcase_add_test(tests, files_that_are_no_archives_have_no_record);
	tcase_add_test(tests, an_archive_that_was_cut_off_shows_by_its_beginning);
	tcase_add_test(tests, the_longest_comment_and_64_KiB_of_other_bytes_do_not_hide_a_record);
	tcase_add_test(tests, a_comment_that_is_cut_does_not_hide_a_record);
	tcase_add_test(tests, a_record_in_the_comment_does_not_displace_an_archive);
	tcase_add_test(tests, a_damaged_archive_in_a_comment_does_not_bring_back_the_one_around_it);
	tcase_add_test(tests, numbers_that_lead_nowhere_are_refused);
	tcase_add_test(tests, a_zip64_record_counts_only_if_a_number_asks_for_it);
	tcase_add_test(tests, numbers_of_the_largest_value_without_a_zip64_record_are_themselves);
	tcase_add_test(tests, a_zip64_record_with_more_behind_its_numbers_is_found_by_its_locator);
	tcase_add_test(tests, a_part_of_a_split_archive_is_told);
	tcase_add_test(tests, an_encrypted_directory_is_told);
	tcase_add_test(tests, a_file_that_cannot_be_read_is_an_error);
	tcase_add_test(tests, a_number_of_entries_may_be_wrong_as_writers_are_known_to_state_it);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
