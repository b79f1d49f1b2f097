// SPDX-License-Identifier: MIT

/*
 * Members that several workers decode, as the parent sees them (parent/parts.h): who is asked for
 * what, who gets what, and what is said when a member, a worker or a stretch has ended. The workers
 * here are the other ends of channels.
 */

#include "parent/parts.h"

#include "protocol/channel.h"
#include "scheduling.h"
#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { WORKERS = 3, FILE_BYTES = 1000 };

static struct run_stats stats;
static struct parts parts;
static struct pool pool;
static struct worker workers[WORKERS];
static int ends[WORKERS]; /* the workers' */
static int came_along;    /* with the word that was heard last, or -1 */
static int archive_fd;

static void set_up(void)
{
	begin(false);
	add(1);
	archive_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	schedule.first->size_bytes = 1000000;
	schedule.first->fd = archive_fd;
	stats = (struct run_stats){0};
	pool = (struct pool){.stats = &stats, .workers = workers, .size = WORKERS, .live = WORKERS};
	for (int i = 0; i < WORKERS; i++) {
		int both[2];
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, both), 0);
		workers[i] = (struct worker){.pid = INT32_MAX,
			.channel_fd = both[0],
			.directory_fd = -1,
			.is_ready = true,
			.archive = PROGRESS_NONE};
		ends[i] = both[1];
	}
	came_along = -1;
	parts_init(&parts, &schedule);
}

static void tear_down(void)
{
	parts_release(&parts);
	for (int i = 0; i < WORKERS; i++) {
		close(workers[i].channel_fd);
		close(ends[i]);
		if (workers[i].directory_fd >= 0)
			close(workers[i].directory_fd);
	}
	if (came_along >= 0)
		close(came_along);
	schedule.first->fd = -1;
	close(archive_fd);
	schedule_release(&schedule);
}

/* The first worker has the archive's only unit, of six members. */
static struct unit *owned(void)
{
	struct unit *unit = give(0, 0);

	workers[0].queue[workers[0].queued++] = (struct in_hand){.unit = unit};
	plan(unit, 6, 6);
	return unit;
}

/* What worker @i is told next; if nothing, its kind is 0. */
static struct message heard(int i)
{
	static uint8_t bytes[WORK_BYTES_MAX];
	struct message message = {.kind = (enum message_kind)0};
	struct wire_reader reader;

	if (came_along >= 0)
		close(came_along);
	ssize_t size = channel_receive(ends[i], bytes, sizeof(bytes), &came_along, false);
	if (size < 0) {
		ck_assert_int_eq(errno, EAGAIN);
		return message;
	}
	wire_reader_init(&reader, bytes, (size_t)size);
	ck_assert_int_eq(message_get(&reader, &message), 1);
	return message;
}

static void expect_nothing(void)
{
	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(heard(i).kind, 0);
}

static struct message_part expect(int i, uint64_t unit, enum part_step step)
{
	struct message message = heard(i);

	ck_assert_int_eq(message.kind, MESSAGE_PART);
	ck_assert_uint_eq(message.unit, unit);
	ck_assert_int_eq(message.part.step, step);
	return message.part;
}

/* Worker @i says @part of the unit that it has had longest but for @behind others. */
static void say(int i, unsigned behind, struct message_part part)
{
	struct worker *worker = &workers[i];

	ck_assert_int_eq(parts_hear(&parts, &pool, worker, &worker->queue[behind], &part), 0);
}

static const struct message_part offer = {.step = PART_OFFER,
	.member = 2,
	.place = 1000,
	.bytes = 500000,
	.end = 900000,
	.name = "0.2-x.dat",
	.name_size = 9};

