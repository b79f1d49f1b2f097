// SPDX-License-Identifier: MIT

#include "worker/extract/admit.h"

enum strategy admit_strategy(const struct extraction *extraction)
{
	if (extraction->target.directory_fd < 0 && !extraction->in_memory)
		return extraction->needs_files ? STRATEGY_NONE : STRATEGY_CHECK;
	return extraction->packs && extraction->member.size_bytes < PACK_MEMBER_MAX
		       ? STRATEGY_PACK
		       : STRATEGY_OWN_FILE;
}

/* Whether there may be one more file in memory, if the member takes one. */
static int check_descriptors(const struct extraction *extraction, struct failure *failure)
{
	bool packed = extraction->strategy == STRATEGY_PACK;

	if (extraction->bounds.files_left > 0 || !target_needs_file(&extraction->target, packed))
		return 0;
	*failure = (struct failure){.kind = FAILURE_NO_DESCRIPTOR};
	return -1;
}

int admit_check_bounds(const struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;
	struct bounds bounds = extraction->bounds;

	if (extraction->strategy == STRATEGY_NONE) {
		*failure = (struct failure){.kind = FAILURE_NO_DIRECTORY};
		return -1;
	}
	if (extraction->strategy == STRATEGY_IN_PLACE || extraction->strategy == STRATEGY_THERE) {
		/* It takes no room. */
		bounds.total_left = UINT64_MAX;
		bounds.limits.scratch_bytes = 0;
		return bounds_check(&bounds, member, failure);
	}
	if (bounds_check(&bounds, member, failure) < 0)
		return -1;
	if (extraction->in_memory)
		return check_descriptors(extraction, failure);
	if (member->size_bytes < BOUNDS_LARGE_MEMBER && !bounds.tight)
		return 0; /* all of its unit has been looked at */
	return bounds_check_room(extraction->target.directory_fd, member->size_bytes, 1, failure);
}

int admit_as_raw(struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;
	uint64_t wanted;

	extraction->is_raw = extraction->raw && !member_is_npy(member->name, member->name_size);
	extraction->record.npy_header = extraction->is_raw && extraction->npy;
	if (!extraction->is_raw)
		return 0;
	switch (rawarray_fit(extraction->raw, member->size_bytes, &extraction->array, &wanted)) {
	case RAWARRAY_FITS:
		return 0;
	case RAWARRAY_OTHER_SIZE:
		*failure = (struct failure){FAILURE_SHAPE, {member->size_bytes, wanted}};
		break;
	case RAWARRAY_NO_MULTIPLE:
		*failure = (struct failure){FAILURE_OPEN_SHAPE, {member->size_bytes, wanted}};
		break;
	}
	return -1;
}

int admit_reserve(struct extraction *extraction, struct failure *failure)
{
	struct target *target = &extraction->target;

	if (extraction->reserved)
		return 0;
	if (extraction->unreserved_steps > 0 && !extraction->owner.shared) {
		extraction->unreserved_steps--;
		return 0;
	}
	extraction->reserved = true;
	if (extraction->owner.shared && bounds_reserve_slowly(target->directory_fd))
		return 0;
	return target_reserve(target, extraction->member.size_bytes, failure);
}
