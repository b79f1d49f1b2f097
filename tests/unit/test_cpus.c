// SPDX-License-Identifier: MIT

#include "cli/cpus.h"

#include "support.h"

#include <check.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

START_TEST(cpu_max_is_rounded_up)
{
	ck_assert_uint_eq(cpus_from_cpu_max("200000 100000\n"), 2);
	ck_assert_uint_eq(cpus_from_cpu_max("200001 100000\n"), 3);
	ck_assert_uint_eq(cpus_from_cpu_max("50000 100000\n"), 1);
	ck_assert_uint_eq(cpus_from_cpu_max("1000 1000000"), 1);
	ck_assert_uint_eq(cpus_from_cpu_max("18446744073709551615 1"), 4294967295U);
}
END_TEST

START_TEST(cpu_max_without_a_quota_or_with_nonsense_is_none)
{
	static const char *const texts[] = {"max 100000\n", "", "\n", "200000\n", "200000 0\n",
		"0 100000\n", "-1 100000\n", "200000 100000 1\n", "2e5 100000\n", "nonsense",
		"99999999999999999999 100000\n", " 200000 100000\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(cpus_from_cpu_max(texts[i]) == 0, "'%s'", texts[i]);
}
END_TEST

START_TEST(cfs_quota)
{
	ck_assert_uint_eq(cpus_from_cfs("150000\n", "100000\n"), 2);
	ck_assert_uint_eq(cpus_from_cfs("100000\n", "100000\n"), 1);
	ck_assert_uint_eq(cpus_from_cfs("-1\n", "100000\n"), 0);
	ck_assert_uint_eq(cpus_from_cfs("100000\n", "0\n"), 0);
	ck_assert_uint_eq(cpus_from_cfs("100000\n", ""), 0);
	ck_assert_uint_eq(cpus_from_cfs("", "100000\n"), 0);
}
END_TEST

/** Check what cpus_parse_cgroup() makes of @text; @expected NULL: nothing. */
static void check_cgroup(const char *text, enum cgroup_version version, const char *expected)
{
	char line[256];
	const char *path = NULL;

	strcpy(line, text);
	bool found = cpus_parse_cgroup(line, version, &path);
	ck_assert_msg(found == (expected != NULL), "%s", text);
	if (expected)
		ck_assert_str_eq(path, expected);
}

START_TEST(lines_of_proc_cgroup)
{
	check_cgroup("0::/user.slice/a:b\n", CGROUP_V2, "/user.slice/a:b");
	check_cgroup("0::/\n", CGROUP_V2, "/");
	check_cgroup("0::/../x\n", CGROUP_V2, "/../x");
	check_cgroup("4:cpu,cpuacct:/docker/1\n", CGROUP_V2, NULL);
	check_cgroup("4:cpu,cpuacct:/docker/1\n", CGROUP_V1, "/docker/1");
	check_cgroup("4:cpuacct,cpu:/docker/1\n", CGROUP_V1, "/docker/1");
	check_cgroup("3:cpuset:/\n", CGROUP_V1, NULL);
	check_cgroup("2:cpuacct:/\n", CGROUP_V1, NULL);
	check_cgroup("0::/\n", CGROUP_V1, NULL);
	check_cgroup("1:name=systemd:/\n", CGROUP_V1, NULL);
	check_cgroup("", CGROUP_V2, NULL);
	check_cgroup("0:", CGROUP_V2, NULL);
	check_cgroup("0::", CGROUP_V2, NULL);
}
END_TEST

/** Check what cpus_parse_mountinfo() makes of @text; @root NULL: nothing. */
static void check_mountinfo(
	const char *text, enum cgroup_version version, const char *root, const char *mount_point)
{
	char line[256];
	const char *found_root = NULL;
	const char *found_mount_point = NULL;

	strcpy(line, text);
	bool found = cpus_parse_mountinfo(line, version, &found_root, &found_mount_point);
	ck_assert_msg(found == (root != NULL), "%s", text);
	if (root) {
		ck_assert_str_eq(found_root, root);
		ck_assert_str_eq(found_mount_point, mount_point);
	}
}

START_TEST(lines_of_proc_mountinfo)
{
	static const char v2[] = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 "
				 "rw,nsdelegate\n";
	static const char v1[] =
		"41 29 0:36 /docker/1 /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup "
		"rw,cpu,cpuacct\n";
	static const char cpuset[] =
		"42 29 0:37 / /sys/fs/cgroup/cpuset rw master:3 - cgroup cgroup "
		"rw,cpuset\n";

	check_mountinfo(v2, CGROUP_V2, "/", "/sys/fs/cgroup");
	check_mountinfo(v2, CGROUP_V1, NULL, NULL);
	check_mountinfo(v1, CGROUP_V1, "/docker/1", "/sys/fs/cgroup/cpu,cpuacct");
	check_mountinfo(v1, CGROUP_V2, NULL, NULL);
	check_mountinfo(cpuset, CGROUP_V1, NULL, NULL);
	check_mountinfo("22 1 8:1 / / rw - ext4 /dev/cgroup rw,cpu\n", CGROUP_V1, NULL, NULL);
	check_mountinfo("", CGROUP_V2, NULL, NULL);
	check_mountinfo("- cgroup2 x rw", CGROUP_V2, NULL, NULL);
	check_mountinfo("1 2 3 / /m rw -", CGROUP_V2, NULL, NULL);
	check_mountinfo("1 2 3 / /m rw - cgroup2 x", CGROUP_V2, NULL, NULL);
}
END_TEST

static void write_text(const char *name, const char *text)
{
	scratch_file(name, text, strlen(text));
}

START_TEST(the_smallest_quota_up_to_the_mount_point_wins)
{
	scratch_begin();
	write_text("cpu.max", "100000 100000\n"); /* above the mount point: not asked */
	const char *mount_point = scratch_directory("mount");
	scratch_directory("mount/a");
	scratch_directory("mount/a/b");
	scratch_directory("mount/a/b/c");
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/a/b/c", CGROUP_V2), 0);
	write_text("mount/a/cpu.max", "400000 100000\n");
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/a/b/c", CGROUP_V2), 4);
	write_text("mount/a/b/c/cpu.max", "max 100000\n");
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/a/b/c", CGROUP_V2), 4);
	write_text("mount/a/b/cpu.max", "250000 100000\n");
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/a/b/c", CGROUP_V2), 3);
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/a", CGROUP_V2), 4);
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/", CGROUP_V2), 0);
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "", CGROUP_V2), 0);
	write_text("mount/cpu.max", "200000 100000\n");
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/a/b/c", CGROUP_V2), 2);
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/", CGROUP_V2), 2);
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "", CGROUP_V2), 2);
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/gone/away", CGROUP_V2), 2);
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/a/b/c", CGROUP_V1), 0);
	write_text("mount/a/cpu.cfs_quota_us", "300000\n");
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/a/b/c", CGROUP_V1), 0);
	write_text("mount/a/cpu.cfs_period_us", "100000\n");
	ck_assert_uint_eq(cpus_smallest_quota(mount_point, "/a/b/c", CGROUP_V1), 3);
	scratch_end();
}
END_TEST

START_TEST(an_affinity_mask_counts)
{
	cpu_set_t mask;
	size_t first = 0;

	ck_assert_uint_ge(cpus_usable(), 1);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(mask), &mask), 0);
	ck_assert_uint_le(cpus_usable(), (unsigned)CPU_COUNT(&mask));
	while (!CPU_ISSET(first, &mask))
		first++;
	CPU_ZERO(&mask);
	CPU_SET(first, &mask);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(mask), &mask), 0);
	ck_assert_uint_eq(cpus_usable(), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cpus");
	TCase *tests = tcase_create("cpus");

	tcase_add_test(tests, cpu_max_is_rounded_up);
	tcase_add_test(tests, cpu_max_without_a_quota_or_with_nonsense_is_none);
	tcase_add_test(tests, cfs_quota);
	tcase_add_test(tests, lines_of_proc_cgroup);
	tcase_add_test(tests, lines_of_proc_mountinfo);
	tcase_add_test(tests, the_smallest_quota_up_to_the_mount_point_wins);
	tcase_add_test(tests, an_affinity_mask_counts);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
