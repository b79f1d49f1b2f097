// SPDX-License-Identifier: MIT

#include "worker/container/archive.h"

#include "support.h"
#include "zips.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

/* End the archive plainly unless that was done, open it, and free what it was made of. */
static struct archive *open_zips(struct zips *zips)
{
	if (!zips->ended)
		zips_end(zips, &(struct zips_ending){0});

	struct failure failure = {FAILURE_KINDS, {0, 0}};
	struct archive *archive = archive_open(zips_file(zips), &failure);
	ck_assert_msg(archive != NULL, "failure %d", failure.kind);
	ck_assert_int_eq(failure.kind, FAILURE_NONE);
	zips_free(zips);
	return archive;
}

/* Expect that a file with these bytes does not open, and nothing stays open. */
static void check_refused(const void *data, size_t size, enum failure_kind kind)
{
	struct failure failure = {FAILURE_KINDS, {0, 0}};
	size_t before = open_descriptors();

	ck_assert_ptr_null(archive_open(file_of(data, size), &failure));
	ck_assert_int_eq(failure.kind, kind);
	ck_assert_uint_eq(open_descriptors(), before);
}

/* All bytes of a member, read @piece bytes at a time. */
static struct bytes read_member(struct archive *archive, uint64_t index, bool raw, size_t piece)
{
	struct member_data data;
	struct member member;
	struct failure failure = {0};
	struct bytes all = {0};
	uint8_t *bytes = malloc(piece);
	ssize_t got;

	ck_assert_ptr_nonnull(bytes);
	archive_member(archive, index, &member);
	ck_assert_int_eq(member_data_open(archive, &member, raw, &data, &failure), 0);
	while ((got = member_data_read(&data, bytes, piece, &failure)) > 0) {
		if ((size_t)got > piece)
			ck_abort_msg("more than asked for");
		bytes_put(&all, bytes, (size_t)got);
	}
	ck_assert_int_eq(got, 0);
	ck_assert_int_eq(member_data_read(&data, bytes, piece, &failure), 0);
	member_data_close(&data);
	free(bytes);
	return all;
}

static void check_bytes(struct bytes *got, const void *expected, size_t size)
{
	ck_assert_uint_eq(got->size, size);
	ck_assert(size == 0 || memcmp(got->data, expected, size) == 0);
	bytes_free(got);
}

/* How opening the data of member @index fails. */
static enum failure_kind open_failure(struct archive *archive, uint64_t index, bool raw)
{
	struct member_data data;
	struct member member;
	struct failure failure = {FAILURE_NONE, {0, 0}};

	archive_member(archive, index, &member);
	ck_assert_int_eq(member_data_open(archive, &member, raw, &data, &failure), -1);
	member_data_close(&data);
	return failure.kind;
}

START_TEST(members_are_as_the_directory_states_them)
{
	struct zips zips = {0};
	struct member member;
	struct zips_member lie = {.name = "dir/lie.bin",
		.name_size = 11,
		.method = 93,
		.crc32 = 0xfedcba98,
		.compressed_bytes = 7,
		.size_bytes = 0xfffffff0,
		.data = "1234567",
		.data_size = 7};
	struct zips_member secret = zips_stored("secret", "1234567890123", 13);

	secret.flags = 1; /* encrypted */
	zips_add(&zips, &lie);
	zips_add(&zips, &secret);
	struct archive *archive = open_zips(&zips);
	ck_assert_uint_eq(archive_entries(archive), 2);
	archive_member(archive, 0, &member);
	ck_assert_uint_eq(member.index, 0);
	ck_assert_uint_eq(member.size_bytes, 0xfffffff0);
	ck_assert_uint_eq(member.compressed_bytes, 7);
	ck_assert_uint_eq(member.crc32, 0xfedcba98);
	ck_assert_uint_eq(member.method, 93);
	ck_assert(!member.encrypted);
	ck_assert(!member.directory);
	ck_assert_str_eq(member.name, "dir/lie.bin");
	ck_assert_uint_eq(member.name_size, 11);
	archive_member(archive, 1, &member);
	ck_assert_uint_eq(member.index, 1);
	ck_assert_uint_eq(member.method, METHOD_STORED);
	ck_assert(member.encrypted);
	archive_free(archive);
}
END_TEST

