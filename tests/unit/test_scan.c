// SPDX-License-Identifier: MIT

#include "worker/container/scan.h"

#include "archives.h"
#include "worker/container/overlap.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define END_SIZE 22

static struct cursor cursor;

static void setup(void)
{
	ck_assert_int_eq(cursor_init(&cursor), 0);
}

static void teardown(void)
{
	cursor_release(&cursor);
}

/* Scan the file. FAILURE_NONE with *@scan, or why it is refused. */
static enum failure_kind scan_file(
	const struct bytes *file, uint64_t members_max, struct scan *scan, struct failure *failure)
{
	struct archive *archive = archive_new();

	*failure = (struct failure){0};
	ck_assert_ptr_nonnull(archive);
	if (archive_open(archive, file_of(file->data, file->size), file->size, failure) == 0 &&
		archive_scan(archive, &cursor, members_max, scan, failure) == 0)
		ck_assert_int_eq(failure->kind, FAILURE_NONE);
	archive_free(archive);
	return failure->kind;
}

static void check_scan(const struct bytes *file, enum failure_kind expected, uint64_t entries)
{
	struct failure failure;
	struct scan scan;

	ck_assert_int_eq(scan_file(file, 0, &scan, &failure), expected);
	if (expected == FAILURE_NONE)
		ck_assert_uint_eq(scan.entries, entries);
}

static void put_members(struct zips *zips, size_t count)
{
	char name[32];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "m%zu", i);
		struct zips_member member = zips_stored(name, name, strlen(name));
		zips_add(zips, &member);
	}
}

/* An archive of @count small members, ended plainly. */
static struct zips make_members(size_t count)
{
	struct zips zips = {0};

	put_members(&zips, count);
	zips_end(&zips, &(struct zips_ending){0});
	return zips;
}

/* State another number of entries. */
static void state_entries(struct zips *zips, uint64_t entries)
{
	bytes_set_number(&zips->file, zips->file.size - END_SIZE + 8, entries, 2);
	bytes_set_number(&zips->file, zips->file.size - END_SIZE + 10, entries, 2);
}

START_TEST(entries_are_counted)
{
	static const size_t counts[] = {0, 1, 2, 3000};

	for (size_t i = 0; i < 4; i++) {
		struct zips zips = make_members(counts[i]);
		check_scan(&zips.file, FAILURE_NONE, counts[i]);
		zips_free(&zips);
	}
}
END_TEST

START_TEST(what_the_chain_has_beats_a_number_that_writers_get_wrong)
{
	struct zips zips = make_members(3);
	struct zips many = {0};

	state_entries(&zips, 0);
	check_scan(&zips.file, FAILURE_NONE, 3);
	state_entries(&zips, 65535);
	check_scan(&zips.file, FAILURE_NONE, 3);
	put_members(&many, 65539);
	zips_end(&many, &(struct zips_ending){0}); /* 3, in 16 bits */
	check_scan(&many.file, FAILURE_NONE, 65539);
	zips_free(&many);
	zips_free(&zips);
}
END_TEST

START_TEST(any_other_number_is_refused)
{
	static const uint64_t numbers[] = {1, 2, 4, 5, 100, 65534};
	struct zips zips = make_members(3);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		state_entries(&zips, numbers[i]);
		check_scan(&zips.file, FAILURE_BAD_DIRECTORY, 0);
	}
	zips_free(&zips);
}
END_TEST

START_TEST(a_chain_that_breaks_is_refused_wherever_it_does)
{
	struct zips zips = make_members(2000);
	size_t directory = zips.file.size - END_SIZE - zips.directory.size;
	size_t at = directory;

	for (size_t i = 0; i < 2000; i++) {
		if (i % 97 == 0 || i == 1999) {
			zips.file.data[at + 1] = 'X';
			check_scan(&zips.file, FAILURE_BAD_DIRECTORY, 0);
			zips.file.data[at + 1] = 'K';
		}
		at += entry_size(zips.file.data + at);
	}
	/* The last entry reaches past the end. */
	bytes_set_number(&zips.file, zips.file.size - END_SIZE - 51 + 32, 1, 2);
	check_scan(&zips.file, FAILURE_BAD_DIRECTORY, 0);
	zips_free(&zips);
}
END_TEST

