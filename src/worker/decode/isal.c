// SPDX-License-Identifier: MIT

/*
 * DEFLATE by ISA-L, Intel's Intelligent Storage Acceleration Library. It takes codes with too few
 * codewords, which zlib refuses. So the header of each block is judged before ISA-L gets it. For
 * ISA-L to stop at the end of each block, each is made the last one. Only if some of its output has
 * not been fetched does it keep the bits that it has read too many then, so all of that goes by way
 * of its own buffer, of which the last byte counts as not fetched.
 */

#include "worker/decode/blockheader.h"
#include "worker/decode/decoder.h"

#include <assert.h>
#include <isa-l.h>
#include <stdlib.h>
#include <string.h>

/* Bits that ISA-L may have read too many, in bytes. */
#define HELD_MAX sizeof(uint64_t)

struct isal {
	struct decoder base;
	struct inflate_state state;
	bool at_header;
	bool final;            /* the block in hand is the last one */
	unsigned skipped_bits; /* at the header: so many of the first byte of @ahead are used up */
	/* Input that is looked at before it is decoded, from @ahead_at on. */
	uint8_t ahead[BLOCK_HEADER_MAX + HELD_MAX];
	size_t ahead_at;
	size_t ahead_size;
};

#define TO_STRING(token) #token
#define VERSION_STRING(major, minor, patch) \
	TO_STRING(major) "." TO_STRING(minor) "." TO_STRING(patch)

static struct isal *isal_of(struct decoder *decoder)
{
	return (struct isal *)(void *)decoder;
}

static struct decoder *isal_open(void)
{
	struct isal *isal = malloc(sizeof(*isal));

	if (!isal)
		return NULL;
	isal->base.type = &decoder_isal;
	isal_inflate_init(&isal->state);
	return &isal->base;
}

static int isal_reset(struct decoder *decoder, uint64_t size_bytes)
{
	struct isal *isal = isal_of(decoder);

	(void)size_bytes;
	isal_inflate_reset(&isal->state);
	isal->state.tmp_out_processed = -1;
	isal->at_header = true;
	isal->skipped_bits = 0;
	isal->ahead_at = 0;
	isal->ahead_size = 0;
	return 0;
}

/* Fetch what ISA-L has decoded. False: there is no room for all of it. */
static bool fetch(struct isal *isal, struct decode_span *span)
{
	struct inflate_state *state = &isal->state;
	size_t begin = (size_t)state->tmp_out_processed + 1; /* -1 is none */
	size_t size = (size_t)state->tmp_out_valid - begin;
	bool all = size <= span->out_size;

	if (!all)
		size = span->out_size;
	memcpy(span->out, state->tmp_out_buffer + begin, size);
	decode_span_move(span, 0, size);
	state->tmp_out_processed += (int32_t)size;
	return all;
}

/*
 * A block has ended. What ISA-L has read of the next one goes back to @span, which began at @start;
 * or, if that was before, in front of what is ahead.
 */
static void end_block(struct isal *isal, struct decode_span *span, const uint8_t *start)
{
	struct inflate_state *state = &isal->state;
	unsigned bits = (unsigned)state->read_in_length;
	size_t bytes = (bits + 7) / 8;
	size_t left = isal->ahead_size - isal->ahead_at;

	isal->skipped_bits = (unsigned)(8 * bytes) - bits;
	if (left == 0 && (size_t)(span->in - start) >= bytes) {
		span->in -= bytes;
		span->in_size += bytes;
		bytes = 0;
	}
	memmove(isal->ahead + bytes, isal->ahead + isal->ahead_at, left);
	for (size_t i = 0; i < bytes; i++)
		isal->ahead[i] = (uint8_t)(state->read_in << isal->skipped_bits >> 8 * i);
	isal->ahead_at = 0;
	isal->ahead_size = bytes + left;
	state->read_in = 0;
	state->read_in_length = 0;
	state->block_state = ISAL_BLOCK_NEW_HDR;
	isal->at_header = true;
}

/* The header was judged: give ISA-L the bits of its @first byte. */
static void begin_block(struct isal *isal, uint8_t first)
{
	isal->final = first >> isal->skipped_bits & 1;
	isal->state.read_in = (uint64_t)first >> isal->skipped_bits | 1;
	isal->state.read_in_length = 8 - (int32_t)isal->skipped_bits;
	isal->at_header = false;
}

/*
 * Look at a header. False if ISA-L is not to have it, and *@status says why. One that the end of
 * the input cuts goes to ISA-L, which finds that.
 */
