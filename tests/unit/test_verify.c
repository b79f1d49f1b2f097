// SPDX-License-Identifier: MIT

#include "parent/verify.h"

#include "parent/schedule.h"
#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Member 5 of archive 3 is called "x": this is its file. */
#define FILE_NAME "3.5-x"
#define PACK_NAME "3.4-pack"

static struct job job;
static struct unit unit;
static struct worker worker;
static struct budget budget;

static void set_up(void)
{
	struct stat status;

	scratch_begin();
	job = (struct job){.number = 3};
	unit = (struct unit){.job = &job, .members = {.first = 4, .end = 20}};
	worker = (struct worker){.queue = {{.unit = &unit}}, .queued = 1};
	worker.directory_fd = open(scratch_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(worker.directory_fd, 0);
	ck_assert_int_eq(fstat(worker.directory_fd, &status), 0);
	worker.device = status.st_dev;
	worker.owner = status.st_uid;
	budget_init(&budget, &(struct limits){.member_bytes = 0});
}

/** The worker has made a file already, which could be mapped: a small one is only looked up. */
static void set_up_later(void)
{
	set_up();
	worker.has_mapped = true;
}

static void tear_down(void)
{
	close(worker.directory_fd);
	scratch_end();
}

static uint64_t inode_of(const char *name)
{
	struct stat status;

	ck_assert_int_eq(lstat(scratch_path(name), &status), 0);
	return status.st_ino;
}

static bool exists(const char *name)
{
	struct stat status;

	return lstat(scratch_path(name), &status) == 0;
}

/** A record of member 5, in the file that is there. */
static struct record record_of(uint64_t size_bytes)
{
	return (struct record){.member = 5,
		.place = PLACE_FILE,
		.size_bytes = size_bytes,
		.inode = exists(FILE_NAME) ? inode_of(FILE_NAME) : 1,
		.name = "x",
		.name_size = 1};
}

/** What is found wrong with @record; no descriptor is left over. */
static enum failure_kind verify(struct record record)
{
	size_t before = open_descriptors();

	verify_record(&worker, &worker.queue[0], &budget, &record);
	ck_assert_uint_eq(open_descriptors(), before);
	return record.failure.kind;
}

/** Refused, and gone. */
static void assert_refused(struct record record, enum failure_kind kind)
{
	ck_assert_int_eq(verify(record), kind);
	ck_assert(!exists(FILE_NAME));
}

START_TEST(the_right_file_is_accepted)
{
	scratch_file(FILE_NAME, "abc", 3);
	ck_assert_int_eq(verify(record_of(3)), FAILURE_NONE);
	ck_assert(exists(FILE_NAME));
	ck_assert_uint_eq(budget.taken_bytes, 3);
}
END_TEST

START_TEST(an_empty_file_is_accepted)
{
	scratch_file(FILE_NAME, "", 0);
	ck_assert_int_eq(verify(record_of(0)), FAILURE_NONE);
}
END_TEST

START_TEST(a_large_sparse_file_is_accepted_without_reading_it)
{
	/* With 32 bits it cannot be mapped. */
	const enum failure_kind verdict = sizeof(size_t) == 8 ? FAILURE_NONE : FAILURE_MAP;

	scratch_file(FILE_NAME, "", 0);
	ck_assert_int_eq(truncate(scratch_path(FILE_NAME), (off_t)1 << 36), 0);
	ck_assert_int_eq(verify(record_of((uint64_t)1 << 36)), verdict);
}
END_TEST

START_TEST(a_file_of_another_size_is_refused)
{
	static const uint64_t wrong[] = {0, 2, 4, UINT64_MAX};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		scratch_file(FILE_NAME, "abc", 3);
		assert_refused(record_of(wrong[i]), FAILURE_CHANGED);
	}
}
END_TEST

START_TEST(a_header_stands_before_a_member_that_has_one_and_before_no_other)
{
	const char name[] = "3.5-x.npy";

	scratch_file(name, "header, abc", 11);
	struct record record = record_of(3);
	record.inode = inode_of(name);
	record.npy_header = true;
	record.offset_bytes = 8;
	ck_assert_int_eq(verify(record), FAILURE_NONE);
	record.offset_bytes = 7; /* it does not end with the file */
	ck_assert_int_eq(verify(record), FAILURE_CHANGED);
	ck_assert(!exists(name));

	scratch_file(name, "abc", 3);
	record.inode = inode_of(name);
	record.offset_bytes = 0; /* there is none */
	ck_assert_int_eq(verify(record), FAILURE_CHANGED);

	scratch_file(FILE_NAME, "header, abc", 11);
	record = record_of(3);
	record.offset_bytes = 8; /* there should be none */
	assert_refused(record, FAILURE_CHANGED);
}
END_TEST

