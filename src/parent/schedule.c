// SPDX-License-Identifier: MIT

#include "parent/schedule.h"

#include "parent/scheduleparts.h"
#include "util/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void schedule_init(
	struct schedule *schedule, bool unordered, const struct schedule_listener *listener)
{
	*schedule = (struct schedule){.listener = *listener, .unordered = unordered};
}

static size_t job_bytes(const struct job *job)
{
	return sizeof(*job) + strlen(job->path) + 1 + (job->message ? strlen(job->message) + 1 : 0);
}

struct unit *unit_add(struct schedule *schedule, struct job *job, struct unit *after,
	uint64_t first, uint64_t end)
{
	struct unit *unit = calloc(1, sizeof(*unit));
	struct unit **link = after ? &after->next : &job->units;

	if (!unit)
		return NULL;
	unit->job = job;
	unit->first = unit->next_member = unit->told_member = first;
	unit->end = end;
	unit->next = *link;
	*link = unit;
	schedule->held_bytes += sizeof(*unit);
	return unit;
}

void unit_remove(struct schedule *schedule, struct unit *unit)
{
	struct unit **link = &unit->job->units;

	while (*link != unit)
		link = &(*link)->next;
	*link = unit->next;
	schedule->held_bytes -= sizeof(*unit) + unit->waiting_capacity;
	free(unit->waiting);
	free(unit);
}

void job_open(struct schedule *schedule, struct job *job)
{
	struct job **link = &schedule->open;

	if (job->open)
		return;
	while (*link && (*link)->number < job->number)
		link = &(*link)->next_open;
	job->next_open = *link;
	*link = job;
	job->open = true;
}

static void job_close(struct schedule *schedule, struct job *job)
{
	struct job **link = &schedule->open;

	if (!job->open)
		return;
	while (*link != job)
		link = &(*link)->next_open;
	*link = job->next_open;
	job->open = false;
}

static struct unit *queued_unit(const struct job *job)
{
	for (struct unit *unit = job->units; unit; unit = unit->next) {
		if (unit->state == UNIT_QUEUED)
			return unit;
	}
	return NULL;
}

static void close_archive(struct schedule *schedule, struct job *job)
{
	if (job->fd < 0)
		return;
	close(steal_fd(&job->fd));
	schedule->open_archives--;
}

/* Close the archive where nobody will need it any more, though not all may be told. */
static void close_finished(struct schedule *schedule, struct job *job)
{
	for (const struct unit *unit = job->units; unit; unit = unit->next) {
		if (unit->state != UNIT_DONE)
			return;
	}
	if (job->planned)
		close_archive(schedule, job);
}

void job_remove(struct schedule *schedule, struct job *job)
{
	job_close(schedule, job);
	while (job->units)
		unit_remove(schedule, job->units);
	if (job->previous)
		job->previous->next = job->next;
	else
		schedule->first = job->next;
	if (job->next)
		job->next->previous = job->previous;
	else
		schedule->last = job->previous;
	schedule->held_bytes -= job_bytes(job);
	close_archive(schedule, job);
	free(job->path);
	free(job->message);
	free(job);
}

void schedule_release(struct schedule *schedule)
{
	while (schedule->first)
		job_remove(schedule, schedule->first);
}

/* Append @job, all set. */
static void append_job(struct schedule *schedule, struct job *job)
{
	job->previous = schedule->last;
	if (schedule->last)
		schedule->last->next = job;
	else
		schedule->first = job;
	schedule->last = job;
	schedule->held_bytes += job_bytes(job);
}

int schedule_add_failed(
	struct schedule *schedule, const char *path, const char *error, const char *message)
{
	cleanup_free struct job *job = calloc(1, sizeof(*job));
	cleanup_free char *path_copy = strdup(path);
	cleanup_free char *message_copy = strdup(message);

	if (!job || !path_copy || !message_copy) {
		errno = ENOMEM;
		return -1;
	}
	struct job *added = steal_pointer(&job);
	*added = (struct job){
		.number = schedule->next_number,
		.path = steal_pointer(&path_copy),
		.fd = -1,
		.error = error,
		.message = steal_pointer(&message_copy),
		.planned = true,
	};
	append_job(schedule, added);
	schedule_advance(schedule, added);
	return 0;
}

int schedule_add(struct schedule *schedule, const char *path, int fd, uint64_t size_bytes,
	const struct failure *failure)
{
	cleanup_fd int owned = fd;
	cleanup_free struct job *job = calloc(1, sizeof(*job));
	cleanup_free char *copy = strdup(path);

	if (!job || !copy || (!failure && !unit_add(schedule, job, NULL, 0, UNIT_END_OPEN))) {
		errno = ENOMEM;
		return -1;
	}
	struct job *added = steal_pointer(&job);
	added->path = steal_pointer(&copy);
	added->number = schedule->next_number++;
	added->fd = steal_fd(&owned);
	schedule->open_archives += added->fd >= 0;
	added->size_bytes = size_bytes;
	append_job(schedule, added);
	if (failure) {
		added->failure = *failure;
		added->planned = true;
		schedule_advance(schedule, added);
	} else {
		job_open(schedule, added);
	}
	return 0;
}

