// SPDX-License-Identifier: MIT

#include "worker/plan.h"

#include "util/freespace.h"
#include "worker/decode/decoders.h"
#include "worker/extract/inplace.h"
#include "worker/extract/target.h"

/* How much is in a unit so far. */
struct content {
	uint64_t bytes;
	uint64_t members;
	uint64_t names;
};

bool plan_wants(const struct planner *planner, const struct member *member)
{
	const struct filter *filter = &planner->settings->filter;
	uint16_t size = member->name_size;

	/* With filters, the directories are made that the wanted members are in. */
	if (member->directory)
		return planner->settings->own_names && filter->count == 0;
	if (filter->count == 0)
		return true;
	return filter_wants(
		filter, names_show(planner->names, member->name, &size, member->name_is_utf8));
}

/* Bytes of the member's name as it will be shown. */
static uint16_t shown_size(const struct planner *planner, const struct member *member)
{
	uint16_t size = member->name_size;

	names_show(planner->names, member->name, &size, member->name_is_utf8);
	return size;
}

static bool has_room(const struct content *content, uint64_t bytes, uint16_t name_size)
{
	return content->members < UNIT_MEMBERS_MAX && bytes <= UNIT_BYTES_MAX - content->bytes &&
	       name_size <= UNIT_NAMES_MAX - content->names;
}

/* How many files in memory the member takes. */
static uint64_t files_for(
	const struct planner *planner, const struct member *member, struct plan *plan)
{
	/* If there may be none at all, none is made: bounds.h. */
	if (planner->room == 0 || in_place_is_certain(&planner->in_place, member))
		return 0;
	if (!planner->settings->pack || member->size_bytes >= PACK_MEMBER_MAX)
		return 1;
	/* The first pack is needed; others have what is left. */
	if (plan->packs > 0 && (plan->packs == UNIT_PACKS_MAX || plan->room == planner->room))
		return 0;
	plan->packs++;
	return 1;
}

/*
 * What the member's file takes, in whole blocks, but no more than there may ever be. A member that
 * is larger than that is refused: bounds.h.
 */
static uint64_t room_for(
	const struct planner *planner, const struct member *member, struct plan *plan)
{
	if (planner->settings->in_memory)
		return files_for(planner, member, plan);
	uint64_t most = planner->settings->limits.scratch_bytes;
	uint64_t bytes = member->size_bytes;

	if ((most > 0 && bytes > most) || in_place_is_certain(&planner->in_place, member))
		return 0;
	if (!planner->settings->pack || bytes >= PACK_MEMBER_MAX)
		bytes = freespace_taken(bytes);
	return most > 0 && bytes > most ? most : bytes;
}

/* The member belongs to the unit: see what it means for that. */
static void count_member(const struct planner *planner, const struct member *member, bool may_pair,
	struct plan *plan)
{
	if (may_pair && extraction_is_pairable(planner->extraction, member))
		plan->pairable = true;
	if (member->size_bytes >= BOUNDS_LARGE_MEMBER ||
		in_place_is_certain(&planner->in_place, member))
		return;
	plan->file_bytes += member->size_bytes;
	plan->files++;
}

int plan_unit(const struct planner *planner, struct cursor *cursor, uint64_t end, uint64_t entries,
	struct plan *plan, struct failure *failure)
{
	const struct worker_settings *settings = planner->settings;
	/* If even the largest member would not gain, none is looked at. */
	bool may_pair = settings->task != TASK_LIST &&
			decoder_type_is_pairable(
				decoder_choose(DECODE_DEFLATE, settings->decoder, UINT64_MAX));
	bool open = end == UNIT_END_OPEN;
	struct content content = {0};
	struct member member;

	*plan = (struct plan){.end = open ? entries : end};
	plan->next_place = cursor->place;
	while (cursor->index < plan->end) {
		if (open && content.members == UNIT_MEMBERS_MAX) {
			plan->end = cursor->index;
			break;
		}
		if (cursor_next(cursor, &member, failure) <= 0)
			return -1;
		if (plan_wants(planner, &member)) {
			uint16_t name_size = shown_size(planner, &member);
			bool fits = has_room(&content, member.size_bytes, name_size);
			uint64_t room = room_for(planner, &member, plan);
			bool roomy = room <= planner->room - plan->room;
			if ((!roomy || (open && !fits)) && content.members > 0) {
				plan->end = member.index;
				break;
			}
			plan->room += room;
			if (!roomy) {
				plan->postponed = true;
				break;
			}
			count_member(planner, &member, may_pair, plan);
			content.members++;
			if (open && !fits)
				plan->end = cursor->index; /* it is a unit by itself */
			else
				content.bytes += member.size_bytes;
			content.names += name_size;
		}
		plan->next_place = cursor->place;
	}
	if (settings->pack && plan->files > 0)
		plan->files = 1;
	return 0;
}
