// SPDX-License-Identifier: MIT

#include "worker/container/entry.h"

#include "zips.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

/* An entry as it stands in a central directory, with these values where nothing else is said. */
struct fields {
	unsigned flags;
	unsigned method;
	unsigned time, date;
	uint32_t compressed_bytes, size_bytes, header_offset;
	const char *name;
	size_t name_size; /* 0: that of the string */
	const void *extra;
	size_t extra_size;
	size_t comment_size;
	bool dos; /* made on MS-DOS */
};

static struct bytes make_entry(const struct fields *fields)
{
	struct bytes entry = {0};
	size_t name_size = fields->name_size ? fields->name_size : strlen(fields->name);

	bytes_put(&entry, "PK\1\2", 4);
	bytes_put_number(&entry, fields->dos ? 0x0014 : 0x0314, 2);
	bytes_put_number(&entry, 20, 2);
	bytes_put_number(&entry, fields->flags, 2);
	bytes_put_number(&entry, fields->method, 2);
	bytes_put_number(&entry, fields->time, 2);
	bytes_put_number(&entry, fields->date, 2);
	bytes_put_number(&entry, 0x01020304, 4);
	bytes_put_number(&entry, fields->compressed_bytes, 4);
	bytes_put_number(&entry, fields->size_bytes, 4);
	bytes_put_number(&entry, name_size, 2);
	bytes_put_number(&entry, fields->extra_size, 2);
	bytes_put_number(&entry, fields->comment_size, 2);
	bytes_put_number(&entry, 0, 2 + 2 + 4);
	bytes_put_number(&entry, fields->header_offset, 4);
	bytes_put(&entry, fields->name, name_size);
	bytes_put(&entry, fields->extra, fields->extra_size);
	for (size_t i = 0; i < fields->comment_size; i++)
		bytes_put(&entry, "c", 1);
	return entry;
}

/* Parse it, in a block of just its size. Its name lasts until the next call. */
static struct member parse(const struct fields *fields)
{
	static struct bytes entry;
	struct member member;

	bytes_free(&entry);
	struct bytes made = make_entry(fields);
	entry.data = malloc(made.size);
	ck_assert_ptr_nonnull(entry.data);
	memcpy(entry.data, made.data, made.size);
	entry.size = made.size;
	bytes_free(&made);
	ck_assert_uint_eq(entry_size(entry.data), entry.size);
	memset(&member, 0xa5, sizeof(member));
	entry_parse(entry.data, &member);
	return member;
}

static void check_name(const struct member *member, const char *name)
{
	ck_assert_uint_eq(member->name_size, strlen(name));
	ck_assert_mem_eq(member->name, name, strlen(name));
}

START_TEST(the_numbers_are_those_of_the_entry)
{
	struct member member = parse(&(struct fields){.name = "a/b",
		.method = 93,
		.compressed_bytes = 7,
		.size_bytes = 0xfffffff0,
		.header_offset = 0x12345678,
		.comment_size = 9});

	ck_assert_uint_eq(member.method, 93);
	ck_assert_uint_eq(member.crc32, 0x01020304);
	ck_assert_uint_eq(member.compressed_bytes, 7);
	ck_assert_uint_eq(member.size_bytes, 0xfffffff0);
	ck_assert_uint_eq(member.header_offset, 0x12345678);
	ck_assert(!member.encrypted && !member.crc_unstated && !member.directory);
	ck_assert(!member.name_is_utf8);
	ck_assert_int_eq(member.fault, FAILURE_NONE);
	check_name(&member, "a/b");
}
END_TEST

START_TEST(an_entry_is_known_by_its_signature)
{
	struct bytes entry = make_entry(&(struct fields){.name = "a"});

	for (size_t i = 0; i < 4; i++) {
		entry.data[i] ^= 0x20;
		ck_assert_uint_eq(entry_size(entry.data), 0);
		entry.data[i] ^= 0x20;
	}
	ck_assert_uint_eq(entry_size(entry.data), 47);
	bytes_set_number(&entry, 28, 65535, 2);
	bytes_set_number(&entry, 30, 65535, 2);
	bytes_set_number(&entry, 32, 65535, 2);
	ck_assert_uint_eq(entry_size(entry.data), ENTRY_SIZE_MAX);
	bytes_free(&entry);
}
END_TEST

START_TEST(a_local_header_is_known_by_its_signature)
{
	struct bytes header = {0};

	bytes_put(&header, "PK\3\4", 4);
	for (int i = 4; i < LOCAL_HEADER_SIZE; i += 2)
		bytes_put_number(&header, 0, 2);
	bytes_set_number(&header, 26, 300, 2);
	bytes_set_number(&header, 28, 4, 2);
	ck_assert_uint_eq(local_header_size(header.data), 30 + 304);
	header.data[2] = 1;
	ck_assert_uint_eq(local_header_size(header.data), 0);
	bytes_free(&header);
}
END_TEST

