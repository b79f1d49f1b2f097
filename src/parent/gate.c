// SPDX-License-Identifier: MIT

#include "parent/gate.h"

#include "parent/dirents.h"
#include "parent/lookup.h"
#include "protocol/membername.h"
#include "util/diag.h"
#include "util/freespace.h"
#include "util/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdalign.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a reader may remove nothing until the user is told. */
#define STALL_NS (UINT64_C(2) * 1000000000)

int gate_init(struct gate *gate, const struct run_settings *settings, struct rundir *rundir,
	const struct schedule *schedule, const struct pool *pool)
{
	uint64_t most_bytes = settings->limits.scratch_bytes;

	*gate = (struct gate){.settings = settings,
		.rundir = rundir,
		.schedule = schedule,
		.pool = pool,
		.shut = rundir->path && (most_bytes > 0 || settings->commands)};
	scratch_init(&gate->scratch, most_bytes);
	if (!rundir->path)
		return 0;
	rundir->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	rundir->watch_needed = most_bytes > 0;
	if (rundir->watch_fd < 0 && most_bytes == 0)
		gate->shut = false;
	return rundir->watch_fd < 0 && most_bytes > 0 ? -1 : 0;
}

void gate_release(struct gate *gate)
{
	scratch_release(&gate->scratch);
}

int gate_poll_fd(const struct gate *gate)
{
	return gate->shut ? gate->rundir->watch_fd : -1;
}

/* The file was there before the gate was shut, or lives now. */
static int count_file(void *context, int fd, const char *name)
{
	struct gate *gate = context;
	struct stat status;
	uint64_t archive;
	uint64_t member;

	if (!member_file_parse(name, &archive, &member) ||
		!lookup_was_recorded(gate->schedule, archive, member))
		return 0;
	if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size >= 0)
		scratch_put(&gate->scratch, archive, member, (uint64_t)status.st_size);
	return 0;
}

/* Count all files that live anew. */
static void count_files(struct gate *gate)
{
	uint64_t removed = gate->scratch.removed;

	scratch_release(&gate->scratch);
	scratch_init(&gate->scratch, gate->settings->limits.scratch_bytes);
	gate->scratch.removed = removed;
	for (uint32_t number = 0; number < gate->rundir->next; number++)
		rundir_each_file(gate->rundir, number, count_file, gate);
}

/* A file with this name was removed, or moved out of our sight. */
static void note_removal(struct gate *gate, const char *name)
{
	uint64_t archive;
	uint64_t member;

	if (!member_file_parse(name, &archive, &member))
		return;
	bool popped = lookup_was_popped(gate->schedule, archive, member);
	if (!gate->shut)
		gate->seen_removed += popped;
	else
		scratch_remove(&gate->scratch, archive, member, popped);
}

