// SPDX-License-Identifier: MIT

#include "parent/share.h"

struct share *share_of(const struct parts *parts, uint64_t unit)
{
	for (int i = 0; i < PARTS_MEMBERS_MAX; i++) {
		struct share *share = parts->shares[i];
		if (share && share->owner && share->unit == unit)
			return share;
	}
	return NULL;
}

struct slot *share_find_slot(
	const struct parts *parts, const struct unit *unit, struct share **share)
{
	for (int i = 0; i < PARTS_MEMBERS_MAX; i++) {
		*share = parts->shares[i];
		for (int j = 0; *share && j < PART_HELPERS_MAX; j++) {
			struct slot *slot = &(*share)->slots[j];
			if (&slot->unit == unit)
				return slot;
		}
	}
	return NULL;
}

bool share_wants_help(const struct share *share)
{
	return share->owner && !share->exhausted && share->owner->queued == 1;
}
