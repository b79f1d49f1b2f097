// SPDX-License-Identifier: MIT

#include "worker/extract/extract.h"

#include "archives.h"
#include "support.h"
#include "worker/extract/outfile.h"
#include "zips.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

/* What one step gives at most. */
#define STEP_SIZE OUTFILE_BUFFER_SIZE

static int directory_fd;
static struct extraction *extraction;

static struct extraction *new_extraction(int fd)
{
	struct extraction *new = extraction_new(fd, false, DECODER_AUTO);

	ck_assert_ptr_nonnull(new);
	return new;
}

static void setup(void)
{
	scratch_begin();
	directory_fd = open(scratch_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory_fd, 0);
	extraction = new_extraction(directory_fd);
}

static void teardown(void)
{
	extraction_free(extraction);
	close(directory_fd);
	scratch_end();
}

/* How many files the directory has. */
static size_t count_files(void)
{
	DIR *dir = opendir(scratch_path(""));
	size_t count = 0;

	ck_assert_ptr_nonnull(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

/* An archive of this one member. */
static struct archive *open_one(const struct zips_member *member)
{
	struct zips zips = {0};

	zips_add(&zips, member);
	return archives_open_zips(&zips);
}

static enum extract_status begin(
	struct extraction *which, struct archive *archive, uint64_t number, uint64_t index)
{
	struct member member;

	archives_member(archive, index, &member);
	return extraction_begin(which, archive, number, &member);
}

/* Extract to the end. */
static enum extract_status extract(struct archive *archive, uint64_t number, uint64_t index)
{
	enum extract_status status = begin(extraction, archive, number, index);

	while (status == EXTRACT_MORE)
		status = extraction_step(extraction);
	return status;
}

/* The file @name of the directory holds just these bytes, and is as a record says. */
static void check_file(
	const char *name, const struct record *record, const void *expected, size_t size)
{
	struct stat status;
	struct bytes got = {0};

	int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ck_assert_msg(fd >= 0, "there is no file %s", name);
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert(S_ISREG(status.st_mode));
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_uint_eq(status.st_nlink, 1);
	ck_assert_uint_eq((uint64_t)status.st_size, size);
	ck_assert_uint_eq(status.st_ino, record->inode);
	ck_assert_uint_eq(record->size_bytes, size);
	ck_assert_uint_eq(record->offset_bytes, 0);
	ck_assert_uint_eq(record->crc32, (uint32_t)crc32_z(0, expected, size));
	ck_assert_int_eq(record->failure.kind, FAILURE_NONE);
	got.data = malloc(size + 1);
	ck_assert_ptr_nonnull(got.data);
	ck_assert_int_eq(read(fd, got.data, size + 1), (ssize_t)size);
	ck_assert(size == 0 || memcmp(got.data, expected, size) == 0);
	free(got.data);
	close(fd);
}

/* Extracting this one member fails so, and leaves nothing. */
static void check_failure(const struct zips_member *zips_member, enum failure_kind kind,
	uint64_t first, uint64_t second)
{
	struct archive *archive = open_one(zips_member);
	const struct record *record = extraction_record(extraction);
	size_t descriptors = open_descriptors();

	ck_assert_int_eq(extract(archive, 7, 0), EXTRACT_FAILED);
	ck_assert_int_eq(record->failure.kind, kind);
	ck_assert_uint_eq(record->failure.numbers[0], first);
	ck_assert_uint_eq(record->failure.numbers[1], second);
	ck_assert_uint_eq(record->archive, 7);
	ck_assert_uint_eq(record->member, 0);
	ck_assert_uint_eq(record->name_size, zips_member->name_size);
	ck_assert_mem_eq(record->name, zips_member->name, zips_member->name_size);
	ck_assert_uint_eq(count_files(), 0);
	ck_assert_uint_eq(open_descriptors(), descriptors);
	archive_free(archive);
}

/* Extract a member that is nothing special, after something else. */
static void check_still_works(void)
{
	struct zips_member member = zips_stored("good", "still good", 10);
	struct archive *archive = open_one(&member);

	ck_assert_int_eq(extract(archive, 8, 0), EXTRACT_WHOLE);
	check_file("8.0-good", extraction_record(extraction), "still good", 10);
	ck_assert_int_eq(unlinkat(directory_fd, "8.0-good", 0), 0);
	archive_free(archive);
}

START_TEST(members_of_any_size_are_whole)
{
	static const size_t sizes[] = {0, 1, 65535, 65536, 65537, STEP_SIZE - 1, STEP_SIZE,
		STEP_SIZE + 1, 2 * STEP_SIZE, 1000000};
	const size_t size = sizes[_i];

	for (enum content kind = 0; kind < CONTENT_KINDS; kind++) {
		struct bytes content = make_content(kind, size, 1);
		struct bytes deflated = make_deflate(content.data, size, 6, 0);
		struct zips_member members[] = {
			zips_stored("stored", content.data, size),
			zips_deflated("deflated", content.data, size, &deflated),
		};
		for (int m = 0; m < 2; m++) {
			struct archive *archive = open_one(&members[m]);
			const char *name = m ? "3.0-deflated" : "3.0-stored";
			ck_assert_int_eq(extract(archive, 3, 0), EXTRACT_WHOLE);
			const struct record *record = extraction_record(extraction);
			ck_assert_uint_eq(record->archive, 3);
			ck_assert_uint_eq(record->member, 0);
			check_file(name, record, content.data, size);
			ck_assert_int_eq(unlinkat(directory_fd, name, 0), 0);
			archive_free(archive);
		}
		bytes_free(&deflated);
		bytes_free(&content);
	}
}
END_TEST

START_TEST(other_methods_are_unzipped_by_libzip)
{
	static const int methods[] = {ZIP_CM_BZIP2, ZIP_CM_XZ};
	struct bytes content = make_content(CONTENT_TEXT, 700000, 2);

	for (size_t i = 0; i < 2; i++) {
		struct zips_content what = {"x", content.data, content.size, methods[i], NULL};
		if (!zip_compression_method_supported(methods[i], 1))
			continue;
		struct archive *archive =
			archives_open(zips_by_libzip(scratch_path("archive"), &what, 1));
		ck_assert_int_eq(unlinkat(directory_fd, "archive", 0), 0);
		ck_assert_int_eq(extract(archive, 0, 0), EXTRACT_WHOLE);
		check_file("0.0-x", extraction_record(extraction), content.data, content.size);
		ck_assert_int_eq(unlinkat(directory_fd, "0.0-x", 0), 0);
		archive_free(archive);
	}
	bytes_free(&content);
}
END_TEST

START_TEST(bytes_behind_a_deflate_stream_do_not_matter)
{
	struct bytes content = make_content(CONTENT_TEXT, 100000, 3);
	struct bytes deflated = make_deflate(content.data, content.size, 6, 0);

	bytes_put(&deflated, content.data, 5000);
	struct zips_member member = zips_deflated("x", content.data, content.size, &deflated);
	struct archive *archive = open_one(&member);
	ck_assert_int_eq(extract(archive, 0, 0), EXTRACT_WHOLE);
	check_file("0.0-x", extraction_record(extraction), content.data, content.size);
	archive_free(archive);
	bytes_free(&deflated);
	bytes_free(&content);
}
END_TEST

START_TEST(a_wrong_crc32_is_told_with_both)
{
	struct bytes content = make_content(CONTENT_RANDOM, 600000, 4);
	struct bytes deflated = make_deflate(content.data, content.size, 6, 0);
	struct zips_member stored = zips_stored("s", content.data, content.size);
	struct zips_member inflated = zips_deflated("d", content.data, content.size, &deflated);
	struct zips_member empty = zips_stored("e", "", 0);
	uint32_t crc32 = stored.crc32;

	stored.crc32 ^= 1;
	inflated.crc32 ^= 0x80000000;
	empty.crc32 = 1;
	check_failure(&stored, FAILURE_CRC_MISMATCH, crc32 ^ 1, crc32);
	check_failure(&inflated, FAILURE_CRC_MISMATCH, crc32 ^ 0x80000000, crc32);
	check_failure(&empty, FAILURE_CRC_MISMATCH, 1, 0);
	/* One bit of the data, and not of the CRC-32. */
	content.data[300000] ^= 4;
	stored.crc32 = crc32;
	check_failure(&stored, FAILURE_CRC_MISMATCH, crc32,
		(uint32_t)crc32_z(0, content.data, content.size));
	check_still_works();
	bytes_free(&deflated);
	bytes_free(&content);
}
END_TEST

START_TEST(a_size_that_is_too_large_is_told_with_both)
{
	struct bytes content = make_content(CONTENT_TEXT, 600000, 5);
	struct bytes deflated = make_deflate(content.data, content.size, 6, 0);
	struct zips_member stored = zips_stored("s", content.data, content.size);
	struct zips_member inflated = zips_deflated("d", content.data, content.size, &deflated);

	stored.size_bytes = 600001;
	inflated.size_bytes = 0xfffffff0;
	check_failure(&stored, FAILURE_SIZE_MISMATCH, 600001, 600000);
	check_failure(&inflated, FAILURE_SIZE_MISMATCH, 0xfffffff0, 600000);
	check_still_works();
	bytes_free(&deflated);
	bytes_free(&content);
}
END_TEST

START_TEST(a_size_that_is_too_small_is_told_and_no_more_is_written)
{
	static const uint32_t sizes[] = {0, 1, STEP_SIZE, 599999};
	struct bytes content = make_content(CONTENT_TEXT, 600000, 6);
	struct bytes deflated = make_deflate(content.data, content.size, 6, 0);

	for (int i = 0; i < 8; i++) {
		struct zips_member member =
			i % 2 ? zips_stored("x", content.data, content.size)
			      : zips_deflated("x", content.data, content.size, &deflated);
		const struct failure *failure = &extraction_record(extraction)->failure;
		member.size_bytes = sizes[i / 2];
		struct archive *archive = open_one(&member);
		enum extract_status status = begin(extraction, archive, 0, 0);
		while (status == EXTRACT_MORE) {
			struct stat file;
			ck_assert_int_eq(fstatat(directory_fd, "0.0-x", &file, 0), 0);
			ck_assert_uint_le((uint64_t)file.st_size, sizes[i / 2]);
			status = extraction_step(extraction);
		}
		ck_assert_int_eq(status, EXTRACT_FAILED);
		ck_assert_int_eq(failure->kind, FAILURE_SIZE_MISMATCH);
		ck_assert_uint_eq(failure->numbers[0], sizes[i / 2]);
		ck_assert_uint_gt(failure->numbers[1], sizes[i / 2]);
		ck_assert_uint_le(failure->numbers[1], content.size);
		ck_assert_uint_eq(count_files(), 0);
		archive_free(archive);
	}
	check_still_works();
	bytes_free(&deflated);
	bytes_free(&content);
}
END_TEST

START_TEST(invalid_data_are_told)
{
	struct bytes content = make_content(CONTENT_TEXT, 600000, 7);
	struct bytes deflated = make_deflate(content.data, content.size, 6, 0);
	struct zips_member member = zips_deflated("x", content.data, content.size, &deflated);

	/* The stream lacks its end, half of it, all of it. */
	member.data_size = member.compressed_bytes = (uint32_t)deflated.size - 1;
	check_failure(&member, FAILURE_BAD_DATA, 0, 0);
	member.data_size = member.compressed_bytes = (uint32_t)deflated.size / 2;
	check_failure(&member, FAILURE_BAD_DATA, 0, 0);
	/* There is no block type 3. */
	member.data_size = member.compressed_bytes = (uint32_t)deflated.size;
	deflated.data[0] |= 6;
	check_failure(&member, FAILURE_BAD_DATA, 0, 0);
	check_still_works();
	bytes_free(&deflated);
	bytes_free(&content);
}
END_TEST

START_TEST(failures_of_members_that_libzip_unzips_are_told)
{
	struct bytes content = make_content(CONTENT_TEXT, 700000, 8);
	struct zips_content what = {"x", content.data, content.size, ZIP_CM_BZIP2, NULL};
	uint8_t bytes[1 << 20];
	const struct record *record = extraction_record(extraction);

	if (zip_compression_method_supported(ZIP_CM_BZIP2, 1)) {
		int fd = zips_by_libzip(scratch_path("archive"), &what, 1);
		ck_assert_int_eq(unlinkat(directory_fd, "archive", 0), 0);
		ssize_t size = read(fd, bytes, sizeof(bytes));
		ck_assert_int_gt(size, 1000);
		close(fd);
		/* The directory's entry is before the end record; 0: CRC-32, 1: size, 2: data. */
		uint8_t *entry = memmem(bytes, (size_t)size, "PK\1\2", 4);
		ck_assert_ptr_nonnull(entry);
		for (int i = 0; i < 4; i++) {
			static const enum failure_kind kinds[] = {FAILURE_CRC_MISMATCH,
				FAILURE_SIZE_MISMATCH, FAILURE_SIZE_MISMATCH, FAILURE_BAD_DATA};
			uint8_t *at = i == 0 ? entry + 16 : i < 3 ? entry + 24 : bytes + 500;
			uint8_t before = *at;
			/* 700000 is 0xaae60. */
			*at = i == 1 ? 0x5f : i == 2 ? 0x61 : (uint8_t)(before ^ 0x55);
			struct archive *archive = archives_open(file_of(bytes, (size_t)size));
			ck_assert_int_eq(extract(archive, 0, 0), EXTRACT_FAILED);
			ck_assert_msg(record->failure.kind == kinds[i], "case %d: failure %d", i,
				record->failure.kind);
			if (i == 0)
				ck_assert_uint_eq(record->failure.numbers[1],
					(uint32_t)crc32_z(0, content.data, content.size));
			ck_assert_uint_eq(count_files(), 0);
			archive_free(archive);
			*at = before;
		}
		check_still_works();
	}
	bytes_free(&content);
}
END_TEST

START_TEST(an_encrypted_member_is_told)
{
	struct zips_member member = zips_stored("x", "secret secret secret", 20);

	member.flags = 1;
	check_failure(&member, FAILURE_ENCRYPTED, 0, 0);
	member.method = METHOD_DEFLATE;
	check_failure(&member, FAILURE_ENCRYPTED, 0, 0);
	member.method = 12345;
	check_failure(&member, FAILURE_ENCRYPTED, 0, 0);
	check_still_works();
}
END_TEST

START_TEST(a_member_that_libzip_encrypted_is_told)
{
	struct zips_content what = {"x", "secret", 6, ZIP_CM_STORE, "password"};

	if (zip_encryption_method_supported(ZIP_EM_AES_256, 1)) {
		struct archive *archive =
			archives_open(zips_by_libzip(scratch_path("archive"), &what, 1));
		ck_assert_int_eq(unlinkat(directory_fd, "archive", 0), 0);
		ck_assert_int_eq(extract(archive, 0, 0), EXTRACT_FAILED);
		ck_assert_int_eq(extraction_record(extraction)->failure.kind, FAILURE_ENCRYPTED);
		ck_assert_uint_eq(count_files(), 0);
		archive_free(archive);
	}
}
END_TEST

START_TEST(an_unsupported_method_is_told_with_its_number)
{
	static const uint16_t methods[] = {1, 6, 97, 98, 12345, 65535};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct zips_member member = zips_stored("x", "what may this be", 16);
		member.method = methods[i];
		check_failure(&member, FAILURE_UNSUPPORTED_METHOD, methods[i], 0);
	}
	check_still_works();
}
END_TEST

START_TEST(data_that_are_not_there_are_told)
{
	struct zips_member member = zips_stored("x", "short", 5);

	member.compressed_bytes = 5000;
	member.size_bytes = 5000;
	check_failure(&member, FAILURE_TRUNCATED, 0, 0);
	check_still_works();
}
END_TEST

START_TEST(what_is_abandoned_leaves_nothing)
{
	struct bytes content = make_content(CONTENT_RANDOM, 5 * STEP_SIZE, 9);
	struct zips_member member = zips_stored("x", content.data, content.size);
	struct archive *archive = open_one(&member);
	size_t descriptors = open_descriptors();

	for (int steps = 0; steps < 4; steps++) {
		ck_assert_int_eq(begin(extraction, archive, 0, 0), EXTRACT_MORE);
		for (int i = 0; i < steps; i++)
			ck_assert_int_eq(extraction_step(extraction), EXTRACT_MORE);
		ck_assert_uint_eq(count_files(), 1);
		extraction_abandon(extraction);
		ck_assert_uint_eq(count_files(), 0);
		ck_assert_uint_eq(open_descriptors(), descriptors);
	}
	extraction_abandon(extraction);
	/* What is whole stays. */
	ck_assert_int_eq(extract(archive, 0, 0), EXTRACT_WHOLE);
	extraction_abandon(extraction);
	check_file("0.0-x", extraction_record(extraction), content.data, content.size);
	/* Freeing abandons. */
	ck_assert_int_eq(begin(extraction, archive, 1, 0), EXTRACT_MORE);
	ck_assert_int_eq(extraction_step(extraction), EXTRACT_MORE);
	extraction_free(extraction);
	extraction = NULL;
	ck_assert_uint_eq(count_files(), 1);
	archive_free(archive);
	bytes_free(&content);
}
END_TEST

START_TEST(names_never_collide_or_lead_elsewhere)
{
	static const char *const names[] = {"same.dat", "same.dat", "../same.dat", "/etc/same.dat",
		"d/same.dat", "", "..", "a b"};
	static const char *const files[] = {"12.0-same.dat", "12.1-same.dat", "12.2-same.dat",
		"12.3-same.dat", "12.4-same.dat", "12.5-_", "12.6-..", "12.7-a_b"};
	struct zips zips = {0};

	for (size_t i = 0; i < 8; i++) {
		struct zips_member member = zips_stored(names[i], &names[i], 1 + i % 8);
		zips_add(&zips, &member);
	}
	struct archive *archive = archives_open_zips(&zips);
	for (size_t i = 0; i < 8; i++) {
		ck_assert_int_eq(extract(archive, 12, i), EXTRACT_WHOLE);
		ck_assert_uint_eq(extraction_record(extraction)->member, i);
		check_file(files[i], extraction_record(extraction), &names[i], 1 + i % 8);
	}
	ck_assert_uint_eq(count_files(), 8);
	archive_free(archive);
}
END_TEST

START_TEST(a_file_that_is_there_is_not_touched)
{
	struct zips_member member = zips_stored("x", "new", 3);
	struct archive *archive = open_one(&member);

	scratch_file("0.0-x", "old and precious", 16);
	ck_assert_int_eq(symlink("nowhere", scratch_path("1.0-x")), 0);
	for (uint64_t number = 0; number < 2; number++) {
		const struct failure *failure = &extraction_record(extraction)->failure;
		ck_assert_int_eq(extract(archive, number, 0), EXTRACT_FAILED);
		ck_assert_int_eq(failure->kind, FAILURE_WRITE);
		ck_assert_uint_eq(failure->numbers[0], EEXIST);
	}
	ck_assert_uint_eq(count_files(), 2);
	archive_free(archive);
}
END_TEST

START_TEST(a_file_that_can_not_be_written_is_told)
{
	struct bytes content = make_content(CONTENT_RANDOM, 5 * STEP_SIZE, 10);
	struct zips_member members[] = {zips_stored("x", content.data, content.size),
		zips_stored("x", content.data, 200000)};
	struct rlimit limit = {.rlim_cur = STEP_SIZE + 100, .rlim_max = RLIM_INFINITY};
	struct rlimit before;
	struct archive *archives[] = {open_one(&members[0]), open_one(&members[1])};
	const struct failure *failure = &extraction_record(extraction)->failure;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit.rlim_max = before.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	enum extract_status large = extract(archives[0], 0, 0);
	size_t files = count_files();
	struct failure why = *failure;
	enum extract_status small = extract(archives[1], 1, 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_int_eq(large, EXTRACT_FAILED);
	ck_assert_int_eq(why.kind, FAILURE_WRITE);
	ck_assert_uint_eq(why.numbers[0], EFBIG);
	ck_assert_uint_eq(files, 0);
	ck_assert_int_eq(small, EXTRACT_WHOLE);
	check_file("1.0-x", extraction_record(extraction), content.data, 200000);
	archive_free(archives[0]);
	archive_free(archives[1]);
	bytes_free(&content);
}
END_TEST

START_TEST(a_directory_that_is_gone_is_told)
{
	struct zips_member member = zips_stored("x", "x", 1);
	struct archive *archive = open_one(&member);
	const char *path = scratch_directory("gone");
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct extraction *other = new_extraction(fd);

	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(begin(other, archive, 0, 0), EXTRACT_FAILED);
	ck_assert_int_eq(extraction_record(other)->failure.kind, FAILURE_WRITE);
	ck_assert_uint_eq(extraction_record(other)->failure.numbers[0], ENOENT);
	extraction_free(other);
	close(fd);
	archive_free(archive);
}
END_TEST

START_TEST(a_step_is_small)
{
	/* 30 MB of zeros in 30 KB: all at once they would be no trouble to read. */
	struct bytes content = make_content(CONTENT_ZERO, 30000000, 11);
	struct bytes deflated = make_deflate(content.data, content.size, 6, 0);
	struct zips_member member = zips_deflated("x", content.data, content.size, &deflated);
	struct archive *archive = open_one(&member);
	enum extract_status status = begin(extraction, archive, 0, 0);
	size_t steps = 0;

	for (; status == EXTRACT_MORE; steps++)
		status = extraction_step(extraction);
	ck_assert_int_eq(status, EXTRACT_WHOLE);
	ck_assert_uint_ge(steps, content.size / STEP_SIZE);
	check_file("0.0-x", extraction_record(extraction), content.data, content.size);
	archive_free(archive);
	bytes_free(&deflated);
	bytes_free(&content);
}
END_TEST

/* Extract members 0 and 1 of two archives (or of one) in alternate steps; then check both. */
static void check_alternate(struct archive *first, struct archive *second,
	const struct bytes contents[2], const char *const names[2])
{
	struct extraction *other = new_extraction(directory_fd);
	uint64_t number = first == second ? 4 : 5;

	enum extract_status one = begin(extraction, first, 4, 0);
	enum extract_status two = begin(other, second, number, 1);
	while (one == EXTRACT_MORE || two == EXTRACT_MORE) {
		if (one == EXTRACT_MORE)
			one = extraction_step(extraction);
		if (two == EXTRACT_MORE)
			two = extraction_step(other);
	}
	ck_assert_int_eq(one, EXTRACT_WHOLE);
	ck_assert_int_eq(two, EXTRACT_WHOLE);
	check_file(names[0], extraction_record(extraction), contents[0].data, contents[0].size);
	check_file(names[1], extraction_record(other), contents[1].data, contents[1].size);
	ck_assert_int_eq(unlinkat(directory_fd, names[0], 0), 0);
	ck_assert_int_eq(unlinkat(directory_fd, names[1], 0), 0);
	extraction_free(other);
}

/* Extract a member of each archive, two at a time, to the ends of both. */
static void extract_two(struct extraction *const lanes[2], struct archive *const archives[2],
	enum extract_status ends[2])
{
	for (uint64_t i = 0; i < 2; i++)
		ends[i] = begin(lanes[i], archives[i], 5 + i, 0);
	while (ends[0] == EXTRACT_MORE && ends[1] == EXTRACT_MORE)
		extraction_step_two(lanes, ends);
	for (int i = 0; i < 2; i++) {
		while (ends[i] == EXTRACT_MORE)
			ends[i] = extraction_step(lanes[i]);
	}
}

/* What members are like that are extracted beside each other. */
enum kind { LARGE, SHORTER, SMALL, STORED, EMPTY, DAMAGED, CUT_OFF, WRONG_CRC, KINDS };

static struct archive *open_kind(enum kind kind, struct bytes *content)
{
	size_t size = kind == SMALL ? 5000 : kind == EMPTY ? 0 : kind == SHORTER ? 70001 : 600000;

	*content = make_content(CONTENT_TEXT, size, 20 + kind);
	struct bytes deflated = make_deflate(content->data, size, 6, 0);
	struct zips_member member = zips_deflated("x", content->data, size, &deflated);
	if (kind == STORED)
		member = zips_stored("x", content->data, size);
	if (kind == WRONG_CRC)
		member.crc32 ^= 1;
	if (kind == DAMAGED)
		memset(deflated.data + deflated.size / 2, 0xff, 300);
	if (kind == CUT_OFF)
		member.data_size = member.compressed_bytes = (uint32_t)deflated.size - 1000;
	struct archive *archive = open_one(&member);
	bytes_free(&deflated);
	return archive;
}

START_TEST(two_members_are_extracted_by_the_same_calls)
{
	struct extraction *other = new_extraction(directory_fd);
	struct extraction *lanes[2] = {extraction, other};

	for (int i = 0; i < KINDS * KINDS; i++) {
		enum kind kinds[2] = {(enum kind)(i / KINDS), (enum kind)(i % KINDS)};
		struct archive *archives[2];
		struct bytes contents[2];
		enum extract_status ends[2];
		for (int k = 0; k < 2; k++)
			archives[k] = open_kind(kinds[k], &contents[k]);
		extract_two(lanes, archives, ends);
		size_t whole = 0;
		for (int k = 0; k < 2; k++) {
			const char *name = k == 0 ? "5.0-x" : "6.0-x";
			const struct record *record = extraction_record(lanes[k]);
			ck_assert_int_eq(
				ends[k], kinds[k] < DAMAGED ? EXTRACT_WHOLE : EXTRACT_FAILED);
			if (kinds[k] == WRONG_CRC)
				ck_assert_int_eq(record->failure.kind, FAILURE_CRC_MISMATCH);
			else if (kinds[k] == CUT_OFF)
				ck_assert_int_eq(record->failure.kind, FAILURE_BAD_DATA);
			if (ends[k] == EXTRACT_WHOLE) {
				check_file(name, record, contents[k].data, contents[k].size);
				whole++;
			}
		}
		ck_assert_uint_eq(count_files(), whole);
		for (int k = 0; k < 2; k++) {
			unlinkat(directory_fd, k == 0 ? "5.0-x" : "6.0-x", 0);
			archive_free(archives[k]);
			bytes_free(&contents[k]);
		}
	}
	extraction_free(other);
}
END_TEST

START_TEST(two_members_can_be_in_hand_at_once)
{
	static const char *const same[] = {"4.0-x", "4.1-x"};
	static const char *const different[] = {"4.0-x", "5.1-x"};
	struct bytes contents[] = {
		make_content(CONTENT_TEXT, 1500000, 12), make_content(CONTENT_RANDOM, 1400000, 13)};
	struct bytes deflated[] = {make_deflate(contents[0].data, contents[0].size, 6, 0),
		make_deflate(contents[1].data, contents[1].size, 1, 0)};

	/* Stored beside deflated, and both deflated. */
	for (int stored = 0; stored < 2; stored++) {
		struct archive *archives[2];
		for (int i = 0; i < 2; i++) {
			struct zips_member first = zips_deflated(
				"x", contents[0].data, contents[0].size, &deflated[0]);
			struct zips_member second =
				stored ? zips_stored("x", contents[1].data, contents[1].size)
				       : zips_deflated("x", contents[1].data, contents[1].size,
						 &deflated[1]);
			struct zips zips = {0};
			zips_add(&zips, &first);
			zips_add(&zips, &second);
			archives[i] = archives_open_zips(&zips);
		}
		check_alternate(archives[0], archives[0], contents, same);
		check_alternate(archives[0], archives[1], contents, different);
		archive_free(archives[0]);
		archive_free(archives[1]);
	}
	for (int i = 0; i < 2; i++) {
		bytes_free(&contents[i]);
		bytes_free(&deflated[i]);
	}
}
END_TEST

START_TEST(two_members_that_libzip_unzips_can_be_in_hand_at_once)
{
	static const char *const names[] = {"4.0-x", "4.1-y"};
	struct bytes contents[] = {
		make_content(CONTENT_TEXT, 1500000, 14), make_content(CONTENT_TEXT, 1400000, 15)};
	struct zips_content what[] = {{"x", contents[0].data, contents[0].size, ZIP_CM_BZIP2, NULL},
		{"y", contents[1].data, contents[1].size, ZIP_CM_BZIP2, NULL}};

	if (zip_compression_method_supported(ZIP_CM_BZIP2, 1)) {
		struct archive *archive =
			archives_open(zips_by_libzip(scratch_path("archive"), what, 2));
		check_alternate(archive, archive, contents, names);
		archive_free(archive);
	}
	bytes_free(&contents[0]);
	bytes_free(&contents[1]);
}
END_TEST

/* Extract the only member of @archive, which is to stay in place. */
static const struct record *in_place(struct archive *archive, const struct in_place *which)
{
	extraction_set_in_place(extraction, which);
	ck_assert_int_eq(extract(archive, 7, 0), EXTRACT_WHOLE);
	ck_assert_uint_eq(count_files(), 0);
	return extraction_record(extraction);
}

START_TEST(a_stored_member_can_stay_in_place)
{
	static const size_t sizes[] = {0, 1, 65535, 262144 - 40, 262144, 262145, 1000003};
	const size_t size = sizes[_i];
	struct bytes content = make_content(CONTENT_RANDOM, size, 1);
	struct zips_member member = zips_stored("stored", content.data, size);

	member.extra_size = 13;
	for (int unchecked = 0; unchecked < 2; unchecked++) {
		struct archive *archive = open_one(&member);
		const struct record *record = in_place(
			archive, &(struct in_place){.wanted = true, .unchecked = unchecked});
		ck_assert_int_eq(record->place, PLACE_ARCHIVE);
		ck_assert_int_eq(record->unchecked, unchecked);
		ck_assert_uint_eq(record->size_bytes, size);
		ck_assert_uint_eq(record->offset_bytes, size > 0 ? 30 + 6 + 13 : 0);
		ck_assert_uint_eq(record->crc32, (uint32_t)crc32_z(0, content.data, size));
		archive_free(archive);
	}
	/* The next one does not, where it is not to. */
	extraction_set_in_place(extraction, &(struct in_place){.unchecked = true});
	check_still_works();
	bytes_free(&content);
}
END_TEST

START_TEST(a_member_that_is_not_stored_does_not_stay_in_place)
{
	struct bytes content = make_content(CONTENT_TEXT, 1000, 1);
	struct bytes deflated = make_deflate(content.data, 1000, 6, 0);
	struct zips_member member = zips_deflated("d", content.data, 1000, &deflated);
	struct archive *archive = open_one(&member);

	extraction_set_in_place(extraction, &(struct in_place){.wanted = true});
	ck_assert_int_eq(extract(archive, 7, 0), EXTRACT_WHOLE);
	ck_assert_int_eq(extraction_record(extraction)->place, PLACE_FILE);
	check_file("7.0-d", extraction_record(extraction), content.data, 1000);
	archive_free(archive);
	bytes_free(&content);
	bytes_free(&deflated);
}
END_TEST

START_TEST(what_is_not_whole_in_place_is_told)
{
	struct zips_member member = zips_stored("x", "abc", 3);

	extraction_set_in_place(extraction, &(struct in_place){.wanted = true});
	member.crc32++;
	check_failure(&member, FAILURE_CRC_MISMATCH, member.crc32, member.crc32 - 1);
	member = zips_stored("x", "abc", 3);
	for (int i = 0; i < 2; i++) {
		extraction_set_in_place(
			extraction, &(struct in_place){.wanted = true, .unchecked = i});
		member.size_bytes = 2;
		check_failure(&member, FAILURE_SIZE_MISMATCH, 2, 3);
		member.size_bytes = 4;
		check_failure(&member, FAILURE_SIZE_MISMATCH, 4, 3);
		member = zips_stored("x", "abc", 3);
		member.size_bytes = member.compressed_bytes = 1000000;
		check_failure(&member, FAILURE_TRUNCATED, 0, 0);
		member = zips_stored("x", "abc", 3);
	}
}
END_TEST

START_TEST(what_is_in_place_keeps_to_the_limit_of_one_and_needs_no_room)
{
	struct zips_member member = zips_stored("x", "abc", 3);
	struct bounds bounds;

	extraction_set_in_place(extraction, &(struct in_place){.wanted = true});
	bounds_init(&bounds);
	bounds.limits.total_bytes = 2;
	bounds.total_left = 0;
	extraction_set_bounds(extraction, &bounds);
	struct archive *archive = open_one(&member);
	ck_assert_int_eq(extract(archive, 7, 0), EXTRACT_WHOLE);
	archive_free(archive);
	bounds.limits.member_bytes = 2;
	extraction_set_bounds(extraction, &bounds);
	check_failure(&member, FAILURE_MEMBER_LIMIT, 3, 2);
}
END_TEST

/* Extract the only member of @archive, whose file may be @bytes. */
static enum extract_status extract_there(struct archive *archive, const void *bytes, size_t size)
{
	struct member member;
	int fd = open(scratch_file("there", bytes, size), O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	archives_member(archive, 0, &member);
	enum extract_status status = extraction_begin_there(extraction, archive, 7, &member, fd);
	while (status == EXTRACT_MORE)
		status = extraction_step(extraction);
	return status;
}

START_TEST(a_file_that_is_there_is_taken_if_it_has_the_bytes_and_else_the_member_is_unzipped)
{
	struct bytes content = make_content(CONTENT_TEXT, 600001, 1);
	struct bytes deflated = make_deflate(content.data, 600000, 6, 0);
	struct zips_member member = zips_deflated("d", content.data, 600000, &deflated);
	struct archive *archive = open_one(&member);
	const struct record *record = extraction_record(extraction);
	size_t before = open_descriptors();
	struct stat status;

	ck_assert_int_eq(extract_there(archive, content.data, 600000), EXTRACT_WHOLE);
	ck_assert_int_eq(record->place, PLACE_THERE);
	ck_assert_int_eq(stat(scratch_path("there"), &status), 0);
	ck_assert_uint_eq(record->inode, status.st_ino);
	ck_assert_uint_eq(record->size_bytes, 600000);
	ck_assert_uint_eq(record->crc32, member.crc32);
	ck_assert(!record->unchecked);
	/* Another length, and another byte at the very end. */
	for (int i = 0; i < 3; i++) {
		uint8_t *bytes = content.data;
		bytes[599999] ^= i == 2;
		ck_assert_int_eq(
			extract_there(archive, bytes, i == 2 ? 600000 : 599999 + 2 * (size_t)i),
			EXTRACT_WHOLE);
		bytes[599999] ^= i == 2;
		ck_assert_int_eq(record->place, PLACE_FILE);
		check_file("7.0-d", record, content.data, 600000);
		ck_assert_int_eq(unlinkat(directory_fd, "7.0-d", 0), 0);
	}
	ck_assert_uint_eq(open_descriptors(), before);
	archive_free(archive);
	bytes_free(&content);
	bytes_free(&deflated);
}
END_TEST

START_TEST(a_file_that_is_trusted_is_taken_by_its_size)
{
	struct zips_member member = zips_stored("x", "abc", 3);
	struct archive *archive = open_one(&member);
	const struct record *record = extraction_record(extraction);

	extraction_trust_there(extraction);
	ck_assert_int_eq(extract_there(archive, "xyz", 3), EXTRACT_WHOLE);
	ck_assert_int_eq(record->place, PLACE_THERE);
	ck_assert(record->unchecked);
	ck_assert_uint_eq(record->crc32, member.crc32);
	ck_assert_int_eq(extract_there(archive, "ab", 2), EXTRACT_WHOLE);
	ck_assert_int_eq(record->place, PLACE_FILE);
	ck_assert(!record->unchecked);
	archive_free(archive);
}
END_TEST

START_TEST(what_is_there_keeps_to_the_limit_of_one_and_needs_no_room)
{
	struct zips_member member = zips_stored("x", "abc", 3);
	struct archive *archive = open_one(&member);
	struct bounds bounds;

	bounds_init(&bounds);
	bounds.limits.total_bytes = 2;
	bounds.total_left = 0;
	extraction_set_bounds(extraction, &bounds);
	ck_assert_int_eq(extract_there(archive, "abc", 3), EXTRACT_WHOLE);
	ck_assert_int_eq(extract_there(archive, "abd", 3), EXTRACT_FAILED);
	ck_assert_int_eq(extraction_record(extraction)->failure.kind, FAILURE_TOTAL_LIMIT);
	bounds.limits.member_bytes = 2;
	extraction_set_bounds(extraction, &bounds);
	ck_assert_int_eq(extract_there(archive, "abc", 3), EXTRACT_FAILED);
	ck_assert_int_eq(extraction_record(extraction)->failure.kind, FAILURE_MEMBER_LIMIT);
	archive_free(archive);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("extract");
	TCase *tests = tcase_create("extract");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, members_of_any_size_are_whole, 0, 10);
	tcase_add_test(tests, other_methods_are_unzipped_by_libzip);
	tcase_add_test(tests, bytes_behind_a_deflate_stream_do_not_matter);
	tcase_add_test(tests, a_wrong_crc32_is_told_with_both);
	tcase_add_test(tests, a_size_that_is_too_large_is_told_with_both);
	tcase_add_test(tests, a_size_that_is_too_small_is_told_and_no_more_is_written);
	tcase_add_test(tests, invalid_data_are_told);
	tcase_add_test(tests, failures_of_members_that_libzip_unzips_are_told);
	tcase_add_test(tests, an_encrypted_member_is_told);
	tcase_add_test(tests, a_member_that_libzip_encrypted_is_told);
	tcase_add_test(tests, an_unsupported_method_is_told_with_its_number);
	tcase_add_test(tests, data_that_are_not_there_are_told);
	tcase_add_test(tests, what_is_abandoned_leaves_nothing);
	tcase_add_test(tests, names_never_collide_or_lead_elsewhere);
	tcase_add_test(tests, a_file_that_is_there_is_not_touched);
	tcase_add_test(tests, a_file_that_can_not_be_written_is_told);
	tcase_add_test(tests, a_directory_that_is_gone_is_told);
	tcase_add_test(tests, a_step_is_small);
	tcase_add_test(tests, two_members_are_extracted_by_the_same_calls);
	tcase_add_test(tests, two_members_can_be_in_hand_at_once);
	tcase_add_test(tests, two_members_that_libzip_unzips_can_be_in_hand_at_once);
	tcase_add_loop_test(tests, a_stored_member_can_stay_in_place, 0, 7);
	tcase_add_test(tests, a_member_that_is_not_stored_does_not_stay_in_place);
	tcase_add_test(tests, what_is_not_whole_in_place_is_told);
	tcase_add_test(tests,
		a_file_that_is_there_is_taken_if_it_has_the_bytes_and_else_the_member_is_unzipped);
	tcase_add_test(tests, a_file_that_is_trusted_is_taken_by_its_size);
	tcase_add_test(tests, what_is_there_keeps_to_the_limit_of_one_and_needs_no_room);
	tcase_add_test(tests, what_is_in_place_keeps_to_the_limit_of_one_and_needs_no_room);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
