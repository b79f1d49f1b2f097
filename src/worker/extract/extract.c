// SPDX-License-Identifier: MIT

#include "worker/extract/extract.h"

#include "util/cleanup.h"
#include "worker/decode/buffer.h"
#include "worker/decode/checksum.h"
#include "worker/extract/parts.h"
#include "worker/extract/placing.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct extraction *extraction_new(int directory_fd, bool pack, enum decoder decoder)
{
	struct extraction *extraction = calloc(1, sizeof(*extraction));

	if (!extraction)
		return NULL;
	extraction->directory_fd = directory_fd;
	extraction->packs = pack;
	bounds_init(&extraction->bounds);
	extraction->decoder = decoder;
	enum decoder large = inflate_choose(decoder, UINT64_MAX);
	enum decoder small = inflate_choose(decoder, 0);
	extraction->large = inflater_new(large);
	extraction->small = small == large ? extraction->large : inflater_new(small);
	/* What is asked for by name decodes alone. */
	extraction->whole_inflater = decoder == DECODER_AUTO ? whole_inflater_new() : NULL;
	extraction->in = buffer_new(EXTRACT_INPUT_SIZE);
	int own = outfile_init(&extraction->own, directory_fd);
	int shared = outfile_init(&extraction->pack, directory_fd);
	if (!extraction->large || !extraction->small || !extraction->in || own < 0 || shared < 0) {
		extraction_free(extraction);
		return NULL;
	}
	return extraction;
}

void extraction_free(struct extraction *extraction)
{
	if (!extraction)
		return;
	member_data_close(&extraction->data);
	outfile_release(&extraction->own);
	outfile_release(&extraction->pack);
	if (extraction->small != extraction->large)
		inflater_free(extraction->small);
	inflater_free(extraction->large);
	whole_inflater_free(extraction->whole_inflater);
	codec_free(extraction->codec);
	free(extraction->in);
	free(extraction);
}

void extraction_set_bounds(struct extraction *extraction, const struct bounds *bounds)
{
	extraction->bounds = *bounds;
}

