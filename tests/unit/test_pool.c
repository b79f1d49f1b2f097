// SPDX-License-Identifier: MIT

#include "parent/pool.h"

#include "protocol/channel.h"
#include "protocol/settings.h"
#include "support.h"
#include "util/closefrom.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rundir rundir;
static struct run_stats stats;
static struct pool pool;
static size_t descriptors_before;

/** What the workers of these tests do: answer each packet, with what the archive's number asks. */
enum order {
	SAY_DESCRIPTORS, /* the number of descriptors that it has, as a plan's end */
	SAY_TWICE,       /* two packets */
	SAY_GARBAGE,
	SAY_PROGRESS, /* note progress, then answer */
	LEAVE,        /* with status 5 */
};

/** As open_descriptors(), without Check, which would write to descriptors that a worker has not. */
static unsigned count_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void worker_main(
	void *context, int channel_fd, int directory_fd, struct worker_progress *progress)
{
	char bytes[256];
	uint8_t out[256];
	ssize_t size;
	int fd;

	if (context != &pool || channel_fd != 3 || directory_fd != 4)
		_exit(90);
	while ((size = channel_receive(channel_fd, bytes, sizeof(bytes), &fd, true)) > 0) {
		struct message message;
		struct wire_reader reader;
		struct wire_writer writer;
		wire_reader_init(&reader, bytes, (size_t)size);
		if (message_get(&reader, &message) != 1 || message.work.has_archive != (fd >= 0))
			_exit(91);
		if (fd >= 0)
			close(fd);
		struct message answer = {.kind = MESSAGE_PLAN};
		if (message.work.archive == LEAVE)
			_exit(5);
		if (message.work.archive == SAY_DESCRIPTORS)
			answer.plan.end = count_descriptors();
		if (message.work.archive == SAY_PROGRESS) {
			atomic_store(&progress->lanes[0].unit, 77);
			atomic_store(&progress->lanes[0].member, 88);
		}
		wire_writer_init(&writer, out, sizeof(out));
		if (message_put(&writer, &answer) < 0)
			_exit(92);
		if (message.work.archive == SAY_GARBAGE)
			channel_send(channel_fd, out, 1, channel_fd, true);
		else
			channel_send(channel_fd, out, writer.size, -1, true);
		if (message.work.archive == SAY_TWICE)
			channel_send(channel_fd, out, writer.size, -1, true);
	}
	_exit(0);
}

/* --- workers that are executed anew
 * --------------------------------------------------------------- This program is what they
 * execute.
 */

#define ANEW "--worker-of-test-pool"

/* What such a worker does: the number that the settings are. */
enum anew_deed {
	ANEW_READY,   /* say that it is, then the descriptors and variables that it has */
	ANEW_WITHOUT, /* say that it goes on without Landlock, twice, then as ANEW_READY */
	ANEW_FAILS,   /* say that a step failed */
	ANEW_LEAVES,  /* with status 7, without a word */
	ANEW_KILLED,  /* by SIGKILL, without a word */
	ANEW_SILENT,  /* say something else than the first word */
	ANEW_TALKS,   /* say last words */
};

static void anew_say(const struct message *message)
{
	struct wire_writer writer;
	uint8_t bytes[256];

	wire_writer_init(&writer, bytes, sizeof(bytes));
	if (message_put(&writer, message) < 0 || channel_send(3, bytes, writer.size, -1, true) < 0)
		_exit(93);
}

static void anew_start(enum start_step step, uint32_t error, bool goes_on)
{
	anew_say(&(struct message){.kind = MESSAGE_START,
		.start = {.step = step, .error = error, .goes_on = goes_on}});
}

static unsigned count_variables(void)
{
	unsigned count = 0;

	for (char **variable = environ; *variable; variable++)
		count++;
	return count;
}

