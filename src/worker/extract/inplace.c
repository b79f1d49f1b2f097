// SPDX-License-Identifier: MIT

/*
 * Members that stay in their archive, step by step.
 */

#include "worker/extract/parts.h"
#include "worker/extract/placing.h"

/* The member that stays is whole, as far as it is asked. */
static enum extract_status finish_stay(struct extraction *extraction)
{
	const struct member *member = &extraction->member;
	struct record *record = &extraction->record;
	struct failure failure = {0};

	if (!record->unchecked && extraction->crc32 != member->crc32)
		return extraction_fail_as(
			extraction, FAILURE_CRC_MISMATCH, member->crc32, extraction->crc32);
	record->size_bytes = member->size_bytes;
	record->crc32 = member->crc32;
	if (extraction_look_for_array(extraction, &failure) < 0)
		return extraction_fail(extraction, failure);
	member_data_close(&extraction->data);
	return EXTRACT_WHOLE;
}

int extraction_find_place(struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;
	struct record *record = &extraction->record;

	if (member->compressed_bytes != member->size_bytes) {
		*failure = (struct failure){
			FAILURE_SIZE_MISMATCH, {member->size_bytes, member->compressed_bytes}};
		return -1;
	}
	extraction->start = extraction->data.offset;
	/* Where no bytes are is not known, and means nothing. */
	record->offset_bytes = member->size_bytes > 0 ? stay_offset(&extraction->data) : 0;
	if (!extraction->in_place.aligned)
		return 0;
	if (extraction_look_for_array(extraction, failure) < 0)
		return -1;
	extraction->stays = record_is_aligned(record);
	record->array = NULL; /* its type would not outlive the member's data */
	record->note = NOTE_NONE;
	return extraction->stays || extraction_is_within_bounds(extraction, failure) ? 0 : -1;
}

enum extract_status extraction_begin_stay(struct extraction *extraction)
{
	struct record *record = &extraction->record;

	record->place = PLACE_ARCHIVE;
	record->unchecked = extraction->in_place.unchecked;
	return record->unchecked ? finish_stay(extraction) : EXTRACT_MORE;
}

enum extract_status extraction_stay_step(struct extraction *extraction)
{
	struct failure failure = {0};
	ssize_t size = stay_read(&extraction->data, extraction->in, EXTRACT_INPUT_SIZE,
		&extraction->crc32, &failure);

	if (size < 0)
		return extraction_fail(extraction, failure);
	return size > 0 ? EXTRACT_MORE : finish_stay(extraction);
}
