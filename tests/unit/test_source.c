// SPDX-License-Identifier: MIT

#include "worker/container/source.h"

#include "support.h"
#include "zips.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_SIZE 400000

/* A source that reads @content, and a second descriptor of the same file. */
static struct source *open_source(const struct bytes *content, uint64_t base, int *second)
{
	int fd = file_of(content->data, content->size);

	if (second) {
		*second = dup(fd);
		ck_assert_int_ge(*second, 0);
	}
	struct source *source = source_new(fd, base);
	ck_assert_ptr_nonnull(source);
	return source;
}

/* Read to a block of just that size, so that an overrun shows. */
static void check_read(struct source *source, const uint8_t *expected, size_t size, uint64_t offset)
{
	uint8_t *got = malloc(size ? size : 1);

	ck_assert_ptr_nonnull(got);
	ck_assert_int_eq(source_read_at(source, got, size, offset), (ssize_t)size);
	if (size > 0)
		ck_assert_mem_eq(got, expected, size);
	free(got);
}

START_TEST(any_place_can_be_read_in_any_order)
{
	struct bytes content = make_content(CONTENT_RANDOM, FILE_SIZE, 1);
	struct source *source = open_source(&content, 0, NULL);
	uint32_t state = 7;

	for (int i = 0; i < 3000; i++) {
		size_t most = i % 3 == 0 ? 40 : i % 3 == 1 ? 5000 : 150000;
		size_t size = next_random(&state) % most;
		size_t offset = next_random(&state) % (FILE_SIZE - size + 1);
		check_read(source, content.data + offset, size, offset);
	}
	source_free(source);
	bytes_free(&content);
}
END_TEST

START_TEST(reads_across_what_is_kept_in_memory_are_right)
{
	static const size_t sizes[] = {1, 2, 30, 65535, 65536, 65537, 131072};
	struct bytes content = make_content(CONTENT_RANDOM, FILE_SIZE, 2);
	struct source *source = open_source(&content, 0, NULL);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t offset = 65536 - 40; offset < 65536 + 40; offset++) {
			check_read(source, content.data, 4, 0);
			check_read(source, content.data + offset, sizes[i], offset);
		}
	}
	source_free(source);
	bytes_free(&content);
}
END_TEST

START_TEST(the_offset_of_the_descriptor_stays)
{
	struct bytes content = make_content(CONTENT_RANDOM, FILE_SIZE, 3);
	int second;
	struct source *source = open_source(&content, 0, &second);

	/* A duplicate shares its offset, as a descriptor that was passed does. */
	ck_assert_int_eq(lseek(second, 12345, SEEK_SET), 12345);
	check_read(source, content.data + 5, 100, 5);
	check_read(source, content.data + 7, 200000, 7);
	ck_assert_int_eq(lseek(second, 0, SEEK_CUR), 12345);
	ck_assert_int_eq(lseek(second, 0, SEEK_END), FILE_SIZE);
	check_read(source, content.data + 300, 100, 300);
	check_read(source, content.data + 300000, 100, 300000);
	close(second);
	source_free(source);
	bytes_free(&content);
}
END_TEST

START_TEST(offsets_and_the_size_count_from_the_base)
{
	struct bytes content = make_content(CONTENT_RANDOM, FILE_SIZE, 4);
	struct source *source = open_source(&content, 1000, NULL);

	ck_assert_uint_eq(source_size(source), FILE_SIZE - 1000);
	check_read(source, content.data + 1000, 64, 0);
	check_read(source, content.data + 1000 + 99, 100000, 99);
	source_set_base(source, 1500);
	ck_assert_uint_eq(source_size(source), FILE_SIZE - 1500);
	check_read(source, content.data + 1500, 64, 0);
	source_set_base(source, 0);
	ck_assert_uint_eq(source_size(source), FILE_SIZE);
	check_read(source, content.data, 64, 0);
	source_set_base(source, FILE_SIZE);
	ck_assert_uint_eq(source_size(source), 0);
	check_read(source, NULL, 0, 0);
	source_set_base(source, UINT64_MAX);
	ck_assert_uint_eq(source_size(source), 0);
	check_read(source, NULL, 0, 0);
	source_free(source);
	bytes_free(&content);
}
END_TEST

