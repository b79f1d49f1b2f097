// SPDX-License-Identifier: MIT

#include "parent/json.h"

#include "support.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/** What was printed last. */
static char *text;
static size_t text_size;

static FILE *begin(void)
{
	free(text);
	text = NULL;
	FILE *stream = open_memstream(&text, &text_size);
	ck_assert_ptr_nonnull(stream);
	return stream;
}

static const char *member_line(const struct record *record, const char *archive, const char *path)
{
	FILE *stream = begin();

	ck_assert_int_eq(json_print_member(stream, record, archive, path), 0);
	ck_assert_int_eq(fclose(stream), 0);
	return text;
}

static const char *failure_line(const struct failed *failure)
{
	FILE *stream = begin();

	ck_assert_int_eq(json_print_failure(stream, failure), 0);
	ck_assert_int_eq(fclose(stream), 0);
	return text;
}

START_TEST(a_member_has_its_fields_in_order)
{
	const struct record record = {.name = "d/x",
		.name_size = 3,
		.size_bytes = INT64_MAX,
		.offset_bytes = 64,
		.crc32 = 0xa1c96};

	ck_assert_str_eq(member_line(&record, "a \"b\".zip", "/tmp/x"),
		"{\"path\":\"/tmp/x\",\"archive\":\"a \\\"b\\\".zip\",\"member\":\"d/x\","
		"\"size\":9223372036854775807,\"crc32\":\"000a1c96\",\"offset\":64}\n");
}
END_TEST

START_TEST(a_member_in_its_archive_says_so)
{
	struct record record = {.name = "x",
		.name_size = 1,
		.size_bytes = 3,
		.offset_bytes = 31,
		.place = PLACE_ARCHIVE};

	ck_assert_str_eq(member_line(&record, "a", "a"),
		"{\"path\":\"a\",\"archive\":\"a\",\"member\":\"x\",\"size\":3,"
		"\"crc32\":\"00000000\",\"offset\":31,\"in_place\":true,\"checked\":true}\n");
	record.unchecked = true;
	const char *line = member_line(&record, "a", "a");
	ck_assert_ptr_nonnull(strstr(line, ",\"in_place\":true,\"checked\":false}\n"));
}
END_TEST

START_TEST(a_failure_has_what_is_known)
{
	struct failed failure = {.error = "no-worker", .message = "cannot"};

	ck_assert_str_eq(
		failure_line(&failure), "{\"error\":\"no-worker\",\"message\":\"cannot\"}\n");
	failure.archive_path = "a";
	failure.member = "";
	ck_assert_str_eq(failure_line(&failure), "{\"archive\":\"a\",\"member\":\"\","
						 "\"error\":\"no-worker\",\"message\":\"cannot\"}"
						 "\n");
}
END_TEST

/** Whether the line has, under @key, @size bytes at @bytes: as text, or in hexadecimal. */
static bool has_name(const char *line, const char *key, const char *bytes, size_t size)
{
	char bytes_key[32];
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

	ck_assert_ptr_nonnull(object);
	snprintf(bytes_key, sizeof(bytes_key), "%s_bytes", key);
	const json_t *hex = json_object_get(object, bytes_key);
	const json_t *plain = json_object_get(object, key);
	ck_assert(json_is_string(plain));
	bool same = !hex && json_string_length(plain) == size &&
		    memcmp(json_string_value(plain), bytes, size) == 0;
	if (hex) {
		ck_assert_uint_eq(json_string_length(hex), 2 * size);
		same = strlen(json_string_value(hex)) == 2 * size;
		for (size_t i = 0; same && i < size; i++) {
			char digits[3];
			snprintf(digits, sizeof(digits), "%02x", (unsigned char)bytes[i]);
			same = memcmp(json_string_value(hex) + 2 * i, digits, 2) == 0;
		}
	}
	json_decref(object);
	return same;
}

START_TEST(any_bytes_of_a_name_come_back)
{
	char name[300];

	srand(1);
	for (int round = 0; round < 20000; round++) {
		size_t size = (size_t)rand() % (round % 10 == 0 ? sizeof(name) : 6);
		for (size_t i = 0; i < size; i++)
			name[i] = (char)(rand() % 3 == 0 ? rand() : rand() % 128);
		struct record record = {.name = name, .name_size = (uint16_t)size};
		ck_assert(has_name(member_line(&record, "a", "p"), "member", name, size));
		ck_assert_uint_eq(strlen(text), text_size);
		ck_assert_ptr_eq(strchr(text, '\n'), text + text_size - 1);
	}
	ck_assert(has_name(
		failure_line(&(struct failed){.archive_path = "\xff", .error = "", .message = ""}),
		"archive", "\xff", 1));
	ck_assert(has_name(
		member_line(&(struct record){.name = ""}, "a", "/\xc3"), "path", "/\xc3", 2));
}
END_TEST

START_TEST(no_control_character_is_printed_as_it_is)
{
	struct record record = {
		.name = "\x1b[\x7f \xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0\xc3\x80", .name_size = 14};
	const char *line = member_line(&record, "a\x7f", "\x7f");

	ck_assert_ptr_nonnull(strstr(line,
		"\"path\":\"\\u007F\",\"archive\":\"a\\u007F\","
		"\"member\":\"\\u001B[\\u007F \\u0080\\u009B\\u009F\xc2\xa0\xc3\x80\""));
	ck_assert(has_name(line, "member", record.name, record.name_size));
}
END_TEST

START_TEST(a_stream_that_fails_is_an_error)
{
	FILE *full = fopen("/dev/full", "we");

	ck_assert_ptr_nonnull(full);
	setvbuf(full, NULL, _IONBF, 0);
	ck_assert_int_eq(json_print_member(full, &(struct record){.name = ""}, "a", "p"), -1);
	fclose(full);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tests = tcase_create("json");

	tcase_add_test(tests, a_member_has_its_fields_in_order);
	tcase_add_test(tests, a_member_in_its_archive_says_so);
	tcase_add_test(tests, a_failure_has_what_is_known);
	tcase_add_test(tests, any_bytes_of_a_name_come_back);
	tcase_add_test(tests, no_control_character_is_printed_as_it_is);
	tcase_add_test(tests, a_stream_that_fails_is_an_error);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	free(text);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
