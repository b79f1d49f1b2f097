// SPDX-License-Identifier: MIT

#include "worker/extract/extract.h"

#include "util/io.h"
#include "worker/extract/admit.h"
#include "worker/extract/findings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct extraction *extraction_new(int directory_fd, bool pack, enum decoder_choice decoder)
{
	struct extraction *extraction = calloc(1, sizeof(*extraction));

	if (!extraction)
		return NULL;
	extraction->packs = pack;
	extraction->there.fd = -1;
	extraction->parts = PARTS_NEVER;
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
	source_close(&extraction->there);
	decoding_release(&extraction->decoding);
	target_release(&extraction->target);
	free(extraction);
}

void extraction_set_maker(struct extraction *extraction, const struct outfile_maker *maker)
{
	target_set_maker(&extraction->target, maker);
}

void extraction_set_memory(struct extraction *extraction)
{
	extraction->in_memory = true;
	target_set_memory(&extraction->target);
}

int extraction_take_file(struct extraction *extraction)
{
	return target_take_file(&extraction->target);
}

void extraction_set_bounds(struct extraction *extraction, const struct bounds *bounds)
{
	extraction->bounds = *bounds;
}

void extraction_set_in_place(struct extraction *extraction, const struct in_place *in_place)
{
	extraction->in_place = *in_place;
}

