// SPDX-License-Identifier: MIT

#include "worker/container/archive.h"

#include "archives.h"
#include "support.h"
#include "zips.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

/* Expect that a file with these bytes is refused, and nothing stays open. */
static void check_refused(const void *data, size_t size, enum failure_kind kind)
{
	size_t before = open_descriptors();

	ck_assert_int_eq(archives_failure(file_of(data, size)), kind);
	ck_assert_uint_eq(open_descriptors(), before);
}

/* All bytes of a member, read @piece bytes at a time. */
static struct bytes read_member(struct archive *archive, uint64_t index, size_t piece)
{
	struct member_data data;
	struct member member;
	struct failure failure = {0};
	struct bytes all = {0};
	uint8_t *bytes = malloc(piece);
	ssize_t got;

	ck_assert_ptr_nonnull(bytes);
	archives_member(archive, index, &member);
	ck_assert_int_eq(member_data_open(archive, &member, &data, &failure), 0);
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
static enum failure_kind open_failure(struct archive *archive, uint64_t index)
{
	struct member_data data;
	struct member member;
	struct failure failure = {FAILURE_NONE, {0, 0}};

	archives_member(archive, index, &member);
	ck_assert_int_eq(member_data_open(archive, &member, &data, &failure), -1);
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
	struct archive *archive = archives_open_zips(&zips);
	ck_assert_uint_eq(archives_entries(archive), 2);
	archives_member(archive, 0, &member);
	ck_assert_uint_eq(member.index, 0);
	ck_assert_uint_eq(member.size_bytes, 0xfffffff0);
	ck_assert_uint_eq(member.compressed_bytes, 7);
	ck_assert_uint_eq(member.crc32, 0xfedcba98);
	ck_assert_uint_eq(member.method, 93);
	ck_assert(!member.encrypted);
	ck_assert(!member.directory);
	ck_assert_str_eq(member.name, "dir/lie.bin");
	ck_assert_uint_eq(member.name_size, 11);
	archives_member(archive, 1, &member);
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
	struct archive *archive = archives_open_zips(&zips);
	for (size_t i = 0; i <= count; i++) {
		const char *expected = i < count ? names[i] : long_name;
		struct member member;
		archives_member(archive, i, &member);
		ck_assert_str_eq(member.name, expected);
		ck_assert_uint_eq(member.name_size, strlen(expected));
		ck_assert(!member.directory);
	}
	archive_free(archive);
	free(long_name);
}
END_TEST

START_TEST(a_name_ends_at_its_first_NUL)
{
	struct zips zips = {0};
	struct zips_member named = zips_stored("", "x", 1);
	struct member member;

	named.name = "ab\0cd/";
	named.name_size = 6;
	zips_add(&zips, &named);
	struct archive *archive = archives_open_zips(&zips);
	archives_member(archive, 0, &member);
	ck_assert_str_eq(member.name, "ab");
	ck_assert_uint_eq(member.name_size, 2);
	ck_assert(!member.directory);
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
	struct archive *archive = archives_open_zips(&zips);
	for (size_t i = 0; i < 5; i++) {
		struct member member;
		archives_member(archive, i, &member);
		ck_assert_int_eq(member.directory, i < 3);
	}
	archive_free(archive);
}
END_TEST

START_TEST(data_are_read_as_they_are_stored)
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
	struct archive *archive = archives_open_zips(&zips);
	for (size_t i = 0; i < 4; i++) {
		for (size_t p = 0; p < 4; p++) {
			struct bytes got = read_member(archive, i, pieces[p]);
			check_bytes(&got, members[i].data, members[i].data_size);
		}
	}
	archive_free(archive);
	bytes_free(&deflated);
	bytes_free(&content);
}
END_TEST

