// SPDX-License-Identifier: MIT

#include "parent/rundir.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct rundir rundir;

static void set_up(void)
{
	scratch_begin();
}

static void tear_down(void)
{
	scratch_end();
}

static void create(void)
{
	ck_assert_int_eq(rundir_create(&rundir, scratch_path("")), 0);
}

/** Add a directory that must get this number; its descriptor is not kept. */
static void add(uint32_t expected)
{
	uint32_t number = 99;
	int fd = rundir_add(&rundir, &number);

	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(number, expected);
	close(fd);
}

/** The path of a file or directory below the run directory. */
static const char *below(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", rundir.path, name);
	return path;
}

static void make_file(const char *name)
{
	int fd = open(below(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static unsigned mode_of(const char *path)
{
	struct stat status;

	ck_assert_int_eq(stat(path, &status), 0);
	return status.st_mode & 07777;
}

START_TEST(its_path_is_below_the_directory_that_was_asked_for)
{
	char expected[PATH_MAX];

	create();
	snprintf(expected, sizeof(expected), "%s/zipmap.", scratch_path(""));
	ck_assert_int_eq(strncmp(rundir.path, expected, strlen(expected)), 0);
	ck_assert_uint_eq(strlen(rundir.path), strlen(expected) + 6);
	ck_assert(exists(rundir.path));
	ck_assert_int_eq(fcntl(rundir.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	rundir_release(&rundir);
}
END_TEST

START_TEST(a_slash_at_the_end_is_not_doubled_and_relative_stays_relative)
{
	char with_slash[PATH_MAX];

	snprintf(with_slash, sizeof(with_slash), "%s/", scratch_path(""));
	ck_assert_int_eq(rundir_create(&rundir, with_slash), 0);
	ck_assert_ptr_null(strstr(rundir.path, "//"));
	rundir_release(&rundir);
	ck_assert_int_eq(chdir(scratch_path("")), 0);
	ck_assert_int_eq(rundir_create(&rundir, "."), 0);
	ck_assert_int_eq(strncmp(rundir.path, "./zipmap.", 9), 0);
	rundir_release(&rundir);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(directories_are_the_owners_alone_whatever_the_umask)
{
	static const mode_t masks[] = {0, 022, 0777};

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		mode_t before = umask(masks[i]);
		create();
		add(0);
		umask(before);
		ck_assert_uint_eq(mode_of(rundir.path), 0700);
		ck_assert_uint_eq(mode_of(below("0")) & 077, 0);
		if (masks[i] != 0777)
			ck_assert_uint_eq(mode_of(below("0")), 0700);
		rundir_release(&rundir);
	}
}
END_TEST

START_TEST(a_umask_that_takes_all_rights_does_not_lock_its_owner_out)
{
	if (!become_unprivileged())
		return;
	umask(0777);
	create();
	umask(022);
	ck_assert_uint_eq(mode_of(rundir.path), 0700);
	rundir_release(&rundir);
	become_privileged();
}
END_TEST

START_TEST(workers_directories_are_numbered)
{
	uint32_t number;

	create();
	add(0);
	add(1);
	int fd = rundir_add(&rundir, &number);
	ck_assert_uint_eq(number, 2);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	int file = openat(fd, "x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(file, 0);
	close(file);
	close(fd);
	ck_assert(exists(below("2/x")));
	unlink(below("2/x"));
	rundir_release(&rundir);
}
END_TEST

START_TEST(release_removes_what_is_empty)
{
	char path[PATH_MAX];
	size_t before = open_descriptors();

	create();
	snprintf(path, sizeof(path), "%s", rundir.path);
	for (uint32_t i = 0; i < 12; i++)
		add(i);
	rundir_release(&rundir);
	ck_assert(!exists(path));
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert_ptr_null(rundir.path);
	rundir_release(&rundir); /* once more does nothing */
}
END_TEST

START_TEST(release_leaves_directories_that_have_files)
{
	char path[PATH_MAX];
	char empty[PATH_MAX];
	char file[PATH_MAX];

	create();
	add(0);
	add(1);
	make_file("1/0.0-x");
	snprintf(path, sizeof(path), "%s", rundir.path);
	snprintf(empty, sizeof(empty), "%s", below("0"));
	snprintf(file, sizeof(file), "%s", below("1/0.0-x"));
	rundir_release(&rundir);
	ck_assert(exists(path));
	ck_assert(exists(file));
	ck_assert(!exists(empty));
}
END_TEST

/** Keep even members of archive 7, and count the questions. */
static bool keep_even(void *context, uint64_t archive, uint64_t member)
{
	++*(int *)context;
	return archive == 7 && member % 2 == 0;
}

START_TEST(sweep_removes_what_is_not_kept_and_what_is_no_members_file)
{
	int asked = 0;
	size_t before;

	create();
	before = open_descriptors();
	add(0);
	add(1);
	make_file("1/7.0-a");
	make_file("1/7.1-b");
	make_file("1/7.2-c");
	make_file("1/8.0-d");
	make_file("1/.hidden");
	make_file("1/7.00-e");
	make_file("0/8.0-other");
	ck_assert_int_eq(symlink("/etc", below("1/link")), 0);
	ck_assert_int_eq(mkfifo(below("1/7.3-fifo"), 0600), 0);
	rundir_sweep(&rundir, 1, keep_even, &asked);
	ck_assert(exists(below("1/7.0-a")));
	ck_assert(exists(below("1/7.2-c")));
	ck_assert(!exists(below("1/7.1-b")));
	ck_assert(!exists(below("1/8.0-d")));
	ck_assert(!exists(below("1/.hidden")));
	ck_assert(!exists(below("1/7.00-e")));
	ck_assert(!exists(below("1/link")));
	ck_assert(!exists(below("1/7.3-fifo")));
	ck_assert(exists(below("0/8.0-other"))); /* another directory */
	ck_assert(exists("/etc"));
	ck_assert_int_eq(asked, 5);
	ck_assert_uint_eq(open_descriptors(), before);
	rundir_release(&rundir);
}
END_TEST

static bool keep_none(void *context, uint64_t archive, uint64_t member)
{
	(void)context;
	(void)archive;
	(void)member;
	return false;
}

START_TEST(sweep_of_very_many_files_leaves_none)
{
	char path[PATH_MAX];

	create();
	add(0);
	for (int i = 0; i < 3000; i++) {
		char name[64];
		snprintf(name, sizeof(name), "0/0.%d-a-name-of-some-length-%d.dat", i, i);
		make_file(name);
	}
	rundir_sweep(&rundir, 0, keep_none, NULL);
	snprintf(path, sizeof(path), "%s", rundir.path);
	rundir_release(&rundir);
	ck_assert(!exists(path));
}
END_TEST

START_TEST(sweep_of_a_directory_that_is_gone_does_nothing)
{
	create();
	add(0);
	rundir_drop(&rundir, 0);
	rundir_sweep(&rundir, 0, keep_none, NULL);
	rundir_sweep(&rundir, 17, keep_none, NULL);
	rundir_release(&rundir);
}
END_TEST

START_TEST(drop_removes_an_empty_directory_only)
{
	create();
	add(0);
	add(1);
	make_file("1/0.0-x");
	rundir_drop(&rundir, 0);
	rundir_drop(&rundir, 1);
	ck_assert(!exists(below("0")));
	ck_assert(exists(below("1/0.0-x")));
	add(2); /* a number is not used twice */
	rundir_release(&rundir);
}
END_TEST

START_TEST(a_place_that_takes_no_directory_is_an_error)
{
	size_t before = open_descriptors();

	scratch_file("file", "", 0);
	ck_assert_int_eq(rundir_create(&rundir, scratch_path("missing")), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(rundir.path);
	ck_assert_int_eq(rundir_create(&rundir, scratch_path("file")), -1);
	ck_assert_int_eq(errno, ENOTDIR);
	rundir_release(&rundir); /* is allowed, and does nothing */
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert(exists(scratch_path("file")));
}
END_TEST

START_TEST(a_run_directory_that_was_taken_away_gives_no_workers_directory)
{
	uint32_t number;

	create();
	ck_assert_int_eq(unlinkat(rundir.fd, RUNDIR_LOCK, 0), 0);
	ck_assert_int_eq(rmdir(rundir.path), 0);
	ck_assert_int_eq(rundir_add(&rundir, &number), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_uint_eq(rundir.next, 0);
	rundir_release(&rundir);
}
END_TEST

START_TEST(what_another_put_beside_the_lock_stays_under_the_name_that_was_printed)
{
	char path[PATH_MAX];
	char file[PATH_MAX];
	char lock[PATH_MAX];

	create();
	add(0);
	make_file("other");
	snprintf(path, sizeof(path), "%s", rundir.path);
	snprintf(file, sizeof(file), "%s", below("other"));
	snprintf(lock, sizeof(lock), "%s", below(RUNDIR_LOCK));
	ck_assert(exists(lock));
	ck_assert(!exists(rundir.unfinished));
	ck_assert_int_eq(rundir_end(&rundir), -1);
	ck_assert_int_eq(errno, ENOTEMPTY);
	ck_assert(exists(file));
	ck_assert(!exists(lock));
	rundir_release(&rundir);
	ck_assert(exists(path));
}
END_TEST

START_TEST(a_hidden_one_comes_and_goes_as_others_do)
{
	char first[RUNDIR_NAME_SIZE];

	ck_assert_int_eq(rundir_create_hidden(&rundir, scratch_path("")), 0);
	const char *name = rundir.path + rundir.name_at;
	ck_assert_int_eq(strncmp(name, ".zipmap-", 8), 0);
	ck_assert_int_eq(rundir_name_kind(name), RUNDIR_FINISHED);
	rundir_name_first(name, first);
	ck_assert_str_eq(first, rundir.unfinished + rundir.name_at);
	ck_assert_int_eq(rundir_name_kind(first), RUNDIR_UNFINISHED);
	ck_assert(exists(below("lock")));
	const char *path = strdup(rundir.path);
	rundir_release(&rundir);
	ck_assert(!exists(path));
	free((char *)path);
}
END_TEST

START_TEST(names_of_run_directories_before_and_after_they_are_locked)
{
	ck_assert_int_eq(rundir_name_kind("zipmap.abcdef"), RUNDIR_FINISHED);
	ck_assert_int_eq(rundir_name_kind(".zipmap.abcdef"), RUNDIR_UNFINISHED);
	ck_assert_int_eq(rundir_name_kind("..zipmap.abcdef"), RUNDIR_OTHER);
	ck_assert_int_eq(rundir_name_kind(".zipmap-abcdef"), RUNDIR_FINISHED);
	ck_assert_int_eq(rundir_name_kind("zipmap-abcdef"), RUNDIR_OTHER);
	ck_assert_int_eq(rundir_name_kind("zipmap.abcde"), RUNDIR_OTHER);
	ck_assert_int_eq(rundir_name_kind("zipmap.abcdefg"), RUNDIR_OTHER);
	ck_assert_int_eq(rundir_name_kind("zipmaps.abcde"), RUNDIR_OTHER);
	ck_assert_int_eq(rundir_name_kind(""), RUNDIR_OTHER);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rundir");
	TCase *tests = tcase_create("rundir");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, its_path_is_below_the_directory_that_was_asked_for);
	tcase_add_test(tests, a_slash_at_the_end_is_not_doubled_and_relative_stays_relative);
	tcase_add_test(tests, directories_are_the_owners_alone_whatever_the_umask);
	tcase_add_test(tests, a_umask_that_takes_all_rights_does_not_lock_its_owner_out);
	tcase_add_test(tests, workers_directories_are_numbered);
	tcase_add_test(tests, release_removes_what_is_empty);
	tcase_add_test(tests, release_leaves_directories_that_have_files);
	tcase_add_test(tests, sweep_removes_what_is_not_kept_and_what_is_no_members_file);
	tcase_add_test(tests, sweep_of_very_many_files_leaves_none);
	tcase_add_test(tests, sweep_of_a_directory_that_is_gone_does_nothing);
	tcase_add_test(tests, drop_removes_an_empty_directory_only);
	tcase_add_test(tests, a_place_that_takes_no_directory_is_an_error);
	tcase_add_test(tests, a_run_directory_that_was_taken_away_gives_no_workers_directory);
	tcase_add_test(
		tests, what_another_put_beside_the_lock_stays_under_the_name_that_was_printed);
	tcase_add_test(tests, a_hidden_one_comes_and_goes_as_others_do);
	tcase_add_test(tests, names_of_run_directories_before_and_after_they_are_locked);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
