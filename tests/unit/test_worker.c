// SPDX-License-Identifier: MIT

#include "worker/worker.h"

#include "protocol/channel.h"
#include "protocol/message.h"
#include "support.h"
#include "worker/decode/decoders.h"
#include "zips.h"

#include <check.h>
#include <errno.h>
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

static struct worker_settings settings;
static struct worker_progress *progress;
static int directory_fd;
static int channel_fd;      /* our end */
static int worker_end = -1; /* the other, until the worker is started */
static pid_t pid;

static bool ready; /* the worker has said so */
static uint8_t packet[PACKET_MAX];
static struct wire_reader reader;
static unsigned packets;

/* A channel whose worker is not started yet. */
static void open_channel(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	channel_fd = pair[0];
	worker_end = pair[1];
	packets = 0;
	ready = false;
	wire_reader_init(&reader, packet, 0);
}

static void start_worker(void)
{
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(channel_fd);
		worker_main(&settings, worker_end, directory_fd, progress);
	}
	close(worker_end);
	worker_end = -1;
}

static void setup(void)
{
	scratch_begin();
	directory_fd = open(scratch_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory_fd, 0);
	progress = mmap(
		NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(progress, MAP_FAILED);
	for (int i = 0; i < PROGRESS_LANES; i++) {
		atomic_store(&progress->lanes[i].unit, PROGRESS_NONE);
		atomic_store(&progress->lanes[i].member, PROGRESS_NONE);
	}
	memset(&settings, 0, sizeof(settings));
	open_channel();
}

static void teardown(void)
{
	munmap(progress, sizeof(*progress));
	close(directory_fd);
	scratch_end();
}

/* Put @message, a MESSAGE_WORK, with the size of the archive @fd. */
static void put_message(struct wire_writer *writer, const struct message *message, int fd)
{
	struct message sized = *message;

	sized.work.size_bytes = fd >= 0 ? file_bytes(fd) : 0;
	ck_assert_int_eq(message_put(writer, &sized), 0);
}

static void send_message(const struct message *message, int fd)
{
	struct wire_writer writer;
	uint8_t bytes[WORK_BYTES_MAX];

	wire_writer_init(&writer, bytes, sizeof(bytes));
	put_message(&writer, message, fd);
	ck_assert_int_eq(channel_send(channel_fd, bytes, writer.size, fd, true), 0);
}

/* The id of the unit of archive @archive that begins with member @first. */
static uint64_t unit_of(uint64_t archive, uint64_t first)
{
	return archive << 32 | first;
}

/* For the files of the units that are asked for. */
static uint64_t room = UINT64_MAX;

static struct message make_work(uint64_t archive, uint64_t first, uint64_t end, bool has_archive)
{
	return (struct message){.kind = MESSAGE_WORK,
		.unit = unit_of(archive, first),
		.work = {.archive = archive,
			.total_left = UINT64_MAX,
			.room = room,
			.has_archive = has_archive,
			.kind = UNIT_MEMBERS,
			.members = {.first = first, .end = end}}};
}

/* Ask for a unit. @fd, unless -1, is sent along and closed here. */
static void send_work(uint64_t archive, uint64_t first, uint64_t end, int fd)
{
	struct message message = make_work(archive, first, end, fd >= 0);

	send_message(&message, fd);
	if (fd >= 0)
		close(fd);
}

/* Take the worker's first word: that it is ready, alone in its packet. */
static void take_first_word(void)
{
	static uint8_t bytes[64];
	struct wire_reader word;
	struct message message;
	ssize_t size = channel_receive(channel_fd, bytes, sizeof(bytes), NULL, true);

	ck_assert_int_gt(size, 0);
	wire_reader_init(&word, bytes, (size_t)size);
	ck_assert_int_eq(message_get(&word, &message), 1);
	ck_assert_uint_eq(word.left, 0);
	ck_assert_int_eq(message.kind, MESSAGE_START);
	ck_assert_int_eq(message.start.step, START_NONE);
	ready = true;
}

/* The next message but the first, its record's name valid until the next. False at the channel's
 * end. */
static bool receive(struct message *message)
{
	if (!ready)
		take_first_word();
	int got = message_get(&reader, message);

	if (got == 0) {
		ssize_t size = channel_receive(channel_fd, packet, sizeof(packet), NULL, true);
		if (size == 0 || (size < 0 && errno == ECONNRESET))
			return false;
		if (size < 0)
			ck_abort_msg("receiving: %s", strerror(errno));
		packets++;
		wire_reader_init(&reader, packet, (size_t)size);
		got = message_get(&reader, message);
	}
	if (got != 1)
		ck_abort_msg("a packet with %d", got);
	if (message->kind == MESSAGE_RECORD) /* which the receiver knows from the unit */
		message->record.archive = message->unit >> 32;
	return true;
}

static struct message expect(enum message_kind kind)
{
	struct message message;

	ck_assert(receive(&message));
	ck_assert_int_eq(message.kind, kind);
	return message;
}

/* The worker has died of itself; its exit status. */
static int reap(void)
{
	struct message message;
	int status;

	if (receive(&message))
		ck_abort_msg("a message of kind %d", message.kind);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	close(channel_fd);
	ck_assert_msg(WIFEXITED(status), "status %d", status);
	return WEXITSTATUS(status);
}

/* End the channel, as a parent does, and expect an orderly end. */
static struct message_memory end_worker(void)
{
	ck_assert_int_eq(shutdown(channel_fd, SHUT_WR), 0);
	struct message message = expect(MESSAGE_MEMORY);
	ck_assert_int_eq(reap(), EXIT_SUCCESS);
	return message.memory;
}

/* Whether the file @name of the directory has these bytes and this record. */
static bool is_file(const char *name, const struct record *record, const void *bytes, size_t size)
{
	struct stat status;
	uint8_t *got = malloc(size + 1);
	int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC);
	bool right = fd >= 0 && got && fstat(fd, &status) == 0 && record->inode == status.st_ino &&
		     record->size_bytes == size && read(fd, got, size + 1) == (ssize_t)size &&
		     memcmp(got, bytes, size) == 0;

	if (fd >= 0)
		close(fd);
	free(got);
	return right;
}