/* Take the head, with the note, and one packet of settings, which is one byte. */
static uint8_t anew_settings(void)
{
	uint8_t bytes[64];
	struct settings_head head;
	int fd;
	ssize_t size = channel_receive(3, bytes, sizeof(bytes), &fd, true);

	if (size < 0 || settings_get_head(bytes, (size_t)size, &head) < 0 || fd < 0 ||
		!head.has_directory || head.parent != (uint32_t)getppid() || head.size_bytes != 1)
		_exit(94);
	/* As a worker does: what the program that runs the tests has open is inherited, too. */
	if (close_from(5) < 0 || channel_receive(3, bytes, sizeof(bytes), NULL, true) != 1)
		_exit(95);
	return bytes[0];
}

static _Noreturn void anew_main(void)
{
	static const char words[] = "one line\nan \033[31mescape\n";

	switch ((enum anew_deed)anew_settings()) {
	case ANEW_FAILS:
		anew_start(START_DEATH_SIGNAL, EPERM, false);
		_exit(EXIT_FAILURE);
	case ANEW_LEAVES:
		_exit(7);
	case ANEW_KILLED:
		raise(SIGKILL);
		break;
	case ANEW_SILENT:
		anew_say(&(struct message){.kind = MESSAGE_PLAN});
		break;
	case ANEW_WITHOUT:
		anew_start(START_LANDLOCK, ENOSYS, true);
		anew_start(START_LANDLOCK, ENOSYS, true);
		break;
	case ANEW_TALKS:
		if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
			_exit(96);
		break;
	case ANEW_READY:
		break;
	}
	anew_start(START_NONE, 0, false);
	anew_say(&(struct message){.kind = MESSAGE_PLAN,
		.plan = {.end = count_descriptors(), .entries = count_variables()}});
	_exit(EXIT_SUCCESS);
}

static uint8_t deed;

static const struct worker_entry anew_entry = {
	.main = worker_main,
	.context = &pool,
	.argument = ANEW,
	.settings = &deed,
	.settings_bytes = 1,
	.fork = FORK_REFUSED,
};

static const struct worker_entry entry = {.main = worker_main, .context = &pool};

static void set_up(void)
{
	scratch_begin();
	ck_assert_int_eq(rundir_create(&rundir, scratch_path("")), 0);
	descriptors_before = open_descriptors();
	memset(&stats, 0, sizeof(stats));
	ck_assert_int_eq(pool_init(&pool, 3, &entry, &rundir, &stats), 0);
}

/** Nobody and nothing is left. */
static void tear_down(void)
{
	pool_release(&pool);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	ck_assert_uint_eq(open_descriptors(), descriptors_before);
	rundir_release(&rundir);
	scratch_end();
}

static void set_up_anew(void)
{
	scratch_begin();
	ck_assert_int_eq(rundir_create(&rundir, scratch_path("")), 0);
	descriptors_before = open_descriptors();
	memset(&stats, 0, sizeof(stats));
	ck_assert_int_eq(setenv("ZIPMAP_CANARY", "a canary", 1), 0);
	ck_assert_int_eq(pool_init(&pool, 3, &anew_entry, &rundir, &stats), 0);
}

static struct worker *start(void)
{
	struct failure failure;
	struct worker *worker = pool_start(&pool, &failure);

	ck_assert_ptr_nonnull(worker);
	ck_assert_int_gt(worker->pid, 0);
	return worker;
}

static struct message make_order(enum order order, bool has_archive)
{
	return (struct message){.kind = MESSAGE_WORK,
		.work = {.archive = order,
			.has_archive = has_archive,
			.kind = UNIT_MEMBERS,
			.members = {.end = UNIT_END_OPEN}}};
}

/** Send an order, with @fd unless that is -1. As pool_send(). */
static int try_to_send(struct worker *worker, enum order order, int fd)
{
	const struct message work = make_order(order, fd >= 0);
	struct parcel parcel;

	parcel_init(&parcel, worker);
	parcel_put(&parcel, &work, fd);
	return pool_send(&pool, worker, &parcel);
}