START_TEST(a_member_that_would_begin_behind_its_file_is_refused)
{
	scratch_file("3.5-x.npy", "abc", 3);
	struct record record = record_of(UINT64_MAX);

	record.inode = inode_of("3.5-x.npy");
	record.npy_header = true;
	record.offset_bytes = 4; /* the sum would be right, if it may overflow */
	ck_assert_int_eq(verify(record), FAILURE_CHANGED);
}
END_TEST

START_TEST(another_inode_is_refused)
{
	scratch_file(FILE_NAME, "abc", 3);
	struct record record = record_of(3);

	record.inode++;
	assert_refused(record, FAILURE_CHANGED);
}
END_TEST

START_TEST(another_device_is_refused)
{
	scratch_file(FILE_NAME, "abc", 3);
	worker.device++;
	assert_refused(record_of(3), FAILURE_CHANGED);
}
END_TEST

START_TEST(another_owner_is_refused)
{
	scratch_file(FILE_NAME, "abc", 3);
	worker.owner++;
	assert_refused(record_of(3), FAILURE_CHANGED);
}
END_TEST

START_TEST(a_file_with_a_second_link_is_refused)
{
	scratch_file(FILE_NAME, "abc", 3);
	ck_assert_int_eq(link(scratch_path(FILE_NAME), scratch_path("second")), 0);
	assert_refused(record_of(3), FAILURE_CHANGED);
}
END_TEST

START_TEST(a_symbolic_link_is_not_followed)
{
	scratch_file("other", "abc", 3);
	ck_assert_int_eq(symlink("other", scratch_path(FILE_NAME)), 0);
	struct record record = record_of(3);

	record.inode = inode_of("other");
	assert_refused(record, FAILURE_CHANGED);
	ck_assert(exists("other"));
}
END_TEST

START_TEST(a_fifo_is_refused_and_not_waited_for)
{
	ck_assert_int_eq(mkfifo(scratch_path(FILE_NAME), 0600), 0);
	assert_refused(record_of(0), FAILURE_CHANGED);
}
END_TEST

START_TEST(a_socket_is_refused)
{
	ck_assert_int_eq(mknod(scratch_path(FILE_NAME), S_IFSOCK | 0600, 0), 0);
	assert_refused(record_of(0), FAILURE_CHANGED);
}
END_TEST

START_TEST(a_directory_is_refused)
{
	scratch_directory(FILE_NAME);
	assert_refused(record_of(0), FAILURE_CHANGED);
}
END_TEST

START_TEST(a_missing_file_is_refused)
{
	assert_refused(record_of(3), FAILURE_CHANGED);
}
END_TEST

/** What is found wrong with a file of @size_bytes if no file can be opened. */
static enum failure_kind verify_without_descriptors(uint64_t size_bytes)
{
	struct rlimit limit;

	scratch_file(FILE_NAME, "", 0);
	ck_assert_int_eq(truncate(scratch_path(FILE_NAME), (off_t)size_bytes), 0);
	struct record record = record_of(size_bytes);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	verify_record(&worker, &worker.queue[0], &budget, &record);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (record.failure.kind == FAILURE_MAP)
		ck_assert_uint_eq(record.failure.numbers[0], EMFILE);
	return record.failure.kind;
}

START_TEST(the_first_file_and_large_ones_are_opened_and_small_ones_are_not)
{
	ck_assert_int_eq(verify_without_descriptors(1), FAILURE_MAP);
	scratch_file(FILE_NAME, "", 0);
	ck_assert_int_eq(verify(record_of(0)), FAILURE_NONE); /* nothing of it was mapped */
	ck_assert_int_eq(verify_without_descriptors(1), FAILURE_MAP);
	scratch_file(FILE_NAME, "abc", 3);
	ck_assert_int_eq(verify(record_of(3)), FAILURE_NONE);
	ck_assert_int_eq(verify_without_descriptors(0), FAILURE_NONE);
	ck_assert_int_eq(verify_without_descriptors(1), FAILURE_NONE);
	ck_assert_int_eq(verify_without_descriptors(MAPPED_FILE_MIN - 1), FAILURE_NONE);
	ck_assert_int_eq(verify_without_descriptors(MAPPED_FILE_MIN), FAILURE_MAP);
}
END_TEST

