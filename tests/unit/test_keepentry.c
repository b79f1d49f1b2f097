// SPDX-License-Identifier: MIT

#include "parent/keepentry.h"

#include "support.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cache cache;
static struct rundir rundir;
static struct keepentry keep;
static struct job job;
static char archive_path[] = "a.zip";

static void begin(void)
{
	const struct stat archive = {.st_size = 1};
	const char *why;

	scratch_begin();
	ck_assert_int_eq(cache_open(&cache, scratch_path("kept"), true, &why), 0);
	ck_assert_int_eq(rundir_create(&rundir, cache.path), 0);
	ck_assert_int_eq(keepentry_init(&keep, &cache, &rundir), 0);
	job = (struct job){.path = archive_path, .entries = 2, .kept = kept_new(&cache, &archive)};
	ck_assert_ptr_nonnull(job.kept);
}

static void end(void)
{
	kept_release(job.kept);
	keepentry_release(&keep);
	rundir_release(&rundir);
	cache_release(&cache);
	scratch_end();
}

/* Have the file of @record in a new worker directory, and then @target's link if there is one. */
static struct result make_result(struct record *record, const char *target)
{
	struct result result = {.kind = RESULT_MEMBER, .job = &job, .record = record};
	char name[MEMBER_FILE_SIZE];
	struct stat status;
	int fd = rundir_add(&rundir, &result.directory);

	ck_assert_int_ge(fd, 0);
	record_file_name(record, name);
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq((int)write(file, "abc", 3), 3);
	ck_assert_int_eq(fstat(file, &status), 0);
	close(file);
	record->inode = status.st_ino;
	if (target) {
		ck_assert_int_eq(renameat(fd, name, fd, "aside"), 0);
		ck_assert_int_eq(symlinkat(target, fd, name), 0);
	}
	close(fd);
	return result;
}

/* How many manifests there are after the last word of the archive. */
static int finish(void)
{
	const struct result last = {.kind = RESULT_WHOLE, .job = &job};
	struct result moved;
	char path[CACHE_FILE_SIZE];

	ck_assert_ptr_eq(keepentry_take(&keep, &last, &moved), &last);
	cache_file_path(&job.kept->key, CACHE_MANIFEST, path);
	return faccessat(cache.fd, path, F_OK, 0) == 0;
}

START_TEST(a_file_is_moved_into_the_entry)
{
	struct record record = {.name = "x", .name_size = 1, .size_bytes = 3, .place = PLACE_FILE};
	const struct result result = make_result(&record, NULL);
	struct result moved;

	const struct result *taken = keepentry_take(&keep, &result, &moved);
	ck_assert_ptr_eq(taken, &moved);
	ck_assert_uint_eq(taken->directory, DIRECTORY_KEPT);
	ck_assert_int_eq(taken->record->failure.kind, FAILURE_NONE);
	ck_assert_int_eq(finish(), 1);
}
END_TEST

START_TEST(a_link_in_the_place_of_a_file_that_was_verified_is_not_printed)
{
	struct record record = {.name = "x", .name_size = 1, .size_bytes = 3, .place = PLACE_FILE};
	struct record second = {.member = 1,
		.name = "x",
		.name_size = 1,
		.size_bytes = 3,
		.place = PLACE_FILE,
		.packed = _i == 1};
	struct result moved;

	record.packed = second.packed;
	const struct result result = make_result(&record, "/etc/passwd");
	const struct result *taken = keepentry_take(&keep, &result, &moved);
	ck_assert_int_eq(taken->record->failure.kind, FAILURE_CHANGED);
	if (second.packed) { /* it is in the same file */
		const struct result next = {.kind = RESULT_MEMBER, .job = &job, .record = &second};
		second.inode = record.inode;
		taken = keepentry_take(&keep, &next, &moved);
		ck_assert_int_eq(taken->record->failure.kind, FAILURE_CHANGED);
	}
	ck_assert_int_eq(finish(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("keepentry");
	TCase *tests = tcase_create("keepentry");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, a_file_is_moved_into_the_entry);
	tcase_add_loop_test(
		tests, a_link_in_the_place_of_a_file_that_was_verified_is_not_printed, 0, 2);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