static void send_order(struct worker *worker, enum order order, int fd)
{
	ck_assert_int_eq(try_to_send(worker, order, fd), 0);
}

/** As pool_receive(), once something is there. */
static int receive(struct worker *worker, struct message *message)
{
	struct pollfd descriptor = {.fd = worker->channel_fd, .events = POLLIN};
	struct wire_reader reader;
	int got;

	do {
		ck_assert_int_eq(poll(&descriptor, 1, 60000), 1);
		got = pool_receive(&pool, worker, &reader);
	} while (got == 0); /* as after a first word */
	if (got == 1) {
		ck_assert_int_eq(message_get(&reader, message), 1);
		ck_assert_int_eq(message_get(&reader, message), 0);
	}
	return got;
}

START_TEST(a_worker_is_a_process_with_a_directory_of_its_own)
{
	struct stat status;
	struct stat run_status;
	struct worker *a = start();
	struct worker *b = start();

	ck_assert_ptr_ne(a, b);
	ck_assert_int_ne(a->pid, b->pid);
	ck_assert_uint_eq(a->directory, 0);
	ck_assert_uint_eq(b->directory, 1);
	ck_assert_uint_eq(a->archive, PROGRESS_NONE);
	ck_assert_uint_eq(a->queued, 0);
	ck_assert_int_eq(fstat(a->directory_fd, &status), 0);
	ck_assert(S_ISDIR(status.st_mode));
	ck_assert_uint_eq(status.st_dev, a->device);
	ck_assert_int_eq(fstatat(rundir.fd, "0", &run_status, 0), 0);
	ck_assert_uint_eq(status.st_ino, run_status.st_ino);
	ck_assert_uint_eq(pool.live, 2);
	ck_assert_uint_eq(stats.workers, 2);
}
END_TEST

START_TEST(a_worker_has_no_descriptor_but_its_own)
{
	struct message message;
	int fds[20];

	for (int i = 0; i < 20; i++) /* that an exec would not close either */
		ck_assert_int_ge(fds[i] = dup(STDIN_FILENO), 0);
	start();
	struct worker *worker = start();
	send_order(worker, SAY_DESCRIPTORS, STDIN_FILENO);
	ck_assert_int_eq(receive(worker, &message), 1);
	ck_assert_uint_eq(message.plan.end, 5); /* 0, 1, 2, the channel, the directory */
	for (int i = 0; i < 20; i++)
		close(fds[i]);
}
END_TEST

START_TEST(what_is_sent_and_received_is_counted)
{
	struct message message;
	struct worker *worker = start();

	send_order(worker, SAY_TWICE, -1);
	ck_assert_uint_eq(worker->archive, SAY_TWICE);
	ck_assert_uint_eq(stats.sent_messages, 1);
	ck_assert_uint_gt(stats.sent_bytes, 8);
	ck_assert_uint_lt(stats.sent_bytes, WORK_BYTES_MAX);
	ck_assert_int_eq(receive(worker, &message), 1);
	ck_assert_int_eq(receive(worker, &message), 1);
	ck_assert_uint_eq(stats.received_messages, 2);
	ck_assert_uint_eq(stats.received_bytes, 2 * (5 + 5 * 8 + 2));
}
END_TEST

START_TEST(nothing_to_receive_is_0_and_is_not_waited_for)
{
	struct wire_reader reader;

	ck_assert_int_eq(pool_receive(&pool, start(), &reader), 0);
}
END_TEST

START_TEST(a_packet_with_a_descriptor_is_ebadmsg)
{
	struct message message;
	struct worker *worker = start();

	send_order(worker, SAY_GARBAGE, -1);
	ck_assert_int_eq(receive(worker, &message), -1);
	ck_assert_int_eq(errno, EBADMSG);
}
END_TEST

