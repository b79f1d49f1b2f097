// SPDX-License-Identifier: MIT

/*
 * Files that had members' names before the run. The worker that looks for them is this process, at
 * the other end of a channel.
 */

#include "parent/reuse.h"

#include "support.h"
#include "util/cleanup.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the member states: 2020-01-02 03:04:06 in the zone UTC. */
#define STATED 1577934246
#define BYTES  "abc"
#define SIZE   3

static struct run_naming settings;
static struct run_stats stats;
static struct rundir rundir;
static struct naming naming;
static struct pool pool;
static struct worker worker;
static struct reuse_answers answers;
static struct job job;
static struct unit unit;
static int worker_fd; /* the worker's end of its channel */

static void set_time(const char *name, time_t seconds, long nanoseconds)
{
	const struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = nanoseconds}};

	ck_assert_int_eq(utimensat(AT_FDCWD, scratch_path(name), times, AT_SYMLINK_NOFOLLOW), 0);
}

/* Make a file that the member of that name fits. */
static void make_file(const char *name)
{
	scratch_file(name, BYTES, SIZE);
	set_time(name, STATED, 0);
}

/* What there is at first: files of the archive "a.zip". */
static void make_files(void)
{
	scratch_directory("root");
	scratch_directory("root/run");
	scratch_directory("root/a");
	scratch_directory("root/a/d");
	scratch_directory("outside");
	make_file("outside/x");
	make_file("root/a/good");
	make_file("root/a/d/good");
	scratch_file("root/a/long", BYTES "d", SIZE + 1);
	set_time("root/a/long", STATED, 0);
	scratch_file("root/a/short", BYTES, SIZE - 1);
	set_time("root/a/short", STATED, 0);
	make_file("root/a/later");
	set_time("root/a/later", STATED + 1, 0);
	make_file("root/a/nano");
	set_time("root/a/nano", STATED, 1);
	ck_assert_int_eq(symlink("good", scratch_path("root/a/link")), 0);
	set_time("root/a/link", STATED, 0);
	ck_assert_int_eq(symlink("../../outside", scratch_path("root/a/out")), 0);
	ck_assert_int_eq(mkfifo(scratch_path("root/a/fifo"), 0600), 0);
	set_time("root/a/fifo", STATED, 0);
	scratch_directory("root/a/directory");
	set_time("root/a/directory", STATED, 0);
}

/* The run begins: its directory is made, or changed. */
static void begin(void)
{
	ck_assert_int_eq(futimens(rundir.fd, NULL), 0);
	ck_assert_int_eq(naming_init(&naming, &settings, "root", &rundir), 0);
}