START_TEST(an_entry_says_whether_its_name_is_of_MS_DOS)
{
	ck_assert(!parse(&(struct fields){.name = "d\\x"}).name_is_dos);
	ck_assert(parse(&(struct fields){.name = "d\\x", .dos = true}).name_is_dos);
}
END_TEST

START_TEST(a_name_ends_at_its_first_NUL_and_a_directory_by_a_slash)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *name;
		bool directory;
		bool cut;
	} rows[] = {
		{"d/", 2, "d/", true, false},
		{"d/e", 3, "d/e", false, false},
		{"/", 1, "/", true, false},
		{"a\0/", 3, "a", false, true},
		{"a/\0b", 4, "a/", true, true},
		{"a\0", 2, "a", false, true},
		{"\0x", 2, "", false, true},
		{"d\\", 2, "d\\", false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct member member =
			parse(&(struct fields){.name = rows[i].bytes, .name_size = rows[i].size});
		check_name(&member, rows[i].name);
		ck_assert_msg(member.directory == rows[i].directory, "row %zu", i);
		ck_assert_msg(member.name_is_cut == rows[i].cut, "row %zu", i);
	}
}
END_TEST

/* The dates as the C library counts them. */
START_TEST(dates_are_seconds_from_1970)
{
	setenv("TZ", "UTC0", 1);
	for (unsigned year = 1980; year <= 2107; year++) {
		for (unsigned month = 1; month <= 12; month++) {
			static const unsigned days[] = {1, 28};
			for (int i = 0; i < 2; i++) {
				struct tm want = {.tm_year = (int)year - 1900,
					.tm_mon = (int)month - 1,
					.tm_mday = (int)days[i],
					.tm_hour = 23,
					.tm_min = 59,
					.tm_sec = 58};
				struct member member = parse(&(struct fields){.name = "a",
					.date = (year - 1980) << 9 | month << 5 | days[i],
					.time = 23 << 11 | 59 << 5 | 29});
				ck_assert_uint_eq(member.time, (uint64_t)mktime(&want));
			}
		}
	}
	/* The 29th of February. */
	struct tm leap = {.tm_year = 124, .tm_mon = 1, .tm_mday = 29};
	struct member member = parse(&(struct fields){.name = "a", .date = 44 << 9 | 2 << 5 | 29});
	ck_assert_uint_eq(member.time, (uint64_t)mktime(&leap));
}
END_TEST

START_TEST(what_is_no_date_or_time_is_not_known)
{
	static const unsigned good = 44 << 9 | 6 << 5 | 15;
	static const struct {
		unsigned date, time;
	} rows[] = {{0, 0}, {44 << 9 | 0 << 5 | 1, 0}, {44 << 9 | 13 << 5 | 1, 0},
		{44 << 9 | 1 << 5 | 0, 0}, {good, 24 << 11}, {good, 60 << 5}, {good, 30},
		{0xffff, 0xffff}};

	ck_assert_uint_ne(parse(&(struct fields){.name = "a", .date = good}).time, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct member member = parse(
			&(struct fields){.name = "a", .date = rows[i].date, .time = rows[i].time});
		ck_assert_msg(member.time == 0, "row %zu", i);
	}
}
END_TEST

/* A zip64 field of these numbers behind another field, @more bytes of which are cut off. */
static struct bytes make_zip64(const uint64_t *numbers, size_t count, size_t cut)
{
	struct bytes extra = {0};
	size_t size = 8 * count - cut;

	bytes_put(&extra, "UT\5\0\3abcd", 9);
	bytes_put_number(&extra, 1, 2);
	bytes_put_number(&extra, size, 2);
	for (size_t i = 0; i < count; i++)
		bytes_put_number(&extra, numbers[i], 8);
	extra.size -= cut;
	return extra;
}

START_TEST(a_zip64_field_has_the_numbers_that_the_entry_has_not)
{
	static const uint64_t numbers[] = {0x1111111111, 0x2222222222, 0x3333333333};
	const uint32_t none = 0xffffffff;

	/* Each number is there or not; the field has one for each that is not. */
	for (unsigned mask = 0; mask < 8; mask++) {
		size_t count = (mask & 1) + (mask >> 1 & 1) + (mask >> 2 & 1);
		struct bytes extra = make_zip64(numbers, count, 0);
		struct member member = parse(&(struct fields){.name = "a",
			.size_bytes = mask & 1 ? none : 1,
			.compressed_bytes = mask & 2 ? none : 2,
			.header_offset = mask & 4 ? none : 3,
			.extra = extra.data,
			.extra_size = extra.size});
		const uint64_t *next = numbers;
		ck_assert_uint_eq(member.size_bytes, mask & 1 ? *next++ : 1);
		ck_assert_uint_eq(member.compressed_bytes, mask & 2 ? *next++ : 2);
		ck_assert_uint_eq(member.header_offset, mask & 4 ? *next++ : 3);
		bytes_free(&extra);
	}
}
END_TEST