bool schedule_has_room(const struct schedule *schedule)
{
	return schedule->held_bytes <= SCHEDULE_HELD_MAX;
}

bool schedule_is_idle(const struct schedule *schedule)
{
	return schedule->first == NULL;
}

struct unit *schedule_next(const struct schedule *schedule, uint64_t preferred)
{
	struct job *job = schedule->open;

	if (!job)
		return NULL;
	/* Too much waits already, and only the first job's end lets it go. */
	if (!schedule->unordered && !schedule_has_room(schedule))
		return job == schedule->first ? queued_unit(job) : NULL;
	while (job && job->number != preferred)
		job = job->next_open;
	return queued_unit(job ? job : schedule->open);
}

void schedule_give(struct schedule *schedule, struct unit *unit, uint32_t directory)
{
	unit->state = UNIT_GIVEN;
	unit->directory = directory;
	if (!queued_unit(unit->job))
		job_close(schedule, unit->job);
}

static int bad_message(void)
{
	errno = EBADMSG;
	return -1;
}

int schedule_plan(struct schedule *schedule, struct unit *unit, const struct message_plan *plan)
{
	struct job *job = unit->job;
	bool open = unit->end == UNIT_END_OPEN;

	if (plan->archive != job->number || plan->first != unit->first || plan->end < unit->first ||
		plan->end > plan->entries || plan->entries >= UNIT_END_OPEN ||
		(job->opened && plan->entries != job->entries))
		return bad_message();
	/* Units without members would never come to an end. */
	if (open ? plan->end == unit->first && plan->end < plan->entries : plan->end != unit->end)
		return bad_message();

	job->opened = true;
	unit->state = UNIT_PLANNED;
	unit->gains = plan->gains;
	job->entries = plan->entries;
	if (!open)
		return 0;
	unit->end = job->next_first = plan->end;
	if (plan->end == job->entries)
		job->planned = true;
	if (job->planned) /* also where the archive has failed meanwhile */
		return 0;
	if (!unit_add(schedule, job, unit, plan->end, UNIT_END_OPEN)) {
		errno = ENOMEM;
		return -1;
	}
	job_open(schedule, job);
	return 0;
}

int schedule_expect(const struct unit *unit, const struct record *record)
{
	bool possible = unit->end != UNIT_END_OPEN && record->archive == unit->job->number &&
			record->member >= unit->next_member && record->member < unit->end;

	return possible ? 0 : bad_message();
}

int schedule_record(struct schedule *schedule, struct unit *unit, const struct record *record)
{
	if (schedule_expect(unit, record) < 0 || schedule_tell(schedule, unit, record) < 0)
		return -1;
	unit->next_member = record->member + 1;
	return 0;
}

void job_fail(struct schedule *schedule, struct job *job, const struct failure *failure)
{
	for (struct unit *unit = job->units, *next; unit; unit = next) {
		next = unit->next;
		if (unit->state == UNIT_QUEUED)
			unit_remove(schedule, unit);
	}
	job_close(schedule, job);
	job->failure = *failure;
	job->planned = true;
}

int schedule_done(struct schedule *schedule, struct unit *unit, const struct message_done *done)
{
	struct job *job = unit->job;

	if (done->archive != job->number || done->first != unit->first)
		return bad_message();
	if (done->failure.kind != FAILURE_NONE) {
		if (unit->next_member != unit->first)
			return bad_message();
		job_fail(schedule, job, &done->failure);
	} else if (unit->end == UNIT_END_OPEN) {
		return bad_message();
	}
	unit->state = UNIT_DONE;
	close_finished(schedule, job);
	schedule_advance(schedule, job);
	return 0;
}

/* The job of @archive; NULL where it is done. There must be one, or have been one. */
static const struct job *find_job(const struct schedule *schedule, uint64_t archive)
{
	const struct job *job = schedule->first;

	while (job && (job->number < archive || job->error))
		job = job->next;
	return job && job->number == archive ? job : NULL;
}

/* The unit of @job that has @member; NULL where that is done and told, or not planned yet. */
static const struct unit *find_unit(const struct job *job, uint64_t member)
{
	const struct unit *unit = job->units;

	while (unit && (member < unit->first || member >= unit->end))
		unit = unit->next;
	return unit;
}

bool schedule_has_record(
	const struct schedule *schedule, uint32_t directory, uint64_t archive, uint64_t member)
{
	if (archive >= schedule->next_number)
		return false;
	const struct job *job = find_job(schedule, archive);
	if (!job)
		return true;
	const struct unit *unit = find_unit(job, member);
	if (unit)
		return unit->directory == directory && member < unit->next_member;
	return member < job->next_first;
}

bool schedule_was_told(const struct schedule *schedule, uint64_t archive, uint64_t member)
{
	if (archive >= schedule->next_number)
		return false;
	const struct job *job = find_job(schedule, archive);
	if (!job)
		return true;
	const struct unit *unit = find_unit(job, member);
	return unit ? member < unit->told_member : member < job->next_first;
}