/* An archive of @count members "m0" ..., each of which holds its name. Its descriptor. */
static int make_many(unsigned count)
{
	struct zips zips = {0};
	char name[16];

	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		struct zips_member member = zips_stored(name, name, strlen(name));
		zips_add(&zips, &member);
	}
	zips_end(&zips, &(struct zips_ending){.zip64 = count > 65535});
	int fd = zips_file(&zips);
	zips_free(&zips);
	return fd;
}

/* Take what comes of a unit of make_many()'s archive. Returns where it ends. */
static uint64_t take_unit(uint64_t archive, uint64_t first, uint64_t entries)
{
	struct message message = expect(MESSAGE_PLAN);
	uint64_t end = message.plan.end;

	ck_assert_uint_eq(message.unit, unit_of(archive, first));
	ck_assert_uint_eq(message.plan.entries, entries);
	ck_assert_uint_le(end, entries);
	for (uint64_t i = first; i < end; i++) {
		char name[16];
		char file[64];
		ck_assert(receive(&message));
		if (message.kind != MESSAGE_RECORD || message.record.member != i ||
			message.unit != unit_of(archive, first) ||
			message.record.failure.kind != FAILURE_NONE)
			ck_abort_msg("not the record of member %u", (unsigned)i);
		snprintf(name, sizeof(name), "m%u", (unsigned)i);
		snprintf(file, sizeof(file), "%u.%u-%s", (unsigned)archive, (unsigned)i, name);
		if (!is_file(file, &message.record, name, strlen(name)))
			ck_abort_msg("%s is not right", file);
	}
	message = expect(MESSAGE_DONE);
	ck_assert_uint_eq(message.unit, unit_of(archive, first));
	ck_assert_int_eq(message.done.failure.kind, FAILURE_NONE);
	return end;
}

START_TEST(a_small_archive_is_answered_in_one_packet)
{
	/* What takes long travels apart, and on a busy machine anything may: more than one try. */
	bool in_one = false;

	for (int tries = 0; tries < 50 && !in_one; tries++) {
		if (tries > 0)
			open_channel();
		send_work((uint64_t)tries, 0, UNIT_END_OPEN, make_many(3));
		start_worker();
		ck_assert_uint_eq(take_unit((uint64_t)tries, 0, 3), 3);
		in_one = packets == 1;
		end_worker();
	}
	ck_assert(in_one);
}
END_TEST

START_TEST(the_units_of_a_large_archive_join_up)
{
	enum { COUNT = 5000 };
	uint64_t at = 0;
	unsigned units = 0;

	start_worker();
	send_work(0, 0, UNIT_END_OPEN, make_many(COUNT));
	for (; at < COUNT; units++) {
		if (at > 0)
			send_work(0, at, UNIT_END_OPEN, -1);
		uint64_t end = take_unit(0, at, COUNT);
		ck_assert_uint_gt(end, at);
		at = end;
	}
	/* Enough of them for all workers, and not one a member. */
	ck_assert_uint_ge(units, 4);
	ck_assert_uint_le(units, COUNT / 50);
	/* Where there is no member left, the unit is empty. */
	send_work(0, COUNT, UNIT_END_OPEN, -1);
	ck_assert_uint_eq(take_unit(0, COUNT, COUNT), COUNT);
	end_worker();
}
END_TEST

START_TEST(a_plan_is_said_before_the_work_is_done)
{
	enum { COUNT = 5000 };

	start_worker();
	send_work(0, 0, UNIT_END_OPEN, make_many(COUNT));
	/* Alone in its packet, so that it does not wait for records. */
	struct message plan = expect(MESSAGE_PLAN);
	ck_assert_uint_lt(plan.plan.end, COUNT);
	ck_assert_uint_eq(reader.left, 0);
	for (uint64_t i = 0; i < plan.plan.end; i++)
		expect(MESSAGE_RECORD);
	expect(MESSAGE_DONE);
	end_worker();
}
END_TEST

