// SPDX-License-Identifier: MIT

/*
 * Files in memory that a worker hands over, from its packet to the schedule. The worker is this
 * process, at the other end of a channel.
 */

#include "parent/hear.h"

#include "protocol/memoryfile.h"
#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALL_SEALS MEMORY_FILE_SEALS

/* Members of the archive, and files that the plan of its unit says. */
enum { MEMBERS = 10, ROOM = 3 };

static const char content[] = "0123456789abcdef";
enum { SIZE = 16 };

static struct run_settings settings;
static struct run_stats stats;
static struct rundir rundir;
static struct memoryfiles files;
static struct pool pool;
static struct worker worker;
static struct dispatch dispatch;
static struct parts parts;
static struct schedule schedule;
static struct budget budget;
static struct gate gate;
static struct hear hear;

static int worker_fd; /* the worker's end of its channel */
static struct wire_writer packet;
static uint8_t bytes[PACKET_MAX];
static struct channel_fds handed;

/* --- what the worker does --------------------------------------------------------------------- */

static void put(const struct message *message)
{
	ck_assert_int_eq(message_put(&packet, message), 0);
}

/* Send what was put and handed. As hear_packet(). */
static int hear_it(void)
{
	ck_assert_int_eq(channel_send_fds(worker_fd, bytes, packet.size, &handed, true), 0);
	channel_fds_close(&handed);
	wire_writer_init(&packet, bytes, sizeof(bytes));
	errno = 0;
	return hear_packet(&hear, &worker);
}

static void hand(int fd)
{
	ck_assert_int_ge(fd, 0);
	handed.fds[handed.count++] = fd;
}

/* A file in memory with the content, @size bytes of it, and these seals. */
static int make_file(size_t size, int seals)
{
	int fd = memfd_create("test", MEMORY_FILE_FLAGS);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, content, size, 0), (ssize_t)size);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static uint64_t inode_of(int fd)
{
	struct stat status;

	ck_assert_int_eq(fstat(fd, &status), 0);
	return status.st_ino;
}

/* A record of @member, which fills the file @inode. */
static struct message make_record(uint64_t member, uint64_t inode)
{
	return (struct message){.kind = MESSAGE_RECORD,
		.unit = worker.queue[0].unit->id,
		.record = {.member = member,
			.place = PLACE_MEMORY,
			.size_bytes = SIZE,
			.inode = inode,
			.name = "x",
			.name_size = 1}};
}

/* The same of @size_bytes at @offset_bytes of the pack that begins with member @pack. */
static struct message make_packed(
	uint64_t member, uint64_t pack, uint64_t offset_bytes, uint64_t size_bytes, uint64_t inode)
{
	struct message message = make_record(member, inode);

	message.record.packed = true;
	message.record.pack = pack;
	message.record.offset_bytes = offset_bytes;
	message.record.size_bytes = size_bytes;
	return message;
}

/* Say that @member is in @fd, which goes along. As hear_packet(). */
static int say_file(uint64_t member, int fd)
{
	struct message message = make_record(member, inode_of(fd));

	put(&message);
	hand(fd);
	return hear_it();
}

static int say_good_file(uint64_t member)
{
	return say_file(member, make_file(SIZE, ALL_SEALS));
}

static int say_plan(uint64_t end, uint64_t needed)
{
	put(&(struct message){.kind = MESSAGE_PLAN,
		.unit = worker.queue[0].unit->id,
		.plan = {.end = end, .entries = MEMBERS, .room = needed}});
	return hear_it();
}

static void say_done(void)
{
	put(&(struct message){.kind = MESSAGE_DONE, .unit = worker.queue[0].unit->id});
	ck_assert_int_eq(hear_it(), 1);
}

/* What was said is no message that a worker may send. */
static void expect_broken(int result)
{
	ck_assert_int_eq(result, -1);
	ck_assert_int_eq(errno, EBADMSG);
}

