// SPDX-License-Identifier: MIT

#include "worker/extract/extract.h"

#include "worker/extract/array.h"
#include "worker/extract/decoding.h"
#include "worker/extract/inplace.h"

#include <assert.h>
#include <stdlib.h>

static_assert(DECODING_INPUT_SIZE >= MEMBER_ARRAY_BUFFER, "a header that is read there has room");

/* What is done with a member. */
enum strategy {
	STRATEGY_OWN_FILE, /* unzip it to a file of its own */
	STRATEGY_PACK,     /* ... to one that it shares */
	STRATEGY_IN_PLACE, /* leave it in its archive */
	STRATEGY_CHECK,    /* decode it and forget the bytes */
	STRATEGY_NONE,     /* it would need a file, and there is no directory for it */
};

struct extraction {
	struct bounds bounds;
	struct in_place in_place;
	bool packs;
	bool needs_files; /* members that are not in place are for files, not to be checked */
	const struct raw_array *raw; /* what members hold that do not say it; or NULL */
	bool npy;                    /* they get a header */
	struct target target;
	struct decoding decoding;

	/* Of the member in hand. */
	struct member member;
	struct record record;
	enum strategy strategy;
	bool is_raw;        /* it holds @raw: @array is known */
	struct array array; /* of the record; its type is that of @raw or in decoding.in */
	uint64_t start;     /* where its data begin in the archive */
};

struct extraction *extraction_new(int directory_fd, bool pack, enum decoder_choice decoder)
{
	struct extraction *extraction = calloc(1, sizeof(*extraction));

	if (!extraction)
		return NULL;
	extraction->packs = pack;
	bounds_init(&extraction->bounds);
	int target = target_init(&extraction->target, directory_fd);
	int decoding = decoding_init(&extraction->decoding, &extraction->target, decoder);
	if (target == 0 && decoding == 0)
		return extraction;
	extraction_free(extraction);
	return NULL;
}

void extraction_free(struct extraction *extraction)
{
	if (!extraction)
		return;
	decoding_release(&extraction->decoding);
	target_release(&extraction->target);
	free(extraction);
}

void extraction_set_maker(struct extraction *extraction, const struct outfile_maker *maker)
{
	target_set_maker(&extraction->target, maker);
}

void extraction_set_bounds(struct extraction *extraction, const struct bounds *bounds)
{
	extraction->bounds = *bounds;
}

void extraction_set_in_place(struct extraction *extraction, const struct in_place *in_place)
{
	extraction->in_place = *in_place;
}

void extraction_set_needs_files(struct extraction *extraction)
{
	extraction->needs_files = true;
}

void extraction_set_raw(struct extraction *extraction, const struct raw_array *raw, bool npy)
{
	assert(!npy || !extraction->packs);
	extraction->raw = raw;
	extraction->npy = npy;
}

const struct record *extraction_record(const struct extraction *extraction)
{
	return &extraction->record;
}

bool extraction_pack_is_broken(const struct extraction *extraction)
{
	return target_pack_is_broken(&extraction->target);
}

void extraction_close_pack(struct extraction *extraction, struct pack_result *result)
{
	target_close_pack(&extraction->target, result);
}

/* --- the end of a member ---------------------------------------------------------------------- */

void extraction_abandon(struct extraction *extraction)
{
	member_data_close(&extraction->decoding.data);
	target_abandon(&extraction->target);
}

/* The member has failed: EXTRACT_FAILED, and nothing of it is left. */
static enum extract_status fail(struct extraction *extraction, const struct failure *failure)
{
	enum failure_kind kind = failure->kind;

	extraction->record.failure = *failure;
	/* What verifies a password is one or two bytes: others pass, and give other data. */
	if (extraction->member.encrypted &&
		(kind == FAILURE_BAD_DATA || kind == FAILURE_CRC_MISMATCH ||
			kind == FAILURE_SIZE_MISMATCH))
		extraction->record.failure = (struct failure){.kind = FAILURE_DECRYPTED};
	extraction_abandon(extraction);
	return EXTRACT_FAILED;
}

static enum extract_status fail_as(
	struct extraction *extraction, enum failure_kind kind, uint64_t first, uint64_t second)
{
	return fail(extraction, &(struct failure){kind, {first, second}});
}

/*
 * What array the member holds, by its .npy header or as it was said. All of it can be read, and the
 * buffer of compressed bytes is done with. 0, or -1 with *@failure.
 */
static int look_for_array(struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;
	bool in_place = extraction->strategy == STRATEGY_IN_PLACE;
	const struct member_place place = {
		.out = in_place ? NULL : extraction->target.out,
		.data = &extraction->decoding.data,
		.start = in_place ? extraction->start : extraction->target.start,
	};

	if (extraction->is_raw)
		extraction->record.array = &extraction->array;
	/* If it is only checked, there is no file to read the header from. */
	if (extraction->is_raw || extraction->strategy == STRATEGY_CHECK)
		return 0;
	return member_find_array(member, &place, extraction->decoding.in, &extraction->array,
		&extraction->record, failure);
}