START_TEST(a_unit_ends_where_there_is_no_room_for_another_member)
{
	enum { COUNT = 4, SIZE = 3 << 20 };
	struct bytes content = make_content(CONTENT_ZERO, SIZE, 1);
	struct bytes small = make_deflate(content.data, SIZE, 1, 0);
	struct zips_member three = zips_deflated("three", content.data, SIZE, &small);
	struct zips zips = {0};

	for (int i = 0; i < COUNT; i++)
		zips_add(&zips, &three);
	zips_end(&zips, &(struct zips_ending){0});
	start_worker();
	room = SIZE;
	send_work(0, 0, UNIT_END_OPEN, zips_file(&zips));
	struct message plan = expect(MESSAGE_PLAN);
	ck_assert_uint_eq(plan.plan.end, 1);
	ck_assert_uint_eq(plan.plan.room, SIZE);
	expect(MESSAGE_RECORD);
	expect(MESSAGE_DONE);
	/* There is none for the first: it is not begun, and may be asked for again. */
	for (room = 0; room < SIZE; room += SIZE - 1) {
		send_work(0, 1, COUNT, -1);
		plan = expect(MESSAGE_PLAN);
		ck_assert_uint_eq(plan.plan.end, 1);
		ck_assert_uint_eq(plan.plan.entries, COUNT);
		ck_assert_uint_eq(plan.plan.room, SIZE);
	}
	/* So it is if an end was given. */
	room = 2 * SIZE;
	send_work(0, 1, COUNT, -1);
	plan = expect(MESSAGE_PLAN);
	ck_assert_uint_eq(plan.plan.end, 3);
	expect(MESSAGE_RECORD);
	expect(MESSAGE_RECORD);
	expect(MESSAGE_DONE);
	end_worker();
	zips_free(&zips);
	bytes_free(&small);
	bytes_free(&content);
}
END_TEST

START_TEST(what_files_take_is_counted_in_whole_blocks)
{
	enum { COUNT = 3, SIZE = 10 };
	struct bytes content = make_content(CONTENT_ZERO, SIZE, 1);
	struct bytes small = make_deflate(content.data, SIZE, 1, 0);
	struct zips_member tiny = zips_deflated("tiny", content.data, SIZE, &small);
	struct zips zips = {0};

	for (int i = 0; i < COUNT; i++)
		zips_add(&zips, &tiny);
	zips_end(&zips, &(struct zips_ending){0});
	start_worker();
	room = 4096 + SIZE;
	send_work(0, 0, UNIT_END_OPEN, zips_file(&zips));
	struct message plan = expect(MESSAGE_PLAN);
	ck_assert_uint_eq(plan.plan.end, 1);
	ck_assert_uint_eq(plan.plan.room, 4096);
	expect(MESSAGE_RECORD);
	expect(MESSAGE_DONE);
	room = 4095;
	send_work(0, 1, UNIT_END_OPEN, -1);
	plan = expect(MESSAGE_PLAN);
	ck_assert_uint_eq(plan.plan.end, 1);
	ck_assert_uint_eq(plan.plan.room, 4096);
	end_worker();
	zips_free(&zips);
	bytes_free(&small);
	bytes_free(&content);
}
END_TEST

START_TEST(units_have_a_few_MiB_and_a_member_is_not_divided)
{
	enum { SMALL = 12, SIZE = 3 << 20, LARGE = 40 << 20 };
	struct bytes content = make_content(CONTENT_ZERO, LARGE, 1);
	struct bytes small = make_deflate(content.data, SIZE, 1, 0);
	struct bytes large = make_deflate(content.data, LARGE, 1, 0);
	struct zips_member three = zips_deflated("three", content.data, SIZE, &small);
	struct zips_member forty = zips_deflated("forty", content.data, LARGE, &large);
	struct zips zips = {0};
	uint64_t entries = 0;
	unsigned units = 0;

	for (; entries < SMALL; entries++)
		zips_add(&zips, entries == 5 ? &forty : &three);
	zips_end(&zips, &(struct zips_ending){0});
	start_worker();
	send_work(0, 0, UNIT_END_OPEN, zips_file(&zips));
	for (uint64_t at = 0; at < entries; units++) {
		uint64_t bytes = 0;
		if (at > 0)
			send_work(0, at, UNIT_END_OPEN, -1);
		struct message message = expect(MESSAGE_PLAN);
		uint64_t first = at;
		at = message.plan.end;
		for (uint64_t i = first; i < at; i++) {
			message = expect(MESSAGE_RECORD);
			ck_assert_uint_eq(message.record.member, i);
			ck_assert_int_eq(message.record.failure.kind, FAILURE_NONE);
			ck_assert_uint_eq(message.record.size_bytes, i == 5 ? LARGE : SIZE);
			bytes += message.record.size_bytes;
			if (i == 5)
				ck_assert(first == 5 && at == 6);
		}
		ck_assert_uint_le(bytes, first == 5 ? LARGE : 8 << 20);
		expect(MESSAGE_DONE);
	}
	ck_assert_uint_ge(units, 4);
	end_worker();
	zips_free(&zips);
	bytes_free(&small);
	bytes_free(&large);
	bytes_free(&content);
}
END_TEST

/* An archive of @members that would gain from each other, each @content. Its descriptor. @damage:
 * their CRC-32 is stated wrongly. */
static int make_large(const struct bytes *content, unsigned members, bool damage)
{
	struct bytes deflated = make_deflate(content->data, content->size, 1, 0);
	struct zips_member member = zips_deflated("large", content->data, content->size, &deflated);
	struct zips zips = {0};

	if (damage)
		member.crc32 ^= 1;
	while (members-- > 0)
		zips_add(&zips, &member);
	zips_end(&zips, &(struct zips_ending){0});
	int fd = zips_file(&zips);
	zips_free(&zips);
	bytes_free(&deflated);
	return fd;
}