static bool read_header(
	struct isal *isal, struct decode_span *span, bool last, enum decode_status *status)
{
	size_t before = isal->ahead_size;
	size_t size = span->in_size;
	size_t header_size;
	enum block_header verdict;

	if (before == 0 && size > 0) {
		verdict = blockheader_judge(span->in, size, isal->skipped_bits, &header_size);
		if (verdict > BLOCK_HEADER_BAD) {
			begin_block(isal, span->in[0]);
			decode_span_move(span, 1, 0);
			return true;
		}
	}
	/* Bring together what comes in pieces. What a block leaves ahead was part of a header. */
	assert(before <= BLOCK_HEADER_MAX);
	if (size > BLOCK_HEADER_MAX - before)
		size = BLOCK_HEADER_MAX - before;
	memcpy(isal->ahead + before, span->in, size);
	verdict = blockheader_judge(isal->ahead, before + size, isal->skipped_bits, &header_size);
	if (verdict != BLOCK_HEADER_CUT && header_size < before + size)
		size = header_size > before ? header_size - before : 0;
	isal->ahead_size += size;
	decode_span_move(span, size, 0);
	*status = verdict == BLOCK_HEADER_BAD ? DECODE_BAD_DATA : DECODE_NEED_INPUT;
	if (verdict == BLOCK_HEADER_BAD || isal->ahead_size == 0 ||
		(verdict == BLOCK_HEADER_CUT && !last))
		return false;
	begin_block(isal, isal->ahead[0]);
	isal->ahead_at = 1;
	return true;
}

/* Decode into ISA-L's buffer. False: it cannot be. */
static bool inflate_some(struct isal *isal, struct decode_span *span)
{
	struct inflate_state *state = &isal->state;
	size_t left = isal->ahead_size - isal->ahead_at;
	const uint8_t *in = left > 0 ? isal->ahead + isal->ahead_at : span->in;
	uint32_t in_size = left > 0 ? (uint32_t)left : decode_clamp(span->in_size);

	state->next_in = (uint8_t *)in; /* only read from */
	state->avail_in = in_size;
	state->next_out = span->out;
	state->avail_out = 0;
	if (isal_inflate(state) < 0)
		return false;
	uint32_t used = in_size - state->avail_in;
	if (left > 0)
		isal->ahead_at += used;
	else
		decode_span_move(span, used, 0);
	return true;
}

static enum decode_status isal_run(struct decoder *decoder, struct decode_span *span, bool last)
{
	struct isal *isal = isal_of(decoder);
	struct inflate_state *state = &isal->state;
	const uint8_t *start = span->in;
	enum decode_status status;

	for (;;) {
		if (!fetch(isal, span))
			return DECODE_NEED_OUTPUT;
		if (state->block_state == ISAL_BLOCK_INPUT_DONE) {
			end_block(isal, span, start);
			if (isal->final)
				break;
		}
		if (isal->at_header && !read_header(isal, span, last, &status))
			return status;
		bool had_input = isal->ahead_at < isal->ahead_size || span->in_size > 0;
		bool had_room = state->tmp_out_valid < 2 * ISAL_DEF_HIST_SIZE;
		int32_t fetched = state->tmp_out_processed;
		if (!inflate_some(isal, span))
			return DECODE_BAD_DATA;
		if (!had_input && had_room && state->tmp_out_valid == fetched + 1 &&
			state->block_state != ISAL_BLOCK_INPUT_DONE)
			return DECODE_NEED_INPUT;
	}
	/* What is behind the end is the caller's, as far as it came with this call. */
	size_t unused = isal->ahead_size;
	if (isal->skipped_bits > 0 && unused > 0)
		unused--;
	else if (isal->skipped_bits > 0)
		decode_span_move(span, 1, 0);
	size_t taken = (size_t)(span->in - start);
	if (unused > taken)
		unused = taken;
	span->in -= unused;
	span->in_size += unused;
	return DECODE_END;
}

static void isal_close(struct decoder *decoder)
{
	free(isal_of(decoder));
}

const struct decoder_type decoder_isal = {
	.methods = {DECODE_DEFLATE},
	.method_count = 1,
	.library =
		"ISA-L " VERSION_STRING(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION),
	.choice = DECODER_ISAL,
	.least_bytes = DECODE_WHOLE_MAX + 1,
	.most_bytes = UINT64_MAX,
	.open = isal_open,
	.reset = isal_reset,
	.run = isal_run,
	.close = isal_close,
};