void extraction_trust_there(struct extraction *extraction)
{
	extraction->trusts_there = true;
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

void extraction_set_parts(struct extraction *extraction, enum parts_choice parts)
{
	extraction->parts = parts;
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
	source_close(&extraction->there);
	target_abandon(&extraction->target);
}

/* The member has failed: EXTRACT_FAILED, and nothing of it is left. */
static enum extract_status fail(struct extraction *extraction, const struct failure *failure)
{
	enum failure_kind kind = failure->kind;

	owner_stop(&extraction->owner);
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
	if (findings_look_for_array(extraction, &failure) < 0 ||
		target_finish(target, &record->inode, &failure) < 0)
		return fail(extraction, &failure);
	extraction->bounds.total_left -= size_bytes;
	member_data_close(&extraction->decoding.data);
	return extraction->strategy == STRATEGY_PACK ? EXTRACT_PACKED : EXTRACT_WHOLE;
}

/* --- in place, or there ----------------------------------------------------------------------- */

static enum extract_status unzip(struct extraction *extraction);

/* The bytes are not what the archive states. If they are in a file that is there, that is left. */
static enum extract_status refuse(struct extraction *extraction, const struct failure *failure)
{
	if (extraction->strategy != STRATEGY_THERE)
		return fail(extraction, failure);
	source_close(&extraction->there);
	return unzip(extraction);
}

static enum extract_status finish_in_place(struct extraction *extraction)
{
	struct failure failure = {0};

	if (findings_check_in_place(extraction, &failure) < 0)
		return refuse(extraction, &failure);
	member_data_close(&extraction->decoding.data);
	source_close(&extraction->there);
	return EXTRACT_WHOLE;
}

static enum extract_status begin_in_place(
	struct extraction *extraction, enum record_place place, bool unchecked)
{
	extraction->record.place = place;
	extraction->record.unchecked = unchecked;
	return unchecked ? finish_in_place(extraction) : EXTRACT_MORE;
}

static enum extract_status step_in_place(struct extraction *extraction)
{
	struct failure failure = {0};
	ssize_t size = in_place_read(&extraction->bytes, extraction->decoding.in,
		DECODING_INPUT_SIZE, &extraction->decoding.crc32, &failure);

	if (size < 0)
		return refuse(extraction, &failure);
	return size > 0 ? EXTRACT_MORE : finish_in_place(extraction);
}

/* --- the beginning of a member ---------------------------------------------------------------- */

/* Have the member's decoder and its file. */
static enum extract_status begin_decoding(
	struct extraction *extraction, const struct decoder_type *type)
{
	const struct member *member = &extraction->member;
	struct record *record = &extraction->record;
	bool packed = extraction->strategy == STRATEGY_PACK;
	bool makes_file = target_needs_file(&extraction->target, packed);
	struct failure failure = {0};

	if (decoding_begin(&extraction->decoding, member, type) < 0)
		return fail_as(extraction, FAILURE_NO_MEMORY, 0, 0);
	if (target_open(&extraction->target, packed, member,
		    record->npy_header ? &extraction->array : NULL, record, &failure) < 0)
		return fail(extraction, &failure);
	extraction->bounds.files_left -= makes_file && extraction->in_memory;
	owner_offer(&extraction->owner, &extraction->decoding, extraction->parts);
	extraction->unreserved_steps = extraction->owner.offered ? ADMIT_UNRESERVED_STEPS : 0;
	if (admit_reserve(extraction, &failure) < 0)
		return fail(extraction, &failure);
	return EXTRACT_MORE;
}

/* Where a member is unless it stays in place. */
static enum record_place place_of(const struct extraction *extraction)
{
	if (extraction->in_memory)
		return PLACE_MEMORY;
	return extraction->target.directory_fd < 0 ? PLACE_NOWHERE : PLACE_FILE;
}

/* A new member is in hand. */
static void take_member(struct extraction *extraction, struct archive *archive,
	uint64_t archive_number, const struct member *member)
{
	extraction->archive = archive;
	extraction->member = *member;
	extraction->record = (struct record){
		.archive = archive_number,
		.member = member->index,
		.name = member->name,
		.name_size = member->name_size,
		.place = place_of(extraction),
	};
	extraction->reserved = false;
	decoding_stop(&extraction->decoding);
	owner_stop(&extraction->owner);
}

enum extract_status extraction_begin(struct extraction *extraction, struct archive *archive,
	uint64_t archive_number, const struct member *member)
{
	const struct decoder_type *type = decoding_choose(&extraction->decoding, member);
	struct member_data *data = &extraction->decoding.data;
	struct failure failure = {0};

	take_member(extraction, archive, archive_number, member);
	extraction->strategy = in_place_is_possible(&extraction->in_place, member)
				       ? STRATEGY_IN_PLACE
				       : admit_strategy(extraction);
	if (admit_as_raw(extraction, &failure) < 0 ||
		admit_check_bounds(extraction, &failure) < 0 ||
		member_data_open(archive, member, data, &failure) < 0)
		return fail(extraction, &failure);
	if (!type)
		return fail_as(extraction, FAILURE_UNSUPPORTED_METHOD, member->method, 0);
	extraction->bytes = (struct in_place_bytes){
		&archive->source, data->offset, member->compressed_bytes, 0};
	if (extraction->strategy == STRATEGY_IN_PLACE &&
		findings_look_for_place(extraction, &failure) < 0)
		return fail(extraction, &failure);
	if (extraction->strategy == STRATEGY_IN_PLACE)
		return begin_in_place(extraction, PLACE_ARCHIVE, extraction->in_place.unchecked);
	return begin_decoding(extraction, type);
}

/* The member in hand is unzipped after all. */
static enum extract_status unzip(struct extraction *extraction)
{
	const struct member member = extraction->member;

	return extraction_begin(
		extraction, extraction->archive, extraction->record.archive, &member);
}

enum extract_status extraction_begin_there(struct extraction *extraction, struct archive *archive,
	uint64_t archive_number, const struct member *member, int fd)
{
	struct source *there = &extraction->there;
	struct failure failure = {0};
	struct stat status;

	take_member(extraction, archive, archive_number, member);
	extraction->strategy = STRATEGY_THERE;
	*there = (struct source){.fd = fd, .size_bytes = member->size_bytes}; /* has no window */
	extraction->bytes = (struct in_place_bytes){there, 0, member->size_bytes, 0};
	if (admit_as_raw(extraction, &failure) < 0 || admit_check_bounds(extraction, &failure) < 0)
		return fail(extraction, &failure);
	if (io_status(fd, &status) < 0 || (uint64_t)status.st_size != member->size_bytes)
		return refuse(extraction, &failure);
	extraction->record.inode = status.st_ino;
	return begin_in_place(extraction, PLACE_THERE, extraction->trusts_there);
}

/* --- steps ------------------------------------------------------------------------------------ */

static enum extract_status settle(
	struct extraction *extraction, enum decoding_status status, const struct failure *failure)
{
	if (status == DECODING_MORE)
		return EXTRACT_MORE;
	if (status == DECODING_WAIT)
		return EXTRACT_WAIT;
	return status == DECODING_END ? finish(extraction) : fail(extraction, failure);
}

enum extract_status extraction_step(struct extraction *extraction)
{
	struct failure failure = {0};

	if (extraction->strategy == STRATEGY_IN_PLACE || extraction->strategy == STRATEGY_THERE)
		return step_in_place(extraction);
	if (admit_reserve(extraction, &failure) < 0)
		return fail(extraction, &failure);
	enum decoding_status status =
		extraction->owner.shared
			? owner_step(&extraction->owner, &extraction->decoding, &failure)
			: decoding_step(&extraction->decoding, &failure);
	return settle(extraction, status, &failure);
}

bool extraction_is_pairable(const struct extraction *extraction, const struct member *member)
{
	const struct decoder_type *type = decoding_choose(&extraction->decoding, member);

	return type && decoder_type_is_pairable(type) && !member->encrypted &&
	       !(extraction->owner.shared && member->index == extraction->member.index);
}

bool extraction_is_offered(const struct extraction *extraction)
{
	return extraction->owner.offered || extraction->owner.word_count > 0;
}

bool extraction_take_word(struct extraction *extraction, struct message_part *word)
{
	return owner_take_word(&extraction->owner, word);
}

enum extract_status extraction_hear(
	struct extraction *extraction, const struct message_part *word, int fd)
{
	struct failure failure = {0};

	if (owner_hear(&extraction->owner, &extraction->decoding, word, fd, &failure) < 0)
		return fail(extraction, &failure);
	return EXTRACT_MORE;
}

void extraction_step_two(struct extraction *const lanes[2], enum extract_status statuses[2])
{
	struct decoding *const both[2] = {&lanes[0]->decoding, &lanes[1]->decoding};
	enum decoding_status ends[2];
	struct failure failures[2] = {0};

	if (!decoding_can_pair(both[0], both[1]) || lanes[0]->owner.shared ||
		lanes[1]->owner.shared) {
		for (int i = 0; i < 2; i++)
			statuses[i] = extraction_step(lanes[i]);
		return;
	}
	for (int i = 0; i < 2; i++)
		statuses[i] = admit_reserve(lanes[i], &failures[i]) < 0
				      ? fail(lanes[i], &failures[i])
				      : EXTRACT_MORE;
	if (statuses[0] != EXTRACT_MORE || statuses[1] != EXTRACT_MORE)
		return; /* the other one goes on next time */
	decoding_step_two(both, ends, failures);
	for (int i = 0; i < 2; i++)
		statuses[i] = settle(lanes[i], ends[i], &failures[i]);
}
