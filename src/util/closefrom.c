// SPDX-License-Identifier: MIT

#include "util/closefrom.h"

#include "util/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* What /proc/sys/fs/nr_open is unless somebody raised it. */
#define NUMBERS_MAX ((rlim_t)1 << 20)

/* Close those that /proc/self/fd names. -1: it cannot be read. */
static int close_listed(int first)
{
	cleanup_dir DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (!dir)
		return -1;
	errno = 0;
	while ((entry = readdir(dir)) != NULL) {
		char *end;
		long number = strtol(entry->d_name, &end, 10);
		if (end != entry->d_name && number >= first && number != dirfd(dir))
			(void)close((int)number); /* whatever it says, it is closed */
		errno = 0;
	}
	return errno == 0 ? 0 : -1;
}

/* Close every number that a descriptor may have. */
static int close_numbers(int first)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	rlim_t end = limit.rlim_max < NUMBERS_MAX ? limit.rlim_max : NUMBERS_MAX;
	for (int fd = first; (rlim_t)fd < end; fd++)
		(void)close(fd); /* most are not open */
	return 0;
}

int close_from(int first)
{
	if (close_range((unsigned)first, ~0U, 0) == 0)
		return 0;
	/* Linux before 5.9, or a filter that does not know the call. */
	return close_listed(first) == 0 ? 0 : close_numbers(first);
}
