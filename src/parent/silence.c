// SPDX-License-Identifier: MIT

#include "parent/silence.h"

#include "parent/backpressure.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS_NS UINT64_C(1000000)

/* What a process is at. */
struct activity {
	char state;          /* of proc(5) */
	unsigned long ticks; /* of processor time, in all */
};

void silence_init(struct silence *silence, unsigned look_ms)
{
	*silence = (struct silence){.look_ms = look_ms > 0 ? look_ms : SILENCE_LOOK_MS};
	silence->next_ns = monotonic_ns() + silence->look_ms * MS_NS;
}

int silence_wait_ms(const struct silence *silence, int timeout_ms)
{
	uint64_t now_ns = monotonic_ns();
	uint64_t left_ns = silence->next_ns > now_ns ? silence->next_ns - now_ns : 0;
	int left_ms = (int)(left_ns / MS_NS) + 1;

	return timeout_ms >= 0 && timeout_ms < left_ms ? timeout_ms : left_ms;
}

/* False if it cannot be told. */
static bool read_activity(pid_t pid, struct activity *activity)
{
	char name[32];
	char text[1024];

	snprintf(name, sizeof(name), "/proc/%ld/stat", (long)pid);
	cleanup_fd int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd >= 0 ? io_read(fd, text, sizeof(text) - 1) : -1;
	if (size <= 0)
		return false;
	text[size] = '\0';
	/* The name of the program, in parentheses, may have any bytes in it. Behind it come the
	 * state, which is field 3, and the times of user and system, 14 and 15: proc(5). */
	char *at = strrchr(text, ')');
	if (!at || at[1] != ' ')
		return false;
	activity->state = at[2];
	for (unsigned field = 2; at && field < 14; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return false;
	activity->ticks = strtoul(at, &at, 10);
	activity->ticks += strtoul(at, NULL, 10);
	return true;
}

/* Look at @worker once. Whether it is to be ended. */
static bool is_silent(struct worker *worker)
{
	struct activity now;
	bool known = read_activity(worker->pid, &now);
	bool idle = known && !worker->spoke && now.ticks == worker->ticks &&
		    (now.state == 'T' || now.state == 'S');

	worker->spoke = false;
	worker->ticks = known ? now.ticks : 0;
	worker->silent_looks = idle ? worker->silent_looks + 1 : 0;
	return idle && worker->silent_looks >=
			       (now.state == 'T' ? SILENCE_STOPPED_LOOKS : SILENCE_ASLEEP_LOOKS);
}

struct worker *silence_find(
	struct silence *silence, struct pool *pool, const struct schedule *schedule, bool listening)
{
	uint64_t now_ns = monotonic_ns();
	struct worker *found = NULL;

	if (now_ns < silence->next_ns)
		return NULL;
	silence->next_ns = now_ns + silence->look_ms * MS_NS;
	for (unsigned i = 0; i < pool->size; i++) {
		struct worker *worker = &pool->workers[i];
		if (worker->pid == 0)
			continue;
		if (worker->retired)
			found = worker->silent_looks++ > 0 ? worker : found;
		else if (!listening || worker->queued == 0 || !backpressure_hears(schedule, worker))
			worker->silent_looks = 0;
		else if (is_silent(worker))
			found = worker;
	}
	return found;
}