START_TEST(entries_as_long_as_they_can_be_are_read)
{
	enum { COUNT = 20 };
	struct zips zips = {0};
	char *name = malloc(65536);
	uint8_t *rest = calloc(1, 65535);

	ck_assert(name && rest);
	memset(name, 'n', 65535);
	for (int i = 0; i < COUNT; i++) {
		struct zips_member member = zips_stored("", "x", 1);
		member.name = name;
		member.name_size = 65535;
		zips_add(&zips, &member);
		size_t entry = zips.directory.size - 46 - 65535;
		bytes_set_number(&zips.directory, entry + 30, 65535, 2);
		bytes_set_number(&zips.directory, entry + 32, 65535, 2);
		bytes_put(&zips.directory, rest, 65535);
		bytes_put(&zips.directory, rest, 65535);
	}
	zips_end(&zips, &(struct zips_ending){0});
	check_scan(&zips.file, FAILURE_NONE, COUNT);
	zips_free(&zips);
	free(name);
	free(rest);
}
END_TEST

START_TEST(a_digital_signature_ends_the_directory)
{
	struct zips zips = {0};

	put_members(&zips, 3);
	bytes_put(&zips.directory, "PK\5\5\4\0sign", 10);
	zips_end(&zips, &(struct zips_ending){0});
	check_scan(&zips.file, FAILURE_NONE, 3);
	/* One that is longer than what is left. */
	bytes_set_number(&zips.file, zips.file.size - END_SIZE - 6, 5, 2);
	check_scan(&zips.file, FAILURE_BAD_DIRECTORY, 0);
	zips_free(&zips);
}
END_TEST

START_TEST(more_members_than_are_allowed_are_refused)
{
	struct zips zips = make_members(5);
	struct failure failure;
	struct scan scan;

	ck_assert_int_eq(scan_file(&zips.file, 5, &scan, &failure), FAILURE_NONE);
	ck_assert_int_eq(scan_file(&zips.file, 4, &scan, &failure), FAILURE_MEMBERS_LIMIT);
	ck_assert_uint_eq(failure.numbers[0], 5);
	ck_assert_uint_eq(failure.numbers[1], 4);
	/* So they are if fewer are stated. */
	state_entries(&zips, 0);
	ck_assert_int_eq(scan_file(&zips.file, 4, &scan, &failure), FAILURE_MEMBERS_LIMIT);
	zips_free(&zips);
}
END_TEST

START_TEST(what_is_wrong_in_an_entry_does_not_refuse_the_archive)
{
	struct zips zips = make_members(3);
	size_t entry = zips.file.size - END_SIZE - zips.directory.size;

	/* Flags, method, times, CRC-32, sizes, attributes, place. */
	for (size_t at = 4; at < 46; at++) {
		if (at >= 28 && at < 34)
			continue; /* the lengths of name, extra fields and comment */
		uint8_t before = zips.file.data[entry + at];
		zips.file.data[entry + at] = 0xff;
		check_scan(&zips.file, FAILURE_NONE, 3);
		zips.file.data[entry + at] = before;
	}
	zips_free(&zips);
}
END_TEST

/* --- overlap ---------------------------------------------------------------------------------- */

/* An archive of @count entries whose data all begin at the same place, each as @change leaves it.
 */
static struct zips make_shared(size_t count, void (*change)(size_t i, uint8_t *entry))
{
	struct bytes content = make_content(CONTENT_RANDOM, 100000, 1);
	struct zips zips = {0};
	struct zips_member member = zips_stored("a", content.data, content.size);
	size_t size = 47;

	zips_add(&zips, &member);
	for (size_t i = 1; i < count; i++) {
		uint8_t entry[47];
		memcpy(entry, zips.directory.data, size);
		change(i, entry);
		bytes_put(&zips.directory, entry, size);
		zips.entries++;
	}
	zips_end(&zips, &(struct zips_ending){0});
	bytes_free(&content);
	return zips;
}

static void leave(size_t i, uint8_t *entry)
{
	(void)i;
	(void)entry;
}

static void change_crc(size_t i, uint8_t *entry)
{
	entry[16] = (uint8_t)(entry[16] + i);
}

/* The data begin a little later, as in a bomb whose files quote each other's headers. */
static void change_place(size_t i, uint8_t *entry)
{
	entry[42] = (uint8_t)(40 * i);
}

static void change_place_backwards(size_t i, uint8_t *entry)
{
	entry[42] = (uint8_t)(200 - 40 * i);
}

START_TEST(the_same_data_may_be_listed_several_times)
{
	struct zips zips = make_shared(20, leave);

	check_scan(&zips.file, FAILURE_NONE, 20);
	zips_free(&zips);
	zips = make_shared(OVERLAP_READ_MAX + 6, leave);
	check_scan(&zips.file, FAILURE_OVERLAP, 0);
	zips_free(&zips);
}
END_TEST

