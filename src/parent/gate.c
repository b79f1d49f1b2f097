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

/* How long the room of a removed file usually takes to be free, and how often that is looked at. */
#define SETTLE_NS (UINT64_C(200) * 1000000)
#define SETTLE_MS 10

#define LOOK_MS 500

int gate_init(struct gate *gate, const struct run_settings *settings, struct rundir *rundir,
	const struct memoryfiles *memory, const struct schedule *schedule, const struct pool *pool)
{
	uint64_t most_bytes = settings->limits.scratch_bytes;
	/* Files that get names of their own, or are kept, are there to stay: nobody makes room. */
	bool leave = rundir->path && !settings->naming && !settings->cache;

	*gate = (struct gate){.settings = settings,
		.rundir = rundir,
		.memory = memory,
		.schedule = schedule,
		.pool = pool,
		.begin_ns = monotonic_ns(),
		.shut = memory || (leave && (most_bytes > 0 || settings->commands))};
	scratch_init(&gate->scratch, most_bytes);
	if (!leave)
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

int gate_wait_ms(const struct gate *gate)
{
	bool settles = gate->removed_ns > 0 && monotonic_ns() - gate->removed_ns < SETTLE_NS;

	return settles ? SETTLE_MS : LOOK_MS;
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

/* A file was removed. How long that took is how long it may take. */
static void note_pace(struct gate *gate)
{
	uint64_t now_ns = monotonic_ns();
	uint64_t pace_ns = now_ns - (gate->removed_ns > 0 ? gate->removed_ns : gate->begin_ns);

	if (pace_ns > gate->pace_ns)
		gate->pace_ns = pace_ns;
	gate->removed_ns = now_ns;
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
	uint64_t removed = gate->scratch.removed + gate->seen_removed;
	bool lost = false;
	ssize_t size;

	if (gate->rundir->watch_fd < 0)
		return;
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
	if (gate->scratch.removed + gate->seen_removed != removed)
		note_pace(gate);
}

/* What units in hand may still use. */
struct granted {
	uint64_t units;
	uint64_t room;
};

static struct granted sum_granted(const struct gate *gate, const struct unit *but)
{
	struct granted granted = {0};

	for (unsigned i = 0; i < gate->pool->size; i++) {
		const struct worker *worker = &gate->pool->workers[i];
		for (unsigned j = 0; j < worker->queued; j++) {
			const struct unit *unit = worker->queue[j].unit;
			if (unit == but || unit->kind != UNIT_MEMBERS)
				continue;
			granted.units++;
			granted.room += unit->room < UINT64_MAX ? unit->room : 0;
		}
	}
	return granted;
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

/* Whether files that were removed may still give back room for @needed_bytes. */
static bool is_patient(const struct gate *gate, uint64_t needed_bytes)
{
	return gate->removed_ns > 0 && needed_bytes <= gate->most_space &&
	       monotonic_ns() - gate->removed_ns < GATE_PATIENCE_NS;
}

/* Whether there would be room for @needed_bytes if all files that live were removed. */
static bool would_have_room(
	const struct scratch *scratch, const struct freespace *space, uint64_t needed_bytes)
{
	uint64_t taken = scratch->bytes + scratch->count * freespace_taken(1);

	return needed_bytes <= space->bytes || needed_bytes - space->bytes <= taken;
}

/* As gate_allows(), once the gate is shut and all units that were given out are planned. */
static bool has_room(struct gate *gate, uint64_t needed_bytes, uint64_t *room)
{
	const struct scratch *scratch = &gate->scratch;
	const struct freespace space = freespace_ask(gate->rundir->fd);
	const struct granted granted = sum_granted(gate, NULL);
	const struct scratch_request request = {.granted_bytes = granted.room,
		.in_hand = granted.units > 0,
		.space_bytes = space.bytes,
		.needed_bytes = needed_bytes};
	/* The file system may run out of inodes first. */
	bool allowed = scratch_allow(scratch, &request, room) &&
		       ((!request.in_hand && scratch->count == 0) ||
			       space.files / UNIT_MEMBERS_MAX > granted.units);

	if (needed_bytes > space.all_bytes) { /* it fails, which its worker will find */
		*room = needed_bytes;
		return true;
	}
	if (space.bytes > gate->most_space)
		gate->most_space = space.bytes;
	if (request.in_hand)
		return allowed && !(gate->was_full && scratch->removed == gate->full_removed);
	if (space.bytes < needed_bytes && is_patient(gate, needed_bytes))
		return false;
	if (gate->hopeless || !would_have_room(scratch, &space, needed_bytes)) {
		if (*room < needed_bytes)
			*room = needed_bytes;
		return true;
	}
	return allowed &&
	       !(gate->was_full && scratch->removed == gate->full_removed && scratch->count > 0);
}

/* As gate_allows(). Whoever is given out before may need all that is left, until that is known. */
static bool allow_in_memory(struct gate *gate, uint64_t *room)
{
	const struct memoryfiles *memory = gate->memory;
	bool full_for_good = gate->settings->leased && memory->count >= memory->most;

	*room = 0;
	gate->waits = false;
	if (full_for_good)
		return true;
	if (has_unplanned(gate))
		return false;
	const struct granted granted = sum_granted(gate, NULL);
	uint64_t taken = granted.room + memory->count;
	*room = memory->most > taken ? memory->most - taken : 0;
	gate->waits = *room == 0 && !(gate->hopeless && granted.units == 0);
	return !gate->waits;
}

bool gate_allows(struct gate *gate, const struct unit *unit, uint64_t *room)
{
	*room = UINT64_MAX;
	if (!gate->shut)
		return true;
	if (gate->memory)
		return allow_in_memory(gate, room);
	if (has_unplanned(gate))
		return false;
	gate->waits = !has_room(gate, unit->needed_bytes, room);
	if (gate->waits)
		return false;
	gate->was_full = false;
	gate->given_removed = gate->scratch.removed;
	return true;
}

void gate_note_done(struct gate *gate)
{
	gate->hopeless = false;
	gate->stalled_ns = 0;
}

void gate_note_record(struct gate *gate, struct in_hand *hand, const struct record *record)
{
	uint64_t *room = &hand->unit->room;
	struct seen_pack *pack = &hand->pack;

	gate->hopeless = false;
	gate->stalled_ns = 0;
	if (!gate->shut || record->failure.kind != FAILURE_NONE || record->place != PLACE_FILE)
		return;
	uint64_t taken = record->packed ? record->size_bytes : freespace_taken(record->size_bytes);
	if (*room < UINT64_MAX)
		*room -= taken < *room ? taken : *room;
	if (!record->packed) {
		scratch_put(&gate->scratch, record->archive, record->member,
			record->offset_bytes + record->size_bytes);
	} else if (!pack->counted) {
		pack->counted = true;
		scratch_put(&gate->scratch, record->archive, record->pack, pack->size_bytes);
	}
}

/* Whether there was no room, and there would be if files were removed. */
static bool is_full(const struct gate *gate, const struct failure *failure)
{
	if (failure->kind == FAILURE_NO_ROOM)
		return failure->numbers[0] <= freespace_ask(gate->rundir->fd).all_bytes;
	return failure->kind == FAILURE_NO_SPACE || failure->kind == FAILURE_NO_INODES;
}

bool gate_puts_off(struct gate *gate, const struct in_hand *hand, const struct record *record)
{
	if (record->failure.kind == FAILURE_NONE)
		return false;
	/* Its worker has removed what it had of the file. Before the record counts, that is not
	 * taken for a removal by the reader. */
	gate_look(gate);
	if (gate->rundir->watch_fd < 0 || gate->hopeless || gate->weary ||
		!is_full(gate, &record->failure))
		return false;
	/* Commands remove each file; the reader of the list has shown that it does, or has to. */
	if (!gate->settings->commands && gate->settings->limits.scratch_bytes == 0 &&
		gate->seen_removed + gate->scratch.removed == 0)
		return false;
	if (!gate->shut) {
		gate->shut = true;
		count_files(gate);
	}
	/* Nobody can free anything, and nobody has since it was begun. */
	if (gate->scratch.count == 0 && sum_granted(gate, hand->unit).units == 0 &&
		gate->scratch.removed == gate->given_removed)
		return false;
	gate->was_full = true;
	gate->full_removed = gate->scratch.removed;
	return true;
}

bool gate_is_stuck(const struct gate *gate)
{
	return gate->waits && sum_granted(gate, NULL).units == 0;
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

/* Whether a reader who was not asked to remove files has had enough time for the next one. */
static bool is_weary(const struct gate *gate, uint64_t now_ns)
{
	uint64_t patience_ns = GATE_PACES * gate->pace_ns;

	if (patience_ns < GATE_PATIENCE_READER_NS)
		patience_ns = GATE_PATIENCE_READER_NS;
	return !gate->settings->commands && gate->settings->limits.scratch_bytes == 0 &&
	       now_ns - gate->stalled_ns >= patience_ns;
}

static void tell_what_waits(struct gate *gate)
{
	const struct scratch *scratch = &gate->scratch;

	gate->told = true;
	diag(DIAG_WARNING,
		"waiting for room: %.1f MiB in %" PRIu64 " file%s; the reader of the list removes "
		"%s",
		(double)scratch->bytes / (1024 * 1024), scratch->count,
		scratch->count == 1 ? "" : "s", scratch->count == 1 ? "it" : "them");
}

void gate_note_stall(struct gate *gate)
{
	const struct scratch *scratch = &gate->scratch;
	uint64_t now_ns = monotonic_ns();

	if (gate->stalled_ns == 0 || gate->stalled_at != scratch->removed) {
		gate->stalled_ns = now_ns;
		gate->stalled_at = scratch->removed;
	}
	/* A file that was not there any more has been removed, which shows at once. */
	bool announced = has_announced(gate);
	uint64_t removed = scratch->removed;
	gate_look(gate);
	if (scratch->removed != removed)
		return;
	gate->hopeless = !announced;
	if (gate->hopeless)
		return;
	if (is_weary(gate, now_ns)) {
		diag(DIAG_WARNING, "no file was removed for too long: room is not waited for");
		gate->weary = true;
		gate->shut = false;
		gate->waits = false;
	} else if (!gate->told && now_ns - gate->stalled_ns >= STALL_NS) {
		tell_what_waits(gate);
	}
}