START_TEST(what_libzip_wrote_is_listed)
{
	static const int methods[] = {ZIP_CM_STORE, ZIP_CM_DEFLATE, ZIP_CM_BZIP2, ZIP_CM_XZ};
	struct bytes content = make_content(CONTENT_TEXT, 300000, 2);
	struct zips_content contents[4];
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
		archives_open(zips_by_libzip(scratch_path("a.zip"), contents, count));
	ck_assert_uint_eq(archives_entries(archive), count);
	for (size_t i = 0; i < count; i++) {
		struct member member;
		archives_member(archive, i, &member);
		ck_assert_uint_eq(member.method, (unsigned)contents[i].method);
		ck_assert_uint_eq(member.size_bytes, content.size);
		ck_assert_uint_eq(member.crc32, crc32_z(0, content.data, content.size));
		struct bytes got = read_member(archive, i, 10000);
		ck_assert_uint_eq(got.size, member.compressed_bytes);
		bytes_free(&got);
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
		struct archive *archive = archives_open_zips(&zips);
		ck_assert_uint_eq(archives_entries(archive), 0);
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
		struct archive *archive = archives_open_zips(&zips);
		ck_assert_uint_eq(archives_entries(archive), 3);
		struct bytes got = read_member(archive, 0, 100);
		check_bytes(&got, "first", 5);
		got = read_member(archive, 1, 100);
		check_bytes(&got, "", 0);
		got = read_member(archive, 2, 100);
		check_bytes(&got, "the third", 9);
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

/* Read whatever can be read of the archive in @fd, which may be damaged. */
static void read_all(int fd)
{
	struct archive *archive = archive_new();
	struct cursor *cursor = calloc(1, sizeof(*cursor));
	struct failure failure;
	struct member member;
	struct scan scan = {0};
	uint8_t bytes[100];

	ck_assert(archive && cursor && cursor_init(cursor) == 0);
	if (archive_open(archive, fd, file_bytes(fd), &failure) < 0 ||
		archive_scan(archive, cursor, 0, &scan, &failure) < 0)
		scan.entries = 0;
	else
		cursor_set(cursor, archive, 0, 0);
	while (cursor->index < scan.entries) {
		struct member_data data;
		ck_assert_int_eq(cursor_next(cursor, &member, &failure), 1);
		if (member_data_open(archive, &member, &data, &failure) < 0)
			continue;
		while (member_data_read(&data, bytes, sizeof(bytes), &failure) > 0)
			;
		member_data_close(&data);
	}
	cursor_release(cursor);
	free(cursor);
	archive_free(archive);
}

START_TEST(any_damaged_byte_of_the_directory_does_no_harm)
{
	struct zips zips = make_behind(50, false, &(struct zips_ending){.zip64 = true});
	size_t directory = zips.file.size - 22 - 20 - 56 - zips.directory.size;
	static const uint8_t values[] = {0, 1, 0xff};

	for (size_t at = directory; at < zips.file.size; at++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			uint8_t before = zips.file.data[at];
			zips.file.data[at] = values[v];
			read_all(zips_file(&zips));
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
		struct archive *archive = archives_open_zips(&zips);
		ck_assert_int_eq(open_failure(archive, 0), FAILURE_BAD_HEADER);
		/* The others are not concerned. */
		got = read_member(archive, 2, 100);
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
		struct archive *archive = archives_open_zips(&zips);
		ck_assert_int_eq(open_failure(archive, 0), FAILURE_BAD_HEADER);
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
		struct archive *archive = archives_open_zips(&zips);
		ck_assert_int_eq(open_failure(archive, 0), FAILURE_TRUNCATED);
		archive_free(archive);
	}
}
END_TEST

START_TEST(encrypted_data_that_are_shorter_than_their_header_are_told)
{
	/* The header of traditional encryption has 12 bytes (APPNOTE 6.1.3). */
	for (size_t size = 0; size < 12; size++) {
		struct zips zips = {0};
		struct zips_member member = zips_stored("a", "not decrypted", size);
		member.flags = 1;
		zips_add(&zips, &member);
		struct archive *archive = archives_open_zips(&zips);
		ck_assert_int_eq(open_failure(archive, 0), FAILURE_ENCRYPTED);
		archive->password = "password";
		ck_assert_int_eq(open_failure(archive, 0), FAILURE_TRUNCATED);
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
	struct archive *archive = archives_open(fd);
	archives_member(archive, 0, &member);
	ck_assert_int_eq(member_data_open(archive, &member, &data, &failure), 0);
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
	struct archive *archive = archives_open_zips(&zips);
	for (size_t i = 0; i < READERS; i++) {
		struct member member;
		archives_member(archive, i, &member);
		ck_assert_int_eq(member_data_open(archive, &member, &data[i], &failure), 0);
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
		check_bytes(&got[i], deflated[i].data, deflated[i].size);
		member_data_close(&data[i]);
	}
	for (size_t i = 0; i < READERS; i++) {
		bytes_free(&contents[i]);
		bytes_free(&deflated[i]);
	}
	archive_free(archive);
}
END_TEST

/* Members named m0, m1, ... which hold their names. */
static struct archive *open_many(size_t count, const struct zips_ending *ending)
{
	struct zips zips = {0};
	char name[32];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "m%zu", i);
		struct zips_member member = zips_stored(name, name, strlen(name));
		zips_add(&zips, &member);
	}
	zips_end(&zips, ending);
	return archives_open_zips(&zips);
}

START_TEST(an_archive_of_70000_members_has_them_all)
{
	enum { COUNT = 70000 };
	struct archive *archive = open_many(COUNT, &(struct zips_ending){.zip64 = true});
	struct cursor *cursor = calloc(1, sizeof(*cursor));
	struct failure failure = {0};
	struct member member;
	char name[16];

	ck_assert(cursor && cursor_init(cursor) == 0);
	ck_assert_uint_eq(archives_entries(archive), COUNT);
	cursor_set(cursor, archive, 0, 0);
	for (uint64_t i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "m%d", (int)i);
		ck_assert_int_eq(cursor_next(cursor, &member, &failure), 1);
		if (strcmp(member.name, name) != 0 || member.index != i)
			ck_abort_msg("member %d is %s", (int)i, member.name);
	}
	ck_assert_int_eq(cursor_next(cursor, &member, &failure), 0);
	struct bytes got = read_member(archive, COUNT - 1, 100);
	check_bytes(&got, "m69999", 6);
	cursor_release(cursor);
	free(cursor);
	archive_free(archive);
}
END_TEST