START_TEST(progress_is_seen_after_the_worker_is_dead)
{
	struct message message;
	struct worker *worker = start();

	ck_assert_uint_eq(atomic_load(&worker->progress->lanes[0].unit), PROGRESS_NONE);
	ck_assert_uint_eq(atomic_load(&worker->progress->lanes[0].member), PROGRESS_NONE);
	send_order(worker, SAY_PROGRESS, -1);
	ck_assert_int_eq(receive(worker, &message), 1);
	ck_assert_int_eq(kill(worker->pid, SIGKILL), 0);
	ck_assert_int_eq(receive(worker, &message), -1);
	ck_assert_uint_eq(atomic_load(&worker->progress->lanes[0].unit), 77);
	ck_assert_uint_eq(atomic_load(&worker->progress->lanes[0].member), 88);
	int status = pool_bury(&pool, worker);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
}
END_TEST

START_TEST(how_a_worker_left_is_known)
{
	struct message message;
	struct worker *worker = start();

	send_order(worker, LEAVE, -1);
	ck_assert_int_eq(receive(worker, &message), -1);
	siginfo_t info; /* it has left by itself; the killing comes too late */
	ck_assert_int_eq(waitid(P_PID, (id_t)worker->pid, &info, WEXITED | WNOWAIT), 0);
	int status = pool_bury(&pool, worker);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 5);
}
END_TEST

START_TEST(a_dead_workers_place_is_used_again_with_a_new_directory)
{
	struct worker *a = start();
	start();
	struct worker *c = start();
	pid_t first = a->pid;

	ck_assert_uint_eq(pool.live, 3);
	pool_bury(&pool, a);
	ck_assert_uint_eq(pool.live, 2);
	ck_assert_int_eq(a->pid, 0);
	ck_assert_ptr_eq(start(), a);
	ck_assert_int_ne(a->pid, first);
	ck_assert_uint_eq(a->directory, 3);
	ck_assert_uint_eq(c->directory, 2);
	ck_assert_uint_eq(pool.live, 3);
	ck_assert_uint_eq(stats.workers, 4);
}
END_TEST

START_TEST(a_worker_that_is_alive_is_killed_to_be_buried)
{
	struct worker *worker = start();
	pid_t pid = worker->pid;

	ck_assert(WIFSIGNALED(pool_bury(&pool, worker)));
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
}
END_TEST