void gate_look(struct gate *gate)
{
	alignas(struct inotify_event) char bytes[4096];
	bool lost = false;
	ssize_t size;

	while ((size = read(gate->rundir->watch_fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t at = 0; at < size;) {
			const struct inotify_event *event =
				(const struct inotify_event *)(const void *)(bytes + at);
			at += (ssize_t)(sizeof(*event) + event->len);
			lost |= (event->mask & IN_Q_OVERFLOW) != 0;
			if (event->len > 0)
				note_removal(gate, event->name);
		}
	}
	if (lost) {
		gate->seen_removed++;
		gate->scratch.removed++;
	}
	if (lost && gate->shut)
		count_files(gate);
}

/* What units in hand may still use; *@in_hand: whether there are any. */
static uint64_t sum_granted(const struct gate *gate, const struct unit *but, bool *in_hand)
{
	uint64_t sum = 0;

	*in_hand = false;
	for (unsigned i = 0; i < gate->pool->size; i++) {
		const struct worker *worker = &gate->pool->workers[i];
		for (unsigned j = 0; j < worker->queued; j++) {
			const struct unit *unit = worker->queue[j].unit;
			if (unit->kind != UNIT_MEMBERS || unit == but)
				continue;
			*in_hand = true;
			sum += unit->room_bytes < UINT64_MAX ? unit->room_bytes : 0;
		}
	}
	return sum;
}

/* Whether a unit was given out of which it is not known yet where it ends. */
static bool has_unplanned(const struct gate *gate)
{
	for (unsigned i = 0; i < gate->pool->size; i++) {
		const struct worker *worker = &gate->pool->workers[i];
		for (unsigned j = 0; j < worker->queued; j++) {
			if (worker->queue[j].unit->state == UNIT_GIVEN)
				return true;
		}
	}
	return false;
}

bool gate_allows(struct gate *gate, const struct unit *unit, uint64_t *room_bytes)
{
	struct scratch_request request = {.needed_bytes = unit->needed_bytes};

	*room_bytes = UINT64_MAX;
	if (!gate->shut)
		return true;
	if (has_unplanned(gate))
		return false;
	request.granted_bytes = sum_granted(gate, NULL, &request.in_hand);
	request.space_bytes = freespace_ask(gate->rundir->fd).bytes;
	bool allowed = scratch_allow(&gate->scratch, &request, room_bytes);
	if (gate->hopeless && !request.in_hand) {
		if (*room_bytes < unit->needed_bytes)
			*room_bytes = unit->needed_bytes;
		gate->waits = false;
		return true;
	}
	if (gate->was_full && gate->scratch.removed == gate->full_removed &&
		(request.in_hand || gate->scratch.count > 0))
		allowed = false;
	gate->waits = !allowed;
	gate->was_full &= !allowed;
	return allowed;
}

void gate_note_record(struct gate *gate, struct in_hand *hand, const struct record *record)
{
	uint64_t *room_bytes = &hand->unit->room_bytes;
	struct seen_pack *pack = &hand->pack;

	gate->hopeless = false;
	if (!gate->shut || record->failure.kind != FAILURE_NONE || record->place != PLACE_FILE)
		return;
	if (*room_bytes < UINT64_MAX)
		*room_bytes -= record->size_bytes < *room_bytes ? record->size_bytes : *room_bytes;
	if (!record->packed) {
		scratch_put(&gate->scratch, record->archive, record->member,
			record->offset_bytes + record->size_bytes);
	} else if (!pack->counted) {
		pack->counted = true;
		scratch_put(&gate->scratch, record->archive, record->pack, pack->size_bytes);
	}
}

static bool is_full(enum failure_kind kind)
{
	return kind == FAILURE_NO_SPACE || kind == FAILURE_NO_ROOM || kind == FAILURE_NO_INODES;
}

bool gate_puts_off(struct gate *gate, const struct in_hand *hand, const struct record *record)
{
	bool in_hand;

	if (!is_full(record->failure.kind) || gate->rundir->watch_fd < 0 || gate->hopeless)
		return false;
	gate_look(gate);
	/* Commands remove each file; the reader of the list has shown that it does, or has to. */
	if (!gate->settings->commands && gate->settings->limits.scratch_bytes == 0 &&
		gate->seen_removed + gate->scratch.removed == 0)
		return false;
	if (!gate->shut) {
		gate->shut = true;
		count_files(gate);
	}
	sum_granted(gate, hand->unit, &in_hand);
	if (gate->scratch.count == 0 && !in_hand)
		return false;
	gate->was_full = true;
	gate->full_removed = gate->scratch.removed;
	return true;
}

bool gate_is_stuck(const struct gate *gate)
{
	bool in_hand;

	sum_granted(gate, NULL, &in_hand);
	return gate->waits && !in_hand;
}

/* Whether anybody knows of @name and can remove it: errno is set, and -1, if so. */
static int find_announced(void *context, int fd, const char *name)
{
	const struct gate *gate = context;
	uint64_t archive;
	uint64_t member;

	(void)fd;
	if (!member_file_parse(name, &archive, &member) ||
		!lookup_was_popped(gate->schedule, archive, member))
		return 0;
	errno = EEXIST;
	return -1;
}

/* Whether there is a file that whoever reads the list, or a command, has and can remove. */
static bool has_announced(struct gate *gate)
{
	for (uint32_t number = 0; number < gate->rundir->next; number++) {
		if (rundir_each_file(gate->rundir, number, find_announced, gate) < 0 &&
			errno == EEXIST)
			return true;
	}
	return false;
}

void gate_note_stall(struct gate *gate)
{
	const struct scratch *scratch = &gate->scratch;
	uint64_t now_ns = monotonic_ns();

	if (gate->stalled_ns == 0 || gate->stalled_at != scratch->removed) {
		gate->stalled_ns = now_ns;
		gate->stalled_at = scratch->removed;
	}
	gate->hopeless = !has_announced(gate);
	if (gate->told || gate->hopeless || now_ns - gate->stalled_ns < STALL_NS)
		return;
	gate->told = true;
	diag(DIAG_WARNING,
		"waiting for room: %.1f MiB in %" PRIu64 " file%s; the reader of the list removes "
		"%s",
		(double)scratch->bytes / (1024 * 1024), scratch->count,
		scratch->count == 1 ? "" : "s", scratch->count == 1 ? "it" : "them");
}
