// SPDX-License-Identifier: MIT

#include "worker/parts/owner.h"

#include "util/memory.h"
#include "worker/twin/twin.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* With --parts=always, from this size on. */
#define ALWAYS_MIN (UINT64_C(256) * 1024)

static void say(struct owner *owner, enum part_step step, unsigned helper, uint64_t place)
{
	assert(owner->word_count < OWNER_WORDS_MAX);
	owner->words[owner->word_count++] =
		(struct message_part){.step = step, .helper = helper, .place = place};
}

void owner_stop(struct owner *owner)
{
	owner->offered = false;
	owner->shared = false;
	owner->word_count = 0;
}

void owner_offer(struct owner *owner, const struct decoding *decoding, enum parts_choice choice)
{
	const struct member *member = decoding->member;
	const struct target *target = decoding->target;
	bool large = choice == PARTS_ALWAYS
			     ? member->size_bytes >= ALWAYS_MIN
			     : join_is_worth_it(member->compressed_bytes, member->size_bytes);

	if (!large || choice == PARTS_NEVER || decoding->decoder->type != &decoder_twin ||
		member->encrypted || target->out != &target->own)
		return;
	owner->offered = true;
	owner->data_at = decoding->data.offset;
	say(owner, PART_OFFER, 0, owner->data_at);
	struct message_part *offer = &owner->words[owner->word_count - 1];
	offer->member = member->index;
	offer->bytes = member->compressed_bytes;
	offer->end = member->size_bytes;
	if (target->out->fd < 0)
		return; /* there is no file */
	offer->name = target->out->name;
	offer->name_size = (uint16_t)strlen(target->out->name);
}

bool owner_take_word(struct owner *owner, struct message_part *word)
{
	if (owner->word_count == 0)
		return false;
	*word = owner->words[0];
	owner->word_count--;
	memmove(owner->words, owner->words + 1, owner->word_count * sizeof(owner->words[0]));
	return true;
}

/* --- where the owner is ----------------------------------------------------------------------- */

static uint64_t member_position(const struct decoding *decoding)
{
	return outfile_position(decoding->target->out) - decoding->target->start;
}

/* The owner has come to @place: what it has written since it last said so is a piece. */
static void join_written_so_far(struct owner *owner, struct decoding *decoding, uint64_t place)
{
	uint64_t size_bytes = member_position(decoding) - owner->own_at;

	join_own(&owner->join, size_bytes, decoding->crc32, place);
	owner->own_at += size_bytes;
	owner->place = place;
	decoding->crc32 = 0;
}

static void note_input(struct owner *owner, const struct decoding *decoding)
{
	uint64_t compressed = decoding->member->compressed_bytes;

	owner->blocks.in_place = compressed - decoding->data.left - decoding->span.in_size;
}

/* Somebody could help for the first time: the owner takes over from where the decoder is. */
static int share(struct owner *owner, struct decoding *decoding, struct failure *failure)
{
	const struct member *member = decoding->member;

	if (decoding->room && decoding_take(decoding, failure) == DECODING_FAILED)
		return -1;
	owner->shared = true;
	owner->ended = false;
	owner->at_block = false;
	owner->retreating = false;
	owner->own_at = 0;
	owner->redone = NULL;
	join_init(&owner->join, member->compressed_bytes, member->size_bytes);
	owner->blocks = (struct blocks){.twin = (struct twin *)(void *)decoding->decoder};
	note_input(owner, decoding);
	join_written_so_far(owner, decoding, blocks_place(&owner->blocks));
	return 0;
}

/*
 * Go on at @place, whose bytes belong at @at_bytes of the member. The window is in the file. 0, or
 * -1 with *@failure.
 */
static int go_to(struct owner *owner, struct decoding *decoding, uint64_t place, uint64_t at_bytes,
	struct failure *failure)
{
	struct member_data *data = &decoding->data;
	struct decode_span *span = &decoding->span;
	uint64_t byte = place / 8;

	if (outfile_seek(decoding->target->out, decoding->target->start + at_bytes,
		    owner->tails_end) < 0) {
		target_explain(errno, failure);
		return -1;
	}
	owner->own_at = at_bytes;
	owner->place = place;
	decoding->crc32 = 0;
	decoding->room = NULL;
	data->offset = owner->data_at + byte;
	data->left = decoding->member->compressed_bytes - byte;
	span->in_size = 0;
	if (data->left == 0)
		return 0; /* the end of the stream */
	if (decoding_prepare(decoding, failure) < 0)
		return -1;
	if (span->in_size == 0) {
		failure->kind = FAILURE_TRUNCATED;
		return -1;
	}
	blocks_start_at(&owner->blocks, owner->blocks.twin, place, span->in[0]);
	span->in++;
	span->in_size--;
	return 0;
}

/* --- what is said ----------------------------------------------------------------------------- */

