// SPDX-License-Identifier: MIT

/*
 * How many CPUs this process may keep busy. Its affinity mask limits them, and so do the CPU quotas
 * of its control group and of the groups above. The number of CPUs of the machine is the wrong
 * answer in a container or under a batch system.
 */

#ifndef ZIPMAP_CLI_CPUS_H
#define ZIPMAP_CLI_CPUS_H

#include <stdbool.h>
#include <stddef.h>

/** The versions of control groups. */
enum cgroup_version {
	CGROUP_V1, /**< one hierarchy per controller; cpu.cfs_quota_us, cpu.cfs_period_us */
	CGROUP_V2, /**< one hierarchy; cpu.max */
};

/** The number of CPUs that this process may use, at least 1. Quotas are rounded up. */
unsigned cpus_usable(void);

/**
 * The quota that the text of a cpu.max file states ("QUOTA PERIOD" in microseconds, or "max
 * PERIOD"), in CPUs, rounded up. 0 if there is none, or if the text is something else. See
 * cgroup-v2.rst of the kernel.
 */
unsigned cpus_from_cpu_max(const char *text);

/** The same for the texts of cpu.cfs_quota_us (-1: no quota) and cpu.cfs_period_us. */
unsigned cpus_from_cfs(const char *quota_text, const char *period_text);

/**
 * Whether @line of /proc/PID/cgroup names the group of the CPU controller in the hierarchy of
 * @version. If so, *@path is the path of that group, in @line, whose newline is cut off.
 */
bool cpus_parse_cgroup(char *line, enum cgroup_version version, const char **path);

/**
 * Whether @line of /proc/PID/mountinfo mounts the hierarchy of @version (of the CPU controller). If
 * so, *@root is the directory of the hierarchy that is mounted, and *@mount_point is where. Both
 * point into @line, which is cut into pieces.
 */
bool cpus_parse_mountinfo(
	char *line, enum cgroup_version version, const char **root, const char **mount_point);

/**
 * The smallest quota of the group @path and of the groups above it up to @mount_point, in CPUs,
 * rounded up; 0 if there is none. @path is relative to @mount_point and begins with '/'. Groups
 * that cannot be read are skipped.
 */
unsigned cpus_smallest_quota(
	const char *mount_point, const char *path, enum cgroup_version version);

#endif