START_TEST(sending_to_a_dead_worker_is_epipe_and_changes_nothing)
{
	struct message message;
	struct worker *worker = start();

	kill(worker->pid, SIGKILL);
	ck_assert_int_eq(receive(worker, &message), -1);
	ck_assert_int_eq(try_to_send(worker, SAY_TWICE, -1), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_uint_eq(worker->archive, PROGRESS_NONE);
	ck_assert_uint_eq(stats.sent_messages, 0);
}
END_TEST

START_TEST(a_parcel_is_one_packet_with_the_descriptors_in_the_order_of_its_units)
{
	struct worker worker = {.archive = PROGRESS_NONE};
	struct channel_fds fds;
	struct parcel parcel;
	struct wire_reader reader;
	uint8_t bytes[WORK_PACKET_MAX];
	int channel[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	worker.channel_fd = channel[0];
	parcel_init(&parcel, &worker);
	for (unsigned i = 0; i < WORK_UNITS_MAX; i++) {
		struct message work = make_order((enum order)i, i % 3 > 0);
		work.unit = i;
		parcel_put(&parcel, &work, i % 3 > 0 ? channel[i % 3 - 1] : -1);
	}
	ck_assert_int_eq(pool_send(&pool, &worker, &parcel), 0);
	ck_assert_uint_eq(worker.archive, WORK_UNITS_MAX - 1);
	ck_assert_uint_eq(stats.sent_messages, 1);
	ssize_t size = channel_receive_fds(channel[1], bytes, sizeof(bytes), &fds, true);
	ck_assert_int_gt(size, 0);
	wire_reader_init(&reader, bytes, (size_t)size);
	for (unsigned i = 0, at = 0; i < WORK_UNITS_MAX; i++) {
		struct message message;
		struct stat status[2];
		ck_assert_int_eq(message_get(&reader, &message), 1);
		ck_assert_uint_eq(message.unit, i);
		ck_assert_int_eq(message.work.has_archive, i % 3 > 0);
		if (i % 3 == 0)
			continue;
		ck_assert_uint_lt(at, fds.count);
		ck_assert_int_eq(fstat(fds.fds[at], &status[0]), 0);
		ck_assert_int_eq(fstat(channel[i % 3 - 1], &status[1]), 0);
		ck_assert_uint_eq(status[0].st_ino, status[1].st_ino);
		close(fds.fds[at++]);
	}
	ck_assert_uint_eq(reader.left, 0);
	close(channel[0]);
	close(channel[1]);
}
END_TEST

START_TEST(the_end_of_the_channels_makes_workers_leave_and_they_are_still_heard)
{
	struct message message;
	struct worker *a = start();
	struct worker *b = start();

	send_order(a, SAY_TWICE, -1);
	pool_end_channels(&pool);
	ck_assert_int_eq(receive(a, &message), 1);
	ck_assert_int_eq(receive(a, &message), 1);
	ck_assert_int_eq(receive(a, &message), -1);
	ck_assert_int_eq(receive(b, &message), -1);
	ck_assert_int_eq(try_to_send(b, SAY_TWICE, -1), -1);
}
END_TEST

START_TEST(where_no_directory_can_be_made_no_worker_is_started_and_nothing_leaks)
{
	size_t before = open_descriptors();
	struct failure failure;

	ck_assert_int_eq(unlinkat(rundir.fd, RUNDIR_LOCK, 0), 0);
	ck_assert_int_eq(rmdir(rundir.path), 0);
	ck_assert_ptr_null(pool_start(&pool, &failure));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(failure.kind, FAILURE_NO_WORKER);
	ck_assert_uint_eq(failure.numbers[0], ENOENT);
	ck_assert_uint_eq(pool.live, 0);
	ck_assert_uint_eq(stats.workers, 0);
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert_int_eq(mkdir(rundir.path, 0700), 0);
}
END_TEST

START_TEST(release_ends_all_workers)
{
	start();
	start();
	start();
	pool_release(&pool); /* the rest is looked at by tear_down() */
}
END_TEST
START_TEST(a_worker_that_is_executed_anew_has_no_descriptor_and_no_variable_but_its_own)
{
	struct message message;
	int fds[20];

	for (int i = 0; i < 20; i++) /* that an exec would not close either */
		ck_assert_int_ge(fds[i] = dup(STDIN_FILENO), 0);
	deed = ANEW_READY;
	struct worker *worker = start();
	ck_assert(!worker->is_ready);
	ck_assert_int_eq(receive(worker, &message), 1);
	ck_assert(worker->is_ready);
	ck_assert_uint_eq(message.plan.end, 5);     /* 0, 1, 2, the channel, the directory */
	ck_assert_uint_lt(message.plan.entries, 8); /* of which none is the canary */
	ck_assert_uint_eq(stats.sent_messages, 2);
	ck_assert_uint_eq(stats.received_messages, 2);
	for (int i = 0; i < 20; i++)
		close(fds[i]);
}
END_TEST

START_TEST(what_a_sandbox_lacks_is_said_once)
{
	struct message message;

	deed = ANEW_WITHOUT;
	capture_begin();
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(receive(start(), &message), 1);
	ck_assert_str_eq(capture_end(),
		"zipmap: the sandbox of the workers lacks what this kernel refuses: Landlock: "
		"Function not implemented\n");
}
END_TEST

/* How a worker that was told to do @what ended, and whether others would end so, too. */
static bool failed_to_start(enum anew_deed what, struct failure *failure)
{
	struct message message;

	deed = (uint8_t)what;
	struct worker *worker = start();
	ck_assert_int_eq(receive(worker, &message), -1);
	ck_assert_int_ne(errno, EBADMSG);
	siginfo_t info; /* it leaves by itself; the killing is not to come before */
	ck_assert_int_eq(waitid(P_PID, (id_t)worker->pid, &info, WEXITED | WNOWAIT), 0);
	struct worker dead = *worker;
	return pool_failed_to_start(&dead, pool_bury(&pool, worker), failure);
}

START_TEST(why_a_worker_could_not_start_is_known)
{
	struct failure failure;
	char text[256];

	ck_assert(failed_to_start(ANEW_FAILS, &failure));
	failure_describe(&failure, "", text, sizeof(text));
	ck_assert_str_eq(text,
		"cannot start a worker process: prctl(PR_SET_PDEATHSIG): Operation not permitted");
	ck_assert(failed_to_start(ANEW_LEAVES, &failure));
	failure_describe(&failure, "", text, sizeof(text));
	ck_assert_str_eq(text, "cannot start a worker process: it came to its end before it was "
			       "ready (exit status 7)");
	/* Anybody may have killed it. */
	ck_assert(!failed_to_start(ANEW_KILLED, &failure));
	/* One that was ready did not fail to start. */
	ck_assert(!pool_failed_to_start(&(struct worker){.is_ready = true}, 7 << 8, &failure));
}
END_TEST

START_TEST(nothing_is_believed_before_the_first_word)
{
	struct message message;

	deed = ANEW_SILENT;
	ck_assert_int_eq(receive(start(), &message), -1);
	ck_assert_int_eq(errno, EBADMSG);
}
END_TEST

START_TEST(last_words_are_shown_made_printable)
{
	struct message message;

	deed = ANEW_TALKS;
	struct worker *worker = start();
	ck_assert_int_eq(receive(worker, &message), 1);
	capture_begin();
	pool_bury(&pool, worker);
	ck_assert_str_eq(capture_end(), "zipmap: a worker said: one line\n"
					"zipmap: a worker said: an \\x1b[31mescape\n");
}
END_TEST

int main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], ANEW) == 0)
		anew_main();

	Suite *suite = suite_create("pool");
	TCase *tests = tcase_create("pool");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_worker_is_a_process_with_a_directory_of_its_own);
	tcase_add_test(tests, a_worker_has_no_descriptor_but_its_own);
	tcase_add_test(tests, what_is_sent_and_received_is_counted);
	tcase_add_test(tests, nothing_to_receive_is_0_and_is_not_waited_for);
	tcase_add_test(tests, a_packet_with_a_descriptor_is_ebadmsg);
	tcase_add_test(tests, progress_is_seen_after_the_worker_is_dead);
	tcase_add_test(tests, how_a_worker_left_is_known);
	tcase_add_test(tests, a_dead_workers_place_is_used_again_with_a_new_directory);
	tcase_add_test(tests, a_worker_that_is_alive_is_killed_to_be_buried);
	tcase_add_test(tests, sending_to_a_dead_worker_is_epipe_and_changes_nothing);
	tcase_add_test(
		tests, a_parcel_is_one_packet_with_the_descriptors_in_the_order_of_its_units);
	tcase_add_test(tests, the_end_of_the_channels_makes_workers_leave_and_they_are_still_heard);
	tcase_add_test(
		tests, where_no_directory_can_be_made_no_worker_is_started_and_nothing_leaks);
	tcase_add_test(tests, release_ends_all_workers);
	suite_add_tcase(suite, tests);
	TCase *anew = tcase_create("anew");
	tcase_set_timeout(anew, 60);
	tcase_add_checked_fixture(anew, set_up_anew, tear_down);
	tcase_add_test(
		anew, a_worker_that_is_executed_anew_has_no_descriptor_and_no_variable_but_its_own);
	tcase_add_test(anew, what_a_sandbox_lacks_is_said_once);
	tcase_add_test(anew, why_a_worker_could_not_start_is_known);
	tcase_add_test(anew, nothing_is_believed_before_the_first_word);
	tcase_add_test(anew, last_words_are_shown_made_printable);
	suite_add_tcase(suite, anew);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