START_TEST(entries_are_read_from_any_place_where_one_begins)
{
	enum { COUNT = 5000 };
	struct archive *archive = open_many(COUNT, &(struct zips_ending){0});
	struct cursor *cursors = calloc(2, sizeof(*cursors));
	struct failure failure = {0};
	struct member first;
	struct member second;
	uint64_t places[COUNT];
	uint32_t state = 5;

	ck_assert(cursors && cursor_init(&cursors[0]) == 0 && cursor_init(&cursors[1]) == 0);
	cursor_set(&cursors[0], archive, 0, 0);
	for (size_t i = 0; i < COUNT; i++) {
		places[i] = cursors[0].place;
		ck_assert_int_eq(cursor_next(&cursors[0], &first, &failure), 1);
	}
	/* Two at once, and each name stays while the other goes on. */
	for (int i = 0; i < 1000; i++) {
		size_t one = next_random(&state) % (COUNT - 1);
		size_t other = next_random(&state) % COUNT;
		char name[16];
		cursor_set(&cursors[0], archive, places[one], one);
		cursor_set(&cursors[1], archive, places[other], other);
		ck_assert_int_eq(cursor_next(&cursors[0], &first, &failure), 1);
		ck_assert_int_eq(cursor_next(&cursors[1], &second, &failure), 1);
		snprintf(name, sizeof(name), "m%zu", one);
		ck_assert_str_eq(first.name, name);
		snprintf(name, sizeof(name), "m%zu", other);
		ck_assert_str_eq(second.name, name);
		ck_assert_uint_eq(first.index, one);
		ck_assert_uint_eq(cursors[0].place, places[one + 1]);
	}
	for (int i = 0; i < 2; i++)
		cursor_release(&cursors[i]);
	free(cursors);
	archive_free(archive);
}
END_TEST