START_TEST(names_are_raw)
{
	static const char *const names[] = {"", "a", "../../etc/passwd", "/abs", "\xe4\xf6\xff\x01",
		"\xc3\xa4", "tab\there\n", "C:\\x", "same", "same"};
	const size_t count = sizeof(names) / sizeof(names[0]);
	struct zips zips = {0};
	char *long_name = malloc(65536);

	ck_assert_ptr_nonnull(long_name);
	memset(long_name, 'n', 65535);
	long_name[65535] = '\0';
	for (size_t i = 0; i < count; i++) {
		struct zips_member named = zips_stored(names[i], "x", 1);
		named.flags = i == 5 ? 1 << 11 : 0; /* said to be UTF-8 */
		zips_add(&zips, &named);
	}
	struct zips_member named = zips_stored(long_name, "x", 1);
	zips_add(&zips, &named);
	struct archive *archive = open_zips(&zips);
	for (size_t i = 0; i <= count; i++) {
		const char *expected = i < count ? names[i] : long_name;
		struct member member;
		archive_member(archive, i, &member);
		ck_assert_str_eq(member.name, expected);
		ck_assert_uint_eq(member.name_size, strlen(expected));
		ck_assert(!member.directory);
	}
	archive_free(archive);
	free(long_name);
}
END_TEST

START_TEST(a_NUL_in_a_name_leaves_a_string)
{
	struct zips zips = {0};
	struct zips_member named = zips_stored("", "x", 1);
	struct member member;

	named.name = "ab\0cd/";
	named.name_size = 6;
	zips_add(&zips, &named);
	struct archive *archive = open_zips(&zips);
	archive_member(archive, 0, &member);
	/* What stands for it is libzip's matter. */
	ck_assert_mem_eq(member.name, "ab", 2);
	ck_assert_uint_eq(member.name_size, strlen(member.name));
	archive_free(archive);
}
END_TEST

START_TEST(a_name_with_a_slash_at_its_end_is_a_directory)
{
	static const char *const names[] = {"d/", "d/e/", "/", "d/e", "d"};
	struct zips zips = {0};

	for (size_t i = 0; i < 5; i++) {
		struct zips_member named = zips_stored(names[i], "", 0);
		zips_add(&zips, &named);
	}
	struct archive *archive = open_zips(&zips);
	for (size_t i = 0; i < 5; i++) {
		struct member member;
		archive_member(archive, i, &member);
		ck_assert_int_eq(member.directory, i < 3);
	}
	archive_free(archive);
}
END_TEST

START_TEST(data_are_read_raw_and_unzipped)
{
	static const size_t pieces[] = {1000, 65535, 65536, 262144};
	struct bytes content = make_content(CONTENT_TEXT, 400000, 1);
	struct bytes deflated = make_deflate(content.data, content.size, 6, 0);
	struct zips zips = {0};
	struct zips_member members[] = {
		zips_stored("stored", content.data, content.size),
		zips_deflated("deflated", content.data, content.size, &deflated),
		zips_stored("empty", "", 0),
		zips_deflated("with more", content.data, content.size, &deflated),
	};

	members[3].extra_size = 300;
	members[3].descriptor = true;
	for (size_t i = 0; i < 4; i++)
		zips_add(&zips, &members[i]);
	struct archive *archive = open_zips(&zips);
	for (size_t i = 0; i < 4; i++) {
		for (size_t p = 0; p < 4; p++) {
			struct bytes got = read_member(archive, i, true, pieces[p]);
			check_bytes(&got, members[i].data, members[i].data_size);
			got = read_member(archive, i, false, pieces[p]);
			check_bytes(&got, content.data, i == 2 ? 0 : content.size);
		}
	}
	archive_free(archive);
	bytes_free(&deflated);
	bytes_free(&content);
}
END_TEST