/* Have the member of the first worker offered, and a stretch of it given to the second. */
static uint64_t give_stretch(struct unit *unit)
{
	say(0, 0, offer);
	workers[2].is_ready = false;
	parts_ask(&parts, &pool, WORKERS);
	workers[2].is_ready = true;
	struct message_part asked = expect(0, unit->id, PART_ASK);
	say(0, 0,
		(struct message_part){.step = PART_STRETCH,
			.helper = asked.helper,
			.place = 80000,
			.end = 160000});
	struct message work = heard(1);
	ck_assert_int_eq(work.kind, MESSAGE_WORK);
	ck_assert_int_eq(work.work.kind, UNIT_PART);
	ck_assert_uint_eq(work.work.part.data_place, 1000);
	ck_assert_uint_eq(work.work.part.compressed_bytes, 500000);
	ck_assert_uint_eq(work.work.part.from, 80000);
	ck_assert_uint_eq(work.work.part.to, 160000);
	ck_assert_int_ge(came_along, 0); /* the archive */
	ck_assert_uint_eq(workers[1].queued, 1);
	return work.unit;
}

START_TEST(nobody_is_asked_before_an_offer_or_without_an_idle_worker)
{
	struct unit *unit = owned();

	parts_ask(&parts, &pool, WORKERS);
	expect_nothing();
	say(0, 0, offer);
	for (int i = 1; i < WORKERS; i++)
		workers[i].queued = 1;
	struct unit others = {.kind = UNIT_MEMBERS, .state = UNIT_PLANNED};
	workers[1].queue[0].unit = workers[2].queue[0].unit = &others;
	parts_ask(&parts, &pool, WORKERS);
	expect_nothing();
	/* One that is only starting would come too late for what it is asked for. */
	workers[1].queued = 0;
	workers[1].is_ready = false;
	parts_ask(&parts, &pool, WORKERS);
	expect_nothing();
	workers[1].is_ready = true;
	parts_ask(&parts, &pool, WORKERS);
	expect(0, unit->id, PART_ASK);
	parts_ask(&parts, &pool, WORKERS); /* it has not answered yet */
	expect_nothing();
	ck_assert(workers[0].shares);
}
END_TEST

START_TEST(an_owner_with_a_second_unit_is_not_asked)
{
	struct unit *unit = owned();

	say(0, 0, offer);
	workers[0].queue[workers[0].queued++] = (struct in_hand){.unit = unit};
	parts_ask(&parts, &pool, WORKERS);
	expect_nothing();
}
END_TEST

START_TEST(offers_that_cannot_be_are_not_taken)
{
	owned();
	for (int i = 0; i < 6; i++) {
		struct message_part wrong = offer;
		if (i == 0)
			wrong.name = "0.3-x.dat"; /* another member's file */
		else if (i == 1)
			wrong.name = "1.2-x.dat"; /* another archive's */
		else if (i == 2)
			wrong.name = "0.2-/.dat";
		else if (i == 3)
			wrong.name = "0.2-\0.dat";
		else if (i == 4)
			wrong.place = 1000001;
		else
			wrong.bytes = 999001;
		say(0, 0, wrong);
		parts_ask(&parts, &pool, WORKERS);
		expect_nothing();
	}
}
END_TEST

START_TEST(a_stretch_goes_to_an_idle_worker_and_its_words_to_the_owner)
{
	struct unit *unit = owned();
	uint64_t stretch = give_stretch(unit);

	ck_assert_uint_ne(stretch, unit->id);
	say(1, 0, (struct message_part){.step = PART_FOUND, .place = 80123});
	ck_assert_uint_eq(expect(0, unit->id, PART_FOUND).place, 80123);
	say(1, 0, (struct message_part){.step = PART_DECODED, .place = 160007, .bytes = 77});
	struct message_part told = expect(0, unit->id, PART_DECODED);
	ck_assert(told.place == 160007 && told.bytes == 77);
	say(1, 0, (struct message_part){.step = PART_TAILED});
	expect(0, unit->id, PART_TAILED);
	say(1, 0, (struct message_part){.step = PART_WRITTEN, .crc32 = 5});
	ck_assert_uint_eq(expect(0, unit->id, PART_WRITTEN).crc32, 5);
	ck_assert_uint_eq(workers[1].queued, 0);
}
END_TEST