static void set_up(void)
{
	int channel[2];

	setenv("TZ", "UTC", 1);
	tzset();
	scratch_begin();
	make_files();
	settings = (struct run_naming){
		.file_mode = 0600, .directory_mode = 0700, .reuse.wanted = true};
	rundir = (struct rundir){
		.fd = open(scratch_path("root/run"), O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.tmpdir_fd = open(scratch_path("root"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	ck_assert_int_ge(rundir.fd, 0);
	ck_assert_int_ge(rundir.tmpdir_fd, 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	worker_fd = channel[1];
	worker = (struct worker){.channel_fd = channel[0]};
	pool = (struct pool){.stats = &stats};
	job = (struct job){.path = (char *)"dir/a.zip"};
	unit = (struct unit){.id = 77, .job = &job};
	answers.count = 0;
	begin();
}

static void tear_down(void)
{
	reuse_drop(&answers);
	naming_release(&naming);
	close(rundir.fd);
	close(rundir.tmpdir_fd);
	close(worker.channel_fd);
	if (worker_fd >= 0)
		close(worker_fd);
	scratch_end();
}

static struct record make_record(const char *name)
{
	return (struct record){.place = PLACE_THERE,
		.size_bytes = SIZE,
		.own_name = true,
		.time = STATED,
		.name = name,
		.name_size = (uint16_t)strlen(name)};
}

static int look(const struct record *record)
{
	const struct message message = {.kind = MESSAGE_LOOK, .unit = 77, .record = *record};

	return reuse_look(&naming, &pool, &worker, &unit, &message, &answers);
}

/* Look for the file of @record, as the worker does. Its descriptor, or -1 with errno. */
static int find(const struct record *record)
{
	uint8_t bytes[WORK_PACKET_MAX];
	struct wire_reader reader;
	struct message message;
	int fd;

	ck_assert_int_eq(look(record), 0);
	ck_assert_int_eq(reuse_send(&answers, &pool, &worker), 0);
	ssize_t size = channel_receive(worker_fd, bytes, sizeof(bytes), &fd, false);
	ck_assert_int_gt(size, 0);
	wire_reader_init(&reader, bytes, (size_t)size);
	ck_assert_int_eq(message_get(&reader, &message), 1);
	ck_assert_uint_eq(reader.left, 0);
	ck_assert_int_eq(message.kind, MESSAGE_HAND);
	ck_assert_uint_eq(message.unit, 77);
	ck_assert(message.hand.looked);
	ck_assert_int_eq(message.hand.error != 0, fd < 0);
	errno = (int)message.hand.error;
	return fd;
}

static bool is_there(const char *name)
{
	const struct record record = make_record(name);
	int fd = find(&record);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static uint64_t inode_of(const char *name)
{
	struct stat status;

	ck_assert_int_eq(lstat(scratch_path(name), &status), 0);
	return status.st_ino;
}

/* As reuse_give() of a member whose file is there; the kind of failure. */
static enum failure_kind give(const char *name, uint64_t inode)
{
	struct record record = make_record(name);
	const struct result result = {.kind = RESULT_MEMBER, .job = &job, .record = &record};
	struct failure failure = {0};

	record.inode = inode;
	ck_assert_int_eq(
		reuse_give(&naming, &result, &failure), failure.kind == FAILURE_NONE ? 0 : -1);
	return failure.kind;
}

START_TEST(the_file_of_a_member_is_handed_out_for_reading)
{
	const struct record record = make_record("d/good");
	int fd = find(&record);
	struct stat status;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_uint_eq(status.st_ino, inode_of("root/a/d/good"));
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
	ck_assert(is_there("good"));
	settings.reuse.unchecked = true;
	ck_assert(is_there("good"));
}
END_TEST

START_TEST(what_is_another_kind_size_or_time_is_not)
{
	static const char *const names[] = {"none", "none/x", "long", "short", "later", "nano",
		"link", "out/x", "fifo", "directory", "good/x", "d", "good/", "d/", "../a/good",
		"/good", ""};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_msg(!is_there(names[i]), "%s", names[i]);
	struct stat status;
	ck_assert_int_eq(lstat(scratch_path("root/a/none"), &status), -1);
}
END_TEST

START_TEST(what_the_run_has_made_or_changed_is_not)
{
	make_file("root/a/made");
	ck_assert(!is_there("made"));
	ck_assert_int_eq(chmod(scratch_path("root/a/good"), 0640), 0);
	ck_assert(!is_there("good"));
	ck_assert(is_there("d/good"));
}
END_TEST

START_TEST(the_file_of_another_user_is_not)
{
	if (geteuid() != 0)
		return; /* only root can make one */
	ck_assert_int_eq(chown(scratch_path("root/a/good"), 12345, 12345), 0);
	set_time("root/a/good", STATED, 0);
	begin();
	ck_assert(!is_there("good"));
}
END_TEST

START_TEST(what_cannot_be_opened_is_not)
{
	ck_assert_int_eq(chmod(scratch_path("root/a/good"), 0), 0);
	begin();
	if (!become_unprivileged())
		return;
	naming.owner = geteuid();
	ck_assert(!is_there("good"));
	become_privileged();
}
END_TEST

START_TEST(a_member_without_a_time_is_told_by_its_bytes_alone)
{
	struct record record = make_record("later");

	record.time = 0;
	int fd = find(&record);
	ck_assert_int_ge(fd, 0);
	close(fd);
	settings.reuse.unchecked = true;
	ck_assert_int_eq(find(&record), -1);
}
END_TEST

START_TEST(many_answers_go_together_in_their_order)
{
	uint8_t bytes[WORK_PACKET_MAX];
	struct channel_fds fds;
	struct wire_reader reader;
	struct message message;
	const struct record records[2] = {make_record("good"), make_record("none")};

	for (unsigned i = 0; i < CHANNEL_FDS_MAX + 1; i++)
		ck_assert_int_eq(look(&records[i % 2]), 0);
	ck_assert_uint_eq(answers.count, 1);
	ssize_t size = channel_receive_fds(worker_fd, bytes, sizeof(bytes), &fds, false);
	ck_assert_int_gt(size, 0);
	wire_reader_init(&reader, bytes, (size_t)size);
	for (unsigned i = 0; i < CHANNEL_FDS_MAX; i++) {
		ck_assert_int_eq(message_get(&reader, &message), 1);
		ck_assert_int_eq(message.hand.error, i % 2 ? ENOENT : 0);
	}
	ck_assert_uint_eq(reader.left, 0);
	ck_assert_uint_eq(fds.count, CHANNEL_FDS_MAX / 2);
	channel_fds_close(&fds);
}
END_TEST

START_TEST(no_descriptor_is_lost)
{
	size_t before;

	ck_assert(is_there("good")); /* its directory stays open */
	before = open_descriptors();
	ck_assert(is_there("good") && !is_there("long") && !is_there("link"));
	ck_assert_uint_eq(open_descriptors(), before);
	const struct record record = make_record("good");
	ck_assert_int_eq(look(&record), 0);
	reuse_drop(&answers);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(who_does_not_take_answers_breaks_the_protocol)
{
	const struct record record = make_record("none");
	int result = 0;

	for (int i = 0; i < 1000 && result == 0; i++) {
		ck_assert_int_eq(look(&record), 0);
		result = reuse_send(&answers, &pool, &worker);
	}
	ck_assert_int_eq(result, -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_uint_eq(answers.count, 0);
}
END_TEST

START_TEST(a_worker_that_is_dead_is_told_apart)
{
	const struct record record = make_record("good");

	close(steal_fd(&worker_fd));
	ck_assert_int_eq(look(&record), 0);
	ck_assert_int_eq(reuse_send(&answers, &pool, &worker), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	ck_assert_uint_eq(answers.count, 0);
}
END_TEST

START_TEST(the_first_of_two_members_of_a_name_has_it)
{
	uint64_t inode = inode_of("root/a/good");
	struct stat before;
	struct stat after;

	ck_assert_int_eq(lstat(scratch_path("root/a/good"), &before), 0);
	ck_assert_int_eq(give("good", inode), FAILURE_NONE);
	ck_assert_int_eq(lstat(scratch_path("root/a/good"), &after), 0);
	ck_assert_int_eq(after.st_mtim.tv_sec, STATED);
	ck_assert_int_eq(after.st_mtim.tv_nsec, 0);
	ck_assert_int_eq(after.st_atim.tv_sec, before.st_atim.tv_sec);
	ck_assert_int_eq(after.st_atim.tv_nsec, before.st_atim.tv_nsec);
	ck_assert_uint_eq(after.st_mode, before.st_mode);
	ck_assert_int_eq(give("good", inode), FAILURE_NAME_EXISTS);
	ck_assert_int_eq(give("./good", inode), FAILURE_NAME_EXISTS);
	ck_assert(!is_there("good"));
	ck_assert_int_eq(give("d/good", inode_of("root/a/d/good")), FAILURE_NONE);
}
END_TEST

START_TEST(what_is_another_file_at_its_turn_is_not_announced)
{
	uint64_t inode = inode_of("root/a/good");

	ck_assert_int_eq(give("d/good", inode), FAILURE_CHANGED);
	ck_assert_int_eq(give("later", inode_of("root/a/later")), FAILURE_CHANGED);
	ck_assert_int_eq(give("long", inode_of("root/a/long")), FAILURE_CHANGED);
	ck_assert_int_eq(give("none", inode), FAILURE_CHANGED);
	ck_assert_int_eq(give("none/x", inode), FAILURE_CHANGED);
	ck_assert_int_eq(give("link", inode_of("root/a/link")), FAILURE_CHANGED);
	ck_assert_int_eq(give("out/x", inode_of("outside/x")), FAILURE_CHANGED);
	ck_assert_int_eq(give("directory", inode_of("root/a/directory")), FAILURE_CHANGED);
	ck_assert_int_eq(give("../good", inode), FAILURE_UNSAFE_NAME);
	ck_assert_int_eq(give("good/", inode), FAILURE_UNSAFE_NAME);
	/* Somebody has written to it since it was found, or made it anew. */
	scratch_file("root/a/good", BYTES, SIZE);
	set_time("root/a/good", STATED, 0);
	ck_assert_int_ne(give("good", inode_of("root/a/good")), FAILURE_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reuse");
	TCase *tests = tcase_create("reuse");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, the_file_of_a_member_is_handed_out_for_reading);
	tcase_add_test(tests, what_is_another_kind_size_or_time_is_not);
	tcase_add_test(tests, what_the_run_has_made_or_changed_is_not);
	tcase_add_test(tests, the_file_of_another_user_is_not);
	tcase_add_test(tests, what_cannot_be_opened_is_not);
	tcase_add_test(tests, a_member_without_a_time_is_told_by_its_bytes_alone);
	tcase_add_test(tests, many_answers_go_together_in_their_order);
	tcase_add_test(tests, no_descriptor_is_lost);
	tcase_add_test(tests, who_does_not_take_answers_breaks_the_protocol);
	tcase_add_test(tests, a_worker_that_is_dead_is_told_apart);
	tcase_add_test(tests, the_first_of_two_members_of_a_name_has_it);
	tcase_add_test(tests, what_is_another_file_at_its_turn_is_not_announced);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