START_TEST(different_data_that_share_bytes_are_refused_in_any_order)
{
	void (*const changes[])(size_t, uint8_t *) = {
		change_crc, change_place, change_place_backwards};

	for (int i = 0; i < 3; i++) {
		struct zips zips = make_shared(5, changes[i]);
		check_scan(&zips.file, FAILURE_OVERLAP, 0);
		zips_free(&zips);
	}
}
END_TEST

/* Entries in any order that share bytes or not, judged by looking at each pair. */
START_TEST(sorted_or_not_the_verdict_is_the_same)
{
	uint32_t state = 11;

	for (int round = 0; round < 3000; round++) {
		enum { COUNT = 6, ARCHIVE = 2000 };
		struct extent extents[COUNT];
		struct overlap overlap;
		bool shared = false;
		uint64_t sum = 0;
		overlap_init(&overlap, ARCHIVE);
		for (size_t i = 0; i < COUNT; i++) {
			struct member member = {
				.header_offset = next_random(&state) % 10 * 150,
				.compressed_bytes = next_random(&state) % 4 * 150,
				.size_bytes = 5,
				.crc32 = next_random(&state) % 8 == 0,
			};
			if (round % 2 == 0) /* in order */
				member.header_offset = ((size_t)round % 4 + i) * 150;
			ck_assert(overlap_extent(&member, ARCHIVE, &extents[i]));
			overlap_add(&overlap, &member);
			sum += member.compressed_bytes;
		}
		for (size_t i = 0; i < COUNT; i++) {
			for (size_t j = 0; j < COUNT; j++) {
				const struct extent *a = &extents[i];
				const struct extent *b = &extents[j];
				uint64_t end = a->header_offset + 30 + a->compressed_bytes;
				bool same = memcmp(a, b, sizeof(*a)) == 0;
				shared |= !same && a->header_offset <= b->header_offset &&
					  b->header_offset < end;
			}
		}
		enum overlap_verdict verdict = overlap_judge(&overlap);
		if (sum <= ARCHIVE)
			ck_assert_int_eq(verdict, OVERLAP_NONE);
		else if (verdict == OVERLAP_UNSORTED)
			ck_assert_int_eq(overlap_judge_extents(extents, COUNT), shared);
		else
			ck_assert_int_eq(verdict, shared ? OVERLAP_FOUND : OVERLAP_NONE);
	}
}
END_TEST

START_TEST(a_member_that_cannot_be_in_the_archive_is_no_reason_to_refuse_the_others)
{
	struct zips zips = make_members(3);
	size_t entry = zips.file.size - END_SIZE - zips.directory.size;

	bytes_set_number(&zips.file, entry + 20, 0x7fffffff, 4);
	check_scan(&zips.file, FAILURE_NONE, 3);
	bytes_set_number(&zips.file, entry + 20, 2, 4);
	bytes_set_number(&zips.file, entry + 42, 0x7fffffff, 4);
	check_scan(&zips.file, FAILURE_NONE, 3);
	zips_free(&zips);
}
END_TEST

/* --- what stands before ----------------------------------------------------------------------- */

/* Whether something is found before an archive that is put behind @before. */
static bool is_behind_another(const struct bytes *before)
{
	struct zips zips = make_members(2);
	struct bytes file = {0};
	struct failure failure;
	struct scan scan;

	bytes_put(&file, before->data, before->size);
	bytes_put(&file, zips.file.data, zips.file.size);
	ck_assert_int_eq(scan_file(&file, 0, &scan, &failure), FAILURE_NONE);
	ck_assert_uint_eq(scan.entries, 2);
	bytes_free(&file);
	zips_free(&zips);
	return scan.behind_another;
}

START_TEST(another_archive_before_is_told_wherever_it_is)
{
	struct zips other = make_members(1);
	struct bytes junk = make_content(CONTENT_TEXT, 300000, 1);
	static const size_t sizes[] = {0, 1, 512, 60000, 300000};

	for (size_t i = 0; i < 5; i++) {
		for (size_t j = 0; j < 5; j++) {
			struct bytes before = {0};
			bytes_put(&before, junk.data, sizes[i]);
			bytes_put(&before, other.file.data, other.file.size);
			bytes_put(&before, junk.data, sizes[j]);
			/* It is looked for at the beginning and at the end. */
			bool expected = sizes[i] < 65000 || sizes[j] < 65000;
			ck_assert_msg(is_behind_another(&before) == expected, "%zu, %zu", sizes[i],
				sizes[j]);
			bytes_free(&before);
		}
	}
	bytes_free(&junk);
	zips_free(&other);
}
END_TEST