START_TEST(a_worker_that_writes_the_rest_of_a_stretch_can_have_the_next)
{
	struct unit *unit = owned();
	pool.size = pool.live = 2; /* there is no third worker */
	uint64_t first = give_stretch(unit);

	ck_assert(!parts_could_ask(&parts));
	say(1, 0, (struct message_part){.step = PART_FOUND});
	say(1, 0, (struct message_part){.step = PART_DECODED});
	parts_ask(&parts, &pool, 2);
	ck_assert(!parts_could_ask(&parts));
	say(1, 0, (struct message_part){.step = PART_TAILED});
	ck_assert(parts_could_ask(&parts));
	for (enum part_step step = PART_FOUND; step <= PART_TAILED; step++)
		expect(0, unit->id, step);
	parts_ask(&parts, &pool, 2);
	struct message_part asked = expect(0, unit->id, PART_ASK);
	ck_assert_uint_eq(asked.helper, 1);
	say(0, 0, (struct message_part){.step = PART_STRETCH, .helper = 1, .end = 1});
	struct message second = heard(1);
	ck_assert_int_eq(second.kind, MESSAGE_WORK);
	ck_assert_uint_ne(second.unit, first);
	ck_assert_uint_eq(workers[1].queued, 2);
	parts_ask(&parts, &pool, 2); /* now it has enough */
	expect_nothing();
	say(1, 0, (struct message_part){.step = PART_WRITTEN});
	ck_assert_uint_eq(workers[1].queued, 1);
	ck_assert_uint_eq(expect(0, unit->id, PART_WRITTEN).helper, 0);
	say(1, 0, (struct message_part){.step = PART_FOUND});
	ck_assert_uint_eq(expect(0, unit->id, PART_FOUND).helper, 1);
}
END_TEST

START_TEST(an_owner_that_has_nothing_to_give_is_not_asked_again)
{
	struct unit *unit = owned();

	pool.size = pool.live = 2;
	say(0, 0, offer);
	parts_ask(&parts, &pool, 2);
	expect(0, unit->id, PART_ASK);
	say(0, 0, (struct message_part){.step = PART_NONE});
	parts_ask(&parts, &pool, 2);
	expect_nothing();
}
END_TEST

START_TEST(a_helper_whose_turn_it_is_gets_the_owners_file)
{
	struct unit *unit = owned();
	uint64_t stretch = give_stretch(unit);
	struct stat status;

	scratch_begin();
	const char *directory = scratch_directory("owner");
	workers[0].directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *path = scratch_path("owner/0.2-x.dat");
	int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(ftruncate(file, FILE_BYTES), 0);
	close(file);
	say(0, 0, (struct message_part){.step = PART_TURN, .helper = 0, .place = 123});
	ck_assert_uint_eq(expect(1, stretch, PART_TURN).place, 123);
	ck_assert_int_eq(fstat(came_along, &status), 0);
	ck_assert_int_eq(status.st_size, FILE_BYTES);
	/* A link instead of the file, or nothing: the owner hears that it gets nothing. */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	say(0, 0, (struct message_part){.step = PART_TURN, .helper = 0, .place = 123});
	expect(1, stretch, PART_DROP);
	expect(0, unit->id, PART_LOST);
	scratch_end();
}
END_TEST

START_TEST(where_no_file_is_made_both_get_one_in_memory)
{
	struct unit *unit = owned();
	struct message_part nameless = offer;
	struct stat mine;
	struct stat others;

	nameless.name_size = 0;
	say(0, 0, nameless);
	parts_ask(&parts, &pool, WORKERS);
	expect(0, unit->id, PART_ASK);
	ck_assert_int_eq(fstat(came_along, &mine), 0);
	expect(0, unit->id, PART_ASK); /* for the third worker, without another one */
	ck_assert_int_eq(came_along, -1);
	say(0, 0, (struct message_part){.step = PART_STRETCH, .helper = 0, .end = 1});
	int helper = workers[1].queued > 0 ? 1 : 2;
	struct message work = heard(helper);
	ck_assert(work.kind == MESSAGE_WORK && work.work.part.checked_only);
	say(0, 0, (struct message_part){.step = PART_TURN, .helper = 0, .place = 32768});
	expect(helper, work.unit, PART_TURN);
	ck_assert_int_eq(fstat(came_along, &others), 0);
	ck_assert(mine.st_ino == others.st_ino && mine.st_dev == others.st_dev);
}
END_TEST

