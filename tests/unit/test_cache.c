// SPDX-License-Identifier: MIT

#include "parent/cache.h"
#include "parent/prune.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two runs, each with its own description of the lock file. */
static struct cache one;
static struct cache other;

static void begin(void)
{
	const char *why;

	scratch_begin();
	ck_assert_int_eq(cache_open(&one, scratch_path("kept"), true, &why), 0);
	ck_assert_int_eq(cache_open(&other, scratch_path("kept"), false, &why), 0);
}

static void end(void)
{
	cache_release(&one);
	cache_release(&other);
	scratch_end();
}

/* The key of an archive of @number bytes. */
static struct cache_key key_of(int number)
{
	const struct stat status = {.st_size = number};
	struct cache_key key;

	cache_make_key(&one, &status, &key);
	return key;
}

/* Make the entry of @key, with a manifest of that age if it is whole, and a file of a block. */
static void make_entry(const struct cache_key *key, bool whole, time_t used)
{
	const struct timespec times[2] = {{.tv_sec = used}, {.tv_sec = used}};
	char path[CACHE_FILE_SIZE];
	char block[4096];

	memset(block, 'x', sizeof(block));
	ck_assert_int_eq(cache_make_entry(&one, key), 0);
	cache_file_path(key, whole ? CACHE_MANIFEST : "0-x", path);
	int fd = openat(one.fd, path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq((int)write(fd, block, sizeof(block)), (int)sizeof(block));
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

static bool is_there(const struct cache_key *key)
{
	return faccessat(one.fd, key->entry, F_OK, 0) == 0;
}

START_TEST(each_part_of_an_archives_identity_and_the_options_make_the_key)
{
	struct stat status[9] = {0};
	struct cache_key keys[10];
	struct cache_key again;

	status[1].st_dev = 1;
	status[2].st_ino = 1;
	status[3].st_size = 1;
	status[4].st_mtim.tv_sec = 1;
	status[5].st_mtim.tv_nsec = 1;
	status[6].st_ctim.tv_sec = 1;
	status[7].st_ctim.tv_nsec = 1;
	status[8].st_size = -1;
	for (int i = 0; i < 9; i++)
		cache_make_key(&one, &status[i], &keys[i]);
	one.options[31] = 1;
	cache_make_key(&one, &status[0], &keys[9]);
	for (int i = 0; i < 10; i++) {
		ck_assert_uint_lt(keys[i].slot, CACHE_SLOTS);
		ck_assert(cache_read_key(keys[i].entry, &again));
		ck_assert(again.slot == keys[i].slot && again.mark == keys[i].mark);
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(keys[i].entry, keys[j].entry);
	}
	cache_make_key(&one, &status[0], &again);
	ck_assert_str_eq(again.entry, keys[9].entry);
	again.entry[0] = again.entry[0] == 'a' ? 'b' : 'a';
	ck_assert(!cache_read_key(again.entry, &keys[0]));
	ck_assert(!cache_read_key("ab/abc", &again));
}
END_TEST

START_TEST(an_entry_is_removed_only_by_who_has_its_slot_alone)
{
	struct cache_key key = key_of(1);

	ck_assert_int_eq(cache_share(&one, &key), 0);
	ck_assert_int_eq(cache_share(&other, &key), 0);
	make_entry(&key, false, 0);
	/* The first has marked it, the second finds the first at it. */
	ck_assert_int_lt(cache_make_entry(&one, &key), 0);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_lt(cache_make_entry(&other, &key), 0);
	ck_assert_int_eq(errno, EEXIST);
	cache_release(&one);
	ck_assert_int_eq(cache_make_entry(&other, &key), 0);
	const char *why;
	ck_assert_int_eq(cache_open(&one, other.path, false, &why), 0);
	ck_assert(is_there(&key));
	/* It shares the slot again. */
	ck_assert_int_eq(cache_share(&one, &key), 0);
}
END_TEST

START_TEST(nobody_waits_while_an_entry_is_removed)
{
	struct cache_key key = key_of(1);

	ck_assert_int_eq(cache_take_alone(&one, &key), 0);
	ck_assert_int_lt(cache_share(&other, &key), 0);
	ck_assert(errno == EAGAIN || errno == EACCES);
	cache_share_again(&one, &key);
	ck_assert_int_eq(cache_share(&other, &key), 0);
}
END_TEST

START_TEST(pruning_takes_what_is_unfinished_and_then_the_least_recent)
{
	struct cache_key keys[5];
	struct prune_sums sums;

	for (int i = 0; i < 5; i++) {
		keys[i] = key_of(i);
		make_entry(&keys[i], i != 3, 1000 + (i * 2) % 5); /* 1000 1002 1004 - 1003 */
	}
	cache_forget_marks(&one);
	ck_assert_int_eq(prune(&one, UINT64_MAX, false, NULL, NULL, &sums), 0);
	ck_assert_uint_eq(sums.removed, 0);
	uint64_t each = sums.bytes / 5;
	ck_assert_int_eq(prune(&one, 4 * each, false, NULL, NULL, &sums), 0);
	ck_assert(sums.removed == 1 && sums.left == 4 && !is_there(&keys[3]));
	ck_assert_int_eq(prune(&one, 2 * each, false, NULL, NULL, &sums), 0);
	ck_assert(sums.removed == 2 && !is_there(&keys[0]) && !is_there(&keys[1]));
	ck_assert(is_there(&keys[2]) && is_there(&keys[4]));
	ck_assert_uint_le(sums.bytes, 2 * each);
}
END_TEST

START_TEST(pruning_leaves_what_this_and_other_runs_use)
{
	struct cache_key keys[3] = {key_of(0), key_of(1), key_of(2)};
	struct prune_sums sums;

	for (int i = 0; i < 3; i++)
		make_entry(&keys[i], i != 0, 1000 + i);
	cache_forget_marks(&one);
	ck_assert_int_eq(cache_share(&other, &keys[0]), 0);
	cache_mark(&one, &keys[1]);
	ck_assert_int_eq(prune(&one, 1, true, NULL, NULL, &sums), 0);
	ck_assert(sums.removed == 1 && sums.left == 2 && sums.failures == 0);
	ck_assert(is_there(&keys[0]) && is_there(&keys[1]) && !is_there(&keys[2]));
}
END_TEST

START_TEST(a_directory_that_is_not_ours_alone_is_refused)
{
	const char *path = scratch_directory("else");
	struct cache cache;
	const char *why;

	ck_assert_int_lt(cache_open(&cache, path, false, &why), 0);
	ck_assert_ptr_nonnull(strstr(why, "CACHEDIR.TAG"));
	ck_assert_int_eq(chmod(path, 0720), 0);
	ck_assert_int_lt(cache_open(&cache, path, true, &why), 0);
	ck_assert_str_eq(why, "others may write there");
	ck_assert_int_eq(chmod(path, 0700), 0);
	ck_assert_int_eq(cache_open(&cache, path, true, &why), 0);
	cache_release(&cache);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cache");
	TCase *tests = tcase_create("cache");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, each_part_of_an_archives_identity_and_the_options_make_the_key);
	tcase_add_test(tests, an_entry_is_removed_only_by_who_has_its_slot_alone);
	tcase_add_test(tests, nobody_waits_while_an_entry_is_removed);
	tcase_add_test(tests, pruning_takes_what_is_unfinished_and_then_the_least_recent);
	tcase_add_test(tests, pruning_leaves_what_this_and_other_runs_use);
	tcase_add_test(tests, a_directory_that_is_not_ours_alone_is_refused);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
