// SPDX-License-Identifier: MIT

#include "protocol/failure.h"

#include "protocol/namefault.h"
#include "protocol/startstep.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *describe(enum failure_kind kind, uint64_t first, uint64_t second)
{
	static char text[512];
	const struct failure failure = {kind, {first, second}};

	failure_describe(&failure, "/scratch", text, sizeof(text));
	return text;
}

START_TEST(every_kind_has_a_slug_for_scripts)
{
	for (enum failure_kind kind = FAILURE_NONE; kind < FAILURE_KINDS; kind++) {
		const char *slug = failure_slug(kind);
		ck_assert_ptr_nonnull(slug);
		ck_assert_uint_gt(strlen(slug), 1);
		ck_assert_uint_eq(
			strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(slug));
		ck_assert_int_ne(slug[0], '-');
		ck_assert_int_ne(slug[strlen(slug) - 1], '-');
	}
	ck_assert_str_eq(failure_slug(FAILURE_CRC_MISMATCH), "crc-mismatch");
	ck_assert_str_eq(failure_slug(FAILURE_KINDS), "unknown");
	ck_assert_str_eq(failure_slug(1000), "unknown");
}
END_TEST

/** Kinds that say the same to a script: seen from outside they are one. */
static bool may_share_a_slug(enum failure_kind a, enum failure_kind b)
{
	bool no_space = a == FAILURE_NO_SPACE && (b == FAILURE_NO_ROOM || b == FAILURE_NO_INODES);

	return no_space || (a == FAILURE_NO_ROOM && b == FAILURE_NO_INODES) ||
	       (a == FAILURE_TRUNCATED && (b == FAILURE_CUT_OFF || b == FAILURE_FOLLOWED)) ||
	       (a == FAILURE_CUT_OFF && b == FAILURE_FOLLOWED) ||
	       (a == FAILURE_WRONG_PASSWORD && b == FAILURE_DECRYPTED) ||
	       (a == FAILURE_SHAPE && b == FAILURE_OPEN_SHAPE) ||
	       (a == FAILURE_NO_WORKER && b == FAILURE_NOT_READY) ||
	       (a == FAILURE_COMMAND && b == FAILURE_NO_COMMAND) ||
	       (a == FAILURE_WRITE && b == FAILURE_NAMING) ||
	       (a == FAILURE_WORKER_DIED && b == FAILURE_BAD_WORKER) ||
	       ((a == FAILURE_WORKER_DIED || a == FAILURE_BAD_WORKER) &&
		       b == FAILURE_SILENT_WORKER);
}

START_TEST(a_worker_that_cannot_start_is_told_with_the_step_and_its_reason)
{
	const struct failure step = {FAILURE_NO_WORKER, {EPERM, START_DEATH_SIGNAL}};
	const struct failure none = {FAILURE_NO_WORKER, {ENOSPC, START_NONE}};
	const struct failure unknown = {FAILURE_NO_WORKER, {EPERM, START_STEPS}};
	char text[256];

	failure_describe(&step, "", text, sizeof(text));
	ck_assert_str_eq(text,
		"cannot start a worker process: prctl(PR_SET_PDEATHSIG): Operation not permitted");
	failure_describe(&none, "", text, sizeof(text));
	ck_assert_str_eq(text, "cannot start a worker process: No space left on device");
	failure_describe(&unknown, "", text, sizeof(text));
	ck_assert_str_eq(text, "cannot start a worker process: Operation not permitted");
}
END_TEST

/* Each step has words of its own, so that the user can tell them apart. */
START_TEST(steps_of_a_start_differ_in_words)
{
	for (enum start_step a = START_NOTE; a < START_STEPS; a++) {
		ck_assert_str_ne(start_step_words(a), "");
		for (enum start_step b = a + 1; b < START_STEPS; b++)
			ck_assert_str_ne(start_step_words(a), start_step_words(b));
	}
}
END_TEST

START_TEST(slugs_differ_where_the_kinds_do)
{
	for (enum failure_kind a = FAILURE_NONE; a < FAILURE_KINDS; a++) {
		for (enum failure_kind b = a + 1; b < FAILURE_KINDS; b++) {
			bool same = strcmp(failure_slug(a), failure_slug(b)) == 0;
			ck_assert_msg(same == may_share_a_slug(a, b), "%d and %d: %s", (int)a,
				(int)b, failure_slug(a));
		}
	}
}
END_TEST

START_TEST(every_kind_has_words_whatever_the_numbers)
{
	static const uint64_t numbers[] = {0, 1, EIO, 9, 99, S_IFIFO, 1 << 8, UINT64_MAX};

	for (enum failure_kind kind = FAILURE_NONE; kind < FAILURE_KINDS; kind++) {
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
			const char *text = describe(kind, numbers[i], numbers[7 - i]);
			size_t length = strlen(text);
			ck_assert_msg(length > 3, "%s: %s", failure_slug(kind), text);
			ck_assert_msg(text[0] != ' ' && text[0] != ':', "%s", text);
			ck_assert_msg(
				text[length - 1] != ' ' && text[length - 1] != ':', "%s", text);
			ck_assert_ptr_null(strstr(text, "(null)"));
			ck_assert_ptr_null(strchr(text, '\n'));
		}
	}
}
END_TEST

