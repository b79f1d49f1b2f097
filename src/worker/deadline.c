// SPDX-License-Identifier: MIT

#include "worker/deadline.h"

#include <stddef.h>
#include <sys/time.h>

#define BYTES_PER_SECOND ((uint64_t)4 * 1024 * 1024)

/* A timer that cannot be set is none: then there is no deadline. */
static void set_timer(uint64_t seconds)
{
	struct itimerval timer = {.it_value = {.tv_sec = (time_t)seconds}};

	setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

void deadline_begin(uint64_t bytes)
{
	set_timer(1 + bytes / BYTES_PER_SECOND);
}

void deadline_end(void)
{
	set_timer(0);
}