START_TEST(a_read_is_short_at_the_end_and_nothing_behind_it)
{
	struct bytes content = make_content(CONTENT_RANDOM, FILE_SIZE, 5);
	uint8_t *bytes = malloc(200000);

	ck_assert_ptr_nonnull(bytes);
	for (uint64_t base = 0; base <= 100; base += 100) {
		struct source *source = open_source(&content, base, NULL);
		uint64_t size = FILE_SIZE - base;
		ck_assert_int_eq(source_read_at(source, bytes, 100, size - 30), 30);
		ck_assert_mem_eq(bytes, content.data + FILE_SIZE - 30, 30);
		ck_assert_int_eq(source_read_at(source, bytes, 200000, size - 90000), 90000);
		ck_assert_mem_eq(bytes, content.data + FILE_SIZE - 90000, 90000);
		ck_assert_int_eq(source_read_at(source, bytes, 1, size - 1), 1);
		ck_assert_int_eq(source_read_at(source, bytes, 1, size), 0);
		ck_assert_int_eq(source_read_at(source, bytes, 200000, size), 0);
		ck_assert_int_eq(source_read_at(source, bytes, 100, size + 1), 0);
		ck_assert_int_eq(source_read_at(source, bytes, 100, UINT64_MAX), 0);
		ck_assert_int_eq(source_read_at(source, bytes, 100, UINT64_MAX - 50), 0);
		ck_assert_int_eq(source_read_at(source, bytes, 100, INT64_MAX), 0);
		source_free(source);
	}
	free(bytes);
	bytes_free(&content);
}
END_TEST

START_TEST(a_file_that_has_shrunk_gives_what_is_left)
{
	struct bytes content = make_content(CONTENT_RANDOM, FILE_SIZE, 6);
	int second;
	struct source *source = open_source(&content, 0, &second);
	uint8_t *bytes = malloc(200000);

	ck_assert_ptr_nonnull(bytes);
	ck_assert_int_eq(ftruncate(second, 100000), 0);
	ck_assert_int_eq(source_read_at(source, bytes, 50, 99990), 10);
	ck_assert_mem_eq(bytes, content.data + 99990, 10);
	ck_assert_int_eq(source_read_at(source, bytes, 200000, 20000), 80000);
	ck_assert_mem_eq(bytes, content.data + 20000, 80000);
	ck_assert_int_eq(source_read_at(source, bytes, 50, 100000), 0);
	ck_assert_int_eq(source_read_at(source, bytes, 200000, 150000), 0);
	ck_assert_int_eq(source_read_at(source, bytes, 50, 300000), 0);
	check_read(source, content.data, 50, 0);
	close(second);
	source_free(source);
	free(bytes);
	bytes_free(&content);
}
END_TEST