START_TEST(a_file_that_was_replaced_by_one_of_the_same_size_is_refused)
{
	scratch_file(FILE_NAME, "abc", 3);
	struct record record = record_of(3);

	/* Both are there at a time, so that the inode is another one. */
	scratch_file("other", "abc", 3);
	ck_assert_int_eq(rename(scratch_path("other"), scratch_path(FILE_NAME)), 0);
	assert_refused(record, FAILURE_CHANGED);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_fails_with_the_reason)
{
	scratch_file(FILE_NAME, "abc", 3);
	struct record record = record_of(3);

	close(worker.directory_fd);
	worker.directory_fd = open(scratch_path(FILE_NAME), O_RDONLY | O_CLOEXEC);
	verify_record(&worker, &worker.queue[0], &budget, &record);
	ck_assert_int_eq(record.failure.kind, FAILURE_MAP);
	ck_assert_uint_eq(record.failure.numbers[0], ENOTDIR);
}
END_TEST

START_TEST(what_is_more_than_the_budget_is_refused_and_gone)
{
	budget_init(&budget, &(struct limits){.member_bytes = 2});
	scratch_file(FILE_NAME, "abc", 3);
	assert_refused(record_of(3), FAILURE_MEMBER_LIMIT);

	budget_init(&budget, &(struct limits){.total_bytes = 4});
	scratch_file(FILE_NAME, "abc", 3);
	ck_assert_int_eq(verify(record_of(3)), FAILURE_NONE);
	assert_refused(record_of(3), FAILURE_TOTAL_LIMIT);
	ck_assert_uint_eq(budget.taken_bytes, 3);
}
END_TEST

START_TEST(what_a_worker_left_of_a_member_that_failed_is_gone)
{
	scratch_file(FILE_NAME, "half", 4);
	struct record record = record_of(0);

	record.failure = (struct failure){FAILURE_CRC_MISMATCH, {1, 2}};
	assert_refused(record, FAILURE_CRC_MISMATCH);
	ck_assert_uint_eq(budget.taken_bytes, 0);
}
END_TEST

START_TEST(a_member_that_was_only_tested_takes_of_the_budget_and_one_that_was_listed_does_not)
{
	struct record record = record_of(3);

	record.place = PLACE_NOWHERE;
	ck_assert_int_eq(verify(record), FAILURE_NONE);
	ck_assert_uint_eq(budget.taken_bytes, 3);
	record.listed = true;
	ck_assert_int_eq(verify(record), FAILURE_NONE);
	ck_assert_uint_eq(budget.taken_bytes, 3);
}
END_TEST

START_TEST(a_member_in_its_archive_keeps_to_the_limit_of_one_member_alone)
{
	struct record record = record_of(3);

	record.place = PLACE_ARCHIVE;
	budget_init(&budget, &(struct limits){.member_bytes = 3, .total_bytes = 1});
	ck_assert_int_eq(verify(record), FAILURE_NONE);
	ck_assert_uint_eq(budget.taken_bytes, 0);
	record.size_bytes = 4;
	ck_assert_int_eq(verify(record), FAILURE_MEMBER_LIMIT);
}
END_TEST

/** A record of @member of a pack that holds 128 bytes. */
static struct record packed(uint64_t member, uint64_t offset_bytes, uint64_t size_bytes)
{
	return (struct record){.member = member,
		.place = PLACE_FILE,
		.packed = true,
		.pack = 4,
		.offset_bytes = offset_bytes,
		.size_bytes = size_bytes,
		.inode = inode_of(PACK_NAME),
		.name = "",
		.name_size = 0};
}

static void make_pack(void)
{
	static const char bytes[128];

	scratch_file(PACK_NAME, bytes, sizeof(bytes));
}

START_TEST(members_of_a_pack_are_accepted_and_the_pack_stays)
{
	make_pack();
	ck_assert_int_eq(verify(packed(4, 0, 64)), FAILURE_NONE);
	ck_assert_int_eq(verify(packed(5, 64, 64)), FAILURE_NONE);
	ck_assert_int_eq(verify(packed(6, 128, 0)), FAILURE_NONE);
	verify_settle_pack(&worker, &worker.queue[0]);
	ck_assert(exists(PACK_NAME));
	ck_assert_uint_eq(budget.taken_bytes, 128);
}
END_TEST

START_TEST(a_member_that_ends_behind_its_pack_fails_alone)
{
	make_pack();
	ck_assert_int_eq(verify(packed(4, 0, 64)), FAILURE_NONE);
	ck_assert_int_eq(verify(packed(5, 64, 65)), FAILURE_CHANGED);
	ck_assert_int_eq(verify(packed(6, 129, 0)), FAILURE_CHANGED);
	ck_assert_int_eq(verify(packed(7, 64, UINT64_MAX)), FAILURE_CHANGED);
	ck_assert_int_eq(verify(packed(8, 64, 64)), FAILURE_NONE);
	verify_settle_pack(&worker, &worker.queue[0]);
	ck_assert(exists(PACK_NAME));
}
END_TEST

