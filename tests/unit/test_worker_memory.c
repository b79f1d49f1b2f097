// SPDX-License-Identifier: MIT

/*
 * A worker whose files are in memory, as the parent hears it: which descriptors come along with
 * which records, and how many files a unit may have.
 */

#include "worker/worker.h"

#include "protocol/channel.h"
#include "protocol/memoryfile.h"
#include "protocol/message.h"
#include "support.h"
#include "zips.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Members of the archive; the one in the middle is large, and fails if it is to. */
enum { MEMBERS = 21, MIDDLE = 10, LARGE = 2 << 20, FILES_MAX = MEMBERS };

static struct worker_settings settings;
static struct worker_progress *progress;
static int channel_fd;
static pid_t pid;
static int archive_fd;
static bool middle_fails;

static uint8_t packet[PACKET_MAX];
static struct wire_reader reader;
static int files[FILES_MAX]; /* that came along, in their order */
static unsigned file_count;

static size_t content_of(unsigned index, char text[LARGE])
{
	if (index == MIDDLE) {
		memset(text, 'x', LARGE);
		return LARGE;
	}
	return (size_t)snprintf(text, 32, "content of %u", index);
}

static int make_archive(void)
{
	static char text[LARGE];
	struct zips zips = {0};
	char name[16];

	for (unsigned i = 0; i < MEMBERS; i++) {
		size_t size = content_of(i, text);
		snprintf(name, sizeof(name), "m%u", i);
		struct zips_member member = zips_stored(name, text, size);
		member.crc32 ^= middle_fails && i == MIDDLE;
		zips_add(&zips, &member);
	}
	zips_end(&zips, &(struct zips_ending){0});
	int fd = zips_file(&zips);
	zips_free(&zips);
	return fd;
}

static void set_up(void)
{
	progress = mmap(
		NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(progress, MAP_FAILED);
	settings = (struct worker_settings){.in_memory = true};
	middle_fails = false;
	file_count = 0;
	wire_reader_init(&reader, packet, 0);
}

static void start_worker(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	archive_fd = make_archive();
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		worker_main(&settings, pair[1], -1, progress);
	}
	close(pair[1]);
	channel_fd = pair[0];
}

static void tear_down(void)
{
	int status;

	shutdown(channel_fd, SHUT_WR);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
	for (unsigned i = 0; i < file_count; i++)
		close(files[i]);
	close(channel_fd);
	close(archive_fd);
	munmap(progress, sizeof(*progress));
}

static void receive_packet(void)
{
	struct channel_fds fds;
	ssize_t size = channel_receive_fds(channel_fd, packet, sizeof(packet), &fds, true);

	ck_assert_int_gt(size, 0);
	for (unsigned i = 0; i < fds.count; i++) {
		ck_assert_uint_lt(file_count, FILES_MAX);
		files[file_count++] = fds.fds[i];
	}
	wire_reader_init(&reader, packet, (size_t)size);
}

/* The next message, which must be of this kind. Its first one is not counted. */
static struct message expect(enum message_kind kind)
{
	struct message message;
	int got;

	while ((got = message_get(&reader, &message)) == 0 ||
		(got == 1 && message.kind == MESSAGE_START)) {
		if (got == 0)
			receive_packet();
	}
	ck_assert_int_eq(got, 1);
	ck_assert_int_eq(message.kind, kind);
	return message;
}

/* Ask for the unit that begins with member @first, if there may be so many files. Its plan. */
static struct message_plan begin_unit(uint64_t first, uint64_t room)
{
	static uint8_t bytes[WORK_BYTES_MAX];
	struct wire_writer writer;
	struct message work = {.kind = MESSAGE_WORK,
		.unit = first,
		.work = {.size_bytes = file_bytes(archive_fd),
			.total_left = UINT64_MAX,
			.room = room,
			.has_archive = first == 0,
			.kind = UNIT_MEMBERS,
			.members = {.first = first, .end = UNIT_END_OPEN}}};

	wire_writer_init(&writer, bytes, sizeof(bytes));
	ck_assert_int_eq(message_put(&writer, &work), 0);
	ck_assert_int_eq(channel_send(channel_fd, bytes, writer.size,
				 work.work.has_archive ? archive_fd : -1, true),
		0);
	return expect(MESSAGE_PLAN).plan;
}