static void answer(struct owner *owner, unsigned helper)
{
	uint64_t from;
	uint64_t to;

	if (owner->ended || owner->retreating || owner->join.helpers[helper].state != JOIN_FREE ||
		!join_ask(&owner->join, helper, &from, &to)) {
		say(owner, PART_NONE, helper, 0);
		return;
	}
	say(owner, PART_STRETCH, helper, from);
	owner->words[owner->word_count - 1].end = to;
}

int owner_hear(struct owner *owner, struct decoding *decoding, const struct message_part *part,
	int fd, struct failure *failure)
{
	struct join *join = &owner->join;

	if (fd >= 0)
		outfile_set_tails(&decoding->target->own, fd);
	if (part->step == PART_ASK) {
		if (!owner->offered || !outfile_is_shareable(decoding->target->out)) {
			say(owner, PART_NONE, part->helper, 0);
			return 0;
		}
		if (!owner->shared && share(owner, decoding, failure) < 0)
			return -1;
		owner->join.now_ns = monotonic_ns();
		answer(owner, part->helper);
		return 0;
	}
	if (!owner->shared)
		return 0;
	owner->join.now_ns = monotonic_ns();
	/* What a helper says that was dropped meanwhile is refused, and means nothing. */
	switch (part->step) {
	case PART_FOUND:
		join_found(join, part->helper, part->place);
		break;
	case PART_DECODED:
		join_decoded(join, part->helper, part->place, part->bytes, part->final);
		break;
	case PART_TAILED:
		join_tailed(join, part->helper);
		break;
	case PART_WRITTEN:
		join_written(join, part->helper, part->crc32);
		break;
	default:
		join_lost(join, part->helper);
		break;
	}
	return 0;
}

/* --- what is done ----------------------------------------------------------------------------- */

/* A stretch begins here: its helper has its turn, unless it cannot be. 0, or -1 with *@failure. */
static int hand_over(
	struct owner *owner, struct decoding *decoding, unsigned helper, struct failure *failure)
{
	struct join *join = &owner->join;
	uint64_t at_bytes = join->joined_bytes;

	if (at_bytes < TWIN_WINDOW ||
		join->helpers[helper].size_bytes > decoding->member->size_bytes - at_bytes) {
		join_lost(join, helper);
		say(owner, PART_DROP, helper, 0);
		return 0;
	}
	if (outfile_write_out(decoding->target->out) < 0) {
		target_explain(errno, failure);
		return -1;
	}
	uint64_t size_bytes = join->helpers[helper].size_bytes;
	owner->tails_end = TWIN_WINDOW + (size_bytes < TWIN_WINDOW ? size_bytes : TWIN_WINDOW);
	say(owner, PART_TURN, helper,
		decoding->target->out->fd >= 0 ? decoding->target->start + at_bytes : TWIN_WINDOW);
	return 0;
}

/* At a block where a stretch may begin. */
static enum decoding_status at_block(
	struct owner *owner, struct decoding *decoding, struct failure *failure)
{
	struct join *join = &owner->join;
	unsigned helper;
	int result = 0;

	if (join->place != owner->place) {
		owner->ended = join->ended;
		result = go_to(owner, decoding, join->place, join->joined_bytes, failure);
		return result < 0 ? DECODING_FAILED : DECODING_MORE;
	}
	switch (join_next(join, &helper)) {
	case JOIN_GO_ON:
		owner->at_block = false;
		return DECODING_MORE;
	case JOIN_WAIT:
		return DECODING_WAIT;
	case JOIN_HAND_OVER:
		result = hand_over(owner, decoding, helper, failure);
		break;
	}
	return result < 0 ? DECODING_FAILED : DECODING_MORE;
}

/* A piece of what the owner decodes itself. @stop: see blocks_run(). */
static enum blocks_status decode(
	struct owner *owner, struct decoding *decoding, uint64_t stop, struct failure *failure)
{
	if (decoding_prepare(decoding, failure) < 0)
		return BLOCKS_BAD_DATA;
	note_input(owner, decoding);
	*failure = (struct failure){.kind = FAILURE_BAD_DATA};
	enum blocks_status status = blocks_run(&owner->blocks, &decoding->span, stop);
	if (status == BLOCKS_NEED_INPUT)
		return decoding->exhausted ? BLOCKS_BAD_DATA : status;
	if (status != BLOCKS_BAD_DATA && decoding_take(decoding, failure) == DECODING_FAILED)
		return BLOCKS_BAD_DATA;
	return status;
}

/* After the end: what was lost is decoded again. */
static enum decoding_status finish(
	struct owner *owner, struct decoding *decoding, struct failure *failure)
{
	struct join *join = &owner->join;
	struct join_piece *piece = join_to_redo(join);

