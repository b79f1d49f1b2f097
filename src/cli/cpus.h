// SPDX-License-Identifier: MIT

/*
 * How many CPUs this process may keep busy: what its affinity mask allows, and what the CPU quota
 * of its control group, or of one above it, amounts to. The number of CPUs that the machine has is
 * not the answer in a container or under a batch system.
 */

#ifndef ZIPMAP_CLI_CPUS_H
#define ZIPMAP_CLI_CPUS_H

#include <stdbool.h>
#include <stddef.h>

/** Which interface a control group has. */
enum cgroup_version {
	CGROUP_V1, /**< one hierarchy per controller; cpu.cfs_quota_us, cpu.cfs_period_us */
	CGROUP_V2, /**< one hierarchy; cpu.max */
};

/** The CPUs that this process may use, quotas rounded up; at least 1. */
unsigned cpus_usable(void);

/**
 * The quota in the text of a cpu.max file ("QUOTA PERIOD" in microseconds, or "max PERIOD") in
 * CPUs, rounded up; 0 if there is none or the text is something else. See the kernel's
 * cgroup-v2.rst.
 */
unsigned cpus_from_cpu_max(const char *text);

/** The same from the texts of cpu.cfs_quota_us (-1: none) and cpu.cfs_period_us. */
unsigned cpus_from_cfs(const char *quota_text, const char *period_text);

/**
 * From a line of /proc/PID/cgroup: whether it tells the group of the CPU controller in @version's
 * hierarchy, and then its path, as a pointer into @line, which loses its newline.
 */
bool cpus_parse_cgroup(char *line, enum cgroup_version version, const char **path);

/**
 * From a line of /proc/PID/mountinfo: whether it mounts @version's hierarchy (of the CPU
 * controller), and then which directory of it (@root) where (@mount_point): pointers into @line,
 * which is cut into pieces.
 */
bool cpus_parse_mountinfo(
	char *line, enum cgroup_version version, const char **root, const char **mount_point);

/**
 * The smallest quota of the group @path (which begins with '/'; relative to @mount_point) and of
 * the groups above it up to @mount_point, in CPUs rounded up; 0 if there is none. Groups that
 * cannot be read are passed over.
 */
unsigned cpus_smallest_quota(
	const char *mount_point, const char *path, enum cgroup_version version);

#endif