START_TEST(a_member_that_is_not_named_before_the_first_one_is_told)
{
	struct zips other = make_members(1);

	other.file.size -= END_SIZE + other.directory.size; /* its data alone */
	ck_assert(is_behind_another(&other.file));
	zips_free(&other);
}
END_TEST

/* The same of an end record alone, with a number of @size bytes at @offset, behind text. */
static bool is_behind_end(size_t offset, uint64_t number, unsigned size)
{
	struct bytes before = {0};

	bytes_put(&before, "text", 4);
	bytes_put(&before, "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", END_SIZE);
	if (size > 0)
		bytes_set_number(&before, 4 + offset, number, size);
	bool told = is_behind_another(&before);
	bytes_free(&before);
	return told;
}

START_TEST(an_archive_without_members_before_is_told_if_it_is_in_one_piece)
{
	ck_assert(is_behind_end(0, 0, 0));
	/* The numbers of disks, and entries here and in all (APPNOTE 4.3.16). */
	ck_assert(!is_behind_end(4, 1, 2));
	ck_assert(!is_behind_end(6, 1, 2));
	ck_assert(!is_behind_end(8, 1, 2));
	ck_assert(!is_behind_end(10, 1, 2));
	ck_assert(is_behind_end(8, 0x00070007, 4));
	/* Where a directory would be, and a comment, are not looked at. */
	ck_assert(is_behind_end(12, 0xffffffff, 4));
	ck_assert(is_behind_end(20, 1, 2));
}
END_TEST

/* The same of a local header alone, with a number of @size bytes at @offset. */
static bool is_behind_header(size_t offset, uint64_t number, unsigned size)
{
	struct zips other = make_members(1);

	other.file.size = 30;
	if (size > 0)
		bytes_set_number(&other.file, offset, number, size);
	bool told = is_behind_another(&other.file);
	zips_free(&other);
	return told;
}

START_TEST(a_local_header_before_is_told_if_a_program_would_write_it)
{
	ck_assert(is_behind_header(0, 0, 0));
	/* The version needed, the method and the size of the name (APPNOTE 4.3.7). */
	ck_assert(is_behind_header(4, 63, 1));
	ck_assert(!is_behind_header(4, 64, 1));
	ck_assert(is_behind_header(8, 99, 2));
	ck_assert(!is_behind_header(8, 100, 2));
	ck_assert(is_behind_header(26, 1, 2));
	ck_assert(!is_behind_header(26, 0, 2));
	ck_assert(is_behind_header(26, 4096, 2));
	ck_assert(!is_behind_header(26, 4097, 2));
}
END_TEST

START_TEST(other_bytes_before_are_nothing_to_tell)
{
	static const size_t sizes[] = {0, 1, 100, 65536, 65537, 200000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bytes junk = make_content(CONTENT_TEXT, sizes[i], 2);
		bytes_put(&junk, "PK\3\4PK\5\6", 8); /* as in a program that reads archives */
		ck_assert(!is_behind_another(&junk));
		bytes_free(&junk);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scan");
	TCase *tests = tcase_create("scan");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, entries_are_counted);
	tcase_add_test(tests, what_the_chain_has_beats_a_number_that_writers_get_wrong);
	tcase_add_test(tests, any_other_number_is_refused);
	tcase_add_test(tests, a_chain_that_breaks_is_refused_wherever_it_does);
	tcase_add_test(tests, entries_as_long_as_they_can_be_are_read);
	tcase_add_test(tests, a_digital_signature_ends_the_directory);
	tcase_add_test(tests, more_members_than_are_allowed_are_refused);
	tcase_add_test(tests, what_is_wrong_in_an_entry_does_not_refuse_the_archive);
	tcase_add_test(tests, the_same_data_may_be_listed_several_times);
	tcase_add_test(tests, different_data_that_share_bytes_are_refused_in_any_order);
	tcase_add_test(tests, sorted_or_not_the_verdict_is_the_same);
	tcase_add_test(
		tests, a_member_that_cannot_be_in_the_archive_is_no_reason_to_refuse_the_others);
	tcase_add_test(tests, another_archive_before_is_told_wherever_it_is);
	tcase_add_test(tests, a_member_that_is_not_named_before_the_first_one_is_told);
	tcase_add_test(tests, an_archive_without_members_before_is_told_if_it_is_in_one_piece);
	tcase_add_test(tests, a_local_header_before_is_told_if_a_program_would_write_it);
	tcase_add_test(tests, other_bytes_before_are_nothing_to_tell);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
