// SPDX-License-Identifier: MIT

#include "util/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_INTERVAL_NS (UINT64_C(10) * 1000 * 1000)

uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void memory_peak_init(struct memory_peak *peak, int enabled)
{
	*peak = (struct memory_peak){.fd = -1};
	if (enabled)
		peak->fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
}

void memory_peak_release(struct memory_peak *peak)
{
	if (peak->fd >= 0)
		close(peak->fd);
	peak->fd = -1;
}

/* The bytes of the line that begins with @key, which has them in kB; 0 if there is no such line. */
static uint64_t rollup_bytes(const char *rollup, const char *key)
{
	const char *line = strstr(rollup, key);

	return line ? strtoull(line + strlen(key), NULL, 10) * 1024 : 0;
}

void memory_sample(struct memory_peak *peak, int now)
{
	char text[2048];

	if (peak->fd < 0)
		return;
	uint64_t time_ns = monotonic_ns();
	if (!now && time_ns < peak->next_ns)
		return;
	peak->next_ns = time_ns + SAMPLE_INTERVAL_NS;

	ssize_t got = pread(peak->fd, text, sizeof(text) - 1, 0);
	if (got <= 0)
		return;
	text[got] = '\0';
	uint64_t rss = rollup_bytes(text, "\nRss:");
	uint64_t private = rollup_bytes(text, "\nAnonymous:");
	uint64_t shared = rss > private ? rss - private : 0;
	if (private > peak->private_bytes)
		peak->private_bytes = private;
	if (shared > peak->shared_bytes)
		peak->shared_bytes = shared;
}
