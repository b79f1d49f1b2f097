// SPDX-License-Identifier: MIT

#include "worker/extract/decoding.h"

#include "worker/decode/buffer.h"
#include "worker/decode/checksum.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int decoding_init(struct decoding *decoding, struct target *target, enum decoder_choice wanted)
{
	*decoding = (struct decoding){.target = target, .wanted = wanted};
	decoding->in = buffer_new(DECODING_INPUT_SIZE);
	return decoding->in ? 0 : -1;
}

void decoding_release(struct decoding *decoding)
{
	member_data_close(&decoding->data);
	decoder_set_release(&decoding->decoders);
	free(decoding->in);
}

const struct decoder_type *decoding_choose(
	const struct decoding *decoding, const struct member *member)
{
	uint16_t method = member->method;

	/* Nothing is to be decoded of no bytes, whatever the method. */
	if (member->size_bytes == 0 && member->compressed_bytes == 0)
		return &decoder_stored;
	/* What is encrypted does not come in one piece. */
	if (member->encrypted)
		return decoder_choose_stream(method, decoding->wanted, member->size_bytes);
	return decoder_choose(method, decoding->wanted, member->size_bytes);
}

void decoding_stop(struct decoding *decoding)
{
	decoding->decoder = NULL;
	decoding->span = (struct decode_span){0};
	decoding->exhausted = false;
	decoding->room = NULL;
	decoding->crc32 = 0;
}

int decoding_begin(
	struct decoding *decoding, const struct member *member, const struct decoder_type *type)
{
	decoding_stop(decoding);
	decoding->member = member;
	decoding->decoder = decoder_set_begin(&decoding->decoders, type, member->size_bytes);
	return decoding->decoder ? 0 : -1;
}

/* Have room for the next piece, unless one is begun. 0, or -1 with *@failure. */
static int prepare_output(struct decoding *decoding, struct failure *failure)
{
	const struct decoder_type *type = decoding->decoder->type;
	struct outfile *out = decoding->target->out;
	size_t whole = type->whole ? (size_t)decoding->member->size_bytes : 0;

	if (decoding->room)
		return 0;
	out->history = type->history_bytes;
	decoding->room = outfile_room(out, whole > 0 ? whole : 1, &decoding->span.out_size);
	decoding->span.out = decoding->room;
	if (decoding->room)
		return 0;
	target_explain(errno, failure);
	return -1;
}

/* The CRC-32 of all that is decoded. */
static uint32_t crc32_so_far(const struct decoding *decoding)
{
	return checksum_crc32(
		decoding->crc32, decoding->room, (size_t)(decoding->span.out - decoding->room));
}

/* Have unread compressed bytes unless the data have ended. 0, or -1 with *@failure. */
static int prepare_input(struct decoding *decoding, struct failure *failure)
{
	struct decode_span *span = &decoding->span;
	bool copies = decoding->decoder->type->copies;
	uint8_t *to = copies ? span->out : decoding->in;
	size_t size = copies ? span->out_size : DECODING_INPUT_SIZE;

	if (span->in_size > 0)
		return 0;
	ssize_t got = member_data_read(&decoding->data, to, size, failure);
	if (got < 0)
		return -1;
	span->in = to;
	span->in_size = (size_t)got;
	decoding->exhausted = got == 0;
	return 0;
}

int decoding_prepare(struct decoding *decoding, struct failure *failure)
{
	if (prepare_output(decoding, failure) < 0)
		return -1;
	return prepare_input(decoding, failure);
}

/* The piece in hand is decoded: have it written. @end: it is the last. */
static enum decoding_status take_piece(struct decoding *decoding, bool end, struct failure *failure)
{
	const struct target *target = decoding->target;
	size_t size = (size_t)(decoding->span.out - decoding->room);
	uint64_t stated = decoding->member->size_bytes;
	/* More than stated is refused before it is written, so that a lie costs no space. */
	uint64_t done = outfile_position(target->out) - target->start;

	if (size > stated - done) {
		*failure = (struct failure){FAILURE_SIZE_MISMATCH, {stated, done + size}};
		return DECODING_FAILED;
	}
	decoding->crc32 = crc32_so_far(decoding);
	decoding->room = NULL;
	outfile_commit(target->out, size);
	return end ? DECODING_END : DECODING_MORE;
}

enum decoding_status decoding_take(struct decoding *decoding, struct failure *failure)
{
	return take_piece(decoding, false, failure);
}

/* The decoder has stopped: go on by what it says. */
static enum decoding_status settle(
	struct decoding *decoding, enum decode_status status, struct failure *failure)
{
	*failure = (struct failure){.kind = FAILURE_BAD_DATA};
	switch (status) {
	case DECODE_END:
	case DECODE_NEED_OUTPUT:
		return take_piece(decoding, status == DECODE_END, failure);
	case DECODE_NEED_INPUT:
		if (!decoding->exhausted)
			return DECODING_MORE;
		break;
	case DECODE_PAUSED:
		return DECODING_MORE;
	case DECODE_NO_MEMORY:
		failure->kind = FAILURE_NO_MEMORY;
		break;
	case DECODE_WINDOW:
		failure->kind = FAILURE_WINDOW;
		break;
	case DECODE_BAD_DATA:
		break;
	}
	return DECODING_FAILED;
}

/*
 * Decode the member in one go. If that does not come out, a decoder of streams begins anew, which
 * says what is wrong.
 */
static enum decoding_status step_whole(struct decoding *decoding, struct failure *failure)
{
	const struct member *member = decoding->member;
	struct decode_span *span = &decoding->span;

	static_assert(DECODE_WHOLE_MAX <= OUTFILE_BUFFER_SIZE / 2, "the buffer has room for it");
	if (span->in_size == member->compressed_bytes &&
		decoder_run(decoding->decoder, span, true) == DECODE_END)
		return settle(decoding, DECODE_END, failure);
	decoding->decoder = decoder_set_begin(&decoding->decoders,
		decoder_choose_stream(member->method, decoding->wanted, member->size_bytes),
		member->size_bytes);
	if (decoding->decoder)
		return DECODING_MORE;
	failure->kind = FAILURE_NO_MEMORY;
	return DECODING_FAILED;
}

enum decoding_status decoding_step(struct decoding *decoding, struct failure *failure)
{
	if (decoding_prepare(decoding, failure) < 0)
		return DECODING_FAILED;
	if (decoding->decoder->type->whole)
		return step_whole(decoding, failure);
	return settle(decoding,
		decoder_run(decoding->decoder, &decoding->span, decoding->exhausted), failure);
}

bool decoding_can_pair(const struct decoding *first, const struct decoding *second)
{
	return first->decoder && second->decoder && first->decoder->type == second->decoder->type &&
	       decoder_type_is_pairable(first->decoder->type);
}

void decoding_step_two(struct decoding *const both[2], enum decoding_status statuses[2],
	struct failure failures[2])
{
	enum decode_status stops[2];

	for (int i = 0; i < 2; i++)
		statuses[i] = decoding_prepare(both[i], &failures[i]) < 0 ? DECODING_FAILED
									  : DECODING_MORE;
	if (statuses[0] == DECODING_FAILED || statuses[1] == DECODING_FAILED)
		return; /* the other one goes on next time */
	decoder_run_two((struct decoder *const[]){both[0]->decoder, both[1]->decoder},
		(struct decode_span *const[]){&both[0]->span, &both[1]->span}, stops);
	for (int i = 0; i < 2; i++)
		statuses[i] = settle(both[i], stops[i], &failures[i]);
}