/* The next member that has its turn. */
static const struct record *pop(void)
{
	static struct result result;

	ck_assert(schedule_pop(&schedule, &result));
	ck_assert_int_eq(result.kind, RESULT_MEMBER);
	return result.record;
}

/* --- the parent ------------------------------------------------------------------------------- */

static void give_unit(uint64_t granted)
{
	struct unit *unit = schedule_next(&schedule, PROGRESS_NONE);

	ck_assert_ptr_nonnull(unit);
	worker.queue[0] = (struct in_hand){.unit = unit};
	worker.queued = 1;
	schedule_give(&schedule, unit, 0);
	unit->room = granted;
}

static void set_up(void)
{
	int channel[2];

	scratch_begin();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	worker_fd = channel[1];
	settings = (struct run_settings){.jobs = 1, .in_memory = true, .pack = true};
	memoryfiles_init(&files, ROOM);
	rundir = (struct rundir){.fd = -1, .lock_fd = -1, .watch_fd = -1};
	pool = (struct pool){.stats = &stats,
		.memory = &files,
		.workers = &worker,
		.size = 1,
		.live = 1,
		.packet = malloc(PACKET_MAX)};
	worker = (struct worker){.pid = getpid(),
		.channel_fd = channel[0],
		.directory_fd = -1,
		.memory = &files,
		.is_ready = true};
	schedule_init(&schedule, false);
	parts_init(&parts, &schedule);
	budget_init(&budget, &settings.limits);
	ck_assert_int_eq(gate_init(&gate, &settings, &rundir, &files, &schedule, &pool), 0);
	hear = (struct hear){.settings = &settings,
		.pool = &pool,
		.dispatch = &dispatch,
		.parts = &parts,
		.schedule = &schedule,
		.budget = &budget,
		.gate = &gate};
	ck_assert_int_eq(schedule_add(&schedule, "a.zip", -1, 10000, NULL), 0);
	wire_writer_init(&packet, bytes, sizeof(bytes));
	give_unit(ROOM);
	ck_assert_int_eq(say_plan(MEMBERS, ROOM), 1);
}

static void tear_down(void)
{
	channel_fds_close(&worker.fds);
	close(worker.channel_fd);
	close(worker_fd);
	gate_release(&gate);
	schedule_release(&schedule);
	memoryfiles_release(&files);
	free(pool.packet);
	scratch_end();
}

START_TEST(a_sealed_file_is_ours_and_open_for_reading_alone)
{
	char found[SIZE + 1];

	ck_assert_int_eq(say_good_file(4), 1);
	const struct record *record = pop();
	int fd = (int)record->descriptor;
	ck_assert_int_eq(record->failure.kind, FAILURE_NONE);
	ck_assert_int_eq(pread(fd, found, sizeof(found), 0), SIZE);
	ck_assert_mem_eq(found, content, SIZE);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_uint_eq(files.count, 1);
	ck_assert_uint_eq(budget.taken_bytes, SIZE);
	memoryfiles_close(&files, record->descriptor);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	ck_assert_uint_eq(files.count, 0);
}
END_TEST

START_TEST(an_empty_file_is_accepted)
{
	int fd = make_file(0, ALL_SEALS);
	struct message message = make_record(0, inode_of(fd));

	message.record.size_bytes = 0;
	put(&message);
	hand(fd);
	ck_assert_int_eq(hear_it(), 1);
	ck_assert_uint_eq(files.count, 1);
}
END_TEST

START_TEST(files_of_one_packet_are_those_of_its_records_in_their_order)
{
	int fds[ROOM];

	for (int i = 0; i < ROOM; i++) {
		fds[i] = make_file(SIZE, ALL_SEALS);
		struct message message = make_record((uint64_t)i, inode_of(fds[i]));
		put(&message);
	}
	uint64_t last = inode_of(fds[ROOM - 1]);
	for (int i = 0; i < ROOM; i++)
		hand(fds[i]);
	ck_assert_int_eq(hear_it(), 1);
	for (int i = 0; i < ROOM - 1; i++)
		pop();
	ck_assert_uint_eq(inode_of((int)pop()->descriptor), last);
}
END_TEST

