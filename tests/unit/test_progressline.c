// SPDX-License-Identifier: MIT

#include "cli/progressline.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static const struct run_progress half = {
	.elapsed_ns = 30 * SECOND,
	.archives_done = 7,
	.archives_known = 15,
	.archives_share = 7.5,
	.all_known = true,
	.members = 8,
	.bytes = 240 * 1024 * 1024,
};

static char text[2048];

static const char *format(const struct run_progress *progress, size_t columns, bool bar)
{
	const struct progressline line = {.rate = 8.0 * 1024 * 1024};
	size_t size = progressline_format(&line, progress, columns, bar, text, sizeof(text));

	ck_assert_uint_eq(size, strlen(text));
	ck_assert_uint_lt(size, columns);
	return text;
}

START_TEST(a_message_says_all)
{
	struct run_progress progress = half;

	ck_assert_str_eq(format(&half, 1000, false),
		"7 of 15 archives, 8 members, 240.0 MiB, 8.0 MiB/s, 0:30 left");
	progress.has_commands = true;
	progress.commands_running = 2;
	progress.commands_ended = 5;
	progress.failures = 1;
	ck_assert_str_eq(format(&progress, 1000, false),
		"7 of 15 archives, 8 members, 240.0 MiB, 1 failure, 2 commands running, 5 done, "
		"8.0 MiB/s, 0:30 left");
}
END_TEST

START_TEST(the_bar_takes_what_the_words_leave)
{
	ck_assert_str_eq(format(&half, 80, true),
		"[========>       ] 7 of 15 archives, 8 members, 240.0 MiB, 8.0 MiB/s, 0:30 left");
	ck_assert_str_eq(format(&half, 40, true), "[====>    ] 7 of 15 archives, 0:30 left");
	ck_assert_str_eq(format(&half, 200, true),
		"[==============================>                             ] "
		"7 of 15 archives, 8 members, 240.0 MiB, 8.0 MiB/s, 0:30 left");
}
END_TEST

START_TEST(the_line_is_narrower_than_any_terminal)
{
	struct run_progress most = {
		.elapsed_ns = UINT64_MAX,
		.archives_done = UINT64_MAX,
		.archives_known = UINT64_MAX,
		.archives_share = 1e18,
		.members = UINT64_MAX,
		.bytes = UINT64_MAX,
		.failures = UINT64_MAX,
		.has_commands = true,
		.commands_running = 1024,
		.commands_ended = UINT64_MAX,
	};

	for (size_t columns = 1; columns < 1200; columns++) {
		most.all_known = columns % 2;
		format(&most, columns, true);
		format(&half, columns, true);
	}
}
END_TEST

START_TEST(where_the_end_is_not_known_there_is_no_bar_and_the_time_is_what_has_passed)
{
	struct run_progress progress = half;

	progress.all_known = false;
	ck_assert_str_eq(format(&progress, 80, true),
		"7 archives, 8 members, 240.0 MiB, 8.0 MiB/s, 0:30 so far");
	progress.elapsed_ns = 3725 * SECOND;
	ck_assert_str_eq(format(&progress, 40, true), "7 archives, 8.0 MiB/s, 1:02:05 so far");
}
END_TEST

START_TEST(a_bar_is_full_only_at_the_end)
{
	struct run_progress progress = half;

	progress.archives_share = 14.999;
	ck_assert_ptr_nonnull(strstr(format(&progress, 80, true), ">]"));
	progress.archives_share = 15;
	ck_assert_ptr_nonnull(strstr(format(&progress, 80, true), "==]"));
	progress.archives_share = 0;
	ck_assert_ptr_nonnull(strstr(format(&progress, 80, true), "[>       "));
}
END_TEST

START_TEST(a_list_unzips_no_bytes)
{
	const struct progressline line = {.lists = true};

	progressline_format(&line, &half, 1000, false, text, sizeof(text));
	ck_assert_str_eq(text, "7 of 15 archives, 8 members, 0:30 left");
}
END_TEST

static bool is_told(const char *name, const char *value, const char *term)
{
	static const char *const names[] = {
		"TERM_PROGRAM", "TERM_FEATURES", "VTE_VERSION", "WT_SESSION", "ConEmuANSI", "TERM"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	if (term)
		setenv("TERM", term, 1);
	if (name)
		setenv(name, value, 1);
	return progressline_is_told();
}

START_TEST(only_terminals_that_are_known_to_show_the_share_are_told)
{
	ck_assert(!is_told(NULL, NULL, NULL));
	ck_assert(!is_told(NULL, NULL, "xterm-256color"));
	ck_assert(is_told(NULL, NULL, "xterm-ghostty"));
	ck_assert(is_told("VTE_VERSION", "8000", "xterm-256color"));
	ck_assert(!is_told("VTE_VERSION", "7600", "xterm-256color"));
	ck_assert(is_told("TERM_PROGRAM", "WezTerm", "xterm-256color"));
	ck_assert(!is_told("TERM_PROGRAM", "iTerm.app", "xterm-256color"));
	/* What a multiplexer was started in is not what it is. */
	ck_assert(!is_told("VTE_VERSION", "8000", "tmux-256color"));
	ck_assert(!is_told("WT_SESSION", "1", "screen"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("progressline");
	TCase *tcase = tcase_create("progressline");

	tcase_add_test(tcase, a_message_says_all);
	tcase_add_test(tcase, the_bar_takes_what_the_words_leave);
	tcase_add_test(tcase, the_line_is_narrower_than_any_terminal);
	tcase_add_test(
		tcase, where_the_end_is_not_known_there_is_no_bar_and_the_time_is_what_has_passed);
	tcase_add_test(tcase, a_bar_is_full_only_at_the_end);
	tcase_add_test(tcase, a_list_unzips_no_bytes);
	tcase_add_test(tcase, only_terminals_that_are_known_to_show_the_share_are_told);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
