// SPDX-License-Identifier: MIT

#include "cli/cpus.h"

#include "util/cleanup.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** The largest affinity mask that is tried. */
#define MASK_CPUS_MAX (1 << 20)

/** A quota of @quota_us in each @period_us, in CPUs, rounded up. 0 if that is not a quota. */
static unsigned quota_in_cpus(unsigned long long quota_us, unsigned long long period_us)
{
	if (quota_us == 0 || period_us == 0)
		return 0;
	unsigned long long cpus = quota_us / period_us + (quota_us % period_us != 0);
	return cpus < UINT_MAX ? (unsigned)cpus : UINT_MAX;
}

/** Read a number at *@text, and skip it and the white space after it. */
static bool take_number(const char **text, unsigned long long *number)
{
	char *end;

	/* strtoull() accepts a sign and turns "-1" into a large number. */
	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*number = strtoull(*text, &end, 10);
	*text = end + strspn(end, " \n");
	return errno == 0;
}

unsigned cpus_from_cpu_max(const char *text)
{
	unsigned long long quota_us;
	unsigned long long period_us;

	/* "max" is not a number and means that there is no quota. */
	if (!take_number(&text, &quota_us) || !take_number(&text, &period_us) || *text != '\0')
		return 0;
	return quota_in_cpus(quota_us, period_us);
}

unsigned cpus_from_cfs(const char *quota_text, const char *period_text)
{
	unsigned long long quota_us;
	unsigned long long period_us;

	if (!take_number(&quota_text, &quota_us) || *quota_text != '\0')
		return 0;
	if (!take_number(&period_text, &period_us) || *period_text != '\0')
		return 0;
	return quota_in_cpus(quota_us, period_us);
}

/** Whether @word is in @list, whose words are separated by commas. */
static bool has_word(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (;;) {
		size_t next = strcspn(list, ",");
		if (next == size && memcmp(list, word, size) == 0)
			return true;
		if (list[next] == '\0')
			return false;
		list += next + 1;
	}
}

bool cpus_parse_cgroup(char *line, enum cgroup_version version, const char **path)
{
	/* hierarchy-ID:controllers:path, without controllers in version 2: cgroups(7) */
	line[strcspn(line, "\n")] = '\0';
	char *controllers = strchr(line, ':');
	if (!controllers)
		return false;
	*controllers++ = '\0';
	char *group = strchr(controllers, ':');
	if (!group || group[1] != '/')
		return false;
	*group++ = '\0';
	if (version == CGROUP_V2 ? strcmp(line, "0") != 0 || *controllers != '\0'
				 : !has_word(controllers, "cpu"))
		return false;
	*path = group;
	return true;
}

bool cpus_parse_mountinfo(
	char *line, enum cgroup_version version, const char **root, const char **mount_point)
{
	/* id parent major:minor ROOT MOUNT-POINT options optional... - TYPE source OPTIONS */
	enum { ROOT = 3, MOUNT_POINT = 4 };
	char *rest = line;
	char *field;
	int index = 0;
	const char *found_root = NULL;
	const char *found_mount_point = NULL;

	line[strcspn(line, "\n")] = '\0';
	while ((field = strsep(&rest, " ")) && strcmp(field, "-") != 0) {
		if (index == ROOT)
			found_root = field;
		else if (index == MOUNT_POINT)
			found_mount_point = field;
		index++;
	}
	const char *type = field ? strsep(&rest, " ") : NULL;
	const char *source = type ? strsep(&rest, " ") : NULL;
	if (!found_mount_point || !source || !rest)
		return false;
	if (version == CGROUP_V2 ? strcmp(type, "cgroup2") != 0
				 : strcmp(type, "cgroup") != 0 || !has_word(rest, "cpu"))
		return false;
	*root = found_root;
	*mount_point = found_mount_point;
	return true;
}

/** Read the small file @directory/@name into @text as a string. 0, or -1. */
static int read_file(const char *directory, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (length < 0 || (size_t)length >= sizeof(path))
		return -1;
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -1;
	ssize_t got = io_read(fd, text, size - 1);
	if (got < 0)
		return -1;
	text[got] = '\0';
	return 0;
}