START_TEST(a_file_that_lacks_a_seal_breaks_the_protocol)
{
	const int seals[] = {0, F_SEAL_WRITE, ALL_SEALS & ~F_SEAL_SHRINK, ALL_SEALS & ~F_SEAL_GROW,
		ALL_SEALS & ~F_SEAL_WRITE, ALL_SEALS & ~F_SEAL_SEAL};

	expect_broken(say_file(0, make_file(SIZE, seals[_i])));
	ck_assert_uint_eq(files.count, 0);
}
END_TEST

START_TEST(a_file_that_may_be_written_by_who_had_it_before_breaks_the_protocol)
{
	expect_broken(say_file(0, make_file(SIZE, F_SEAL_SHRINK | F_SEAL_GROW |
							  0x10 /* FUTURE_WRITE */ | F_SEAL_SEAL)));
}
END_TEST

START_TEST(a_file_of_another_size_breaks_the_protocol)
{
	const uint64_t wrong[] = {0, SIZE - 1, SIZE + 1, UINT64_MAX};
	int fd = make_file(SIZE, ALL_SEALS);
	struct message message = make_record(0, inode_of(fd));

	message.record.size_bytes = wrong[_i];
	put(&message);
	hand(fd);
	expect_broken(hear_it());
	ck_assert_uint_eq(files.count, 0);
}
END_TEST

START_TEST(a_file_of_another_inode_breaks_the_protocol)
{
	int fd = make_file(SIZE, ALL_SEALS);
	struct message message = make_record(0, inode_of(fd) + 1);

	put(&message);
	hand(fd);
	expect_broken(hear_it());
}
END_TEST

START_TEST(a_regular_file_breaks_the_protocol)
{
	expect_broken(say_file(0, open(scratch_file("x", content, SIZE), O_RDWR | O_CLOEXEC)));
}
END_TEST

START_TEST(a_file_of_tmpfs_breaks_the_protocol)
{
	int fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return; /* there is none */
	ck_assert_int_eq(pwrite(fd, content, SIZE, 0), SIZE);
	expect_broken(say_file(0, fd));
}
END_TEST

START_TEST(a_file_of_huge_pages_breaks_the_protocol)
{
	int fd = memfd_create("test", MEMORY_FILE_FLAGS | MFD_HUGETLB);

	if (fd < 0)
		return; /* the kernel has none */
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, ALL_SEALS), 0);
	struct message message = make_record(0, inode_of(fd));
	message.record.size_bytes = 0;
	put(&message);
	hand(fd);
	expect_broken(hear_it());
}
END_TEST

START_TEST(a_pipe_breaks_the_protocol)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	expect_broken(say_file(0, ends[0]));
	close(ends[1]);
}
END_TEST