/** What was said of two units at once. */
struct pair {
	unsigned plans, dones;
	unsigned plans_before_record; /* those that came before any record */
	enum failure_kind failures[2];
	uint64_t next[2];
};

/* Take what comes of unit [@first[i], @end[i]) of archive 10 + i, or of 10 + 0 where @same. */
static struct pair take_pair(
	const struct bytes *content, bool same, const uint64_t first[2], const uint64_t end[2])
{
	struct pair pair = {.next = {first[0], first[1]}};
	bool any = false;
	char file[64];

	while (pair.dones < 2) {
		struct message message;
		ck_assert(receive(&message));
		if (message.kind == MESSAGE_PLAN) {
			unsigned i = pair.plans++;
			ck_assert(message.plan.pairable);
			ck_assert_uint_eq(message.unit, unit_of(same ? 10 : 10 + i, first[i]));
			pair.plans_before_record += !any;
		} else if (message.kind == MESSAGE_RECORD) {
			const struct record *record = &message.record;
			unsigned i = same ? record->member >= first[1]
					  : (unsigned)(record->archive - 10);
			any = true;
			/* Within a unit, in order. */
			ck_assert_uint_eq(record->member, pair.next[i]);
			pair.next[i]++;
			pair.failures[i] = record->failure.kind;
			snprintf(file, sizeof(file), "%u.%u-large", (unsigned)record->archive,
				(unsigned)record->member);
			if (record->failure.kind == FAILURE_NONE)
				ck_assert(is_file(file, record, content->data, content->size));
			else
				ck_assert_int_lt(faccessat(directory_fd, file, F_OK, 0), 0);
		} else {
			ck_assert_int_eq(message.kind, MESSAGE_DONE);
			ck_assert_int_eq(message.done.failure.kind, FAILURE_NONE);
			pair.dones++;
		}
	}
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(pair.next[i], end[i]);
	ck_assert_uint_eq(atomic_load(&progress->lanes[0].member), PROGRESS_NONE);
	ck_assert_uint_eq(atomic_load(&progress->lanes[1].member), PROGRESS_NONE);
	return pair;
}

static bool has_lanes(void)
{
	if (decoder_has(DECODER_TWIN))
		return true;
	fputs("skipped: nothing here decodes two members at once\n", stderr);
	return false;
}

START_TEST(two_units_of_two_archives_are_done_at_once)
{
	static const uint64_t first[2] = {0, 0}, end[2] = {2, 3};
	struct bytes content = make_content(CONTENT_TEXT, 1 << 20, 1);

	if (has_lanes()) {
		send_work(10, 0, UNIT_END_OPEN, make_large(&content, 2, false));
		send_work(11, 0, UNIT_END_OPEN, make_large(&content, 3, false));
		start_worker();
		/* The second is begun while the first is in hand. */
		ck_assert_uint_eq(take_pair(&content, false, first, end).plans_before_record, 2);
		end_worker();
	}
	bytes_free(&content);
}
END_TEST

START_TEST(two_units_of_one_archive_are_done_at_once)
{
	static const uint64_t first[2] = {0, 2}, end[2] = {2, 5};
	struct bytes content = make_content(CONTENT_TEXT, 1 << 20, 1);

	if (has_lanes()) {
		send_work(10, 0, 2, make_large(&content, 5, false));
		send_work(10, 2, 5, -1);
		start_worker();
		ck_assert_uint_eq(take_pair(&content, true, first, end).plans_before_record, 2);
		/* It stays open for what comes after. */
		send_work(10, 5, 5, -1);
		ck_assert_uint_eq(expect(MESSAGE_PLAN).plan.entries, 5);
		expect(MESSAGE_DONE);
		end_worker();
	}
	bytes_free(&content);
}
END_TEST

START_TEST(a_member_that_fails_does_not_touch_the_one_beside_it)
{
	static const uint64_t first[2] = {0, 0}, end[2] = {1, 1};
	struct bytes content = make_content(CONTENT_TEXT, 1 << 20, 1);

	if (has_lanes()) {
		send_work(10, 0, UNIT_END_OPEN, make_large(&content, 1, _i == 0));
		send_work(11, 0, UNIT_END_OPEN, make_large(&content, 1, _i == 1));
		start_worker();
		struct pair pair = take_pair(&content, false, first, end);
		ck_assert_uint_eq(pair.plans_before_record, 2);
		ck_assert_int_eq(pair.failures[_i], FAILURE_CRC_MISMATCH);
		ck_assert_int_eq(pair.failures[!_i], FAILURE_NONE);
		end_worker();
	}
	bytes_free(&content);
}
END_TEST

START_TEST(an_archive_that_does_not_open_does_not_touch_the_one_beside_it)
{
	struct bytes content = make_content(CONTENT_TEXT, 1 << 20, 1);

	if (has_lanes()) {
		send_work(0, 0, UNIT_END_OPEN, make_large(&content, 1, false));
		send_work(1, 0, UNIT_END_OPEN, file_of("this is no archive, but long enough", 36));
		send_work(2, 0, UNIT_END_OPEN, make_large(&content, 1, false));
		start_worker();
		ck_assert_uint_eq(expect(MESSAGE_PLAN).unit, unit_of(0, 0));
		struct message message = expect(MESSAGE_DONE);
		ck_assert_uint_eq(message.unit, unit_of(1, 0));
		ck_assert_int_eq(message.done.failure.kind, FAILURE_NOT_A_ZIP);
		ck_assert_uint_eq(expect(MESSAGE_PLAN).unit, unit_of(2, 0));
		for (int i = 0; i < 4; i++)
			ck_assert(receive(&message) && message.kind != MESSAGE_PLAN);
		end_worker();
	}
	bytes_free(&content);
}
END_TEST