START_TEST(what_libzip_wrote_is_read)
{
	static const int methods[] = {ZIP_CM_STORE, ZIP_CM_DEFLATE, ZIP_CM_BZIP2, ZIP_CM_XZ};
	struct bytes content = make_content(CONTENT_TEXT, 300000, 2);
	struct zips_content contents[4];
	struct failure failure = {0};
	size_t count = 0;

	for (size_t i = 0; i < 4; i++) {
		if (i < 2 || zip_compression_method_supported(methods[i], 1))
			contents[count++] = (struct zips_content){
				"a", content.data, content.size, methods[i], NULL};
		if (count > 0) {
			static const char *const names[] = {"0", "1", "2", "3"};
			contents[count - 1].name = names[count - 1];
		}
	}
	scratch_begin();
	struct archive *archive =
		archive_open(zips_by_libzip(scratch_path("a.zip"), contents, count), &failure);
	ck_assert_ptr_nonnull(archive);
	ck_assert_uint_eq(archive_entries(archive), count);
	for (size_t i = 0; i < count; i++) {
		struct member member;
		archive_member(archive, i, &member);
		ck_assert_uint_eq(member.method, (unsigned)contents[i].method);
		ck_assert_uint_eq(member.size_bytes, content.size);
		ck_assert_uint_eq(member.crc32, crc32_z(0, content.data, content.size));
		struct bytes got = read_member(archive, i, false, 10000);
		check_bytes(&got, content.data, content.size);
	}
	archive_free(archive);
	scratch_end();
	bytes_free(&content);
}
END_TEST

START_TEST(an_archive_without_members_opens)
{
	for (size_t before = 0; before <= 300; before += 300) {
		struct zips zips = {.uncounted = before};
		struct bytes junk = make_content(CONTENT_TEXT, before, 3);
		bytes_put(&zips.file, junk.data, junk.size);
		zips_end(&zips, &(struct zips_ending){.comment = "nothing", .comment_size = 7});
		struct archive *archive = open_zips(&zips);
		ck_assert_uint_eq(archive_entries(archive), 0);
		archive_free(archive);
		bytes_free(&junk);
	}
}
END_TEST

/* Three members behind @before bytes, of which the offsets count all or none. */
static struct zips make_behind(size_t before, bool counted, const struct zips_ending *ending)
{
	struct bytes junk = make_content(CONTENT_TEXT, before, 4);
	struct zips zips = {.uncounted = counted ? 0 : before};
	struct zips_member first = zips_stored("a", "first", 5);
	struct zips_member second = zips_stored("b", "", 0);
	struct zips_member third = zips_stored("c", "the third", 9);

	bytes_put(&zips.file, junk.data, junk.size);
	zips_add(&zips, &first);
	zips_add(&zips, &second);
	zips_add(&zips, &third);
	zips_end(&zips, ending);
	bytes_free(&junk);
	return zips;
}

START_TEST(data_before_the_archive_do_not_matter)
{
	static const size_t sizes[] = {0, 1, 100, 70000, 300000};
	struct bytes comment = make_content(CONTENT_TEXT, 60000, 5);

	for (int i = 0; i < 5 * 8; i++) {
		struct zips_ending ending = {.zip64 = i & 1};
		if (i & 2) {
			ending.comment = comment.data;
			ending.comment_size = 60000;
		}
		struct zips zips = make_behind(sizes[i / 8], i & 4, &ending);
		struct archive *archive = open_zips(&zips);
		ck_assert_uint_eq(archive_entries(archive), 3);
		for (int raw = 0; raw < 2; raw++) {
			struct bytes got = read_member(archive, 0, raw, 100);
			check_bytes(&got, "first", 5);
			got = read_member(archive, 1, raw, 100);
			check_bytes(&got, "", 0);
			got = read_member(archive, 2, raw, 100);
			check_bytes(&got, "the third", 9);
		}
		archive_free(archive);
	}
	bytes_free(&comment);
}
END_TEST