START_TEST(an_error_of_reading_is_told)
{
	struct bytes content = make_content(CONTENT_RANDOM, 1000, 7);
	uint8_t bytes[100];

	scratch_begin();
	const char *path = scratch_file("a", content.data, content.size);
	struct source *source = source_new(open(path, O_WRONLY | O_CLOEXEC), 0);
	ck_assert_ptr_nonnull(source);
	errno = 0;
	ck_assert_int_eq(source_read_at(source, bytes, sizeof(bytes), 0), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(source_read_at(source, bytes, sizeof(bytes), 0), -1);
	source_free(source);
	scratch_end();
	bytes_free(&content);
}
END_TEST

START_TEST(the_descriptor_is_taken_over)
{
	size_t before = open_descriptors();
	struct bytes content = make_content(CONTENT_RANDOM, 1000, 8);
	struct source *source = open_source(&content, 0, NULL);

	ck_assert_uint_eq(open_descriptors(), before + 1);
	source_free(source);
	ck_assert_uint_eq(open_descriptors(), before);
	errno = 0;
	ck_assert_ptr_null(source_new(-1, 0));
	ck_assert_int_eq(errno, EBADF);
	source_free(NULL);
	bytes_free(&content);
}
END_TEST

static zip_t *open_zip(struct source *source)
{
	zip_error_t error;

	zip_error_init(&error);
	zip_source_t *libzip_source = source_for_libzip(source, &error);
	ck_assert_ptr_nonnull(libzip_source);
	zip_t *zip = zip_open_from_source(libzip_source, ZIP_RDONLY, &error);
	ck_assert_msg(zip != NULL, "%s", zip_error_strerror(&error));
	zip_error_fini(&error);
	return zip;
}

/* An archive with three members behind @before bytes, whose local headers are at @headers. */
static struct zips make_zip(size_t before, const struct bytes *content, size_t headers[3])
{
	static const char *const names[] = {"a", "dir/bb", "dir/ccc"};
	struct bytes junk = make_content(CONTENT_TEXT, before, 9);
	struct zips zips = {.uncounted = before};

	bytes_put(&zips.file, junk.data, junk.size);
	for (int i = 0; i < 3; i++) {
		struct zips_member member = zips_stored(names[i], content->data, content->size);
		member.extra_size = (uint16_t)(i == 1 ? 20 : 0);
		headers[i] = zips_add(&zips, &member);
	}
	zips_end(&zips, &(struct zips_ending){0});
	bytes_free(&junk);
	return zips;
}

START_TEST(libzip_reads_an_archive_through_it)
{
	struct bytes content = make_content(CONTENT_RANDOM, 100000, 10);
	uint8_t *bytes = malloc(content.size);

	ck_assert_ptr_nonnull(bytes);
	for (size_t base = 0; base <= 777; base += 777) {
		size_t headers[3];
		struct zips zips = make_zip(base, &content, headers);
		struct source *source = open_source(&zips.file, base, NULL);
		zip_t *zip = open_zip(source);
		ck_assert_int_eq(zip_get_num_entries(zip, 0), 3);
		ck_assert_str_eq(zip_get_name(zip, 2, ZIP_FL_ENC_RAW), "dir/ccc");
		for (zip_uint64_t i = 0; i < 3; i++) {
			zip_file_t *file = zip_fopen_index(zip, i, 0);
			ck_assert_ptr_nonnull(file);
			ck_assert_int_eq(
				zip_fread(file, bytes, content.size), (zip_int64_t)content.size);
			ck_assert_mem_eq(bytes, content.data, content.size);
			ck_assert_int_eq(zip_fread(file, bytes, 1), 0);
			ck_assert_int_eq(zip_fclose(file), 0);
		}
		zip_discard(zip);
		source_free(source);
		zips_free(&zips);
	}
	free(bytes);
	bytes_free(&content);
}
END_TEST

START_TEST(the_places_of_a_local_header_and_of_data_are_noted)
{
	static const size_t name_sizes[] = {1, 6, 7};
	struct bytes content = make_content(CONTENT_RANDOM, 1000, 11);
	uint8_t byte;

	for (size_t base = 0; base <= 777; base += 777) {
		size_t headers[3];
		struct zips zips = make_zip(base, &content, headers);
		struct source *source = open_source(&zips.file, base, NULL);
		ck_assert_uint_eq(source_first_seek(source), SOURCE_NOWHERE);
		ck_assert_uint_eq(source_last_read(source), SOURCE_NOWHERE);
		zip_t *zip = open_zip(source);
		for (zip_uint64_t i = 3; i-- > 0;) {
			source_watch(source);
			ck_assert_uint_eq(source_first_seek(source), SOURCE_NOWHERE);
			ck_assert_uint_eq(source_last_read(source), SOURCE_NOWHERE);
			zip_file_t *file = zip_fopen_index(zip, i, ZIP_FL_COMPRESSED);
			ck_assert_ptr_nonnull(file);
			ck_assert_uint_eq(source_first_seek(source), headers[i] - base);
			ck_assert_int_eq(zip_fread(file, &byte, 1), 1);
			size_t size = 30 + name_sizes[i] + (i == 1 ? 20 : 0);
			ck_assert_uint_eq(source_last_read(source), headers[i] - base + size);
			ck_assert_uint_eq(source_first_seek(source), headers[i] - base);
			zip_fclose(file);
		}
		/* Our own reads are not libzip's. */
		source_watch(source);
		check_read(source, content.data, 1, headers[0] - base + 31);
		ck_assert_uint_eq(source_first_seek(source), SOURCE_NOWHERE);
		ck_assert_uint_eq(source_last_read(source), SOURCE_NOWHERE);
		zip_discard(zip);
		source_free(source);
		zips_free(&zips);
	}
	bytes_free(&content);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source");
	TCase *tests = tcase_create("source");

	tcase_add_test(tests, any_place_can_be_read_in_any_order);
	tcase_add_test(tests, reads_across_what_is_kept_in_memory_are_right);
	tcase_add_test(tests, the_offset_of_the_descriptor_stays);
	tcase_add_test(tests, offsets_and_the_size_count_from_the_base);
	tcase_add_test(tests, a_read_is_short_at_the_end_and_nothing_behind_it);
	tcase_add_test(tests, a_file_that_has_shrunk_gives_what_is_left);
	tcase_add_test(tests, an_error_of_reading_is_told);
	tcase_add_test(tests, the_descriptor_is_taken_over);
	tcase_add_test(tests, libzip_reads_an_archive_through_it);
	tcase_add_test(tests, the_places_of_a_local_header_and_of_data_are_noted);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
