// SPDX-License-Identifier: MIT

#include "parent/answers.h"

#include "common/membername.h"
#include "parent/remap.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Packets taken from one worker before others have their turn. */
#define PACKETS_PER_TURN 16

/* The unit that a worker's answer is about: the first that it has. */
static struct unit *unit_in_hand(const struct worker *worker)
{
	return worker->queued > 0 ? worker->queue[0] : NULL;
}

static void pop_unit(struct worker *worker)
{
	worker->queued--;
	memmove(worker->queue, worker->queue + 1, worker->queued * sizeof(worker->queue[0]));
}

/* What is wrong with the file that a worker says it has made of @record; FAILURE_NONE: nothing. */
static struct failure check_file(struct worker *worker, const struct record *record)
{
	char file[MEMBER_FILE_SIZE];
	struct remap_expect expect = {worker->device, worker->owner, record->inode};
	struct mapped_pack *pack = &worker->pack;
	uint64_t size_bytes = pack->size_bytes;
	bool mapped = record->packed && size_bytes > 0 && pack->archive == record->archive &&
		      pack->number == record->pack && pack->inode == record->inode;

	record_file_name(record, file);
	if (!mapped && remap(worker->directory_fd, file, &expect, &size_bytes) < 0) {
		if (errno == ESTALE || errno == ENOENT || errno == ELOOP)
			return (struct failure){.kind = FAILURE_CHANGED};
		return (struct failure){FAILURE_MAP, {(uint64_t)errno, 0}};
	}
	if (record->packed)
		*pack = (struct mapped_pack){
			record->archive, record->pack, record->inode, size_bytes};
	bool fits = record->packed ? record->offset_bytes <= size_bytes &&
					     record->size_bytes <= size_bytes - record->offset_bytes
				   : record->offset_bytes == 0 && record->size_bytes == size_bytes;
	return (struct failure){.kind = fits ? FAILURE_NONE : FAILURE_CHANGED};
}

static void remove_file(const struct worker *worker, const struct record *record)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	unlinkat(worker->directory_fd, file, 0);
}

static int on_record_message(struct run *run, struct worker *worker, struct record *record)
{
	struct unit *unit = unit_in_hand(worker);

	/* Only a file that the answer may be about is looked at. */
	if (record->archive != unit->job->number ||
		(record->packed && (record->pack < unit->first || record->pack > record->member))) {
		errno = EBADMSG;
		return -1;
	}
	if (record->failure.kind == FAILURE_NONE) {
		record->failure = check_file(worker, record);
		if (record->failure.kind != FAILURE_NONE && !record->packed)
			remove_file(worker, record);
	}
	return schedule_record(&run->schedule, unit, record);
}

static void on_memory_message(struct run *run, const struct message_memory *memory)
{
	struct run_stats *stats = run->stats;

	if (memory->private_bytes > stats->worker_private_peak_bytes)
		stats->worker_private_peak_bytes = memory->private_bytes;
	if (memory->shared_bytes > stats->worker_shared_peak_bytes)
		stats->worker_shared_peak_bytes = memory->shared_bytes;
}

/* One message of a worker. 0, or -1 with errno: EBADMSG ends the worker, ENOMEM the run. */
static int on_message(struct run *run, struct worker *worker, struct message *message)
{
	struct unit *unit = unit_in_hand(worker);

	/* What may be said when: answers while there is a unit in hand, the last words without. */
	if (message->kind == MESSAGE_MEMORY && run->ending && !unit) {
		on_memory_message(run, &message->memory);
		return 0;
	}
	if (!unit || message->kind == MESSAGE_MEMORY || message->kind == MESSAGE_WORK) {
		errno = EBADMSG;
		return -1;
	}
	if (message->kind == MESSAGE_PLAN)
		return schedule_plan(&run->schedule, unit, &message->plan);
	if (message->kind == MESSAGE_RECORD)
		return on_record_message(run, worker, &message->record);
	if (schedule_done(&run->schedule, unit, &message->done) < 0)
		return -1;
	pop_unit(worker);
	return 0;
}

/* A worker that is dead, while its directory is tidied. */
struct dead {
	const struct schedule *schedule;
	uint32_t directory;
};

static bool keep_recorded(void *context, uint64_t archive, uint64_t member)
{
	const struct dead *dead = context;

	return schedule_has_record(dead->schedule, dead->directory, archive, member);
}

/* What the dead worker was on, by its last word; the name is copied to @name. */
static void read_progress(const struct worker *worker, struct record *guilty, char *name)
{
	const struct worker_progress *progress = worker->progress;
	size_t size = atomic_load(&progress->name_size);

	if (size > PROGRESS_NAME_MAX)
		size = PROGRESS_NAME_MAX;
	memcpy(name, progress->name, size);
	guilty->archive = atomic_load(&progress->archive);
	guilty->member = atomic_load(&progress->member);
	guilty->name = name;
	guilty->name_size = (uint16_t)size;
}

/*
 * A worker is gone, or has to go since it @broke the protocol. What it had told stays; the member
 * that it was on has failed; what else it had is given out again.
 */
static void on_dead(struct run *run, struct worker *worker, bool broke)
{
	char name[PROGRESS_NAME_MAX];
	struct record guilty = {0};
	struct worker dead = *worker;

	read_progress(worker, &guilty, name);
	int status = pool_bury(&run->pool, worker);
	if (run->ending || run->stop)
		return;
	guilty.failure = (struct failure){.kind = FAILURE_BAD_WORKER};
	if (!broke)
		guilty.failure = (struct failure){FAILURE_WORKER_DIED, {(uint64_t)status, 0}};
	struct dead tidied = {&run->schedule, dead.directory};
	rundir_sweep(&run->rundir, dead.directory, keep_recorded, &tidied);
	for (unsigned i = dead.queued; i-- > 1;)
		schedule_requeue(&run->schedule, dead.queue[i]);
	if (dead.queued > 0 && schedule_lost(&run->schedule, dead.queue[0], &guilty) < 0)
		run_out_of_memory(run);
}

void answers_take(struct run *run, struct worker *worker)
{
	for (int i = 0; i < PACKETS_PER_TURN && !run->stop; i++) {
		struct wire_reader reader;
		struct message message;
		int got = pool_receive(&run->pool, worker, &reader);
		if (got == 0)
			return;
		if (got < 0) {
			on_dead(run, worker, errno == EBADMSG);
			return;
		}
		while ((got = message_get(&reader, &message)) == 1) {
			if (on_message(run, worker, &message) == 0)
				continue;
			if (errno == ENOMEM) {
				run_out_of_memory(run);
				return;
			}
			got = -1;
			break;
		}
		if (got < 0) {
			on_dead(run, worker, true);
			return;
		}
	}
}