START_TEST(a_file_that_is_no_archive_is_told_from_one_that_is_cut_off)
{
	struct bytes junk = make_content(CONTENT_TEXT, 100000, 6);
	struct zips zips = make_behind(0, true, &(struct zips_ending){0});

	check_refused(junk.data, junk.size, FAILURE_NOT_A_ZIP);
	check_refused(junk.data, 22, FAILURE_NOT_A_ZIP);
	check_refused(junk.data, 21, FAILURE_NOT_A_ZIP);
	check_refused(junk.data, 1, FAILURE_NOT_A_ZIP);
	check_refused(junk.data, 0, FAILURE_NOT_A_ZIP);
	for (size_t size = 4; size < zips.file.size; size++)
		check_refused(zips.file.data, size, FAILURE_CUT_OFF);
	check_refused(zips.file.data, 3, FAILURE_NOT_A_ZIP);
	zips_free(&zips);
	bytes_free(&junk);
}
END_TEST

START_TEST(a_damaged_directory_is_told)
{
	struct zips zips = make_behind(0, true, &(struct zips_ending){0});
	size_t directory = zips.file.size - 22 - zips.directory.size;

	/* The signature of the second of three entries of 47 bytes each. */
	zips.file.data[directory + 47] = 'X';
	check_refused(zips.file.data, zips.file.size, FAILURE_BAD_DIRECTORY);
	zips.file.data[directory + 47] = 'P';
	/* One entry more than there are. */
	bytes_set_number(&zips.file, zips.file.size - 22 + 8, 4, 2);
	bytes_set_number(&zips.file, zips.file.size - 22 + 10, 4, 2);
	check_refused(zips.file.data, zips.file.size, FAILURE_BAD_DIRECTORY);
	bytes_set_number(&zips.file, zips.file.size - 22 + 8, 3, 2);
	bytes_set_number(&zips.file, zips.file.size - 22 + 10, 3, 2);
	/* A directory that is said to be where none can be. */
	bytes_set_number(&zips.file, zips.file.size - 22 + 16, 0xfffffff0, 4);
	check_refused(zips.file.data, zips.file.size, FAILURE_BAD_DIRECTORY);
	/* A name that reaches past the end. */
	bytes_set_number(&zips.file, zips.file.size - 22 + 16, directory, 4);
	bytes_set_number(&zips.file, directory + 2 * 47 + 28, 60000, 2);
	check_refused(zips.file.data, zips.file.size, FAILURE_BAD_DIRECTORY);
	zips_free(&zips);
}
END_TEST

START_TEST(any_damaged_byte_of_the_directory_does_no_harm)
{
	struct zips zips = make_behind(50, false, &(struct zips_ending){.zip64 = true});
	size_t directory = zips.file.size - 22 - 20 - 56 - zips.directory.size;
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};

	for (size_t at = directory; at < zips.file.size; at++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			uint8_t before = zips.file.data[at];
			struct failure failure = {FAILURE_KINDS, {0, 0}};
			zips.file.data[at] = values[v];
			struct archive *archive = archive_open(zips_file(&zips), &failure);
			if ((archive != NULL) != (failure.kind == FAILURE_NONE))
				ck_abort_msg("byte %zu: failure %d", at, failure.kind);
			for (uint64_t i = 0; archive && i < archive_entries(archive); i++) {
				struct member member;
				struct member_data data;
				uint8_t bytes[100];
				archive_member(archive, i, &member);
				if (member_data_open(archive, &member, true, &data, &failure) < 0)
					continue;
				while (member_data_read(&data, bytes, 100, &failure) > 0)
					;
				member_data_close(&data);
			}
			archive_free(archive);
			zips.file.data[at] = before;
		}
	}
	zips_free(&zips);
}
END_TEST

START_TEST(a_part_of_a_split_archive_is_told)
{
	struct zips zips = make_behind(0, true, &(struct zips_ending){.disk = 1});

	check_refused(zips.file.data, zips.file.size, FAILURE_MULTI_DISK);
	zips_free(&zips);
}
END_TEST

START_TEST(a_missing_local_header_is_told)
{
	for (size_t before = 0; before <= 100; before += 100) {
		struct zips zips = make_behind(before, false, &(struct zips_ending){0});
		struct bytes got;
		memcpy(zips.file.data + before, "XXXX", 4);
		struct archive *archive = open_zips(&zips);
		ck_assert_int_eq(open_failure(archive, 0, true), FAILURE_BAD_HEADER);
		ck_assert_int_eq(open_failure(archive, 0, false), FAILURE_BAD_HEADER);
		/* The others are not concerned. */
		got = read_member(archive, 2, true, 100);
		check_bytes(&got, "the third", 9);
		archive_free(archive);
	}
}
END_TEST