START_TEST(the_numbers_are_said)
{
	ck_assert_str_eq(describe(FAILURE_UNSAFE_NAME, NAME_PARENT, 0),
		"not a safe name for a file: it has '..' in it");
	ck_assert_str_eq(describe(FAILURE_OPEN, ENOENT, 0), "No such file or directory");
	ck_assert_str_eq(describe(FAILURE_OPEN, EACCES, 0), "Permission denied");
	ck_assert_str_eq(describe(FAILURE_CRC_MISMATCH, 0x1c96, 0xe20a1c96),
		"CRC-32 mismatch: 00001c96 stated, e20a1c96 found");
	ck_assert_str_eq(describe(FAILURE_SIZE_MISMATCH, 12345678901, 5),
		"size mismatch: 12345678901 bytes stated, 5 found");
	ck_assert_str_eq(describe(FAILURE_SIZE_MISMATCH, 5, 6),
		"size mismatch: 5 bytes stated, at least 6 found");
	ck_assert_str_eq(describe(FAILURE_UNSUPPORTED_METHOD, 1, 0),
		"unsupported compression method 1 (Shrink)");
	ck_assert_str_eq(
		describe(FAILURE_UNSUPPORTED_METHOD, 77, 0), "unsupported compression method 77");
	ck_assert_ptr_nonnull(strstr(describe(FAILURE_READ, EIO, 0), "Input/output error"));
}
END_TEST

START_TEST(a_full_or_refusing_place_is_named)
{
	ck_assert_str_eq(describe(FAILURE_NO_SPACE, ENOSPC, 0),
		"cannot write to /scratch: No space left on device");
	ck_assert_str_eq(describe(FAILURE_NO_SPACE, EDQUOT, 0),
		"cannot write to /scratch: Disk quota exceeded");
	ck_assert_ptr_nonnull(strstr(describe(FAILURE_WRITE, EIO, 0), "/scratch"));
	ck_assert_ptr_nonnull(strstr(describe(FAILURE_MAP, ENODEV, 0), "/scratch"));
}
END_TEST

START_TEST(what_is_not_regular_is_said)
{
	ck_assert_str_eq(describe(FAILURE_NOT_REGULAR, S_IFIFO | 0644, 0),
		"not a regular file (a FIFO; unzip one as '-', from standard input)");
	ck_assert_str_eq(describe(FAILURE_NOT_REGULAR, S_IFDIR | 0755, 0),
		"not a regular file (a directory)");
	ck_assert_str_eq(describe(FAILURE_NOT_REGULAR, S_IFCHR, 0),
		"not a regular file (a character device)");
	ck_assert_str_eq(
		describe(FAILURE_NOT_REGULAR, S_IFBLK, 0), "not a regular file (a block device)");
	ck_assert_str_eq(
		describe(FAILURE_NOT_REGULAR, S_IFSOCK, 0), "not a regular file (a socket)");
}
END_TEST

START_TEST(how_a_worker_died_is_said)
{
	/* wait(2): the signal in the low bits, the exit status above them. */
	ck_assert_str_eq(describe(FAILURE_WORKER_DIED, SIGSYS | 0x80, 0),
		"worker died (killed by the sandbox: it tried what no worker has to do)");
	ck_assert_str_eq(describe(FAILURE_WORKER_DIED, SIGKILL, 0),
		"worker died (killed by signal 9, Killed)");
	ck_assert_ptr_nonnull(
		strstr(describe(FAILURE_WORKER_DIED, SIGSEGV | 0x80, 0), "killed by signal 11"));
	ck_assert_str_eq(describe(FAILURE_WORKER_DIED, 3 << 8, 0), "worker died (exit status 3)");
}
END_TEST

START_TEST(how_a_command_failed_is_said)
{
	ck_assert_str_eq(describe(FAILURE_COMMAND, 42 << 8, 0), "command failed (exit status 42)");
	ck_assert_str_eq(describe(FAILURE_COMMAND, SIGTERM, 0),
		"command failed (killed by signal 15, Terminated)");
	/* A command is in no sandbox of ours. */
	ck_assert_str_eq(describe(FAILURE_COMMAND, SIGSYS, 0),
		"command failed (killed by signal 31, Bad system call)");
}
END_TEST

START_TEST(an_unknown_kind_does_no_harm)
{
	ck_assert_uint_gt(strlen(describe(FAILURE_KINDS, 1, 2)), 0);
	ck_assert_uint_gt(strlen(describe(200, 1, 2)), 0);
}
END_TEST

START_TEST(a_text_is_cut_to_its_room)
{
	const struct failure failure = {FAILURE_CRC_MISMATCH, {1, 2}};

	for (size_t size = 1; size < 60; size++) {
		char *text = malloc(size);
		failure_describe(&failure, "/scratch", text, size);
		ck_assert_uint_lt(strlen(text), size);
		ck_assert_int_eq(
			strncmp(describe(FAILURE_CRC_MISMATCH, 1, 2), text, strlen(text)), 0);
		free(text);
	}
}
END_TEST
int main(void)
{
	Suite *suite = suite_create("failure");
	TCase *tests = tcase_create("failure");

	tcase_add_test(tests, every_kind_has_a_slug_for_scripts);
	tcase_add_test(tests, a_worker_that_cannot_start_is_told_with_the_step_and_its_reason);
	tcase_add_test(tests, steps_of_a_start_differ_in_words);
	tcase_add_test(tests, slugs_differ_where_the_kinds_do);
	tcase_add_test(tests, every_kind_has_words_whatever_the_numbers);
	tcase_add_test(tests, the_numbers_are_said);
	tcase_add_test(tests, a_full_or_refusing_place_is_named);
	tcase_add_test(tests, what_is_not_regular_is_said);
	tcase_add_test(tests, how_a_worker_died_is_said);
	tcase_add_test(tests, how_a_command_failed_is_said);
	tcase_add_test(tests, an_unknown_kind_does_no_harm);
	tcase_add_test(tests, a_text_is_cut_to_its_room);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