	if (join_is_whole(join)) {
		if (outfile_seek(decoding->target->out, decoding->target->start + join->whole_bytes,
			    TWIN_WINDOW) < 0) {
			target_explain(errno, failure);
			return DECODING_FAILED;
		}
		decoding->crc32 = join->whole_crc32;
		return DECODING_END;
	}
	if (!piece)
		return DECODING_WAIT;
	if (decoding->target->out->fd < 0) {
		failure->kind =
			FAILURE_BAD_DATA; /* what is in front of it is forgotten: see is_wrong() */
		return DECODING_FAILED;
	}
	if (owner->redone != piece) {
		owner->redone = piece;
		if (go_to(owner, decoding, piece->begin, piece->at_bytes, failure) < 0)
			return DECODING_FAILED;
	}
	enum blocks_status status = decode(owner, decoding, piece->end, failure);
	if (status == BLOCKS_BAD_DATA)
		return DECODING_FAILED;
	if (member_position(decoding) - piece->at_bytes < piece->size_bytes)
		return DECODING_MORE;
	owner->redone = NULL;
	if (outfile_write_out(decoding->target->out) < 0) {
		target_explain(errno, failure);
		return DECODING_FAILED;
	}
	join_redone(join, piece, decoding->crc32);
	return DECODING_MORE;
}

static enum decoding_status go_on(
	struct owner *owner, struct decoding *decoding, struct failure *failure)
{
	int dropped;

	owner->join.now_ns = monotonic_ns();
	while ((dropped = join_dropped(&owner->join)) >= 0)
		say(owner, PART_DROP, (unsigned)dropped, 0);
	if (owner->ended)
		return finish(owner, decoding, failure);
	if (owner->at_block)
		return at_block(owner, decoding, failure);
	enum blocks_status status = decode(owner, decoding, join_stop(&owner->join), failure);
	switch (status) {
	case BLOCKS_NEED_INPUT:
		return DECODING_MORE;
	case BLOCKS_NEED_OUTPUT:
		join_written_so_far(owner, decoding, blocks_place(&owner->blocks));
		return DECODING_MORE;
	case BLOCKS_STOPPED:
		join_written_so_far(owner, decoding, owner->blocks.begin);
		owner->at_block = true;
		return DECODING_MORE;
	case BLOCKS_END:
		join_written_so_far(owner, decoding, blocks_place(&owner->blocks));
		if (outfile_write_out(decoding->target->out) < 0) {
			target_explain(errno, failure);
			return DECODING_FAILED;
		}
		owner->ended = true;
		return DECODING_MORE;
	case BLOCKS_BAD_DATA:
		break;
	}
	return DECODING_FAILED;
}

/* --- when it does not come out ---------------------------------------------------------------- */

/* Whether a member that was decoded by several is not what the archive states. */
static bool is_wrong(const struct owner *owner, const struct decoding *decoding,
	enum decoding_status status, const struct failure *failure)
{
	const struct member *member = decoding->member;

	if (status == DECODING_FAILED)
		return failure->kind == FAILURE_BAD_DATA || failure->kind == FAILURE_SIZE_MISMATCH;
	return status == DECODING_END &&
	       (owner->join.whole_bytes != member->size_bytes ||
		       (owner->join.whole_crc32 != member->crc32 && !member->crc_unstated));
}

static void begin_retreat(struct owner *owner)
{
	for (unsigned i = 0; i < JOIN_HELPERS_MAX; i++) {
		enum join_state state = owner->join.helpers[i].state;
		if (state == JOIN_FREE || state == JOIN_JOINED || state == JOIN_TAILED)
			continue;
		join_lost(&owner->join, i);
		say(owner, PART_DROP, i, 0);
	}
	owner->retreating = true;
}

/* Nobody may write any more: then decode from the beginning, alone. */
static enum decoding_status retreat(
	struct owner *owner, struct decoding *decoding, struct failure *failure)
{
	const struct member *member = decoding->member;

	for (unsigned i = 0; i < JOIN_HELPERS_MAX; i++) {
		if (owner->join.helpers[i].state != JOIN_FREE)
			return DECODING_WAIT;
	}
	owner->shared = false;
	owner->offered = false;
	outfile_rewind(decoding->target->out, decoding->target->start);
	decoding->data.offset = owner->data_at;
	decoding->data.left = member->compressed_bytes;
	if (decoding_begin(decoding, member, &decoder_twin) == 0)
		return DECODING_MORE;
	failure->kind = FAILURE_NO_MEMORY;
	return DECODING_FAILED;
}

enum decoding_status owner_step(
	struct owner *owner, struct decoding *decoding, struct failure *failure)
{
	if (owner->retreating)
		return retreat(owner, decoding, failure);
	enum decoding_status status = go_on(owner, decoding, failure);
	if (!is_wrong(owner, decoding, status, failure))
		return status;
	begin_retreat(owner);
	return DECODING_MORE;
}