START_TEST(an_offset_that_leads_nowhere_is_told)
{
	/* Into data, to the directory, behind the end of the file, and as far as possible. */
	static const uint32_t offsets[] = {3, 31, 0x100000, 0x7ffffff0, 0xfffffff0};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct zips zips = make_behind(0, true, &(struct zips_ending){0});
		size_t directory = zips.file.size - 22 - zips.directory.size;
		bytes_set_number(&zips.file, directory + 42, offsets[i], 4);
		struct archive *archive = open_zips(&zips);
		for (int raw = 0; raw < 2; raw++) {
			enum failure_kind kind = open_failure(archive, 0, raw);
			ck_assert_msg(kind == FAILURE_BAD_HEADER || kind == FAILURE_TRUNCATED,
				"offset %u: failure %d", offsets[i], kind);
		}
		archive_free(archive);
	}
}
END_TEST

START_TEST(data_that_reach_past_the_end_are_told)
{
	static const uint32_t sizes[] = {10000, 0x7fffffff, 0xfffffffe};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct zips zips = {0};
		struct zips_member member = zips_stored("a", "first", 5);
		member.compressed_bytes = sizes[i];
		member.size_bytes = sizes[i];
		zips_add(&zips, &member);
		struct archive *archive = open_zips(&zips);
		ck_assert_int_eq(open_failure(archive, 0, true), FAILURE_TRUNCATED);
		archive_free(archive);
	}
}
END_TEST

START_TEST(an_archive_that_shrinks_while_it_is_read_is_told)
{
	struct bytes content = make_content(CONTENT_RANDOM, 500000, 7);
	struct zips zips = {0};
	struct zips_member stored = zips_stored("a", content.data, content.size);
	uint8_t *bytes = malloc(100000);
	struct failure failure = {0};
	struct member_data data;
	struct member member;

	ck_assert_ptr_nonnull(bytes);
	zips_add(&zips, &stored);
	zips_end(&zips, &(struct zips_ending){0});
	int fd = zips_file(&zips);
	int second = dup(fd);
	struct archive *archive = archive_open(fd, &failure);
	ck_assert_ptr_nonnull(archive);
	archive_member(archive, 0, &member);
	ck_assert_int_eq(member_data_open(archive, &member, true, &data, &failure), 0);
	ck_assert_int_eq(member_data_read(&data, bytes, 100000, &failure), 100000);
	ck_assert(memcmp(bytes, content.data, 100000) == 0);
	ck_assert_int_eq(ftruncate(second, 50000), 0);
	ck_assert_int_eq(member_data_read(&data, bytes, 100000, &failure), -1);
	ck_assert_int_eq(failure.kind, FAILURE_TRUNCATED);
	member_data_close(&data);
	archive_free(archive);
	close(second);
	zips_free(&zips);
	free(bytes);
	bytes_free(&content);
}
END_TEST

