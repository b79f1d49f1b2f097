// SPDX-License-Identifier: MIT

#include "worker/parts/join.h"

#include "worker/decode/checksum.h"
#include "worker/parts/blocks.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Compressed to less than 3 % a stretch is too large; to more than 97 % there is little to decode.
 */
#define RATIO_MIN 3
#define RATIO_MAX 97

/* What a stretch should be at most, compressed and decoded. */
#define STRETCH_IN_MIN  (UINT64_C(64) * 1024)
#define STRETCH_IN_MAX  (UINT64_C(3) * 1024 * 1024)
#define STRETCH_OUT_MAX (UINT64_C(4) * 1024 * 1024)

/* A member is worth at least so many, so that all workers end at about the same time. */
#define STRETCHES_MIN 12

/* The lead, in stretches. */
#define LEAD_MAX (2 * (JOIN_HELPERS_MAX + 1))

/* How much further the next one is to begin after one was passed by. */
#define LEAD_GROWTH 1.25

bool join_is_worth_it(uint64_t compressed_bytes, uint64_t size_bytes)
{
	return size_bytes >= JOIN_MEMBER_MIN && compressed_bytes < size_bytes &&
	       compressed_bytes / RATIO_MIN >= size_bytes / 100 &&
	       compressed_bytes / RATIO_MAX <= size_bytes / 100;
}

void join_init(struct join *join, uint64_t compressed_bytes, uint64_t size_bytes)
{
	uint64_t stretches = size_bytes / STRETCH_OUT_MAX + 1;
	uint64_t stretch_bytes =
		compressed_bytes / (stretches > STRETCHES_MIN ? stretches : STRETCHES_MIN);

	stretch_bytes = stretch_bytes < STRETCH_IN_MAX ? stretch_bytes : STRETCH_IN_MAX;
	stretch_bytes = stretch_bytes > STRETCH_IN_MIN ? stretch_bytes : STRETCH_IN_MIN;
	*join = (struct join){
		.stream_bits = 8 * compressed_bytes,
		.stretch_bits = 8 * stretch_bytes,
		.lead_bits = 8 * (stretch_bytes + stretch_bytes / 4),
	};
}

static bool is_ahead(const struct join_helper *helper)
{
	return helper->state == JOIN_SEARCHING || helper->state == JOIN_FOUND ||
	       helper->state == JOIN_DECODED;
}

/* --- what helpers do -------------------------------------------------------------------------- */

bool join_ask(struct join *join, unsigned helper, uint64_t *from, uint64_t *to)
{
	struct join_helper *asked = &join->helpers[helper];
	uint64_t left = join->stream_bits - join->place;

	assert(helper < JOIN_HELPERS_MAX && asked->state == JOIN_FREE);
	if (join->piece_count > JOIN_PIECES_MAX / 2 || left < join->stretch_bits / 4)
		return false;
	/* Near the end there is less to share out. */
	*from = join->place + (join->lead_bits < left / 2 ? join->lead_bits : left / 2);
	for (unsigned i = 0; i < JOIN_HELPERS_MAX; i++) {
		if (is_ahead(&join->helpers[i]) && join->helpers[i].to > *from)
			*from = join->helpers[i].to;
	}
	if (*from >= join->stream_bits || join->stream_bits - *from < join->stretch_bits / 8)
		return false;
	*to = *from + join->stretch_bits;
	if (join->stream_bits - *from < join->stretch_bits + join->stretch_bits / 4)
		*to = join->stream_bits;
	*asked = (struct join_helper){
		.state = JOIN_SEARCHING,
		.to = *to,
		.asked_at = join->place,
		.asked_ns = join->now_ns,
	};
	return true;
}

static int refuse(void)
{
	errno = EBADMSG;
	return -1;
}

int join_found(struct join *join, unsigned helper, uint64_t begin)
{
	struct join_helper *told = &join->helpers[helper];

	/* It may have looked only as if a block began where it said before. */
	if ((told->state != JOIN_SEARCHING && told->state != JOIN_FOUND) || begin >= told->to ||
		begin < told->begin)
		return refuse();
	told->state = JOIN_FOUND;
	told->begin = begin;
	return 0;
}

int join_decoded(struct join *join, unsigned helper, uint64_t end, uint64_t size_bytes, bool final)
{
	struct join_helper *told = &join->helpers[helper];

	if (told->state != JOIN_FOUND || end <= told->begin || end > join->stream_bits)
		return refuse();
	told->state = JOIN_DECODED;
	told->end = end;
	told->size_bytes = size_bytes;
	told->final = final;
	told->decoded_ns = join->now_ns;
	return 0;
}

static struct join_piece *piece_of(struct join *join, unsigned helper)
{
	for (unsigned i = 0; i < join->piece_count; i++) {
		if (join->pieces[i].helper == (int)helper)
			return &join->pieces[i];
	}
	return NULL;
}

/* Take what is written in front of all others out of the list. */
static void take_whole(struct join *join)
{
	unsigned done = 0;

	for (; done < join->piece_count && join->pieces[done].written; done++) {
		const struct join_piece *piece = &join->pieces[done];
		join->whole_crc32 =
			checksum_combine(join->whole_crc32, piece->crc32, piece->size_bytes);
		join->whole_bytes += piece->size_bytes;
	}
	join->piece_count -= done;
	memmove(join->pieces, join->pieces + done, join->piece_count * sizeof(join->pieces[0]));
}

