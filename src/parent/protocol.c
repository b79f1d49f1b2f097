// SPDX-License-Identifier: MIT

#include "parent/protocol.h"

#include "parent/handout.h"
#include "parent/schedule.h"

#include <errno.h>

/* What a message is held against. */
struct context {
	const struct run_settings *settings;
	const struct worker *worker;
	const struct in_hand *hand; /* the unit that it is about, or NULL */
};

/* Where a worker is with the unit that a message is about; without such a unit, where it is. */
enum phase {
	PHASE_IDLE,    /* no such unit was given to it */
	PHASE_GIVEN,   /* the unit was sent; it may not even have been read yet */
	PHASE_PLANNED, /* its plan has come */
	PHASE_ENDING,  /* the channel is ended, and all units are done */
	PHASE_LEFT,    /* it has said its last message */
};

#define IN(phase) (1U << (phase))

/* Failures that a worker has no way to know: only the parent may say them. */
static bool is_ours(enum failure_kind kind)
{
	switch (kind) {
	case FAILURE_OPEN:
	case FAILURE_NOT_REGULAR:
	case FAILURE_EMPTY_FILE:
	case FAILURE_CHANGED:
	case FAILURE_WORKER_DIED:
	case FAILURE_NO_WORKER:
	case FAILURE_NOT_READY:
	case FAILURE_BAD_WORKER:
	case FAILURE_SILENT_WORKER:
	case FAILURE_UNSAFE_NAME:
	case FAILURE_NAME_EXISTS:
	case FAILURE_NAMING:
		return true;
	default:
		return false;
	}
}

/* What an entry of the central directory takes at least: APPNOTE 4.3.12. */
#define ENTRY_BYTES_MIN 46

/* Whether the archive of @job can have so many entries, and may. */
static bool has_room_for(const struct context *context, const struct job *job, uint64_t entries)
{
	uint64_t most = context->settings->limits.members;

	return entries <= job->size_bytes / ENTRY_BYTES_MIN && (most == 0 || entries <= most);
}

/* A unit is put off once, and then has the room that it said it needs. */
static bool may_postpone(const struct context *context, const struct message_plan *plan)
{
	const struct unit *unit = context->hand->unit;
	uint64_t most = context->settings->limits.scratch_bytes;

	/* Of files in memory there is always room for one, or there never will be. */
	return !context->settings->in_memory && unit->needed_bytes == 0 &&
	       plan->end == unit->members.first && plan->end < plan->entries &&
	       (most == 0 || plan->room <= most);
}

static bool plan_is_possible(const struct context *context, const struct message *message)
{
	const struct message_plan *plan = &message->plan;
	const struct unit *unit = context->hand->unit;
	const struct unit_members *members = &unit->members;

	/* Units are begun in the order in which they were sent. */
	for (const struct in_hand *before = context->worker->queue; before < context->hand;
		before++) {
		if (before->unit->state == UNIT_GIVEN)
			return false;
	}
	if (plan->end < members->first || plan->end > plan->entries ||
		!has_room_for(context, unit->job, plan->entries) ||
		(unit->job->opened && plan->entries != unit->job->entries))
		return false;
	if (schedule_postpones(unit, plan))
		return may_postpone(context, plan);
	if (members->end != UNIT_END_OPEN && unit->room == UINT64_MAX)
		return plan->end == members->end;
	if (members->end != UNIT_END_OPEN && plan->end > members->end)
		return false;
	/* Units without members would never come to an end. */
	return plan->end > members->first || plan->end == plan->entries ||
	       plan->end == members->end;
}

/* Whether files that are there may be announced. */
static bool reuses(const struct run_settings *settings)
{
	return settings->naming && settings->naming->reuse.wanted;
}

/* Whether a whole member may be where it is said to be. Whether it is there, verify.h finds out. */
static bool place_is_possible(const struct context *context, const struct record *record)
{
	const struct run_settings *settings = context->settings;
	const struct job *job = context->hand->unit->job;
	const struct seen_pack *pack = &context->hand->pack;

	switch (record->place) {
	case PLACE_NOWHERE:
		return settings->no_files;
	case PLACE_DIRECTORY:
		return settings->naming;
	case PLACE_THERE:
		return reuses(settings) && record->unchecked == settings->naming->reuse.unchecked;
	case PLACE_ARCHIVE:
		return !settings->no_files && settings->in_place && !job->pathless &&
		       record->offset_bytes <= job->size_bytes &&
		       record->size_bytes <= job->size_bytes - record->offset_bytes;
	case PLACE_FILE:
	case PLACE_MEMORY:
		break;
	}
	if (settings->no_files || settings->in_memory != (record->place == PLACE_MEMORY))
		return false;
	if (!record->packed)
		return true;
	if (!settings->pack)
		return false;
	/* A pack is named for its first member, and packs come in order: none that is settled comes
	 * again. */
	return record->pack >= context->hand->unit->members.first &&
	       record->pack <= record->member && (!pack->seen || record->pack >= pack->number);
}