START_TEST(small_members_are_not_done_two_at_a_time)
{
	struct message message;

	send_work(0, 0, UNIT_END_OPEN, make_many(100));
	send_work(1, 0, UNIT_END_OPEN, make_many(100));
	start_worker();
	for (uint64_t archive = 0; archive < 2; archive++) {
		message = expect(MESSAGE_PLAN);
		ck_assert_uint_eq(message.unit, unit_of(archive, 0));
		ck_assert(!message.plan.pairable);
		for (int i = 0; i < 100; i++)
			ck_assert_uint_eq(expect(MESSAGE_RECORD).record.archive, archive);
		ck_assert_uint_eq(expect(MESSAGE_DONE).unit, unit_of(archive, 0));
	}
	end_worker();
}
END_TEST

START_TEST(a_decoder_of_one_member_at_a_time_is_given_one)
{
	struct bytes content = make_content(CONTENT_TEXT, 1 << 20, 1);

	settings.decoder = DECODER_ZLIB;
	send_work(0, 0, UNIT_END_OPEN, make_large(&content, 1, false));
	send_work(1, 0, UNIT_END_OPEN, make_large(&content, 1, false));
	start_worker();
	for (uint64_t archive = 0; archive < 2; archive++) {
		ck_assert(!expect(MESSAGE_PLAN).plan.pairable);
		ck_assert_uint_eq(expect(MESSAGE_RECORD).record.archive, archive);
		expect(MESSAGE_DONE);
	}
	end_worker();
	bytes_free(&content);
}
END_TEST

START_TEST(only_wanted_members_are_unzipped)
{
	static const struct filter_rule rules[] = {{true, "*.dat"}, {false, "b.*"}};
	static const char *const names[] = {"a.dat", "a.txt", "d.dat/", "b.dat", "d/c.dat"};
	struct zips zips = {0};

	for (size_t i = 0; i < 5; i++) {
		struct zips_member member = zips_stored(names[i], "", 0);
		zips_add(&zips, &member);
	}
	zips_end(&zips, &(struct zips_ending){0});
	settings.filter = (struct filter){rules, 2};
	start_worker();
	send_work(0, 0, UNIT_END_OPEN, zips_file(&zips));
	struct message message = expect(MESSAGE_PLAN);
	ck_assert_uint_eq(message.plan.end, 5);
	ck_assert_uint_eq(message.plan.entries, 5);
	message = expect(MESSAGE_RECORD);
	ck_assert_uint_eq(message.record.member, 0);
	ck_assert(is_file("0.0-a.dat", &message.record, "", 0));
	message = expect(MESSAGE_RECORD);
	ck_assert_uint_eq(message.record.member, 4);
	ck_assert(is_file("0.4-c.dat", &message.record, "", 0));
	expect(MESSAGE_DONE);
	end_worker();
	ck_assert_int_eq(access(scratch_path("0.1-a.txt"), F_OK), -1);
	ck_assert_int_eq(access(scratch_path("0.3-b.dat"), F_OK), -1);
	zips_free(&zips);
}
END_TEST

START_TEST(directories_are_not_unzipped)
{
	struct zips zips = {0};
	struct zips_member directory = zips_stored("d/", "", 0);
	struct zips_member member = zips_stored("d/a", "a", 1);

	zips_add(&zips, &directory);
	zips_add(&zips, &member);
	zips_add(&zips, &directory);
	zips_end(&zips, &(struct zips_ending){0});
	start_worker();
	send_work(0, 0, UNIT_END_OPEN, zips_file(&zips));
	struct message message = expect(MESSAGE_PLAN);
	ck_assert_uint_eq(message.plan.end, 3);
	message = expect(MESSAGE_RECORD);
	ck_assert_uint_eq(message.record.member, 1);
	ck_assert(is_file("0.1-a", &message.record, "a", 1));
	expect(MESSAGE_DONE);
	end_worker();
	zips_free(&zips);
}
END_TEST

START_TEST(unwanted_members_take_no_place_in_units)
{
	static const struct filter_rule rules[] = {{true, "m77*"}};

	/* 111 of 7800 members: they make one unit. */
	settings.filter = (struct filter){rules, 1};
	start_worker();
	send_work(0, 0, UNIT_END_OPEN, make_many(7800));
	struct message message = expect(MESSAGE_PLAN);
	ck_assert_uint_eq(message.plan.end, 7800);
	for (int i = 0; i < 1 + 10 + 100; i++) {
		message = expect(MESSAGE_RECORD);
		ck_assert_int_eq(message.record.failure.kind, FAILURE_NONE);
	}
	expect(MESSAGE_DONE);
	end_worker();
}
END_TEST

START_TEST(a_unit_with_an_end_is_done_as_it_is)
{
	start_worker();
	send_work(9, 10, 1300, make_many(2000));
	ck_assert_uint_eq(take_unit(9, 10, 2000), 1300);
	/* The archive is still open. Units may come in any order. */
	send_work(9, 3, 4, -1);
	ck_assert_uint_eq(take_unit(9, 3, 2000), 4);
	send_work(9, 5, 5, -1);
	ck_assert_uint_eq(take_unit(9, 5, 2000), 5);
	send_work(9, 1990, 2000, -1);
	ck_assert_uint_eq(take_unit(9, 1990, 2000), 2000);
	end_worker();
}
END_TEST