/*
 * Read what follows the compressed stream of an encrypted member: whether its data are authentic is
 * known at their very end. 0, or -1 with *@failure.
 */
static int read_to_end(struct extraction *extraction, struct failure *failure)
{
	ssize_t got;

	do {
		got = member_data_read(&extraction->decoding.data, extraction->decoding.in,
			DECODING_INPUT_SIZE, failure);
	} while (got > 0);
	return (int)got;
}

/* All is decoded: hold it against what the archive states, and finish its file. */
static enum extract_status finish(struct extraction *extraction)
{
	const struct member *member = &extraction->member;
	struct target *target = &extraction->target;
	struct record *record = &extraction->record;
	uint64_t size_bytes = outfile_position(target->out) - target->start;
	struct failure failure = {0};

	if (size_bytes != member->size_bytes)
		return fail_as(extraction, FAILURE_SIZE_MISMATCH, member->size_bytes, size_bytes);
	if (member->encrypted && read_to_end(extraction, &failure) < 0)
		return fail(extraction, &failure);
	if (extraction->decoding.crc32 != member->crc32 && !member->crc_unstated)
		return fail_as(extraction, FAILURE_CRC_MISMATCH, member->crc32,
			extraction->decoding.crc32);
	record->size_bytes = size_bytes;
	record->crc32 = extraction->decoding.crc32;
	if (look_for_array(extraction, &failure) < 0 ||
		target_finish(target, &record->inode, &failure) < 0)
		return fail(extraction, &failure);
	extraction->bounds.total_left -= size_bytes;
	member_data_close(&extraction->decoding.data);
	return extraction->strategy == STRATEGY_PACK ? EXTRACT_PACKED : EXTRACT_WHOLE;
}

/* --- in place --------------------------------------------------------------------------------- */

/* The member in place is whole, as far as that is asked for. */
static enum extract_status finish_in_place(struct extraction *extraction)
{
	const struct member *member = &extraction->member;
	struct record *record = &extraction->record;
	struct failure failure = {0};

	if (!record->unchecked && extraction->decoding.crc32 != member->crc32)
		return fail_as(extraction, FAILURE_CRC_MISMATCH, member->crc32,
			extraction->decoding.crc32);
	record->size_bytes = member->size_bytes;
	record->crc32 = member->crc32;
	if (look_for_array(extraction, &failure) < 0)
		return fail(extraction, &failure);
	member_data_close(&extraction->decoding.data);
	return EXTRACT_WHOLE;
}

static enum extract_status begin_in_place(struct extraction *extraction)
{
	struct record *record = &extraction->record;

	record->place = PLACE_ARCHIVE;
	record->unchecked = extraction->in_place.unchecked;
	return record->unchecked ? finish_in_place(extraction) : EXTRACT_MORE;
}

static enum extract_status step_in_place(struct extraction *extraction)
{
	struct failure failure = {0};
	ssize_t size = in_place_read(&extraction->decoding.data, extraction->decoding.in,
		DECODING_INPUT_SIZE, &extraction->decoding.crc32, &failure);

	if (size < 0)
		return fail(extraction, &failure);
	return size > 0 ? EXTRACT_MORE : finish_in_place(extraction);
}

/* --- the beginning of a member ---------------------------------------------------------------- */

/* What is done with the member if it cannot stay in place. */
static enum strategy choose_file(const struct extraction *extraction)
{
	if (extraction->target.directory_fd < 0)
		return extraction->needs_files ? STRATEGY_NONE : STRATEGY_CHECK;
	return extraction->packs && extraction->member.size_bytes < PACK_MEMBER_MAX
		       ? STRATEGY_PACK
		       : STRATEGY_OWN_FILE;
}

/* See that the member may be unzipped, and has room. 0, or -1 with *@failure. */
static int check_bounds(const struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;
	struct bounds bounds = extraction->bounds;

	if (extraction->strategy == STRATEGY_NONE) {
		*failure = (struct failure){.kind = FAILURE_NO_DIRECTORY};
		return -1;
	}
	if (extraction->strategy == STRATEGY_IN_PLACE) {
		bounds.total_left = UINT64_MAX; /* it takes no room */
		return bounds_check(&bounds, member, failure);
	}
	if (bounds_check(&bounds, member, failure) < 0)
		return -1;
	if (member->size_bytes < BOUNDS_LARGE_MEMBER && !bounds.tight)
		return 0; /* all of its unit has been looked at */
	return bounds_check_room(extraction->target.directory_fd, member->size_bytes, 1, failure);
}

