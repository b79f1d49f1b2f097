// SPDX-License-Identifier: MIT

#include "parent/hear.h"

#include "parent/handout.h"
#include "parent/protocol.h"
#include "parent/reuse.h"
#include "parent/verify.h"

#include <errno.h>

static int take_plan(const struct hear *hear, struct worker *worker, struct in_hand *hand,
	const struct message_plan *plan)
{
	bool postponed = schedule_postpones(hand->unit, plan);

	if (schedule_plan(hear->schedule, hand->unit, plan) < 0)
		return -1;
	if (postponed)
		pool_drop_unit(worker, hand);
	return 0;
}

/* One message of a worker. 0, or -1 with errno: EBADMSG ends the worker, ENOMEM the run. */
static int take_message(const struct hear *hear, struct worker *worker, struct message *message,
	struct reuse_answers *answers)
{
	struct in_hand *hand;

	bool ending = hear->ending || worker->retired;

	if (protocol_check(hear->settings, ending, worker, message, &hand) < 0)
		return -1;
	switch (message->kind) {
	case MESSAGE_PLAN:
		return take_plan(hear, worker, hand, &message->plan);
	case MESSAGE_RECORD:
		if (gate_puts_off(hear->gate, hand, &message->record)) {
			errno = ENOSPC;
			return -1;
		}
		parts_end(hear->parts, hear->pool, hand->unit, message->record.member);
		if (verify_record(worker, hand, hear->budget, &message->record) < 0)
			return -1;
		gate_note_record(hear->gate, hand, &message->record);
		return schedule_record(hear->schedule, hand->unit, message);
	case MESSAGE_ASK:
		return handout_answer(hear->pool, worker, message);
	case MESSAGE_LOOK:
		hand->next_look = message->record.member + 1;
		return reuse_look(hear->naming, hear->pool, worker, hand->unit, message, answers);
	case MESSAGE_DONE:
		parts_end(hear->parts, hear->pool, hand->unit, UINT64_MAX);
		verify_settle_pack(worker, hand);
		if (hand->unit->job->kept)
			kept_check_archive(hand->unit->job->kept, hand->unit->job->fd);
		schedule_done(hear->schedule, hand->unit, &message->done);
		gate_note_done(hear->gate);
		worker->made = hand->unit->withheld ? hand->unit : NULL;
		pool_drop_unit(worker, hand);
		return 0;
	case MESSAGE_MEMORY:
		pool_note_memory(hear->pool, worker, &message->memory);
		return 0;
	case MESSAGE_PART:
		return parts_hear(hear->parts, hear->pool, worker, hand, &message->part);
	case MESSAGE_WORK:
	case MESSAGE_START:
	case MESSAGE_HAND:
		break;
	}
	errno = EBADMSG;
	return -1;
}

/* One packet, as hear_packet(). */
static int take_packet(const struct hear *hear, struct worker *worker)
{
	struct reuse_answers answers = {.count = 0};
	struct wire_reader reader;
	struct message message;
	int got = pool_receive(hear->pool, worker, &reader);

	if (got <= 0)
		return got;
	while ((got = message_get(&reader, &message)) == 1) {
		if (take_message(hear, worker, &message, &answers) < 0) {
			got = -1;
			break;
		}
	}
	if (got == 0)
		return reuse_send(&answers, hear->pool, worker) < 0 ? -1 : 1;
	int error = errno;
	reuse_drop(&answers);
	errno = error;
	return -1;
}

int hear_packet(const struct hear *hear, struct worker *worker)
{
	int result = take_packet(hear, worker);

	/* Each descriptor is for one record. */
	if (result >= 0 && worker->fds.count > 0) {
		errno = EBADMSG;
		result = -1;
	}
	return result;
}