START_TEST(members_can_be_read_alternately)
{
	enum { READERS = 4, SIZE = 300000 };
	struct bytes contents[READERS];
	struct bytes deflated[READERS];
	struct zips zips = {0};
	struct member_data data[READERS];
	struct bytes got[READERS] = {0};
	struct failure failure = {0};
	uint8_t bytes[7001];
	int ended = 0;

	for (size_t i = 0; i < READERS; i++) {
		contents[i] = make_content(CONTENT_TEXT, SIZE + i, (uint32_t)i);
		deflated[i] = make_deflate(contents[i].data, contents[i].size, 6, 0);
		struct zips_member member =
			zips_deflated("x", contents[i].data, contents[i].size, &deflated[i]);
		zips_add(&zips, &member);
	}
	zips_end(&zips, &(struct zips_ending){0});
	struct archive *archive = open_zips(&zips);
	/* Two raw, two unzipped by libzip. */
	for (size_t i = 0; i < READERS; i++) {
		struct member member;
		archive_member(archive, i, &member);
		ck_assert_int_eq(
			member_data_open(archive, &member, i % 2 == 0, &data[i], &failure), 0);
	}
	while (ended < READERS) {
		ended = 0;
		for (size_t i = 0; i < READERS; i++) {
			ssize_t size = member_data_read(&data[i], bytes, 1000 + 2000 * i, &failure);
			if (size < 0)
				ck_abort_msg("failure %d", failure.kind);
			bytes_put(&got[i], bytes, (size_t)size);
			ended += size == 0;
		}
	}
	for (size_t i = 0; i < READERS; i++) {
		const struct bytes *expected = i % 2 == 0 ? &deflated[i] : &contents[i];
		check_bytes(&got[i], expected->data, expected->size);
		member_data_close(&data[i]);
	}
	for (size_t i = 0; i < READERS; i++) {
		bytes_free(&contents[i]);
		bytes_free(&deflated[i]);
	}
	archive_free(archive);
}
END_TEST

START_TEST(an_archive_of_70000_members_has_them_all)
{
	enum { COUNT = 70000 };
	struct zips zips = {0};
	char name[16];

	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		struct zips_member member = zips_stored(name, name, strlen(name));
		zips_add(&zips, &member);
	}
	zips_end(&zips, &(struct zips_ending){.zip64 = true});
	struct archive *archive = open_zips(&zips);
	ck_assert_uint_eq(archive_entries(archive), COUNT);
	for (uint64_t i = 0; i < COUNT; i++) {
		struct member member;
		snprintf(name, sizeof(name), "m%d", (int)i);
		archive_member(archive, i, &member);
		if (strcmp(member.name, name) != 0 || member.index != i)
			ck_abort_msg("member %d is %s", (int)i, member.name);
		if (i % 9973 == 0 || i == COUNT - 1) {
			struct bytes got = read_member(archive, i, true, 100);
			check_bytes(&got, name, strlen(name));
		}
	}
	archive_free(archive);
}
END_TEST

START_TEST(everything_is_closed)
{
	size_t before = open_descriptors();
	struct failure failure = {0};

	for (int i = 0; i < 3; i++) {
		struct zips zips = make_behind(i == 1 ? 77 : 0, false, &(struct zips_ending){0});
		struct archive *archive = open_zips(&zips);
		struct bytes got = read_member(archive, 2, i == 2, 100);
		check_bytes(&got, "the third", 9);
		archive_free(archive);
	}
	ck_assert_ptr_null(archive_open(-1, &failure));
	ck_assert_int_ne(failure.kind, FAILURE_NONE);
	archive_free(NULL);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("archive");
	TCase *tests = tcase_create("archive");

	tcase_add_test(tests, members_are_as_the_directory_states_them);
	tcase_add_test(tests, names_are_raw);
	tcase_add_test(tests, a_NUL_in_a_name_leaves_a_string);
	tcase_add_test(tests, a_name_with_a_slash_at_its_end_is_a_directory);
	tcase_add_test(tests, data_are_read_raw_and_unzipped);
	tcase_add_test(tests, what_libzip_wrote_is_read);
	tcase_add_test(tests, an_archive_without_members_opens);
	tcase_add_test(tests, data_before_the_archive_do_not_matter);
	tcase_add_test(tests, a_file_that_is_no_archive_is_told_from_one_that_is_cut_off);
	tcase_add_test(tests, a_damaged_directory_is_told);
	tcase_add_test(tests, any_damaged_byte_of_the_directory_does_no_harm);
	tcase_add_test(tests, a_part_of_a_split_archive_is_told);
	tcase_add_test(tests, a_missing_local_header_is_told);
	tcase_add_test(tests, an_offset_that_leads_nowhere_is_told);
	tcase_add_test(tests, data_that_reach_past_the_end_are_told);
	tcase_add_test(tests, an_archive_that_shrinks_while_it_is_read_is_told);
	tcase_add_test(tests, members_can_be_read_alternately);
	tcase_add_test(tests, an_archive_of_70000_members_has_them_all);
	tcase_add_test(tests, everything_is_closed);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
