// SPDX-License-Identifier: MIT

#include "cli/report.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct run_stats data_set = {
	.archives = 15,
	.members = 16,
	.failures = 2,
	.unzipped_bytes = 480000000,
	.elapsed_ns = 1500000000,
	.workers = 4,
	.received_bytes = 1234,
	.sent_bytes = 2400,
	.received_messages = 17,
	.sent_messages = 30,
	.parent_private_peak_bytes = 1234567,
	.parent_shared_peak_bytes = 4000001,
	.worker_private_peak_bytes = 2345678,
	.worker_shared_peak_bytes = 60000001,
};

/** The report of @stats; the caller frees it. */
static char *report(const struct run_stats *stats)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	report_print(stream, stats, ACTION_RUN);
	ck_assert_int_eq(fclose(stream), 0);
	return text;
}

/** Check that @text has the line of @key, with @value in it. */
static void check_line(const char *text, const char *key, const char *value)
{
	size_t size = strlen(key);

	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		char copy[256];
		size_t line_size = strcspn(line, "\n");

		if (strncmp(line, key, size) != 0 || line[size] != ':')
			continue;
		ck_assert_uint_lt(line_size, sizeof(copy));
		memcpy(copy, line + size + 1, line_size - size - 1);
		copy[line_size - size - 1] = '\0';
		ck_assert_str_eq(copy + strspn(copy, " "), value);
		return;
	}
	ck_abort_msg("no line '%s' in:\n%s", key, text);
}

START_TEST(each_figure_stands_under_its_key)
{
	char *text = report(&data_set);

	check_line(text, "archives", "15");
	check_line(text, "members", "16");
	check_line(text, "failures", "2");
	check_line(text, "unzipped", "457.8 MiB (480000000 bytes)");
	check_line(text, "time", "1.500 s, 305.2 MiB/s, 4 worker processes");
	check_line(text, "received by the parent",
		"1.2 KiB (1234 bytes) in 17 messages, 77.1 bytes per member");
	check_line(text, "sent to workers",
		"2.3 KiB (2400 bytes) in 30 messages, 150.0 bytes per member");
	check_line(text, "private memory, parent", "1.2 MiB (1234567 bytes) at its peak");
	check_line(text, "private memory, worker",
		"2.2 MiB (2345678 bytes) at the peak of the largest");
	check_line(text, "file-backed, parent", "3.8 MiB (4000001 bytes) at its peak");
	check_line(text, "file-backed, worker",
		"57.2 MiB (60000001 bytes) at the peak of the largest");
	free(text);
}
END_TEST

START_TEST(values_stand_in_one_column_and_lines_are_short)
{
	char *text = report(&data_set);
	size_t column = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t key = strcspn(line, ":\n");

		ck_assert_uint_le(strcspn(line, "\n"), 90);
		if (line[key] != ':' || line[key + 1] != ' ' || line[key + 2] != ' ')
			continue;
		size_t value = key + 1 + strspn(line + key + 1, " ");
		if (column == 0)
			column = value;
		ck_assert_uint_eq(value, column);
	}
	ck_assert_uint_gt(column, 0);
	free(text);
}
END_TEST

START_TEST(a_run_of_nothing_divides_by_nothing)
{
	const struct run_stats nothing = {.archives = 0};
	char *text = report(&nothing);

	check_line(text, "unzipped", "0.0 KiB (0 bytes)");
	check_line(text, "time", "0.000 s, 0.0 MiB/s, 0 worker processes");
	check_line(text, "received by the parent", "0.0 KiB (0 bytes) in 0 messages");
	check_line(text, "private memory, parent", "not measured");
	ck_assert_ptr_null(strstr(text, "nan"));
	ck_assert_ptr_null(strstr(text, "inf"));
	free(text);
}
END_TEST

START_TEST(singular_and_the_largest_numbers)
{
	struct run_stats stats = {.unzipped_bytes = 1,
		.elapsed_ns = 1000000000,
		.workers = 1,
		.received_bytes = UINT64_MAX,
		.received_messages = 1};
	char *text = report(&stats);

	check_line(text, "unzipped", "0.0 KiB (1 byte)");
	check_line(text, "time", "1.000 s, 0.0 MiB/s, 1 worker process");
	check_line(text, "received by the parent",
		"16.0 EiB (18446744073709551615 bytes) in 1 message");
	free(text);
}
END_TEST

START_TEST(the_words_say_what_private_and_file_backed_are)
{
	char *text = report(&data_set);

	ck_assert_ptr_nonnull(strstr(text, "Private memory is"));
	ck_assert_ptr_nonnull(strstr(text, "File-backed pages belong to"));
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tests = tcase_create("report");

	tcase_add_test(tests, each_figure_stands_under_its_key);
	tcase_add_test(tests, values_stand_in_one_column_and_lines_are_short);
	tcase_add_test(tests, a_run_of_nothing_divides_by_nothing);
	tcase_add_test(tests, singular_and_the_largest_numbers);
	tcase_add_test(tests, the_words_say_what_private_and_file_backed_are);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