START_TEST(a_pack_that_is_larger_than_its_first_member_is_mapped_if_it_is_large)
{
	struct rlimit limit;

	make_pack();
	ck_assert_int_eq(truncate(scratch_path(PACK_NAME), (off_t)MAPPED_FILE_MIN), 0);
	struct record record = packed(4, 0, 64);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	worker.has_mapped = true;
	verify_record(&worker, &worker.queue[0], &budget, &record);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(record.failure.kind, FAILURE_MAP);
	ck_assert_int_eq(verify(packed(4, 0, 64)), FAILURE_NONE);
}
END_TEST

START_TEST(a_pack_of_which_no_member_is_accepted_is_gone_once_it_is_settled)
{
	make_pack();
	ck_assert_int_eq(verify(packed(4, 0, 129)), FAILURE_CHANGED);
	ck_assert(exists(PACK_NAME)); /* others may come */
	verify_settle_pack(&worker, &worker.queue[0]);
	ck_assert(!exists(PACK_NAME));
}
END_TEST

START_TEST(a_pack_is_settled_when_the_next_one_begins)
{
	make_pack();
	ck_assert_int_eq(verify(packed(4, 0, 129)), FAILURE_CHANGED);
	struct record next = packed(6, 0, 1);
	next.pack = 6;
	scratch_file("3.6-pack", "a", 1);
	next.inode = inode_of("3.6-pack");
	ck_assert_int_eq(verify(next), FAILURE_NONE);
	ck_assert(!exists(PACK_NAME));
}
END_TEST

START_TEST(another_file_than_the_pack_is_refused_each_time)
{
	make_pack();
	for (int i = 0; i < 2; i++) {
		struct record record = packed(4 + (uint64_t)i, 0, 1);
		record.inode++;
		ck_assert_int_eq(verify(record), FAILURE_CHANGED);
	}
	verify_settle_pack(&worker, &worker.queue[0]);
	ck_assert(!exists(PACK_NAME));
}
END_TEST

/** Everything that has to hold whether a file is mapped or only looked up. */
static void add_all(TCase *tests)
{
	tcase_add_test(tests, the_right_file_is_accepted);
	tcase_add_test(tests, an_empty_file_is_accepted);
	tcase_add_test(tests, a_large_sparse_file_is_accepted_without_reading_it);
	tcase_add_test(tests, a_file_of_another_size_is_refused);
	tcase_add_test(tests, a_header_stands_before_a_member_that_has_one_and_before_no_other);
	tcase_add_test(tests, a_member_that_would_begin_behind_its_file_is_refused);
	tcase_add_test(tests, another_inode_is_refused);
	tcase_add_test(tests, another_device_is_refused);
	tcase_add_test(tests, another_owner_is_refused);
	tcase_add_test(tests, a_file_with_a_second_link_is_refused);
	tcase_add_test(tests, a_symbolic_link_is_not_followed);
	tcase_add_test(tests, a_fifo_is_refused_and_not_waited_for);
	tcase_add_test(tests, a_socket_is_refused);
	tcase_add_test(tests, a_directory_is_refused);
	tcase_add_test(tests, a_missing_file_is_refused);
	tcase_add_test(tests, a_file_that_was_replaced_by_one_of_the_same_size_is_refused);
	tcase_add_test(tests, a_file_that_cannot_be_opened_fails_with_the_reason);
	tcase_add_test(tests, what_is_more_than_the_budget_is_refused_and_gone);
	tcase_add_test(tests, what_a_worker_left_of_a_member_that_failed_is_gone);
	tcase_add_test(tests,
		a_member_that_was_only_tested_takes_of_the_budget_and_one_that_was_listed_does_not);
	tcase_add_test(tests, a_member_in_its_archive_keeps_to_the_limit_of_one_member_alone);
	tcase_add_test(tests, members_of_a_pack_are_accepted_and_the_pack_stays);
	tcase_add_test(tests, a_member_that_ends_behind_its_pack_fails_alone);
	tcase_add_test(tests, a_pack_of_which_no_member_is_accepted_is_gone_once_it_is_settled);
	tcase_add_test(tests, a_pack_is_settled_when_the_next_one_begins);
	tcase_add_test(tests, another_file_than_the_pack_is_refused_each_time);
}

int main(void)
{
	Suite *suite = suite_create("verify");
	TCase *first = tcase_create("the first file of a worker");
	TCase *later = tcase_create("a later file");

	tcase_add_checked_fixture(first, set_up, tear_down);
	add_all(first);
	tcase_add_test(first, the_first_file_and_large_ones_are_opened_and_small_ones_are_not);
	tcase_add_test(first, a_pack_that_is_larger_than_its_first_member_is_mapped_if_it_is_large);
	tcase_add_checked_fixture(later, set_up_later, tear_down);
	add_all(later);
	suite_add_tcase(suite, first);
	suite_add_tcase(suite, later);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