void extraction_set_in_place(struct extraction *extraction, const struct in_place *in_place)
{
	extraction->in_place = *in_place;
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

enum extract_status extraction_fail(struct extraction *extraction, struct failure failure)
{
	bool mismatch = failure.kind == FAILURE_BAD_DATA || failure.kind == FAILURE_CRC_MISMATCH ||
			failure.kind == FAILURE_SIZE_MISMATCH;

	/* What verifies a password is one or two bytes: others pass, and give other data. */
	if (extraction->member.encrypted && mismatch)
		failure = (struct failure){.kind = FAILURE_DECRYPTED};
	extraction_abandon(extraction);
	extraction->record.failure = failure;
	return EXTRACT_FAILED;
}

enum extract_status extraction_fail_as(
	struct extraction *extraction, enum failure_kind kind, uint64_t first, uint64_t second)
{
	return extraction_fail(extraction, (struct failure){kind, {first, second}});
}

bool extraction_is_within_bounds(const struct extraction *extraction, struct failure *failure)
{
	const struct member *member = &extraction->member;
	uint64_t size_bytes = member->size_bytes;

	if (extraction->stays) {
		/* It takes no room, so that only the limits of one member are for it. */
		struct bounds bounds = extraction->bounds;
		bounds.total_left = UINT64_MAX;
		return bounds_allow(&bounds, member, failure);
	}
	if (!bounds_allow(&extraction->bounds, member, failure))
		return false;
	if (size_bytes < BOUNDS_LARGE_MEMBER && !extraction->bounds.tight)
		return true; /* all of its unit has been looked at */
	return bounds_have_room(extraction->directory_fd, size_bytes, 1, failure);
}

static enum decoder choose_decoder(const struct extraction *extraction, const struct member *member)
{
	return inflate_choose(extraction->decoder, member->size_bytes);
}

bool extraction_gains_from_two(const struct extraction *extraction, const struct member *member)
{
	return member->method == METHOD_DEFLATE && !member->encrypted &&
	       choose_decoder(extraction, member) == DECODER_TWIN;
}

static struct inflater *choose_inflater(const struct extraction *extraction)
{
	bool large = choose_decoder(extraction, &extraction->member) ==
		     inflater_decoder(extraction->large);

	return large ? extraction->large : extraction->small;
}

/*
 * Have the codec of the member's method, if it is for one, at the start of a stream. One that is no
 * longer needed gives its window back. DECODE_NEED_INPUT, or an error.
 */
static enum decode_status prepare_codec(struct extraction *extraction)
{
	const struct member *member = &extraction->member;

	extraction->coded = codec_knows(member->method);
	if (extraction->codec && codec_method(extraction->codec) != member->method)
		codec_free(steal_pointer(&extraction->codec));
	if (!extraction->coded)
		return DECODE_NEED_INPUT;
	if (!extraction->codec)
		extraction->codec = codec_new(member->method);
	return extraction->codec ? codec_reset(extraction->codec, member->size_bytes)
				 : DECODE_NO_MEMORY;
}

enum extract_status extraction_begin(struct extraction *extraction, struct archive *archive,
	uint64_t archive_number, const struct member *member)
{
	struct failure failure = {0};

	extraction->member = *member;
	extraction->record = (struct record){
		.archive = archive_number,
		.member = member->index,
		.name = member->name,
		.name_size = member->name_size,
		.place = extraction->own.directory_fd < 0 ? PLACE_NOWHERE : PLACE_FILE,
	};
	extraction->crc32 = 0;
	extraction->span = (struct inflate_span){0};
	extraction->exhausted = false;
	extraction->room = NULL;

	if (prepare_codec(extraction) != DECODE_NEED_INPUT)
		return extraction_fail_as(extraction, FAILURE_NO_MEMORY, 0, 0);
	if (!extraction_take_as_raw(extraction, &failure))
		return extraction_fail(extraction, failure);
	bool inflating = member->method == METHOD_DEFLATE;
	extraction->inflater = inflating ? choose_inflater(extraction) : NULL;
	extraction->whole = inflating && extraction->whole_inflater &&
			    member->size_bytes <= INFLATE_WHOLE_MAX &&
			    member->compressed_bytes <= EXTRACT_INPUT_SIZE;
	extraction->stays = stay_possibly(&extraction->in_place, member);
	bool raw = inflating || extraction->coded || member->method == METHOD_STORED;
	if (!extraction_is_within_bounds(extraction, &failure))
		return extraction_fail(extraction, failure);
	if (member_data_open(archive, member, raw, &extraction->data, &failure) < 0)
		return extraction_fail(extraction, failure);
	if (extraction->stays && extraction_find_place(extraction, &failure) < 0)
		return extraction_fail(extraction, failure);
	if (extraction->stays)
		return extraction_begin_stay(extraction);
	if (inflating)
		inflater_reset(extraction->inflater);
	if (extraction_open_file(extraction) < 0)
		return extraction_fail(extraction, extraction_writing_failure(errno));
	extraction->out->history = inflating ? INFLATE_HISTORY : 0;
	return EXTRACT_MORE;
}

/* Have room for the next piece, unless one is begun. 0, or -1 with errno. */
static int prepare_output(struct extraction *extraction)
{
	size_t least = extraction->whole ? (size_t)extraction->member.size_bytes : 0;

	if (extraction->room)
		return 0;
	extraction->room =
		outfile_room(extraction->out, least > 0 ? least : 1, &extraction->room_size);
	extraction->span.out = extraction->room;
	extraction->span.out_size = extraction->room_size;
	return extraction->room ? 0 : -1;
}

/* Have unread compressed bytes in the buffer unless the data have ended. 0, or -1. */
static int prepare_input(struct extraction *extraction, struct failure *failure)
{
	if (extraction->span.in_size > 0)
		return 0;
	ssize_t got =
		member_data_read(&extraction->data, extraction->in, EXTRACT_INPUT_SIZE, failure);
	if (got < 0)
		return -1;
	extraction->span.in = extraction->in;
	extraction->span.in_size = (size_t)got;
	extraction->exhausted = got == 0;
	return 0;
}

/* Inflate the whole member, unless that does not come out. */
static bool inflate_whole(struct extraction *extraction)
{
	const struct member *member = &extraction->member;
	struct inflate_span *span = &extraction->span;

	if (span->in_size != member->compressed_bytes ||
		!whole_inflater_run(extraction->whole_inflater, span->in, span->in_size, span->out,
			(size_t)member->size_bytes))
		return false;
	span->out += member->size_bytes;
	return true;
}

/*
 * Read what follows the compressed stream of an encrypted member: whether its data are authentic is
 * known at their very end. 0, or -1 with *@failure.
 */
static int read_to_end(struct extraction *extraction, struct failure *failure)
{
	ssize_t got;

	do {
		got = member_data_read(
			&extraction->data, extraction->in, EXTRACT_INPUT_SIZE, failure);
	} while (got > 0);
	return (int)got;
}

/* All is decoded: hold it against what the archive states, and finish a file of its own. */
static enum extract_status finish(struct extraction *extraction)
{
	const struct member *member = &extraction->member;
	struct record *record = &extraction->record;
	uint64_t size_bytes = outfile_position(extraction->out) - extraction->start;
	struct failure failure = {0};

	if (size_bytes != member->size_bytes)
		return extraction_fail_as(
			extraction, FAILURE_SIZE_MISMATCH, member->size_bytes, size_bytes);
	if (member->encrypted && read_to_end(extraction, &failure) < 0)
		return extraction_fail(extraction, failure);
	if (extraction->crc32 != member->crc32 && !member->crc_unstated)
		return extraction_fail_as(
			extraction, FAILURE_CRC_MISMATCH, member->crc32, extraction->crc32);
	record->size_bytes = size_bytes;
	record->crc32 = extraction->crc32;
	if (extraction_look_for_array(extraction, &failure) < 0 ||
		extraction_finish_file(extraction, &failure) < 0)
		return extraction_fail(extraction, failure);
	extraction->bounds.total_left -= size_bytes;
	member_data_close(&extraction->data);
	return record->packed ? EXTRACT_PACKED : EXTRACT_WHOLE;
}

/* The piece in hand is decoded: @size bytes. Have it written; @end: it is the last. */
static enum extract_status take_piece(struct extraction *extraction, size_t size, bool end)
{
	struct outfile *out = extraction->out;
	const uint8_t *piece = steal_pointer(&extraction->room);
	uint64_t stated = extraction->member.size_bytes;
	/* More than stated is refused before it is written, so that a lie costs no space. */
	uint64_t done = outfile_position(out) - extraction->start;

	if (size > stated - done)
		return extraction_fail_as(extraction, FAILURE_SIZE_MISMATCH, stated, done + size);
	extraction->crc32 = checksum_crc32(extraction->crc32, piece, size);
	outfile_commit(out, size);
	return end ? finish(extraction) : EXTRACT_MORE;
}

/* A piece of data that come as they are. */
static enum extract_status copy_step(struct extraction *extraction)
{
	struct failure failure = {0};

	if (prepare_output(extraction) < 0)
		return extraction_fail(extraction, extraction_writing_failure(errno));
	ssize_t size = member_data_read(
		&extraction->data, extraction->room, extraction->room_size, &failure);
	if (size >= 0)
		return take_piece(extraction, (size_t)size, size == 0);
	if (failure.kind == FAILURE_CRC_MISMATCH) { /* libzip's word, without numbers */
		failure.numbers[0] = extraction->member.crc32;
		failure.numbers[1] = extraction->crc32;
	}
	return extraction_fail(extraction, failure);
}

/* Have input and room for the decoder. EXTRACT_MORE, or how it failed. */
static enum extract_status prepare(struct extraction *extraction)
{
	struct failure failure = {0};

	if (prepare_output(extraction) < 0)
		return extraction_fail(extraction, extraction_writing_failure(errno));
	if (prepare_input(extraction, &failure) < 0)
		return extraction_fail(extraction, failure);
	return EXTRACT_MORE;
}

/* The decoder has stopped: go on by what it says. */
static enum extract_status settle(struct extraction *extraction, enum inflate_status status)
{
	size_t size = (size_t)(extraction->span.out - extraction->room);

	switch (status) {
	case INFLATE_END:
	case INFLATE_NEED_OUTPUT:
		return take_piece(extraction, size, status == INFLATE_END);
	case INFLATE_NEED_INPUT:
		if (!extraction->exhausted)
			return EXTRACT_MORE;
		break;
	case INFLATE_PAUSED:
		return EXTRACT_MORE;
	case INFLATE_NO_MEMORY:
		return extraction_fail_as(extraction, FAILURE_NO_MEMORY, 0, 0);
	case INFLATE_BAD_DATA:
		break;
	}
	return extraction_fail_as(extraction, FAILURE_BAD_DATA, 0, 0);
}

/* A piece by the codec. */
static enum extract_status codec_step(struct extraction *extraction)
{
	enum extract_status prepared = prepare(extraction);

	if (prepared != EXTRACT_MORE)
		return prepared;
	switch (codec_run(extraction->codec, &extraction->span, extraction->exhausted)) {
	case DECODE_NEED_INPUT:
		return settle(extraction, INFLATE_NEED_INPUT);
	case DECODE_NEED_OUTPUT:
		return settle(extraction, INFLATE_NEED_OUTPUT);
	case DECODE_END:
		return settle(extraction, INFLATE_END);
	case DECODE_NO_MEMORY:
		return settle(extraction, INFLATE_NO_MEMORY);
	case DECODE_WINDOW:
		return extraction_fail_as(extraction, FAILURE_WINDOW, 0, 0);
	case DECODE_BAD_DATA:
		break;
	}
	return settle(extraction, INFLATE_BAD_DATA);
}

enum extract_status extraction_step(struct extraction *extraction)
{
	if (extraction->stays)
		return extraction_stay_step(extraction);
	if (extraction->coded)
		return codec_step(extraction);
	if (!extraction->inflater)
		return copy_step(extraction);
	enum extract_status status = prepare(extraction);
	if (status != EXTRACT_MORE)
		return status;
	if (extraction->whole && inflate_whole(extraction))
		return settle(extraction, INFLATE_END);
	extraction->whole = false;
	return settle(extraction, inflater_run(extraction->inflater, &extraction->span));
}

/* Whether the member in hand is decoded by what takes two. */
static bool is_twin(const struct extraction *extraction)
{
	return extraction->inflater && inflater_decoder(extraction->inflater) == DECODER_TWIN;
}

void extraction_step_two(struct extraction *const lanes[2], enum extract_status statuses[2])
{
	enum inflate_status stops[2];

	if (!is_twin(lanes[0]) || !is_twin(lanes[1])) {
		for (int i = 0; i < 2; i++)
			statuses[i] = extraction_step(lanes[i]);
		return;
	}
	for (int i = 0; i < 2; i++)
		statuses[i] = prepare(lanes[i]);
	if (statuses[0] != EXTRACT_MORE || statuses[1] != EXTRACT_MORE)
		return; /* the other one goes on next time */
	inflater_run_two((struct inflater *const[]){lanes[0]->inflater, lanes[1]->inflater},
		(struct inflate_span *const[]){&lanes[0]->span, &lanes[1]->span}, stops);
	for (int i = 0; i < 2; i++)
		statuses[i] = settle(lanes[i], stops[i]);
}