START_TEST(when_a_member_ends_its_helpers_stop_and_say_nothing_more_to_the_owner)
{
	struct unit *unit = owned();
	uint64_t stretch = give_stretch(unit);

	parts_end(&parts, &pool, unit, 1); /* one in front of it */
	expect_nothing();
	parts_end(&parts, &pool, unit, 2);
	expect(1, stretch, PART_DROP);
	ck_assert(!workers[0].shares);
	say(1, 0, (struct message_part){.step = PART_FOUND});
	say(1, 0, (struct message_part){.step = PART_LOST});
	expect_nothing();
	ck_assert_uint_eq(workers[1].queued, 0);
	parts_ask(&parts, &pool, WORKERS);
	expect_nothing();
}
END_TEST

START_TEST(of_a_stretch_that_the_owner_drops_it_hears_only_the_end)
{
	struct unit *unit = owned();
	uint64_t stretch = give_stretch(unit);

	say(0, 0, (struct message_part){.step = PART_DROP, .helper = 0});
	expect(1, stretch, PART_DROP);
	say(1, 0, (struct message_part){.step = PART_FOUND});
	expect_nothing();
	say(1, 0, (struct message_part){.step = PART_LOST});
	expect(0, unit->id, PART_LOST);
}
END_TEST

START_TEST(when_a_helper_dies_its_owner_hears_that_its_stretch_is_lost)
{
	struct unit *unit = owned();

	give_stretch(unit);
	workers[1].queued = 0;
	parts_lose(&parts, &pool, &workers[1]);
	ck_assert_uint_eq(expect(0, unit->id, PART_LOST).helper, 0);
	parts_ask(&parts, &pool, WORKERS); /* nobody else is to die of it */
	expect_nothing();
}
END_TEST

START_TEST(when_an_owner_dies_its_helpers_stop)
{
	uint64_t stretch = give_stretch(owned());

	workers[0].pid = 0;
	parts_lose(&parts, &pool, &workers[0]);
	expect(1, stretch, PART_DROP);
	say(1, 0, (struct message_part){.step = PART_LOST});
	expect_nothing();
}
END_TEST

START_TEST(more_members_than_may_be_divided_are_left_alone)
{
	struct unit *unit = owned();
	struct unit units[PARTS_MEMBERS_MAX + 1];

	for (int i = 0; i <= PARTS_MEMBERS_MAX; i++) {
		units[i] = *unit;
		units[i].id = 1000 + (uint64_t)i;
		struct in_hand hand = {.unit = &units[i]};
		ck_assert_int_eq(parts_hear(&parts, &pool, &workers[0], &hand, &offer), 0);
	}
	int taken = 0;
	for (int i = 0; i < PARTS_MEMBERS_MAX; i++)
		taken += parts.shares[i] != NULL;
	ck_assert_int_eq(taken, PARTS_MEMBERS_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shares");
	TCase *tests = tcase_create("shares");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, nobody_is_asked_before_an_offer_or_without_an_idle_worker);
	tcase_add_test(tests, an_owner_with_a_second_unit_is_not_asked);
	tcase_add_test(tests, offers_that_cannot_be_are_not_taken);
	tcase_add_test(tests, a_stretch_goes_to_an_idle_worker_and_its_words_to_the_owner);
	tcase_add_test(tests, a_worker_that_writes_the_rest_of_a_stretch_can_have_the_next);
	tcase_add_test(tests, an_owner_that_has_nothing_to_give_is_not_asked_again);
	tcase_add_test(tests, a_helper_whose_turn_it_is_gets_the_owners_file);
	tcase_add_test(tests, where_no_file_is_made_both_get_one_in_memory);
	tcase_add_test(
		tests, when_a_member_ends_its_helpers_stop_and_say_nothing_more_to_the_owner);
	tcase_add_test(tests, of_a_stretch_that_the_owner_drops_it_hears_only_the_end);
	tcase_add_test(tests, when_a_helper_dies_its_owner_hears_that_its_stretch_is_lost);
	tcase_add_test(tests, when_an_owner_dies_its_helpers_stop);
	tcase_add_test(tests, more_members_than_may_be_divided_are_left_alone);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
