// SPDX-License-Identifier: MIT

#include "worker/looking.h"

#include "worker/entryrecord.h"

#include <string.h>
#include <unistd.h>

void looking_init(struct looking *looking, struct outbox *outbox, struct inbox *inbox)
{
	*looking = (struct looking){.outbox = outbox, .inbox = inbox};
}

void looking_begin(struct looking *looking, uint64_t unit, const struct cursor *cursor)
{
	looking->unit = unit;
	looking->next_place = cursor->place;
	looking->next = cursor->index;
}

/* Whether it would be of use to have the member's file. */
static bool may_be_there(const struct planner *planner, const struct member *member)
{
	if (member->directory || member->fault != FAILURE_NONE || !plan_wants(planner, member))
		return false;
	return !member->crc_unstated || planner->settings->reuse.unchecked;
}

static void ask(struct looking *looking, const struct planner *planner, const struct member *member)
{
	struct message message = {
		.kind = MESSAGE_LOOK, .unit = looking->unit, .record = entryrecord_look(member)};
	struct record *record = &message.record;

	record->name =
		names_show(planner->names, record->name, &record->name_size, member->name_is_utf8);
	outbox_put(looking->outbox, &message);
	looking->asked[looking->count++] = member->index;
}

void looking_ask(
	struct looking *looking, const struct planner *planner, struct cursor *cursor, uint64_t end)
{
	const uint64_t place = cursor->place;
	const uint64_t index = cursor->index;
	unsigned before = looking->count;
	struct failure failure;
	struct member member;

	if (!looking->outbox || before > LOOKS_MAX / 2 || looking->next >= end)
		return;
	cursor_set(cursor, cursor->archive, looking->next_place, looking->next);
	/* What is wrong with an entry shows again when it has its turn. */
	while (looking->count < LOOKS_MAX && cursor->index < end &&
		cursor_next(cursor, &member, &failure) > 0) {
		if (may_be_there(planner, &member))
			ask(looking, planner, &member);
	}
	looking->next_place = cursor->place;
	looking->next = looking->count < LOOKS_MAX ? end : cursor->index;
	cursor_set(cursor, cursor->archive, place, index);
	if (looking->count > before)
		outbox_flush(looking->outbox);
}

/* Take the first answer. */
static int take_first(struct looking *looking)
{
	memmove(looking->asked, looking->asked + 1, --looking->count * sizeof(looking->asked[0]));
	return inbox_wait_for_look(looking->inbox, looking->unit);
}

static void drop_first(struct looking *looking)
{
	int fd = take_first(looking);

	if (fd >= 0)
		close(fd);
}

int looking_take(struct looking *looking, uint64_t member)
{
	/* If the archive is changed meanwhile, a member may not be wanted any more. */
	while (looking->count > 0 && looking->asked[0] < member)
		drop_first(looking);
	return looking->count > 0 && looking->asked[0] == member ? take_first(looking) : -1;
}

void looking_end(struct looking *looking)
{
	while (looking->count > 0)
		drop_first(looking);
}