START_TEST(one_archive_follows_another)
{
	start_worker();
	/* All are queued at once. */
	for (unsigned i = 0; i < 5; i++)
		send_work(i, 0, UNIT_END_OPEN, make_many(i));
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(take_unit(i, 0, i), i);
	/* The number tells which one it is: one that is open needs no second look. */
	send_work(4, 4, UNIT_END_OPEN, make_many(6));
	ck_assert_uint_eq(take_unit(4, 4, 4), 4);
	send_work(5, 4, UNIT_END_OPEN, make_many(6));
	ck_assert_uint_eq(take_unit(5, 4, 6), 6);
	end_worker();
}
END_TEST

START_TEST(an_archive_that_does_not_open_is_done_with_a_failure)
{
	start_worker();
	send_work(3, 0, UNIT_END_OPEN, file_of("this is no archive, but long enough", 36));
	struct message message = expect(MESSAGE_DONE);
	ck_assert_uint_eq(message.unit, unit_of(3, 0));
	ck_assert_int_eq(message.done.failure.kind, FAILURE_NOT_A_ZIP);
	/* The next one is not concerned. */
	send_work(4, 0, UNIT_END_OPEN, make_many(2));
	ck_assert_uint_eq(take_unit(4, 0, 2), 2);
	end_worker();
}
END_TEST

/* Another worker has found another number of members in it. */
START_TEST(an_archive_that_was_changed_meanwhile_is_done_with_a_failure)
{
	static const uint64_t ends[] = {2, 3, 5, UNIT_END_OPEN};

	start_worker();
	for (unsigned i = 0; i < 4; i++) {
		struct message work = make_work(i, 2, ends[i], true);
		work.work.entries = i % 2 ? 2 : 5;
		int fd = make_many(3);
		send_message(&work, fd);
		close(fd);
		struct message message = expect(MESSAGE_DONE);
		ck_assert_uint_eq(message.unit, unit_of(i, 2));
		ck_assert_int_eq(message.done.failure.kind, FAILURE_ARCHIVE_CHANGED);
	}
	/* With the number that it has it is the same. */
	struct message work = make_work(3, 1, 3, false);
	work.work.entries = 3;
	send_message(&work, -1);
	ck_assert_uint_eq(take_unit(3, 1, 3), 3);
	end_worker();
}
END_TEST

START_TEST(a_member_that_fails_does_so_alone)
{
	struct zips zips = {0};
	struct zips_member good = zips_stored("good", "good", 4);
	struct zips_member bad = zips_stored("dir/bad one", "bad", 3);

	bad.crc32 ^= 0xff;
	zips_add(&zips, &good);
	zips_add(&zips, &bad);
	zips_add(&zips, &good);
	zips_end(&zips, &(struct zips_ending){0});
	start_worker();
	send_work(0, 0, UNIT_END_OPEN, zips_file(&zips));
	expect(MESSAGE_PLAN);
	struct message message = expect(MESSAGE_RECORD);
	ck_assert(is_file("0.0-good", &message.record, "good", 4));
	message = expect(MESSAGE_RECORD);
	ck_assert_uint_eq(message.record.member, 1);
	ck_assert_int_eq(message.record.failure.kind, FAILURE_CRC_MISMATCH);
	ck_assert_uint_eq(message.record.failure.numbers[0], bad.crc32);
	ck_assert_uint_eq(message.record.failure.numbers[1], bad.crc32 ^ 0xff);
	/* Of a failed member the name is told as it is. */
	ck_assert_uint_eq(message.record.name_size, 11);
	ck_assert_mem_eq(message.record.name, "dir/bad one", 11);
	message = expect(MESSAGE_RECORD);
	ck_assert(is_file("0.2-good", &message.record, "good", 4));
	message = expect(MESSAGE_DONE);
	ck_assert_int_eq(message.done.failure.kind, FAILURE_NONE);
	end_worker();
	zips_free(&zips);
}
END_TEST

START_TEST(records_with_the_longest_names_arrive)
{
	struct zips zips = {0};
	char *name = malloc(65536);
	uint64_t at = 0;

	ck_assert_ptr_nonnull(name);
	memset(name, 'n', 65535);
	name[65535] = '\0';
	struct zips_member member = zips_stored(name, "x", 1);
	member.crc32 = 0; /* wrong: its record has the whole name */
	for (int i = 0; i < 5; i++)
		zips_add(&zips, &member);
	zips_end(&zips, &(struct zips_ending){0});
	start_worker();
	send_work(0, 0, UNIT_END_OPEN, zips_file(&zips));
	while (at < 5) {
		struct message message = expect(MESSAGE_PLAN);
		for (uint64_t end = message.plan.end; at < end; at++) {
			message = expect(MESSAGE_RECORD);
			ck_assert_uint_eq(message.record.name_size, 65535);
			ck_assert_mem_eq(message.record.name, name, 65535);
		}
		expect(MESSAGE_DONE);
		if (at < 5)
			send_work(0, at, UNIT_END_OPEN, -1);
	}
	end_worker();
	zips_free(&zips);
	free(name);
}
END_TEST