START_TEST(a_number_that_a_zip64_field_lacks_is_what_the_entry_says)
{
	static const uint64_t numbers[] = {0x1111111111, 0x2222222222};
	const uint32_t none = 0xffffffff;

	/* The whole field, cut within the second number, without it, and none at all. */
	for (size_t cut = 0; cut <= 16; cut++) {
		struct bytes extra = make_zip64(numbers, 2, cut);
		struct member member = parse(&(struct fields){.name = "a",
			.size_bytes = none,
			.compressed_bytes = none,
			.extra = extra.data,
			.extra_size = extra.size});
		ck_assert_uint_eq(member.size_bytes, cut <= 8 ? numbers[0] : none);
		ck_assert_uint_eq(member.compressed_bytes, cut == 0 ? numbers[1] : none);
		ck_assert_int_eq(member.fault, FAILURE_NONE);
		bytes_free(&extra);
	}
	struct member member = parse(&(struct fields){.name = "a", .size_bytes = none});
	ck_assert_uint_eq(member.size_bytes, none);
}
END_TEST

START_TEST(bytes_behind_the_last_whole_extra_field_do_not_matter)
{
	static const uint64_t number = 0x1111111111;

	for (size_t more = 0; more < 4; more++) {
		struct bytes extra = make_zip64(&number, 1, 0);
		bytes_put(&extra, "\1\0\377", more);
		struct member member = parse(&(struct fields){.name = "a",
			.size_bytes = 0xffffffff,
			.extra = extra.data,
			.extra_size = extra.size});
		ck_assert_uint_eq(member.size_bytes, number);
		bytes_free(&extra);
	}
	/* A field that says that it is longer than what is left. */
	struct member member = parse(&(struct fields){
		.name = "a", .size_bytes = 5, .extra = "\1\0\377\0abcd", .extra_size = 8});
	ck_assert_uint_eq(member.size_bytes, 5);
}
END_TEST

/* A Unicode path field that is for @name. */
static struct bytes make_unicode_path(unsigned version, const char *name, const char *utf8)
{
	struct bytes extra = {0};

	bytes_put_number(&extra, 0x7075, 2);
	bytes_put_number(&extra, 5 + strlen(utf8), 2);
	bytes_put_number(&extra, version, 1);
	bytes_put_number(&extra, crc32_z(0, (const uint8_t *)name, strlen(name)), 4);
	bytes_put(&extra, utf8, strlen(utf8));
	return extra;
}