static void add_piece(struct join *join, const struct join_piece *piece)
{
	struct join_piece *last =
		join->piece_count > 0 ? &join->pieces[join->piece_count - 1] : NULL;

	join->joined_bytes += piece->size_bytes;
	if (piece->written && last && last->written) {
		last->crc32 = checksum_combine(last->crc32, piece->crc32, piece->size_bytes);
		last->size_bytes += piece->size_bytes;
		return;
	}
	assert(join->piece_count < JOIN_PIECES_MAX);
	join->pieces[join->piece_count++] = *piece;
	take_whole(join);
}

int join_tailed(struct join *join, unsigned helper)
{
	struct join_helper *told = &join->helpers[helper];
	struct join_piece piece = {
		.begin = told->begin,
		.end = told->end,
		.at_bytes = join->joined_bytes,
		.size_bytes = told->size_bytes,
		.helper = (int)helper,
	};

	if (told->state != JOIN_JOINED)
		return refuse();
	told->state = JOIN_TAILED;
	add_piece(join, &piece);
	join->place = told->end;
	join->ended = told->final;
	return 0;
}

int join_written(struct join *join, unsigned helper, uint32_t crc32)
{
	struct join_piece *piece = piece_of(join, helper);

	if (join->helpers[helper].state != JOIN_TAILED)
		return refuse();
	assert(piece);
	join_redone(join, piece, crc32);
	join->helpers[helper].state = JOIN_FREE;
	return 0;
}

void join_lost(struct join *join, unsigned helper)
{
	struct join_piece *piece = piece_of(join, helper);

	if (piece)
		piece->helper = JOIN_OWN;
	join->helpers[helper].state = JOIN_FREE;
}

static void set_lead(struct join *join, double bits)
{
	double least = (double)join->stretch_bits / 4;
	double most = (double)join->stretch_bits * LEAD_MAX;

	bits = bits > least ? bits : least;
	join->lead_bits = (uint64_t)(bits < most ? bits : most);
}

int join_dropped(struct join *join)
{
	for (unsigned i = 0; i < JOIN_HELPERS_MAX; i++) {
		struct join_helper *helper = &join->helpers[i];
		bool searching = helper->state == JOIN_SEARCHING;
		if (is_ahead(helper) && (searching ? helper->to : helper->begin) < join->place) {
			helper->state = JOIN_FREE;
			set_lead(join, (double)join->lead_bits * LEAD_GROWTH); /* too late */
			return (int)i;
		}
	}
	return -1;
}

/* --- what the owner does ---------------------------------------------------------------------- */

uint64_t join_stop(const struct join *join)
{
	uint64_t stop = BLOCKS_NOWHERE;

	for (unsigned i = 0; i < JOIN_HELPERS_MAX; i++) {
		const struct join_helper *helper = &join->helpers[i];
		bool begun = helper->state == JOIN_FOUND || helper->state == JOIN_DECODED;
		if (begun && helper->begin >= join->place && helper->begin < stop)
			stop = helper->begin;
	}
	return stop;
}

void join_own(struct join *join, uint64_t size_bytes, uint32_t crc32, uint64_t place)
{
	struct join_piece piece = {
		.at_bytes = join->joined_bytes,
		.size_bytes = size_bytes,
		.crc32 = crc32,
		.helper = JOIN_OWN,
		.written = true,
	};

	join->place = place;
	if (size_bytes > 0)
		add_piece(join, &piece);
}

/*
 * A stretch that is decoded late lets the owner wait, and one that is early its helper. Learn from
 * @helper how far the owner comes while a helper decodes.
 */
static void learn_lead(struct join *join, const struct join_helper *helper)
{
	double owner_ns = (double)(helper->reached_ns - helper->asked_ns);
	double helper_ns = (double)(helper->decoded_ns - helper->asked_ns);
	double gone_bits = (double)(helper->begin - helper->asked_at);

	if (owner_ns <= 0 || helper_ns <= 0)
		return;
	set_lead(join, ((double)join->lead_bits * 3 + gone_bits / owner_ns * helper_ns) / 4);
}

enum join_next join_next(struct join *join, unsigned *helper)
{
	for (unsigned i = 0; i < JOIN_HELPERS_MAX; i++) {
		struct join_helper *here = &join->helpers[i];
		if (here->begin != join->place)
			continue;
		if (here->reached_ns == 0)
			here->reached_ns = join->now_ns;
		if (here->state == JOIN_FOUND || here->state == JOIN_JOINED)
			return JOIN_WAIT;
		if (here->state == JOIN_DECODED) {
			learn_lead(join, here);
			here->state = JOIN_JOINED;
			*helper = i;
			return JOIN_HAND_OVER;
		}
	}
	return JOIN_GO_ON;
}

struct join_piece *join_to_redo(struct join *join)
{
	for (unsigned i = 0; i < join->piece_count; i++) {
		if (!join->pieces[i].written && join->pieces[i].helper == JOIN_OWN)
			return &join->pieces[i];
	}
	return NULL;
}

void join_redone(struct join *join, struct join_piece *piece, uint32_t crc32)
{
	piece->crc32 = crc32;
	piece->written = true;
	piece->helper = JOIN_OWN;
	take_whole(join);
}

bool join_is_whole(const struct join *join)
{
	return join->piece_count == 0;
}