static bool record_is_possible(const struct context *context, const struct message *message)
{
	const struct record *record = &message->record;
	const struct unit *unit = context->hand->unit;

	if (unit->kind != UNIT_MEMBERS || record->member < unit->next_member ||
		record->member >= unit->members.end)
		return false;
	if (record->npy_header && !context->settings->npy)
		return false;
	if (record->failure.kind != FAILURE_NONE)
		return !is_ours(record->failure.kind);
	return record->listed == context->settings->lists &&
	       record->own_name == (context->settings->naming != NULL) &&
	       place_is_possible(context, record);
}

static bool done_is_possible(const struct context *context, const struct message *message)
{
	const struct unit *unit = context->hand->unit;
	enum failure_kind kind = message->done.failure.kind;

	if (unit->kind != UNIT_MEMBERS)
		return false;
	if (kind == FAILURE_NONE)
		return unit->state == UNIT_PLANNED;
	/* An archive that a member was read of can be read. */
	return !is_ours(kind) && unit->next_member == unit->members.first;
}

static bool ask_is_possible(const struct context *context, const struct message *message)
{
	const struct run_settings *settings = context->settings;

	return context->worker->asks && !settings->no_files && !settings->in_memory &&
	       handout_is_possible(context->hand->unit, &message->ask, settings->npy);
}

/* Each member is looked for once, and before its record comes. */
static bool look_is_possible(const struct context *context, const struct message *message)
{
	const struct unit *unit = context->hand->unit;
	uint64_t member = message->record.member;

	return reuses(context->settings) && unit->kind == UNIT_MEMBERS &&
	       member >= unit->next_member && member >= context->hand->next_look &&
	       member < unit->members.end;
}

/* What an owner says, and what a helper says; the numbers are for workers alone. */
static bool part_is_possible(const struct context *context, const struct message *message)
{
	const struct message_part *part = &message->part;
	const struct unit *unit = context->hand->unit;
	const struct unit_members *members = &unit->members;

	switch (part->step) {
	case PART_OFFER:
		return unit->kind == UNIT_MEMBERS && !context->settings->in_memory &&
		       context->settings->no_files == (part->name_size == 0) &&
		       part->member >= members->first && part->member < members->end;
	case PART_STRETCH:
		return unit->kind == UNIT_MEMBERS && part->place < part->end;
	case PART_NONE:
	case PART_TURN:
	case PART_DROP:
		return unit->kind == UNIT_MEMBERS;
	case PART_FOUND:
	case PART_DECODED:
	case PART_TAILED:
	case PART_WRITTEN:
	case PART_LOST:
		return unit->kind == UNIT_PART;
	case PART_ASK:
	case PART_STEPS:
		break;
	}
	return false;
}

static bool memory_is_possible(const struct context *context, const struct message *message)
{
	(void)context;
	(void)message;
	return true;
}

/* What is not here, a worker may not say. */
static const struct rule {
	enum message_kind kind;
	unsigned phases;
	bool (*is_possible)(const struct context *context, const struct message *message);
} rules[] = {
	{MESSAGE_PLAN, IN(PHASE_GIVEN), plan_is_possible},
	{MESSAGE_RECORD, IN(PHASE_PLANNED), record_is_possible},
	{MESSAGE_ASK, IN(PHASE_PLANNED), ask_is_possible},
	{MESSAGE_LOOK, IN(PHASE_PLANNED), look_is_possible},
	/* Without a plan: the archive cannot be read. */
	{MESSAGE_DONE, IN(PHASE_GIVEN) | IN(PHASE_PLANNED), done_is_possible},
	{MESSAGE_PART, IN(PHASE_PLANNED), part_is_possible},
	{MESSAGE_MEMORY, IN(PHASE_ENDING), memory_is_possible},
};

/* The unit that @message is about, of those that @worker has; NULL: none. */
static struct in_hand *find_unit(struct worker *worker, const struct message *message)
{
	if (message->kind == MESSAGE_MEMORY || message->kind == MESSAGE_START)
		return NULL;
	for (unsigned i = 0; i < worker->queued; i++) {
		if (worker->queue[i].unit->id == message->unit)
			return &worker->queue[i];
	}
	return NULL;
}

static enum phase find_phase(const struct worker *worker, bool ending, const struct in_hand *hand)
{
	if (hand)
		return hand->unit->state == UNIT_PLANNED ? PHASE_PLANNED : PHASE_GIVEN;
	if (worker->has_left)
		return PHASE_LEFT;
	return ending && worker->queued == 0 ? PHASE_ENDING : PHASE_IDLE;
}

int protocol_check(const struct run_settings *settings, bool ending, struct worker *worker,
	const struct message *message, struct in_hand **hand)
{
	*hand = find_unit(worker, message);
	const struct context context = {settings, worker, *hand};
	enum phase phase = find_phase(worker, ending, *hand);

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].kind == message->kind && rules[i].phases & IN(phase) &&
			rules[i].is_possible(&context, message))
			return 0;
	}
	errno = EBADMSG;
	return -1;
}