START_TEST(a_name_is_utf8_by_its_flag_or_by_a_unicode_path_field)
{
	static const struct {
		unsigned flags, version;
		const char *of, *utf8, *name;
		bool is_utf8;
	} rows[] = {
		{0, 1, "caf\x82", "caf\xc3\xa9", "caf\xc3\xa9", true},
		{0, 2, "caf\x82", "caf\xc3\xa9", "caf\x82", false},
		{0, 1, "other", "caf\xc3\xa9", "caf\x82", false},
		{0, 1, "caf\x82", "", "caf\x82", false},
		{0x800, 1, "other", "caf\xc3\xa9", "caf\x82", true},
		{0, 1, "caf\x82", "caf\xc3", "caf\x82", false},
		{0, 1, "caf\x82", "d/", "d/", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes extra = make_unicode_path(rows[i].version, rows[i].of, rows[i].utf8);
		struct member member = parse(&(struct fields){.name = "caf\x82",
			.flags = rows[i].flags,
			.extra = extra.data,
			.extra_size = extra.size});
		check_name(&member, rows[i].name);
		ck_assert_msg(member.name_is_utf8 == rows[i].is_utf8, "row %zu", i);
		ck_assert(member.directory == (i == 6));
		bytes_free(&extra);
	}
}
END_TEST

START_TEST(encryption_is_told_by_flags_method_and_the_aes_field)
{
	static const char aes[] = "\x01\x99\7\0\2\0AE\3\x08";
	static const struct {
		unsigned flags, method;
		const char *extra;
		enum encryption encryption;
		unsigned real_method;
		enum failure_kind fault;
	} rows[] = {
		{0, 8, NULL, ENCRYPTION_NONE, 8, FAILURE_NONE},
		{1, 8, NULL, ENCRYPTION_ZIPCRYPTO, 8, FAILURE_NONE},
		{1, 0, NULL, ENCRYPTION_ZIPCRYPTO, 0, FAILURE_NONE},
		{1, 99, aes, ENCRYPTION_AES_256, 8, FAILURE_NONE},
		{1, 99, "\x01\x99\7\0\1\0AE\1\0", ENCRYPTION_AES_128, 0, FAILURE_NONE},
		{1, 99, NULL, ENCRYPTION_UNKNOWN, 99, FAILURE_BAD_ENTRY},
		{1, 99, "\x01\x99\7\0\2\0AE\4\0", ENCRYPTION_UNKNOWN, 99, FAILURE_BAD_ENTRY},
		{1, 99, "\x01\x99\7\0\2\0XX\3\0", ENCRYPTION_UNKNOWN, 99, FAILURE_BAD_ENTRY},
		{0, 99, aes, ENCRYPTION_NONE, 99, FAILURE_NONE},
		{0x41, 8, NULL, ENCRYPTION_UNKNOWN, 8, FAILURE_UNSUPPORTED_ENCRYPTION},
		{0x41, 99, aes, ENCRYPTION_UNKNOWN, 99, FAILURE_UNSUPPORTED_ENCRYPTION},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct member member = parse(&(struct fields){.name = "a",
			.flags = rows[i].flags,
			.method = rows[i].method,
			.extra = rows[i].extra,
			.extra_size = rows[i].extra ? 11 : 0});
		ck_assert_msg(member.encryption == rows[i].encryption, "row %zu", i);
		ck_assert_uint_eq(member.method, rows[i].real_method);
		ck_assert_int_eq(member.fault, rows[i].fault);
		ck_assert_int_eq(member.encrypted, rows[i].flags & 1);
		ck_assert_int_eq(member.crc_unstated, i == 3);
	}
}
END_TEST

START_TEST(a_password_is_checked_by_the_crc32_or_the_time)
{
	struct fields fields = {.name = "a", .flags = 1, .time = 0xabcd, .date = 44 << 9 | 33};
	struct member member = parse(&fields);

	ck_assert_uint_eq(member.password_checks[0], 0x01);
	ck_assert_uint_eq(member.password_checks[1], 0x01);
	fields.flags |= 8;
	member = parse(&fields);
	ck_assert_uint_eq(member.password_checks[0], 0x01);
	ck_assert_uint_eq(member.password_checks[1], 0xab);
}
END_TEST

START_TEST(no_extra_field_is_read_past_its_end)
{
	uint32_t state = 3;
	uint8_t extra[64];

	/* For the sanitizers: the entry ends where its block does. */
	for (int i = 0; i < 10000; i++) {
		static const uint16_t kinds[] = {1, 0x7075, 0x9901, 0x5455};
		size_t size = next_random(&state) % sizeof(extra);
		for (size_t at = 0; at < sizeof(extra); at++)
			extra[at] = (uint8_t)(next_random(&state) % 12);
		uint16_t kind = kinds[next_random(&state) % 4];
		extra[0] = (uint8_t)kind;
		extra[1] = (uint8_t)(kind >> 8);
		parse(&(struct fields){.name = "a",
			.flags = next_random(&state) & 1,
			.method = 99,
			.size_bytes = 0xffffffff,
			.compressed_bytes = 0xffffffff,
			.header_offset = 0xffffffff,
			.extra = extra,
			.extra_size = size});
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("entry");
	TCase *tests = tcase_create("entry");

	tcase_add_test(tests, the_numbers_are_those_of_the_entry);
	tcase_add_test(tests, an_entry_is_known_by_its_signature);
	tcase_add_test(tests, a_local_header_is_known_by_its_signature);
	tcase_add_test(tests, an_entry_says_whether_its_name_is_of_MS_DOS);
	tcase_add_test(tests, a_name_ends_at_its_first_NUL_and_a_directory_by_a_slash);
	tcase_add_test(tests, dates_are_seconds_from_1970);
	tcase_add_test(tests, what_is_no_date_or_time_is_not_known);
	tcase_add_test(tests, a_zip64_field_has_the_numbers_that_the_entry_has_not);
	tcase_add_test(tests, a_number_that_a_zip64_field_lacks_is_what_the_entry_says);
	tcase_add_test(tests, bytes_behind_the_last_whole_extra_field_do_not_matter);
	tcase_add_test(tests, a_name_is_utf8_by_its_flag_or_by_a_unicode_path_field);
	tcase_add_test(tests, encryption_is_told_by_flags_method_and_the_aes_field);
	tcase_add_test(tests, a_password_is_checked_by_the_crc32_or_the_time);
	tcase_add_test(tests, no_extra_field_is_read_past_its_end);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