START_TEST(a_place_where_no_entry_begins_is_told)
{
	struct archive *archive = open_many(10, &(struct zips_ending){0});
	struct cursor *cursor = calloc(1, sizeof(*cursor));
	static const uint64_t places[] = {1, 47, 100, 1000, UINT64_MAX - 20, UINT64_MAX};
	struct member member;

	ck_assert(cursor && cursor_init(cursor) == 0);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct failure failure = {0};
		cursor_set(cursor, archive, places[i], 0);
		ck_assert_int_eq(cursor_next(cursor, &member, &failure), -1);
		ck_assert_int_eq(failure.kind, FAILURE_BAD_DIRECTORY);
	}
	cursor_release(cursor);
	free(cursor);
	archive_free(archive);
}
END_TEST

START_TEST(a_cursor_does_not_mistake_the_next_archive_for_the_one_before)
{
	struct archive *archive = archive_new();
	struct cursor *cursor = calloc(1, sizeof(*cursor));
	struct failure failure = {0};
	struct member member;

	ck_assert(archive && cursor && cursor_init(cursor) == 0);
	for (int i = 0; i < 3; i++) {
		struct zips zips = {0};
		/* Larger than what one look at the end of the file shows. */
		struct bytes content = make_content(CONTENT_RANDOM, 300000, 1);
		char name[] = {(char)('a' + i), '\0'};
		struct zips_member stored = zips_stored(name, content.data, content.size);
		struct bytes comment = make_content(CONTENT_TEXT, 60000, 1);
		zips_add(&zips, &stored);
		zips_end(&zips,
			&(struct zips_ending){.comment = comment.data, .comment_size = 60000});
		int fd = zips_file(&zips);
		ck_assert_int_eq(archive_open(archive, fd, file_bytes(fd), &failure), 0);
		cursor_set(cursor, archive, 0, 0);
		ck_assert_int_eq(cursor_next(cursor, &member, &failure), 1);
		ck_assert_str_eq(member.name, name);
		archive_close(archive);
		bytes_free(&comment);
		bytes_free(&content);
		zips_free(&zips);
	}
	cursor_release(cursor);
	free(cursor);
	archive_free(archive);
}
END_TEST

START_TEST(everything_is_closed)
{
	size_t before = open_descriptors();

	for (int i = 0; i < 3; i++) {
		struct zips zips = make_behind(i == 1 ? 77 : 0, false, &(struct zips_ending){0});
		struct archive *archive = archives_open_zips(&zips);
		struct bytes got = read_member(archive, 2, 100);
		check_bytes(&got, "the third", 9);
		archive_free(archive);
	}
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
	tcase_add_test(tests, a_name_ends_at_its_first_NUL);
	tcase_add_test(tests, a_name_with_a_slash_at_its_end_is_a_directory);
	tcase_add_test(tests, data_are_read_as_they_are_stored);
	tcase_add_test(tests, what_libzip_wrote_is_listed);
	tcase_add_test(tests, an_archive_without_members_opens);
	tcase_add_test(tests, data_before_the_archive_do_not_matter);
	tcase_add_test(tests, a_file_that_is_no_archive_is_told_from_one_that_is_cut_off);
	tcase_add_test(tests, a_damaged_directory_is_told);
	tcase_add_test(tests, any_damaged_byte_of_the_directory_does_no_harm);
	tcase_add_test(tests, a_part_of_a_split_archive_is_told);
	tcase_add_test(tests, a_missing_local_header_is_told);
	tcase_add_test(tests, an_offset_that_leads_nowhere_is_told);
	tcase_add_test(tests, data_that_reach_past_the_end_are_told);
	tcase_add_test(tests, encrypted_data_that_are_shorter_than_their_header_are_told);
	tcase_add_test(tests, an_archive_that_shrinks_while_it_is_read_is_told);
	tcase_add_test(tests, members_can_be_read_alternately);
	tcase_add_test(tests, an_archive_of_70000_members_has_them_all);
	tcase_add_test(tests, entries_are_read_from_any_place_where_one_begins);
	tcase_add_test(tests, a_place_where_no_entry_begins_is_told);
	tcase_add_test(tests, a_cursor_does_not_mistake_the_next_archive_for_the_one_before);
	tcase_add_test(tests, everything_is_closed);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