START_TEST(a_directory_breaks_the_protocol)
{
	expect_broken(say_file(0, open(scratch_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}
END_TEST

START_TEST(a_record_without_its_file_breaks_the_protocol)
{
	struct message message = make_record(0, 1);

	put(&message);
	expect_broken(hear_it());
}
END_TEST

START_TEST(one_file_too_many_breaks_the_protocol)
{
	int fd = make_file(SIZE, ALL_SEALS);

	hand(fd);
	expect_broken(say_file(0, dup(fd)));
}
END_TEST

START_TEST(a_file_with_a_member_that_has_failed_breaks_the_protocol)
{
	struct message message = make_record(0, 1);

	message.record.failure.kind = FAILURE_BAD_DATA;
	put(&message);
	hand(make_file(SIZE, ALL_SEALS));
	expect_broken(hear_it());
}
END_TEST

START_TEST(more_files_than_the_plan_says_break_the_protocol)
{
	for (uint64_t member = 0; member < ROOM; member++)
		ck_assert_int_eq(say_good_file(member), 1);
	expect_broken(say_good_file(ROOM));
	ck_assert_uint_eq(files.count, ROOM);
}
END_TEST

START_TEST(a_file_in_a_directory_breaks_the_protocol_if_files_are_in_memory)
{
	struct message message = make_record(0, 1);

	message.record.place = PLACE_FILE;
	put(&message);
	expect_broken(hear_it());
}
END_TEST

START_TEST(a_member_beyond_the_budget_fails_and_its_file_is_closed)
{
	budget_init(&budget, &(struct limits){.total_bytes = SIZE});
	ck_assert_int_eq(say_good_file(0), 1);
	ck_assert_int_eq(say_good_file(1), 1);
	pop();
	ck_assert_int_eq(pop()->failure.kind, FAILURE_TOTAL_LIMIT);
	ck_assert_uint_eq(files.count, 1);
}
END_TEST

START_TEST(a_pack_comes_with_the_first_of_its_members)
{
	int fd = make_file(SIZE, ALL_SEALS);
	uint64_t inode = inode_of(fd);
	struct message first = make_packed(0, 0, 0, 10, inode);
	struct message second = make_packed(2, 0, 10, 6, inode);

	put(&first);
	hand(fd);
	ck_assert_int_eq(hear_it(), 1);
	put(&second);
	ck_assert_int_eq(hear_it(), 1);
	uint32_t descriptor = pop()->descriptor;
	ck_assert_uint_eq(pop()->descriptor, descriptor);
	ck_assert_uint_eq(inode_of((int)descriptor), inode);
	say_done();
	ck_assert_uint_eq(files.count, 1);
}
END_TEST

START_TEST(a_member_that_ends_behind_its_pack_breaks_the_protocol)
{
	int fd = make_file(SIZE, ALL_SEALS);
	struct message message = make_packed(0, 0, 1, SIZE, inode_of(fd));

	put(&message);
	hand(fd);
	expect_broken(hear_it());
}
END_TEST

START_TEST(a_pack_without_its_file_breaks_the_protocol_each_time)
{
	struct message message = make_packed(0, 0, 0, 1, 1);

	put(&message);
	expect_broken(hear_it());
	message.record.member = 1;
	put(&message);
	expect_broken(hear_it());
}
END_TEST

START_TEST(a_pack_of_which_no_member_is_accepted_is_closed)
{
	int fd = make_file(SIZE, ALL_SEALS);
	struct message message = make_packed(0, 0, 0, SIZE, inode_of(fd));

	budget_init(&budget, &(struct limits){.member_bytes = 1});
	put(&message);
	hand(fd);
	ck_assert_int_eq(hear_it(), 1);
	ck_assert_uint_eq(files.count, 1);
	say_done();
	ck_assert_uint_eq(files.count, 0);
	ck_assert_int_eq(pop()->failure.kind, FAILURE_MEMBER_LIMIT);
}
END_TEST

/* A unit of which nothing is known yet, and room for so many files. */
static void begin_anew(uint64_t granted)
{
	say_done();
	ck_assert_int_eq(schedule_add(&schedule, "b.zip", -1, 10000, NULL), 0);
	give_unit(granted);
}

START_TEST(a_unit_of_files_in_memory_is_not_put_off)
{
	begin_anew(ROOM);
	expect_broken(say_plan(0, ROOM + 1));
}
END_TEST

START_TEST(the_gate_gives_out_what_is_left_and_waits_while_there_is_none)
{
	uint64_t granted = 99;
	struct unit next = {.id = 77};

	settings.commands = &(struct run_commands){.count = 1};
	/* The plan has taken all. */
	ck_assert(!gate_allows(&gate, &next, &granted));
	ck_assert(gate.waits);
	for (uint64_t member = 0; member < 2; member++)
		ck_assert_int_eq(say_good_file(member), 1);
	ck_assert(!gate_allows(&gate, &next, &granted));
	say_done(); /* it has not used all of it */
	ck_assert(gate_allows(&gate, &next, &granted));
	ck_assert_uint_eq(granted, 1);
	ck_assert(!gate.waits);
	memoryfiles_close(&files, pop()->descriptor);
	ck_assert(gate_allows(&gate, &next, &granted));
	ck_assert_uint_eq(granted, 2);
}
END_TEST

START_TEST(with_a_lease_the_gate_gives_out_nothing_once_there_are_as_many_as_there_may_be)
{
	uint64_t granted = 99;
	struct unit next = {.id = 77};

	settings.leased = true;
	for (uint64_t member = 0; member < ROOM; member++) {
		ck_assert(!gate_allows(&gate, &next, &granted)); /* there may still be one */
		ck_assert_int_eq(say_good_file(member), 1);
	}
	ck_assert(gate_allows(&gate, &next, &granted));
	ck_assert_uint_eq(granted, 0);
	ck_assert(!gate.waits);
}
END_TEST

START_TEST(files_that_are_left_are_closed_at_the_end)
{
	size_t before = open_descriptors();

	for (uint64_t member = 0; member < ROOM; member++)
		ck_assert_int_eq(say_good_file(member), 1);
	ck_assert_uint_eq(open_descriptors(), before + ROOM);
	memoryfiles_release(&files);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hear");
	TCase *tests = tcase_create("files in memory");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_sealed_file_is_ours_and_open_for_reading_alone);
	tcase_add_test(tests, an_empty_file_is_accepted);
	tcase_add_test(tests, files_of_one_packet_are_those_of_its_records_in_their_order);
	tcase_add_loop_test(tests, a_file_that_lacks_a_seal_breaks_the_protocol, 0, 6);
	tcase_add_test(tests, a_file_that_may_be_written_by_who_had_it_before_breaks_the_protocol);
	tcase_add_loop_test(tests, a_file_of_another_size_breaks_the_protocol, 0, 4);
	tcase_add_test(tests, a_file_of_another_inode_breaks_the_protocol);
	tcase_add_test(tests, a_regular_file_breaks_the_protocol);
	tcase_add_test(tests, a_file_of_tmpfs_breaks_the_protocol);
	tcase_add_test(tests, a_file_of_huge_pages_breaks_the_protocol);
	tcase_add_test(tests, a_pipe_breaks_the_protocol);
	tcase_add_test(tests, a_directory_breaks_the_protocol);
	tcase_add_test(tests, a_record_without_its_file_breaks_the_protocol);
	tcase_add_test(tests, one_file_too_many_breaks_the_protocol);
	tcase_add_test(tests, a_file_with_a_member_that_has_failed_breaks_the_protocol);
	tcase_add_test(tests, more_files_than_the_plan_says_break_the_protocol);
	tcase_add_test(tests, a_file_in_a_directory_breaks_the_protocol_if_files_are_in_memory);
	tcase_add_test(tests, a_member_beyond_the_budget_fails_and_its_file_is_closed);
	tcase_add_test(tests, a_pack_comes_with_the_first_of_its_members);
	tcase_add_test(tests, a_member_that_ends_behind_its_pack_breaks_the_protocol);
	tcase_add_test(tests, a_pack_without_its_file_breaks_the_protocol_each_time);
	tcase_add_test(tests, a_pack_of_which_no_member_is_accepted_is_closed);
	tcase_add_test(tests, a_unit_of_files_in_memory_is_not_put_off);
	tcase_add_test(tests, the_gate_gives_out_what_is_left_and_waits_while_there_is_none);
	tcase_add_test(tests,
		with_a_lease_the_gate_gives_out_nothing_once_there_are_as_many_as_there_may_be);
	tcase_add_test(tests, files_that_are_left_are_closed_at_the_end);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