START_TEST(the_end_of_the_channel_is_a_farewell_and_success)
{
	start_worker();
	struct message_memory memory = end_worker();
	ck_assert_uint_eq(memory.private_bytes, 0); /* was not to be measured */
	ck_assert_uint_eq(memory.shared_bytes, 0);

	settings.measure = true;
	open_channel();
	start_worker();
	send_work(0, 0, UNIT_END_OPEN, make_many(3));
	take_unit(0, 0, 3);
	memory = end_worker();
	ck_assert_uint_gt(memory.private_bytes, 0);
	ck_assert_uint_gt(memory.shared_bytes, 0);
}
END_TEST

START_TEST(what_was_queued_is_done_before_the_end)
{
	send_work(0, 0, UNIT_END_OPEN, make_many(3));
	send_work(1, 0, UNIT_END_OPEN, make_many(4));
	ck_assert_int_eq(shutdown(channel_fd, SHUT_WR), 0);
	start_worker();
	ck_assert_uint_eq(take_unit(0, 0, 3), 3);
	ck_assert_uint_eq(take_unit(1, 0, 4), 4);
	expect(MESSAGE_MEMORY);
	ck_assert_int_eq(reap(), EXIT_SUCCESS);
}
END_TEST

START_TEST(what_it_is_at_is_left_for_the_parent)
{
	int status;

	send_work(21, 0, 60000, make_many(60000));
	start_worker();
	expect(MESSAGE_PLAN);
	/* Nobody reads the rest, so it stops at some member in the middle. */
	while (atomic_load(&progress->lanes[0].member) == PROGRESS_NONE &&
		waitpid(pid, NULL, WNOHANG) == 0)
		;
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_uint_eq(atomic_load(&progress->lanes[0].unit), unit_of(21, 0));
	uint64_t member = atomic_load(&progress->lanes[0].member);
	ck_assert_uint_lt(member, 60000);
	ck_assert_uint_lt(atomic_load(&progress->lanes[0].name_size), sizeof("m60000"));
	ck_assert_mem_eq(progress->lanes[0].name, "m", 1);
	close(channel_fd);

	/* Between units it is at nothing. */
	open_channel();
	start_worker();
	send_work(22, 0, UNIT_END_OPEN, make_many(3));
	take_unit(22, 0, 3);
	ck_assert_uint_eq(atomic_load(&progress->lanes[0].member), PROGRESS_NONE);
	ck_assert_uint_eq(atomic_load(&progress->lanes[0].unit), PROGRESS_NONE);
	end_worker();
}
END_TEST

/* Send what no parent sends, and expect that the worker leaves without a word. */
static void check_gives_up(const void *bytes, size_t size, int fd)
{
	ck_assert_int_eq(channel_send(channel_fd, bytes, size, fd, true), 0);
	start_worker();
	if (fd >= 0)
		close(fd);
	ck_assert_int_eq(reap(), EXIT_FAILURE);
	open_channel();
}

START_TEST(garbage_is_the_end)
{
	struct bytes junk = make_content(CONTENT_RANDOM, 1000, 3);
	struct message plan = {.kind = MESSAGE_PLAN, .plan = {.end = 1, .entries = 1}};
	struct wire_writer writer;
	uint8_t bytes[64];

	check_gives_up("x", 1, -1);
	check_gives_up(junk.data, 30, -1);
	check_gives_up(junk.data, 1000, -1);
	check_gives_up("\1\0\0\0\0", 5, -1);
	wire_writer_init(&writer, bytes, sizeof(bytes));
	ck_assert_int_eq(message_put(&writer, &plan), 0);
	check_gives_up(bytes, writer.size, -1);
	close(channel_fd);
	close(worker_end);
	bytes_free(&junk);
}
END_TEST

/* As check_gives_up(), with a unit of work. */
static void check_refuses(const struct message *message, int fd)
{
	struct wire_writer writer;
	uint8_t bytes[WORK_BYTES_MAX];

	wire_writer_init(&writer, bytes, sizeof(bytes));
	put_message(&writer, message, fd);
	check_gives_up(bytes, writer.size, fd);
}

/* Put the first unit of @count archives of three members into one packet, from @first on. */
static void send_together(uint64_t first, unsigned count, unsigned descriptors)
{
	struct wire_writer writer;
	uint8_t bytes[WORK_PACKET_MAX];
	struct channel_fds fds = {.count = descriptors};

	wire_writer_init(&writer, bytes, sizeof(bytes));
	for (unsigned i = 0; i < descriptors; i++)
		fds.fds[i] = make_many(3);
	for (unsigned i = 0; i < count; i++) {
		struct message work = make_work(first + i, 0, UNIT_END_OPEN, true);
		put_message(&writer, &work, fds.fds[0]);
	}
	ck_assert_int_eq(channel_send_fds(channel_fd, bytes, writer.size, &fds, true), 0);
	for (unsigned i = 0; i < descriptors; i++)
		close(fds.fds[i]);
}

