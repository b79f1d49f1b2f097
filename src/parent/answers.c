// SPDX-License-Identifier: MIT

#include "parent/answers.h"

#include "parent/losses.h"
#include "parent/verify.h"

#include <errno.h>
#include <string.h>

/* Packets taken from one worker before others have their turn. */
#define PACKETS_PER_TURN 16

/* Where a worker is with the unit that a message is about; without such a unit, where it is. */
enum phase {
	PHASE_IDLE,    /* no such unit was given to it */
	PHASE_GIVEN,   /* the unit was sent; it may not even have been read yet */
	PHASE_PLANNED, /* its plan has come */
	PHASE_ENDING,  /* the channel is ended, and all units are done */
	PHASE_LEFT,    /* the last words are said */
};

#define IN(phase) (1U << (phase))

/* Failures that a worker has no way to know: words that only the parent may say. */
static bool is_ours(enum failure_kind kind)
{
	switch (kind) {
	case FAILURE_OPEN:
	case FAILURE_NOT_REGULAR:
	case FAILURE_EMPTY_FILE:
	case FAILURE_CHANGED:
	case FAILURE_WORKER_DIED:
	case FAILURE_NO_WORKER:
	case FAILURE_BAD_WORKER:
	case FAILURE_SLOW:
		return true;
	default:
		return false;
	}
}

static int bad_message(void)
{
	errno = EBADMSG;
	return -1;
}

static int on_plan(
	struct run *run, struct worker *worker, struct in_hand *hand, struct message *message)
{
	/* Units are begun in the order in which they were sent. */
	for (const struct in_hand *before = worker->queue; before < hand; before++) {
		if (before->unit->state == UNIT_GIVEN)
			return bad_message();
	}
	return schedule_plan(&run->schedule, hand->unit, &message->plan);
}

/*
 * A member that is said to be whole: may it be where it is said to be, and is it there? 0 with
 * record->failure set, or -1 with errno.
 */
static int check_place(
	const struct worker *worker, struct run *run, struct in_hand *hand, struct record *record)
{
	const struct job *job = hand->unit->job;
	bool no_files = run->settings->no_files;

	switch (record->place) {
	case PLACE_FILE:
		if (no_files)
			break;
		return recordfile_check(worker, hand, &run->budget, record);
	case PLACE_NOWHERE:
		if (!no_files)
			break;
		if (!record->listed)
			record->failure = budget_take(&run->budget, record);
		return 0;
	case PLACE_ARCHIVE:
		if (no_files || !run->settings->in_place || job->pathless ||
			record->offset_bytes > job->size_bytes ||
			record->size_bytes > job->size_bytes - record->offset_bytes)
			break;
		/* It takes no room, so that only the limits of one member are for it. */
		record->failure = budget_allow(&run->budget, record);
		return 0;
	}
	return bad_message();
}

static int on_record(
	struct run *run, struct worker *worker, struct in_hand *hand, struct message *message)
{
	struct record *record = &message->record;

	/* Only the file of a member that may be announced now is looked at. */
	if (is_ours(record->failure.kind) || schedule_expect(hand->unit, record) < 0)
		return bad_message();
	if (record->failure.kind != FAILURE_NONE)
		recordfile_remove(worker, record);
	else if (check_place(worker, run, hand, record) < 0)
		return -1;
	return schedule_record(&run->schedule, hand->unit, record);
}

static int on_done(
	struct run *run, struct worker *worker, struct in_hand *hand, struct message *message)
{
	if (is_ours(message->done.failure.kind))
		return bad_message();
	recordfile_settle(worker, hand);
	if (schedule_done(&run->schedule, hand->unit, &message->done) < 0)
		return -1;
	const struct in_hand *end = worker->queue + worker->queued--;
	memmove(hand, hand + 1, (size_t)(end - (hand + 1)) * sizeof(*hand));
	run->losses_in_a_row = 0;
	return 0;
}

static int on_memory(
	struct run *run, struct worker *worker, struct in_hand *hand, struct message *message)
{
	struct run_stats *stats = run->stats;

	(void)hand;
	if (message->memory.private_bytes > stats->worker_private_peak_bytes)
		stats->worker_private_peak_bytes = message->memory.private_bytes;
	if (message->memory.shared_bytes > stats->worker_shared_peak_bytes)
		stats->worker_shared_peak_bytes = message->memory.shared_bytes;
	worker->has_left = true;
	return 0;
}

/*
 * What a worker may say, and when. What is not here it may not say. Lengths and ranges of fields
 * are checked before, by message_get(); what a field means now, by the handler. A handler returns
 * 0, or -1 with errno: EBADMSG ends the worker, ENOMEM the run.
 */
static const struct rule {
	enum message_kind kind;
	unsigned phases;
	int (*handle)(struct run *run, struct worker *worker, struct in_hand *hand,
		struct message *message);
} rules[] = {
	{MESSAGE_PLAN, IN(PHASE_GIVEN), on_plan},
	{MESSAGE_RECORD, IN(PHASE_PLANNED), on_record},
	/* Without a plan: the archive cannot be read. */
	{MESSAGE_DONE, IN(PHASE_GIVEN) | IN(PHASE_PLANNED), on_done},
	{MESSAGE_MEMORY, IN(PHASE_ENDING), on_memory},
};

static bool is_about(const struct message *message, const struct unit *unit)
{
	uint64_t archive = unit->job->number;

	switch (message->kind) {
	case MESSAGE_PLAN:
		return message->plan.archive == archive && message->plan.first == unit->first;
	case MESSAGE_RECORD:
		return message->record.archive == archive &&
		       message->record.member >= unit->first && message->record.member < unit->end;
	case MESSAGE_DONE:
		return message->done.archive == archive && message->done.first == unit->first;
	case MESSAGE_WORK:
	case MESSAGE_MEMORY:
	case MESSAGE_START:
		break;
	}
	return false;
}

/* The unit that @message is about, of those that @worker has; NULL: none. */
static struct in_hand *find_unit(struct worker *worker, const struct message *message)
{
	for (unsigned i = 0; i < worker->queued; i++) {
		if (is_about(message, worker->queue[i].unit))
			return &worker->queue[i];
	}
	return NULL;
}

static enum phase find_phase(
	const struct run *run, const struct worker *worker, const struct in_hand *hand)
{
	if (hand)
		return hand->unit->state == UNIT_PLANNED ? PHASE_PLANNED : PHASE_GIVEN;
	if (worker->has_left)
		return PHASE_LEFT;
	return run->ending && worker->queued == 0 ? PHASE_ENDING : PHASE_IDLE;
}

/* One message of a worker. As a handler. */
static int on_message(struct run *run, struct worker *worker, struct message *message)
{
	struct in_hand *hand = find_unit(worker, message);
	enum phase phase = find_phase(run, worker, hand);

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].kind == message->kind && rules[i].phases & IN(phase))
			return rules[i].handle(run, worker, hand, message);
	}
	return bad_message();
}

void answers_take(struct run *run, struct worker *worker)
{
	for (int i = 0; i < PACKETS_PER_TURN && !run->stop; i++) {
		struct wire_reader reader;
		struct message message;
		int got = pool_receive(&run->pool, worker, &reader);
		if (got == 0)
			return;
		if (got < 0 && (errno == ENOMEM || errno == ENOBUFS)) {
			run_out_of_memory(run); /* ours, not the worker's */
			return;
		}
		if (got < 0) {
			losses_take(run, worker, errno == EBADMSG);
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
			losses_take(run, worker, true);
			return;
		}
	}
}
