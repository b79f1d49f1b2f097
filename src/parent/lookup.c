// SPDX-License-Identifier: MIT

#include "parent/lookup.h"

#include <stddef.h>

/* Where a member of the input is. */
struct found {
	const struct job *job;   /* NULL: all of the archive is done and popped */
	const struct unit *unit; /* NULL: it is done and popped, or not planned yet */
};

/* False if there was no such archive yet. */
static bool find_member(
	const struct schedule *schedule, uint64_t archive, uint64_t member, struct found *found)
{
	const struct job *job = schedule->first;

	while (job && (job->number < archive || job->error))
		job = job->next;
	*found = (struct found){.job = job && job->number == archive ? job : NULL};
	if (!found->job)
		return archive < schedule->next_number;
	const struct unit *unit = job->units;
	while (unit && (member < unit->members.first || member >= unit->members.end))
		unit = unit->next;
	found->unit = unit;
	return true;
}

bool lookup_has_record(
	const struct schedule *schedule, uint32_t directory, uint64_t archive, uint64_t member)
{
	struct found found;

	if (!find_member(schedule, archive, member, &found))
		return false;
	if (found.unit)
		return found.unit->directory == directory && member < found.unit->next_member;
	return !found.job || member < found.job->next_first;
}

bool lookup_was_recorded(const struct schedule *schedule, uint64_t archive, uint64_t member)
{
	struct found found;

	if (!find_member(schedule, archive, member, &found))
		return false;
	if (found.unit)
		return member < found.unit->next_member;
	return !found.job || member < found.job->next_first;
}

bool lookup_was_popped(const struct schedule *schedule, uint64_t archive, uint64_t member)
{
	struct found found;

	if (!find_member(schedule, archive, member, &found))
		return false;
	if (found.unit)
		return member < found.unit->popped_member;
	return !found.job || member < found.job->next_first;
}
