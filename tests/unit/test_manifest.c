// SPDX-License-Identifier: MIT

#include "parent/keptrecord.h"
#include "parent/manifest.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct manifest_head head = {.entries = 1000, .behind_another = true};

static int open_new(const char *name)
{
	int fd = open(scratch_path(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void add(struct manifest_writer *writer, uint64_t member)
{
	char line[80];
	int size = snprintf(line, sizeof(line),
		"{\"path\":\"%" PRIu64 "\",\"kept\":{\"index\":%" PRIu64 "}}\n", member, member);

	ck_assert_int_eq(manifest_add(writer, member, line, (size_t)size), 0);
}

/* Write a manifest with lines of these members to the file "manifest". */
static void write_manifest(const uint64_t *members, size_t count)
{
	struct manifest_writer writer;

	ck_assert_int_eq(manifest_begin(&writer, open_new("manifest"), &head, "a \"b\".zip"), 0);
	for (size_t i = 0; i < count; i++)
		add(&writer, members[i]);
	if (writer.sorted) {
		ck_assert_int_eq(manifest_finish(&writer, -1, -1), 0);
		return;
	}
	ck_assert_int_eq(manifest_finish(&writer, open_new("sorted"), open_new("places")), 0);
	ck_assert_int_eq(rename(scratch_path("sorted"), scratch_path("manifest")), 0);
}

/* How many lines a manifest has that is whole, or -1; their members are in order. */
static int read_manifest(const char *name)
{
	struct manifest_reader reader = {.fd = -1};
	uint64_t last = 0;
	const char *line;
	size_t size;
	bool ordered = true;
	int count = 0;
	int got;

	if (manifest_open(&reader, open(scratch_path(name), O_RDONLY | O_CLOEXEC)) < 0) {
		ck_assert_int_eq(errno, EBADMSG);
		manifest_release(&reader);
		return -1;
	}
	while ((got = manifest_next(&reader, &line, &size)) == 1) {
		uint64_t member = strtoull(line + strlen("{\"path\":\""), NULL, 10);
		must(line[size] == '\n');
		ordered = ordered && (count == 0 || member > last);
		last = member;
		count++;
	}
	bool whole = got == 0 && manifest_is_whole(&reader) &&
		     reader.head.entries == head.entries && reader.head.behind_another;
	manifest_release(&reader);
	must(ordered || !whole);
	return whole ? count : -1;
}

START_TEST(what_is_written_is_read)
{
	const uint64_t members[] = {0, 1, 7, 999};

	write_manifest(members, 4);
	ck_assert_int_eq(read_manifest("manifest"), 4);
	write_manifest(members, 0);
	ck_assert_int_eq(read_manifest("manifest"), 0);
	char *archive = manifest_read_archive(open(scratch_path("manifest"), O_RDONLY));
	ck_assert_str_eq(archive, "a \"b\".zip");
	free(archive);
}
END_TEST

START_TEST(lines_that_come_in_any_order_are_put_in_order)
{
	uint64_t members[700];

	for (uint64_t i = 0; i < 700; i++)
		members[i] = i * 333 % 1000; /* each one once */
	write_manifest(members, 700);
	ck_assert_int_eq(read_manifest("manifest"), 700);
}
END_TEST

/* All bytes of the file "manifest", which the caller frees. */
static char *read_bytes(size_t *size)
{
	int fd = open(scratch_path("manifest"), O_RDONLY | O_CLOEXEC);
	char *bytes = malloc(8192);

	ck_assert_ptr_nonnull(bytes);
	ssize_t got = read(fd, bytes, 8192);
	ck_assert(got > 0 && got < 8192);
	close(fd);
	*size = (size_t)got;
	return bytes;
}

START_TEST(a_manifest_that_was_cut_anywhere_is_void)
{
	const uint64_t members[] = {3, 4, 5};
	size_t size;

	write_manifest(members, 3);
	char *bytes = read_bytes(&size);
	for (size_t cut = 0; cut < size; cut++) {
		scratch_file("cut", bytes, cut);
		must(read_manifest("cut") == -1);
	}
	scratch_file("cut", bytes, size);
	ck_assert_int_eq(read_manifest("cut"), 3);
	free(bytes);
}
END_TEST

START_TEST(a_manifest_of_which_any_bit_was_changed_is_void)
{
	const uint64_t members[] = {3, 4, 5};
	size_t size;

	write_manifest(members, 3);
	char *bytes = read_bytes(&size);
	for (size_t at = 0; at < size; at++) {
		bytes[at] ^= (char)(1 << at % 8);
		scratch_file("changed", bytes, size);
		bytes[at] ^= (char)(1 << at % 8);
		must(read_manifest("changed") == -1);
	}
	free(bytes);
}
END_TEST

START_TEST(a_manifest_can_be_gone_on_with_at_a_line)
{
	const uint64_t members[] = {3, 4, 5};
	struct manifest_reader reader = {.fd = -1};
	const char *line;
	size_t size;

	write_manifest(members, 3);
	int fd = open(scratch_path("manifest"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(manifest_open(&reader, fd), 0);
	ck_assert_int_eq(manifest_next(&reader, &line, &size), 1);
	uint64_t place = reader.place;
	ck_assert_int_ge(lseek(fd, (off_t)place, SEEK_SET), 0);
	manifest_resume(&reader, fd, place);
	ck_assert_int_eq(manifest_next(&reader, &line, &size), 1);
	ck_assert_int_eq(line[strlen("{\"path\":\"")], '4');
	manifest_release(&reader);
}
END_TEST

/* --- records ---------------------------------------------------------------------------------- */

/* Print @record for a manifest, and read it back. */
static void go_round(struct keptrecord *kept, const struct record *record)
{
	const struct json_file file = {.mtime_ns = INT64_MAX, .ctime_ns = -5};
	char name[MEMBER_FILE_SIZE];
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	keptrecord_file_name(record, name);
	ck_assert_int_eq(json_print_kept(stream, record, "a.zip", name, &file), 0);
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_msg(keptrecord_read(kept, text, size - 1) == 0, "%s", text);
	if (record->place == PLACE_FILE) {
		ck_assert_str_eq(kept->name, name);
		ck_assert(kept->file.mtime_ns == INT64_MAX && kept->file.ctime_ns == -5);
	}
	free(text);
}

static void expect_same(const struct record *one, const struct record *other)
{
	ck_assert_uint_eq(one->member, other->member);
	ck_assert_uint_eq(one->size_bytes, other->size_bytes);
	ck_assert_uint_eq(one->offset_bytes, other->offset_bytes);
	ck_assert_uint_eq(one->inode, other->inode);
	ck_assert_uint_eq(one->crc32, other->crc32);
	ck_assert_uint_eq(one->pack, other->pack);
	ck_assert_int_eq(one->place, other->place);
	ck_assert_int_eq(one->note, other->note);
	ck_assert(one->packed == other->packed && one->npy_header == other->npy_header &&
		  one->unchecked == other->unchecked);
	ck_assert_uint_eq(one->name_size, other->name_size);
	ck_assert_mem_eq(one->name, other->name, one->name_size);
	ck_assert_uint_eq(one->base_size, other->base_size);
	if (one->base)
		ck_assert_mem_eq(one->base, other->base, one->base_size);
	ck_assert_int_eq(one->array != NULL, other->array != NULL);
	if (!one->array)
		return;
	ck_assert_uint_eq(one->array->data_offset, other->array->data_offset);
	ck_assert_uint_eq(one->array->item_bytes, other->array->item_bytes);
	ck_assert_uint_eq(one->array->dimensions, other->array->dimensions);
	ck_assert_uint_eq(one->array->dtype_size, other->array->dtype_size);
	ck_assert_mem_eq(one->array->dtype, other->array->dtype, one->array->dtype_size);
	for (unsigned i = 0; i < one->array->dimensions; i++)
		ck_assert_uint_eq(one->array->shape[i], other->array->shape[i]);
}

static const struct array matrix = {.dtype = "<f4",
	.dtype_size = 3,
	.fortran_order = true,
	.dimensions = 2,
	.data_offset = 128,
	.item_bytes = 4,
	.shape = {5, 2}};

static const struct record records[] = {
	{.member = 7, .name = "d/x y", .name_size = 5, .size_bytes = 9, .inode = 5, .crc32 = 0xabc},
	{.name = "\xff/\xfe", .name_size = 3, .size_bytes = 1, .inode = INT64_MAX},
	{.name = "\xc3\xa4", .name_size = 2, .base = "\x84", .base_size = 1, .inode = 1},
	{.member = 3,
		.name = "x",
		.name_size = 1,
		.packed = true,
		.pack = 2,
		.offset_bytes = 64,
		.size_bytes = 5,
		.inode = 2},
	{.name = "x.dat",
		.name_size = 5,
		.npy_header = true,
		.offset_bytes = 128,
		.size_bytes = 40,
		.inode = 2},
	{.name = "a.npy", .name_size = 5, .size_bytes = 168, .inode = 2, .array = &matrix},
	{.name = "a.npy",
		.name_size = 5,
		.size_bytes = 169,
		.offset_bytes = 4096,
		.place = PLACE_ARCHIVE,
		.unchecked = true,
		.array = &matrix,
		.note = NOTE_NPY_TRAILING},
	{.name = "", .inode = 1, .note = NOTE_NPY_DAMAGED},
};
#define RECORDS (int)(sizeof(records) / sizeof(records[0]))

START_TEST(a_record_is_read_as_it_was_printed)
{
	struct keptrecord kept;

	go_round(&kept, &records[_i]);
	expect_same(&kept.message.record, &records[_i]);
	keptrecord_release(&kept);
}
END_TEST

START_TEST(a_number_that_json_cannot_hold_is_not_printed)
{
	const struct record record = {.name = "x", .name_size = 1, .inode = UINT64_MAX};
	FILE *stream = fopen("/dev/null", "w");

	ck_assert_int_lt(
		json_print_kept(stream, &record, "a.zip", "0-x", &(struct json_file){0, 0}), 0);
	fclose(stream);
}
END_TEST

START_TEST(what_is_no_record_is_refused)
{
	static const char *const lines[] = {
		"",
		"x",
		"null",
		"[]",
		"{}",
		"{\"kept\":{}}",
		"{\"path\":\"0-x\",\"kept\":{\"index\":0}}",
	};
	struct keptrecord kept;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		errno = 0;
		ck_assert_int_lt(keptrecord_read(&kept, lines[i], strlen(lines[i])), 0);
		ck_assert_int_eq(errno, EBADMSG);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manifest");
	TCase *tests = tcase_create("manifest");

	tcase_add_checked_fixture(tests, scratch_begin, scratch_end);
	tcase_add_test(tests, what_is_written_is_read);
	tcase_add_test(tests, lines_that_come_in_any_order_are_put_in_order);
	tcase_add_test(tests, a_manifest_that_was_cut_anywhere_is_void);
	tcase_add_test(tests, a_manifest_of_which_any_bit_was_changed_is_void);
	tcase_add_test(tests, a_manifest_can_be_gone_on_with_at_a_line);
	tcase_add_loop_test(tests, a_record_is_read_as_it_was_printed, 0, RECORDS);
	tcase_add_test(tests, a_number_that_json_cannot_hold_is_not_printed);
	tcase_add_test(tests, what_is_no_record_is_refused);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