/** The quota of the group that has the directory @directory; 0 if it has none. */
static unsigned group_quota(const char *directory, enum cgroup_version version)
{
	char quota[64];
	char period[64];

	if (version == CGROUP_V2)
		return read_file(directory, "cpu.max", quota, sizeof(quota)) == 0
			       ? cpus_from_cpu_max(quota)
			       : 0;
	if (read_file(directory, "cpu.cfs_quota_us", quota, sizeof(quota)) < 0 ||
		read_file(directory, "cpu.cfs_period_us", period, sizeof(period)) < 0)
		return 0;
	return cpus_from_cfs(quota, period);
}

unsigned cpus_smallest_quota(const char *mount_point, const char *path, enum cgroup_version version)
{
	char directory[PATH_MAX];
	size_t top = strlen(mount_point);
	unsigned smallest = 0;

	int length = snprintf(directory, sizeof(directory), "%s%s", mount_point, path);
	if (length < 0 || (size_t)length >= sizeof(directory))
		return 0;
	for (size_t end = (size_t)length;;) {
		directory[end] = '\0';
		unsigned quota = group_quota(directory, version);
		if (quota > 0 && (smallest == 0 || quota < smallest))
			smallest = quota;
		if (end <= top)
			return smallest;
		do {
			end--;
		} while (end > top && directory[end] != '/');
	}
}

/** The path of this process's group in the hierarchy of @version, which the caller frees; or NULL.
 */
static char *find_own_group(enum cgroup_version version)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	cleanup_free char *line = NULL;
	size_t capacity = 0;
	const char *group = NULL;

	if (!file)
		return NULL;
	while (!group && getline(&line, &capacity, file) >= 0) {
		if (!cpus_parse_cgroup(line, version, &group))
			group = NULL;
	}
	fclose(file);
	return group ? strdup(group) : NULL;
}

/** The quota of this process in the hierarchy of @version; 0 if there is none. */
static unsigned own_quota(enum cgroup_version version)
{
	cleanup_free char *group = find_own_group(version);
	cleanup_free char *line = NULL;
	size_t capacity = 0;
	unsigned quota = 0;

	if (!group)
		return 0;
	FILE *file = fopen("/proc/self/mountinfo", "re");
	if (!file)
		return 0;
	while (getline(&line, &capacity, file) >= 0) {
		const char *root;
		const char *mount_point;

		if (!cpus_parse_mountinfo(line, version, &root, &mount_point))
			continue;
		/* A container may have only a part of the hierarchy mounted. The group's path may
		 * then be relative to the whole, or lie outside ("/.."): take the top of the mount.
		 */
		const char *below = group;
		size_t size = strcmp(root, "/") == 0 ? 0 : strlen(root);
		if (strncmp(group, root, size) == 0 && (group[size] == '/' || group[size] == '\0'))
			below = group + size;
		else if (size > 0)
			below = "";
		if (strncmp(below, "/..", 3) == 0)
			below = "";
		quota = cpus_smallest_quota(mount_point, below, version);
		break;
	}
	fclose(file);
	return quota;
}

/** The CPUs in the affinity mask of this process. */
static unsigned cpus_in_mask(void)
{
	/* The call fails with EINVAL if the mask is smaller than the kernel's. */
	for (int cpus = CPU_SETSIZE; cpus <= MASK_CPUS_MAX; cpus *= 2) {
		cpu_set_t *mask = CPU_ALLOC((size_t)cpus);
		if (!mask)
			break;
		size_t size = CPU_ALLOC_SIZE((size_t)cpus);
		int result = sched_getaffinity(0, size, mask);
		int error = errno;
		int count = result == 0 ? CPU_COUNT_S(size, mask) : 0;
		CPU_FREE(mask);
		if (result == 0)
			return count > 0 ? (unsigned)count : 1;
		if (error != EINVAL)
			break;
	}
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (unsigned)online : 1;
}

unsigned cpus_usable(void)
{
	unsigned cpus = cpus_in_mask();
	const enum cgroup_version versions[] = {CGROUP_V2, CGROUP_V1};

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		unsigned quota = own_quota(versions[i]);
		if (quota > 0 && quota < cpus)
			cpus = quota;
	}
	return cpus;
}
