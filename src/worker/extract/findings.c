// SPDX-License-Identifier: MIT

#include "worker/extract/findings.h"

#include "worker/extract/array.h"

#include <assert.h>

static_assert(DECODING_INPUT_SIZE >= MEMBER_ARRAY_BUFFER, "a header that is read there has room");

int findings_look_for_array(struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;
	bool stands =
		extraction->strategy == STRATEGY_IN_PLACE || extraction->strategy == STRATEGY_THERE;
	const struct member_place place = {
		.out = stands ? NULL : extraction->target.out,
		.start = extraction->target.start,
		.bytes = &extraction->bytes,
	};

	if (extraction->is_raw)
		extraction->record.array = &extraction->array;
	/* If it is only checked, there is no file to read the header from. */
	if (extraction->is_raw || extraction->strategy == STRATEGY_CHECK)
		return 0;
	return member_find_array(member, &place, extraction->decoding.in, &extraction->array,
		&extraction->record, failure);
}

int findings_check_in_place(struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;
	struct record *record = &extraction->record;
	uint32_t crc32 = extraction->decoding.crc32;

	if (!record->unchecked && crc32 != member->crc32) {
		*failure = (struct failure){FAILURE_CRC_MISMATCH, {member->crc32, crc32}};
		return -1;
	}
	record->size_bytes = member->size_bytes;
	record->crc32 = member->crc32;
	return findings_look_for_array(extraction, failure);
}

int findings_look_for_place(struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;
	struct record *record = &extraction->record;

	if (member->compressed_bytes != member->size_bytes) {
		*failure = (struct failure){
			FAILURE_SIZE_MISMATCH, {member->size_bytes, member->compressed_bytes}};
		return -1;
	}
	/* The place of no bytes is not known, and means nothing. */
	record->offset_bytes = member->size_bytes > 0 ? extraction->bytes.start : 0;
	if (!extraction->in_place.aligned)
		return 0;
	if (findings_look_for_array(extraction, failure) < 0)
		return -1;
	bool aligned = record_is_aligned(record);
	record->array = NULL; /* its type would not outlive the member's data */
	record->note = NOTE_NONE;
	if (aligned)
		return 0;
	extraction->strategy = admit_strategy(extraction);
	return admit_check_bounds(extraction, failure);
}