START_TEST(units_that_came_in_one_packet_are_done_in_order_and_answered_together)
{
	/* As for one small archive: on a busy machine some may travel apart. */
	bool together = false;

	for (unsigned tries = 0; tries < 50 && !together; tries++) {
		if (tries > 0)
			open_channel();
		start_worker();
		send_together(tries, WORK_UNITS_MAX, WORK_UNITS_MAX);
		for (unsigned i = 0; i < WORK_UNITS_MAX; i++)
			ck_assert_uint_eq(take_unit(tries + i, 0, 3), 3);
		together = packets < WORK_UNITS_MAX;
		/* It has no descriptor too many, or it would run out of them. */
		for (unsigned i = 0; together && i < 20; i++) {
			send_together(100 * (i + 1), WORK_UNITS_MAX, WORK_UNITS_MAX);
			for (unsigned j = 0; j < WORK_UNITS_MAX; j++)
				ck_assert_uint_eq(take_unit(100 * (i + 1) + j, 0, 3), 3);
		}
		end_worker();
		scratch_end();
		scratch_begin();
		close(directory_fd);
		directory_fd = open(scratch_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	ck_assert(together);
}
END_TEST

START_TEST(a_packet_with_other_descriptors_than_its_units_need_is_the_end)
{
	for (unsigned more = 0; more < 2; more++) {
		open_channel();
		start_worker();
		send_together(0, more ? 1 : 3, 2);
		struct message message;
		while (receive(&message))
			ck_assert_uint_lt(message.unit, unit_of(2, 0));
		int status;
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
		close(channel_fd);
	}
}
END_TEST

START_TEST(work_that_makes_no_sense_is_the_end)
{
	struct message unannounced = make_work(0, 0, UNIT_END_OPEN, false);
	struct message whole = make_work(0, 0, UNIT_END_OPEN, true);
	struct message behind = make_work(0, 4, UNIT_END_OPEN, true);
	struct message too_long = make_work(0, 0, 4, true);

	/* No archive is open; one is promised; one was not announced. */
	check_refuses(&unannounced, -1);
	check_refuses(&whole, -1);
	check_refuses(&unannounced, make_many(3));
	/* Members that the archive does not have. */
	check_refuses(&behind, make_many(3));
	check_refuses(&too_long, make_many(3));
	/* Another archive than the one that is open. */
	start_worker();
	send_work(1, 0, 1, make_many(3));
	take_unit(1, 0, 3);
	send_work(2, 0, 1, -1);
	ck_assert_int_eq(reap(), EXIT_FAILURE);
	/* One that did not open. */
	open_channel();
	start_worker();
	send_work(1, 0, UNIT_END_OPEN, file_of("junk", 4));
	expect(MESSAGE_DONE);
	send_work(1, 0, UNIT_END_OPEN, -1);
	ck_assert_int_eq(reap(), EXIT_FAILURE);
}
END_TEST

START_TEST(a_parent_that_is_gone_is_the_end)
{
	int status;

	/* More than the channel holds, so that sending fails. */
	send_work(0, 0, 60000, make_many(60000));
	start_worker();
	expect(MESSAGE_PLAN);
	close(channel_fd);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "status %d", status);
	ck_assert_int_eq(WEXITSTATUS(status), EXIT_FAILURE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("worker");
	TCase *tests = tcase_create("worker");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_small_archive_is_answered_in_one_packet);
	tcase_add_test(tests, the_units_of_a_large_archive_join_up);
	tcase_add_test(tests, a_plan_is_said_before_the_work_is_done);
	tcase_add_test(tests, what_files_take_is_counted_in_whole_blocks);
	tcase_add_test(tests, units_have_a_few_MiB_and_a_member_is_not_divided);
	tcase_add_test(tests, a_unit_ends_where_there_is_no_room_for_another_member);
	tcase_add_test(tests, two_units_of_two_archives_are_done_at_once);
	tcase_add_test(tests, two_units_of_one_archive_are_done_at_once);
	tcase_add_loop_test(tests, a_member_that_fails_does_not_touch_the_one_beside_it, 0, 2);
	tcase_add_test(tests, an_archive_that_does_not_open_does_not_touch_the_one_beside_it);
	tcase_add_test(tests, small_members_are_not_done_two_at_a_time);
	tcase_add_test(tests, a_decoder_of_one_member_at_a_time_is_given_one);
	tcase_add_test(tests, only_wanted_members_are_unzipped);
	tcase_add_test(tests, directories_are_not_unzipped);
	tcase_add_test(tests, unwanted_members_take_no_place_in_units);
	tcase_add_test(tests, a_unit_with_an_end_is_done_as_it_is);
	tcase_add_test(tests, one_archive_follows_another);
	tcase_add_test(tests, an_archive_that_does_not_open_is_done_with_a_failure);
	tcase_add_test(tests, an_archive_that_was_changed_meanwhile_is_done_with_a_failure);
	tcase_add_test(tests, a_member_that_fails_does_so_alone);
	tcase_add_test(tests, records_with_the_longest_names_arrive);
	tcase_add_test(tests, the_end_of_the_channel_is_a_farewell_and_success);
	tcase_add_test(tests, what_was_queued_is_done_before_the_end);
	tcase_add_test(tests, what_it_is_at_is_left_for_the_parent);
	tcase_add_test(tests, garbage_is_the_end);
	tcase_add_test(
		tests, units_that_came_in_one_packet_are_done_in_order_and_answered_together);
	tcase_add_test(tests, a_packet_with_other_descriptors_than_its_units_need_is_the_end);
	tcase_add_test(tests, work_that_makes_no_sense_is_the_end);
	tcase_add_test(tests, a_parent_that_is_gone_is_the_end);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