/* @file is sealed, and has the content of @record's member where that says. */
static void check_file(int file, const struct record *record)
{
	static char expected[LARGE];
	static char found[LARGE];
	struct stat status;
	size_t size = content_of((unsigned)record->member, expected);

	ck_assert_int_eq(record->place, PLACE_MEMORY);
	ck_assert_int_eq(fcntl(file, F_GET_SEALS) & MEMORY_FILE_SEALS, MEMORY_FILE_SEALS);
	ck_assert_int_eq(fstat(file, &status), 0);
	ck_assert_uint_eq(status.st_ino, record->inode);
	ck_assert_uint_eq(record->size_bytes, size);
	if (!record->packed)
		ck_assert_uint_eq((uint64_t)status.st_size, size);
	ck_assert_int_eq(pread(file, found, size, (off_t)record->offset_bytes), (ssize_t)size);
	ck_assert_mem_eq(found, expected, size);
}

START_TEST(each_whole_member_brings_its_file_and_a_failed_one_brings_none)
{
	middle_fails = true;
	start_worker();
	struct message_plan plan = begin_unit(0, UINT64_MAX);
	unsigned used = 0;

	ck_assert_uint_eq(plan.end, MEMBERS);
	ck_assert_uint_eq(plan.room, MEMBERS);
	for (unsigned i = 0; i < MEMBERS; i++) {
		struct message message = expect(MESSAGE_RECORD);
		ck_assert_uint_eq(message.record.member, i);
		if (i == MIDDLE)
			ck_assert_int_eq(message.record.failure.kind, FAILURE_CRC_MISMATCH);
		else
			check_file(files[used++], &message.record);
	}
	expect(MESSAGE_DONE);
	ck_assert_uint_eq(file_count, MEMBERS - 1);
}
END_TEST

START_TEST(a_pack_comes_with_its_first_member_and_large_members_have_their_own)
{
	settings.pack = true;
	start_worker();
	struct message_plan plan = begin_unit(0, UINT64_MAX);
	int pack = -1;
	unsigned used = 0;

	ck_assert_uint_eq(plan.end, MEMBERS);
	ck_assert_uint_lt(plan.room, 8);
	for (unsigned i = 0; i < MEMBERS; i++) {
		struct message message = expect(MESSAGE_RECORD);
		ck_assert(message.record.packed == (i != MIDDLE));
		if (pack < 0)
			pack = files[used++];
		check_file(i == MIDDLE ? files[used++] : pack, &message.record);
	}
	expect(MESSAGE_DONE);
	ck_assert_uint_eq(file_count, 2);
}
END_TEST

START_TEST(a_unit_has_no_more_members_than_there_may_be_files)
{
	start_worker();
	for (uint64_t first = 0; first < 9; first += 3) {
		struct message_plan plan = begin_unit(first, 3);
		ck_assert_uint_eq(plan.end, first + 3);
		ck_assert_uint_eq(plan.room, 3);
		for (int i = 0; i < 3; i++)
			expect(MESSAGE_RECORD);
		expect(MESSAGE_DONE);
	}
	ck_assert_uint_eq(file_count, 9);
}
END_TEST

START_TEST(one_file_is_enough_for_a_pack)
{
	settings.pack = true;
	start_worker();
	struct message_plan plan = begin_unit(0, 1);

	ck_assert_uint_eq(plan.end, MIDDLE); /* that one takes a file of its own */
	ck_assert_uint_eq(plan.room, 1);
	for (int i = 0; i < MIDDLE; i++)
		ck_assert_int_eq(expect(MESSAGE_RECORD).record.failure.kind, FAILURE_NONE);
	expect(MESSAGE_DONE);
	ck_assert_uint_eq(file_count, 1);
}
END_TEST

START_TEST(without_room_each_member_that_takes_a_file_fails)
{
	settings.in_place = (struct in_place){.wanted = _i == 1};
	settings.pack = _i == 2;
	start_worker();
	struct message_plan plan = begin_unit(0, 0);

	ck_assert_uint_eq(plan.end, MEMBERS);
	ck_assert_uint_eq(plan.room, 0);
	for (int i = 0; i < MEMBERS; i++)
		ck_assert_int_eq(expect(MESSAGE_RECORD).record.failure.kind, FAILURE_NO_DESCRIPTOR);
	expect(MESSAGE_DONE);
	ck_assert_uint_eq(file_count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("worker, files in memory");
	TCase *tests = tcase_create("files in memory");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, each_whole_member_brings_its_file_and_a_failed_one_brings_none);
	tcase_add_test(tests, a_pack_comes_with_its_first_member_and_large_members_have_their_own);
	tcase_add_test(tests, a_unit_has_no_more_members_than_there_may_be_files);
	tcase_add_test(tests, one_file_is_enough_for_a_pack);
	tcase_add_loop_test(tests, without_room_each_member_that_takes_a_file_fails, 0, 3);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