/* If the member holds what it does not say: see that it fits. 0, or -1 with *@failure. */
static int take_as_raw(struct extraction *extraction, struct failure *failure)
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

/*
 * The data of a member that could stay in place are open: see where that would be, and whether its
 * header speaks against it. Then its strategy is another one. 0, or -1 with *@failure.
 */
static int find_place(struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;
	struct record *record = &extraction->record;

	if (member->compressed_bytes != member->size_bytes) {
		*failure = (struct failure){
			FAILURE_SIZE_MISMATCH, {member->size_bytes, member->compressed_bytes}};
		return -1;
	}
	/* The place of no bytes is not known, and means nothing. */
	record->offset_bytes =
		member->size_bytes > 0 ? in_place_offset(&extraction->decoding.data) : 0;
	if (!extraction->in_place.aligned)
		return 0;
	if (look_for_array(extraction, failure) < 0)
		return -1;
	bool aligned = record_is_aligned(record);
	record->array = NULL; /* its type would not outlive the member's data */
	record->note = NOTE_NONE;
	if (aligned)
		return 0;
	extraction->strategy = choose_file(extraction);
	return check_bounds(extraction, failure);
}

/* Have the member's decoder and its file. */
static enum extract_status begin_decoding(
	struct extraction *extraction, const struct decoder_type *type)
{
	const struct member *member = &extraction->member;
	struct record *record = &extraction->record;
	struct failure failure = {0};

	if (decoding_begin(&extraction->decoding, member, type) < 0)
		return fail_as(extraction, FAILURE_NO_MEMORY, 0, 0);
	if (target_open(&extraction->target, extraction->strategy == STRATEGY_PACK, member,
		    record->npy_header ? &extraction->array : NULL, record, &failure) < 0)
		return fail(extraction, &failure);
	return EXTRACT_MORE;
}

enum extract_status extraction_begin(struct extraction *extraction, struct archive *archive,
	uint64_t archive_number, const struct member *member)
{
	const struct decoder_type *type = decoding_choose(&extraction->decoding, member);
	struct member_data *data = &extraction->decoding.data;
	struct failure failure = {0};

	extraction->member = *member;
	extraction->record = (struct record){
		.archive = archive_number,
		.member = member->index,
		.name = member->name,
		.name_size = member->name_size,
		.place = extraction->target.directory_fd < 0 ? PLACE_NOWHERE : PLACE_FILE,
	};
	decoding_stop(&extraction->decoding);
	extraction->strategy = in_place_is_possible(&extraction->in_place, member)
				       ? STRATEGY_IN_PLACE
				       : choose_file(extraction);
	if (take_as_raw(extraction, &failure) < 0 || check_bounds(extraction, &failure) < 0 ||
		member_data_open(archive, member, data, &failure) < 0)
		return fail(extraction, &failure);
	if (!type)
		return fail_as(extraction, FAILURE_UNSUPPORTED_METHOD, member->method, 0);
	extraction->start = data->offset;
	if (extraction->strategy == STRATEGY_IN_PLACE && find_place(extraction, &failure) < 0)
		return fail(extraction, &failure);
	if (extraction->strategy == STRATEGY_IN_PLACE)
		return begin_in_place(extraction);
	return begin_decoding(extraction, type);
}

/* --- steps ------------------------------------------------------------------------------------ */

static enum extract_status settle(
	struct extraction *extraction, enum decoding_status status, const struct failure *failure)
{
	if (status == DECODING_MORE)
		return EXTRACT_MORE;
	return status == DECODING_END ? finish(extraction) : fail(extraction, failure);
}

enum extract_status extraction_step(struct extraction *extraction)
{
	struct failure failure = {0};

	if (extraction->strategy == STRATEGY_IN_PLACE)
		return step_in_place(extraction);
	enum decoding_status status = decoding_step(&extraction->decoding, &failure);
	return settle(extraction, status, &failure);
}

bool extraction_is_pairable(const struct extraction *extraction, const struct member *member)
{
	const struct decoder_type *type = decoding_choose(&extraction->decoding, member);

	return type && decoder_type_is_pairable(type) && !member->encrypted;
}

void extraction_step_two(struct extraction *const lanes[2], enum extract_status statuses[2])
{
	struct decoding *const both[2] = {&lanes[0]->decoding, &lanes[1]->decoding};
	enum decoding_status ends[2];
	struct failure failures[2] = {0};

	if (!decoding_can_pair(both[0], both[1])) {
		for (int i = 0; i < 2; i++)
			statuses[i] = extraction_step(lanes[i]);
		return;
	}
	decoding_step_two(both, ends, failures);
	for (int i = 0; i < 2; i++)
		statuses[i] = settle(lanes[i], ends[i], &failures[i]);
}
