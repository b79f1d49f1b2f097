// SPDX-License-Identifier: MIT

#include "parent/before.h"

/* How often, and how long, it is waited for the clock of the file system to go on. */
#define TICKS_MAX 25
#define TICK_NS   1000000

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/*
 * That clock goes in steps of some milliseconds. If it does not go on for longer, what was changed
 * just before counts as the run's, and is neither overwritten nor used again.
 */
int before_note(struct before *before, int directory_fd)
{
	const struct timespec tick = {.tv_nsec = TICK_NS};
	struct stat first;
	struct stat now;

	if (fstat(directory_fd, &first) < 0)
		return -1;
	now = first;
	for (int i = 0; i < TICKS_MAX && !is_later(&now.st_ctim, &first.st_ctim); i++) {
		nanosleep(&tick, NULL);
		if (futimens(directory_fd, NULL) < 0 || fstat(directory_fd, &now) < 0)
			return -1;
	}
	before->begun = now.st_ctim;
	return 0;
}

bool before_has(const struct before *before, const struct stat *status)
{
	return is_later(&before->begun, &status->st_ctim);
}
