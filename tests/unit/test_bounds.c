// SPDX-License-Identifier: MIT

#include "worker/extract/bounds.h"

#include "support.h"
#include "util/freespace.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

static struct bounds bounds;

static void setup(void)
{
	bounds_init(&bounds);
}

/* Why a member is refused. */
static struct failure refusal(uint64_t size_bytes, uint64_t compressed_bytes)
{
	const struct member member = {
		.size_bytes = size_bytes, .compressed_bytes = compressed_bytes};
	struct failure failure = {0};

	int result = bounds_check(&bounds, &member, &failure);
	ck_assert_int_eq(result, failure.kind == FAILURE_NONE ? 0 : -1);
	return failure;
}

static enum failure_kind check(uint64_t size_bytes, uint64_t compressed_bytes)
{
	return refusal(size_bytes, compressed_bytes).kind;
}

START_TEST(without_limits_all_members_are_allowed)
{
	ck_assert_int_eq(check(0, 0), FAILURE_NONE);
	ck_assert_int_eq(check(UINT64_MAX, 1), FAILURE_NONE);
	ck_assert_int_eq(check(UINT64_MAX, UINT64_MAX), FAILURE_NONE);
}
END_TEST

START_TEST(a_limit_is_the_largest_that_is_allowed)
{
	bounds.limits.member_bytes = 1000;
	ck_assert_int_eq(check(1000, 1), FAILURE_NONE);
	ck_assert_int_eq(check(1001, 1), FAILURE_MEMBER_LIMIT);
	bounds.total_left = 500;
	ck_assert_int_eq(check(500, 1), FAILURE_NONE);
	ck_assert_int_eq(check(501, 1), FAILURE_TOTAL_LIMIT);
	bounds.total_left = 0;
	ck_assert_int_eq(check(0, 2), FAILURE_NONE);
}
END_TEST

START_TEST(a_ratio_is_not_rounded_down)
{
	bounds.limits.ratio = 10;
	ck_assert_int_eq(check(1000, 100), FAILURE_NONE);
	ck_assert_int_eq(check(1001, 100), FAILURE_RATIO_LIMIT);
	ck_assert_uint_eq(refusal(1001, 100).numbers[0], 11);
	ck_assert_int_eq(check(UINT64_MAX, 1), FAILURE_RATIO_LIMIT);
	ck_assert_int_eq(check(1, 0), FAILURE_RATIO_LIMIT);
	ck_assert_int_eq(check(0, 0), FAILURE_NONE);
	ck_assert_int_eq(check(0, 2), FAILURE_NONE);
}
END_TEST

/* The file system says what it has; how much of it is kept is stated in the header. */
START_TEST(a_part_of_the_file_system_is_kept)
{
	struct failure failure = {0};
	struct statvfs status;

	scratch_begin();
	int fd = open(scratch_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstatvfs(fd, &status), 0);
	uint64_t free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	ck_assert_int_eq(bounds_check_room(fd, 0, 1, &failure), 0);
	/* Others use the disk while this runs: half of what is kept is far more than they take. */
	uint64_t kept = (uint64_t)status.f_blocks * status.f_frsize / 64;
	kept = kept < FREESPACE_KEPT_BYTES ? kept : FREESPACE_KEPT_BYTES;
	if (free_bytes > kept) {
		uint64_t wanted = free_bytes - kept / 2;
		ck_assert_int_eq(bounds_check_room(fd, wanted, 1, &failure), -1);
		ck_assert_int_eq(failure.kind, FAILURE_NO_ROOM);
		ck_assert_uint_eq(failure.numbers[0], wanted);
		ck_assert_uint_lt(failure.numbers[1], wanted);
	}
	if (status.f_files > 0) {
		ck_assert_int_eq(bounds_check_room(fd, 0, status.f_ffree + 1, &failure), -1);
		ck_assert_int_eq(failure.kind, FAILURE_NO_INODES);
	}
	close(fd);
	scratch_end();
}
END_TEST

START_TEST(room_is_asked_for_again_when_a_part_of_it_is_used_up)
{
	struct room room = {0};
	struct failure failure;
	struct statvfs status;

	scratch_begin();
	int fd = open(scratch_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(fstatvfs(fd, &status), 0);
	uint64_t free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	ck_assert_int_eq(room_take(&room, fd, 1, 1, &failure), 0);
	ck_assert_uint_lt(room.bytes, free_bytes / 16);
	/* What is there is used without asking; a directory that is none would not answer. */
	uint64_t left = room.bytes;
	ck_assert_int_eq(room_take(&room, -1, left / 2, 1, &failure), 0);
	ck_assert_uint_eq(room.bytes, left - left / 2);
	/* More than that is asked for, and more than there is refused. */
	ck_assert_int_eq(room_take(&room, fd, left / 2 + 2, 1, &failure), 0);
	ck_assert_uint_gt(room.bytes, left / 4);
	ck_assert_int_eq(room_take(&room, fd, UINT64_MAX, 1, &failure), -1);
	ck_assert_int_eq(failure.kind, FAILURE_NO_ROOM);
	close(fd);
	scratch_end();
}
END_TEST

START_TEST(what_cannot_be_asked_has_room)
{
	struct failure failure = {0};

	ck_assert_int_eq(bounds_check_room(-1, UINT64_MAX, UINT64_MAX, &failure), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bounds");
	TCase *cases = tcase_create("bounds");

	tcase_add_checked_fixture(cases, setup, NULL);
	tcase_add_test(cases, without_limits_all_members_are_allowed);
	tcase_add_test(cases, a_limit_is_the_largest_that_is_allowed);
	tcase_add_test(cases, a_ratio_is_not_rounded_down);
	tcase_add_test(cases, a_part_of_the_file_system_is_kept);
	tcase_add_test(cases, room_is_asked_for_again_when_a_part_of_it_is_used_up);
	tcase_add_test(cases, what_cannot_be_asked_has_room);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
