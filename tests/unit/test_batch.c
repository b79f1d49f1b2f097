// SPDX-License-Identifier: MIT

#include "parent/batch.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char *nothing[] = {NULL};

/* The words that @batch makes, with blanks between them. */
static const char *joined(const struct batch *batch)
{
	static char text[256];
	char **words = batch_words(batch);
	size_t size = 0;

	ck_assert_ptr_nonnull(words);
	text[0] = '\0';
	for (size_t i = 0; words[i]; i++)
		size += (size_t)snprintf(
			text + size, sizeof(text) - size, "%s%s", i > 0 ? " " : "", words[i]);
	free(words);
	return text;
}

static const struct {
	const char *words[4];
	const char *joined;
} commands[] = {
	{{"echo"}, "echo d/a.x d/b.y"},
	{{"echo", "{}"}, "echo d/a.x d/b.y"},
	{{"echo", "{/}", "end"}, "echo a.x b.y end"},
	{{"echo", "-i={.}", "{{}}"}, "echo -i=d/a -i=d/b {}"},
	{{"echo", "Matched:", "{//}"}, "echo Matched: d d"},
	{{"{{}}", "x"}, "{} x d/a.x d/b.y"},
};

START_TEST(each_path_is_a_word_where_the_placeholder_is)
{
	size_t count = 0;
	struct batch batch;

	while (count < 4 && commands[_i].words[count])
		count++;
	const struct template template = {(char **)(void *)commands[_i].words, count};
	batch_init(&batch, &template, nothing);
	ck_assert_int_eq(batch_add(&batch, "d/a.x"), 0);
	ck_assert(batch_fits(&batch, "d/b.y"));
	ck_assert_int_eq(batch_add(&batch, "d/b.y"), 0);
	ck_assert_str_eq(joined(&batch), commands[_i].joined);
	batch_clear(&batch);
	ck_assert_int_eq(batch_add(&batch, "c"), 0);
	ck_assert_uint_eq(batch.count, 1);
	batch_clear(&batch);
}
END_TEST

/* Run true(1) with what @batch has and environ: its status, or the errno of execve(2). */
static int run(const struct batch *batch)
{
	char **words = batch_words(batch);
	int status;

	ck_assert_ptr_nonnull(words);
	pid_t pid = fork();
	if (pid == 0) {
		execv("/bin/true", words);
		_exit(errno);
	}
	free(words);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The kernel, not this file, knows how much is too much. */
START_TEST(as_much_as_fits_is_taken_by_the_system)
{
	char *word = (char *)"true";
	const struct template template = {&word, 1};
	const struct rlimit stack = {(rlim_t)_i * 1024 * 1024, RLIM_INFINITY};
	const size_t path_size = 57;
	char path[64];
	struct batch batch;

	ck_assert_int_eq(setrlimit(RLIMIT_STACK, &stack), 0);
	ck_assert_int_eq(setenv("LONG", "some more", 1), 0);
	batch_init(&batch, &template, environ);
	for (unsigned i = 0;; i++) {
		snprintf(path, sizeof(path), "%0*u", (int)path_size, i);
		if (!batch_fits(&batch, path))
			break;
		ck_assert_int_eq(batch_add(&batch, path), 0);
	}
	ck_assert_int_eq(run(&batch), 0);
	/* Nine tenths of what the stack gives are used: a quarter of it is for arguments. */
	size_t used = batch.count * (path_size + 1 + sizeof(char *));
	ck_assert_uint_ge(used, (size_t)_i * 1024 * 1024 / 4 / 10 * 9);
	batch_clear(&batch);
}
END_TEST

START_TEST(a_first_path_is_taken_whatever_the_limit)
{
	char *words[] = {
		"echo", "{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}"};
	const struct template template = {words, 2};
	static char path[1024 * 1024];
	struct batch batch;

	memset(path, 'x', sizeof(path) - 1);
	batch_init(&batch, &template, nothing);
	ck_assert(batch_fits(&batch, path));
	ck_assert_int_eq(batch_add(&batch, path), 0);
	ck_assert(!batch_fits(&batch, "a"));
	ck_assert_int_eq(run(&batch), E2BIG);
	batch_clear(&batch);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("batch");
	TCase *tests = tcase_create("batch");

	tcase_add_loop_test(tests, each_path_is_a_word_where_the_placeholder_is, 0,
		sizeof(commands) / sizeof(commands[0]));
	tcase_add_loop_test(tests, as_much_as_fits_is_taken_by_the_system, 1, 9);
	tcase_add_test(tests, a_first_path_is_taken_whatever_the_limit);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
