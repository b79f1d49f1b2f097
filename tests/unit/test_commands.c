// SPDX-License-Identifier: MIT

#include "parent/commands.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static struct commands commands;
static struct signals signals;
static int child_fd; /* readable when a child has ended */

static void watch_children(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &mask, NULL), 0);
	child_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	ck_assert_int_ge(child_fd, 0);
}

static void set_up(void)
{
	scratch_begin();
	/* What the test itself was started with is not the matter. */
	for (int fd = 3; fd < 1024; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	ck_assert_int_eq(signals_init(&signals), 0);
	watch_children();
	struct spawn_start start = {.mask = 027, .signals = &signals};
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &start.files), 0);
	ck_assert_int_eq(commands_init(&commands, &start, scratch_path("")), 0);
}

static void tear_down(void)
{
	commands_release(&commands);
	ck_assert_uint_eq(commands.running, 0);
	ck_assert_uint_eq(commands.place.held_bytes, 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	signals_release(&signals);
	close(child_fd);
	scratch_end();
}

/* Start a shell that does @script. */
static struct command *start(const char *script)
{
	char *words[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
	struct command *command = commands_start(&commands, words, environ, true);

	ck_assert_ptr_nonnull(command);
	return command;
}

/* What the loop does: wait for something, and deal with it. */
static void step(void)
{
	struct pollfd polls[2 * 256 + 1];
	struct signalfd_siginfo info;
	size_t count = commands_polls(&commands, true, polls + 1);

	ck_assert_uint_le(count, commands_poll_count(&commands));
	polls[0] = (struct pollfd){.fd = child_fd, .events = POLLIN};
	ck_assert_int_gt(poll(polls, (nfds_t)count + 1, 20000), 0);
	commands_read(&commands, polls + 1, count);
	if (polls[0].revents && read(child_fd, &info, sizeof(info)) == sizeof(info))
		commands_reap(&commands);
}

static void wait_for(const struct command *command)
{
	while (!command_has_ended(command))
		step();
}

/* All that @command has printed on @stream, up to 64 KiB. */
static const char *printed(struct command *command, enum command_stream stream)
{
	static char text[64 * 1024];
	size_t size = 0;
	ssize_t got;

	while ((got = commands_take(
			&commands, command, stream, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)got;
	ck_assert_int_eq(got, 0);
	text[size] = '\0';
	return text;
}

START_TEST(what_a_command_prints_is_gathered_each_stream_for_itself)
{
	struct command *command = start("echo out; echo err >&2; echo more; exit 3");

	wait_for(command);
	ck_assert_str_eq(printed(command, COMMAND_OUTPUT), "out\nmore\n");
	ck_assert_str_eq(printed(command, COMMAND_ERRORS), "err\n");
	ck_assert(WIFEXITED(command->status));
	ck_assert_int_eq(WEXITSTATUS(command->status), 3);
	commands_forget(&commands, command);
	ck_assert_uint_eq(commands.count, 0);
}
END_TEST

/* Prints the signals that are ignored, but for the two that are libc's own, which stay as they
 * were. */
#define PRINT_IGNORED \
	"printf '%x\\n' $((0x$(sed -n 's/^SigIgn:.//p' /proc/self/status) & 0x7fffffff))"

START_TEST(a_command_begins_as_if_there_were_no_zipmap)
{
	/* The shell's own process, by number: $(...) would be another one. 10 is its own too. */
	struct command *command = start(
		"umask; readlink /proc/$$/fd/0; ls /proc/$$/fd | grep -v 10 | tr '\\n' ' '; echo; "
		"grep ^SigBlk /proc/self/status; " PRINT_IGNORED "; "
		"test \"$(ps -o pgid= $$)\" -eq $$ && echo group");
	int ours = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(ours, 0);
	wait_for(command);
	ck_assert_str_eq(printed(command, COMMAND_ERRORS), "");
	ck_assert_str_eq(printed(command, COMMAND_OUTPUT),
		"0027\n/dev/null\n0 1 2 \nSigBlk:\t0000000000000000\n0\n"
		"group\n");
	commands_forget(&commands, command);
	close(ours);
}
END_TEST

START_TEST(what_was_ignored_before_stays_so_for_commands)
{
	signals_release(&signals);
	ck_assert(signal(SIGHUP, SIG_IGN) != SIG_ERR); /* as nohup(1) does */
	ck_assert_int_eq(signals_init(&signals), 0);
	close(child_fd);
	watch_children();
	struct command *command = start(PRINT_IGNORED);

	wait_for(command);
	ck_assert_str_eq(printed(command, COMMAND_OUTPUT), "1\n");
	commands_forget(&commands, command);
	ck_assert(signal(SIGHUP, SIG_DFL) != SIG_ERR);
}
END_TEST

START_TEST(what_cannot_be_started_says_why)
{
	char *missing[] = {(char *)"zipmap-no-such-command", NULL};
	char *directory[] = {(char *)"/tmp", NULL};
	size_t before = open_descriptors();

	/* Its vfork(2) is fork(2): what the child says in our memory does not get here. */
	if (is_emulated("vfork(2)"))
		return;
	ck_assert_ptr_null(commands_start(&commands, missing, environ, true));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(commands_start(&commands, directory, environ, true));
	ck_assert_int_eq(errno, EACCES);
	ck_assert_ptr_null(commands_start(&commands, missing, environ, false));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_uint_eq(commands.count, 0);
	ck_assert_uint_eq(commands.running, 0);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(a_command_has_ended_only_when_its_output_has)
{
	ck_assert_int_eq(mkfifo(scratch_path("go"), 0600), 0);
	char script[256];
	snprintf(script, sizeof(script), "{ read x <%s; echo late; } & exit 0", scratch_path("go"));
	struct command *command = start(script);

	while (!command->exited)
		step();
	ck_assert(!command_has_ended(command));
	ck_assert_uint_eq(commands.running, 1);
	int go = open(scratch_path("go"), O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(write(go, "\n", 1), 1);
	close(go);
	wait_for(command);
	ck_assert_str_eq(printed(command, COMMAND_OUTPUT), "late\n");
	ck_assert_uint_eq(commands.running, 0);
	commands_forget(&commands, command);
}
END_TEST

START_TEST(one_that_closes_its_output_has_not_ended)
{
	ck_assert_int_eq(mkfifo(scratch_path("go"), 0600), 0);
	char script[256];
	snprintf(script, sizeof(script), "exec >&- 2>&-; read x <%s; exit 5", scratch_path("go"));
	struct command *command = start(script);

	while (command->streams[COMMAND_OUTPUT].fd >= 0 || command->streams[COMMAND_ERRORS].fd >= 0)
		step();
	ck_assert(!command_has_ended(command));
	int go = open(scratch_path("go"), O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(write(go, "\n", 1), 1);
	close(go);
	wait_for(command);
	ck_assert_int_eq(WEXITSTATUS(command->status), 5);
	commands_forget(&commands, command);
}
END_TEST

START_TEST(the_next_process_of_a_command_adds_to_its_output)
{
	char *words[] = {(char *)"echo", (char *)"second", NULL};
	struct command *command = start("echo first");

	wait_for(command);
	ck_assert_int_eq(commands_continue(&commands, command, words, environ), 0);
	ck_assert(!command_has_ended(command));
	wait_for(command);
	ck_assert_str_eq(printed(command, COMMAND_OUTPUT), "first\nsecond\n");
	if (is_emulated("vfork(2)"))
		return;
	words[0] = (char *)"zipmap-no-such-command";
	ck_assert_int_eq(commands_continue(&commands, command, words, environ), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(command_has_ended(command));
	commands_forget(&commands, command);
}
END_TEST

START_TEST(without_pipes_it_has_our_streams)
{
	char *words[] = {(char *)"sh", (char *)"-c", (char *)"echo straight >&2", NULL};

	capture_begin();
	struct command *command = commands_start(&commands, words, environ, false);
	ck_assert_ptr_nonnull(command);
	wait_for(command);
	ck_assert_str_eq(capture_end(), "straight\n");
	commands_forget(&commands, command);
}
END_TEST

START_TEST(many_at_once_are_never_mixed)
{
	enum { COUNT = 200 };
	struct command *all[COUNT];
	char script[128];
	char line[64];

	for (int i = 0; i < COUNT; i++) {
		snprintf(script, sizeof(script), "for i in 1 2 3; do echo %d; done", i);
		all[i] = start(script);
	}
	for (int i = 0; i < COUNT; i++) {
		wait_for(all[i]);
		snprintf(line, sizeof(line), "%d\n%d\n%d\n", i, i, i);
		ck_assert_str_eq(printed(all[i], COMMAND_OUTPUT), line);
		commands_forget(&commands, all[i]);
	}
}
END_TEST

START_TEST(the_one_in_front_goes_on_though_there_is_no_room)
{
	struct command *first = start("head -c 3000000 /dev/zero");
	struct command *second = start("head -c 3000000 /dev/zero");

	commands.place.directory = "/nonexistent";
	while (!command_is_stuck(first) || !command_is_stuck(second))
		step();
	ck_assert_uint_le(commands.place.held_bytes, GATHER_MEMORY_MAX);
	struct command *in_turn[] = {second, first};
	for (int i = 0; i < 2; i++) {
		char bytes[8192];
		size_t size = 0;
		commands.front = in_turn[i];
		while (size < 3000000) {
			ssize_t got = commands_take(
				&commands, in_turn[i], COMMAND_OUTPUT, bytes, sizeof(bytes));
			ck_assert_int_ge(got, 0);
			size += (size_t)got;
			if (got == 0)
				step();
		}
		while (!command_has_ended(in_turn[i])) {
			for (int j = 0; j < COMMAND_STREAMS; j++)
				ck_assert_int_eq(
					commands_take(&commands, in_turn[i], (enum command_stream)j,
						bytes, sizeof(bytes)),
					0);
			if (!command_has_ended(in_turn[i]))
				step();
		}
		commands_forget(&commands, in_turn[i]);
	}
}
END_TEST

START_TEST(a_signal_reaches_a_command_and_its_children)
{
	char script[512];
	char text[64] = "";

	snprintf(script, sizeof(script),
		"exec 3>>%s; sh -c 'trap \"echo inner >&3; exit\" TERM; echo ready; "
		"while :; do sleep 0.1; done' & trap 'echo outer >&3; wait; exit 9' TERM; wait",
		scratch_path("said"));
	struct command *command = start(script);
	while (gather_size(&command->streams[COMMAND_OUTPUT].gather) < 6)
		step();
	commands_signal(&commands, SIGTERM);
	wait_for(command);
	ck_assert_int_eq(WEXITSTATUS(command->status), 9);
	int said = open(scratch_path("said"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(said, text, sizeof(text) - 1), 12);
	ck_assert_ptr_nonnull(strstr(text, "inner"));
	ck_assert_ptr_nonnull(strstr(text, "outer"));
	close(said);
	commands_forget(&commands, command);
}
END_TEST

START_TEST(what_is_left_at_the_end_is_killed)
{
	/* tear_down() sees that nothing is left. */
	start("trap '' TERM; while :; do sleep 100; done");
	start("exec >&- 2>&-; sleep 100");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("commands");
	TCase *tests = tcase_create("commands");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, what_a_command_prints_is_gathered_each_stream_for_itself);
	tcase_add_test(tests, a_command_begins_as_if_there_were_no_zipmap);
	tcase_add_test(tests, what_was_ignored_before_stays_so_for_commands);
	tcase_add_test(tests, what_cannot_be_started_says_why);
	tcase_add_test(tests, a_command_has_ended_only_when_its_output_has);
	tcase_add_test(tests, one_that_closes_its_output_has_not_ended);
	tcase_add_test(tests, the_next_process_of_a_command_adds_to_its_output);
	tcase_add_test(tests, without_pipes_it_has_our_streams);
	tcase_add_test(tests, many_at_once_are_never_mixed);
	tcase_add_test(tests, the_one_in_front_goes_on_though_there_is_no_room);
	tcase_add_test(tests, a_signal_reaches_a_command_and_its_children);
	tcase_add_test(tests, what_is_left_at_the_end_is_killed);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
