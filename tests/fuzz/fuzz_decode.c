// SPDX-License-Identifier: MIT

/*
 * Each decoder behind the interface of all: whatever the bytes are, it keeps to its input and its
 * room, gets on, and a stream that ends does so with the same bytes in pieces of any size. Input: a
 * byte that chooses the decoder, two for the size that is stated, a number from which pieces are
 * made, and the stream.
 */

#include "fuzz.h"
#include "worker/decode/decoders.h"

#include <stdlib.h>
#include <string.h>

/* What comes after this is not looked at. */
#define OUT_MAX ((size_t)256 * 1024)

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

static size_t up_to(uint64_t *state, size_t most)
{
	return (size_t)(next_random(state) % most) + 1;
}

/* Check what a run has done to the span. True if it got on. */
static bool check_move(const struct decoder_type *type, const struct decode_span *before,
	const struct decode_span *span)
{
	const uint8_t *room_end = before->out + before->out_size;

	MUST(span->in + span->in_size == before->in + before->in_size);
	MUST(span->in_size <= before->in_size);
	if (span->out_size > 0)
		MUST(span->out + span->out_size == room_end);
	else
		MUST(span->out >= before->out && span->out <= room_end + type->overrun_bytes);
	return span->in_size < before->in_size || span->out > before->out;
}

/* The end of a stream, or the last status before it would want more than there is. */
static enum decode_status decode(struct decoder *decoder, const struct fuzz_input *stream,
	uint64_t size_bytes, uint64_t state, uint8_t *out, size_t *out_size)
{
	const struct decoder_type *type = decoder->type;
	struct decode_span span = {.out = out};
	enum decode_status status = DECODE_NEED_INPUT;
	uint8_t *piece = NULL;
	size_t fed = 0;
	int idle = 0;

	MUST(decoder_reset(decoder, size_bytes) == 0);
	while (status == DECODE_NEED_INPUT || status == DECODE_NEED_OUTPUT) {
		size_t left = stream->left - fed;
		size_t most = state && !type->whole ? up_to(&state, 300) : left;
		if (span.in_size == 0) {
			span.in_size = most < left ? most : left;
			free(piece);
			piece = malloc(span.in_size + (span.in_size == 0));
			MUST(piece);
			if (span.in_size > 0)
				memcpy(piece, stream->at + fed, span.in_size);
			span.in = piece;
			fed += span.in_size;
		}
		if (span.out_size == 0) {
			size_t room = OUT_MAX - (size_t)(span.out - out);
			size_t wanted = state && !type->whole ? up_to(&state, 3000) : room;
			if (span.out >= out + OUT_MAX)
				break;
			span.out_size = wanted < room ? wanted : room;
		}
		const struct decode_span before = span;
		status = decoder_run(decoder, &span, fed == stream->left);
		idle = check_move(type, &before, &span) ? 0 : idle + 1;
		MUST(status != DECODE_PAUSED && status != DECODE_NO_MEMORY);
		if (type->whole || (status == DECODE_NEED_INPUT && before.in_size == 0))
			break;
		MUST(idle < 4);
	}
	*out_size = (size_t)(span.out - out);
	free(piece);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decoder_set set;
	struct fuzz_input input = {data, size};
	unsigned count = 0;
	size_t sizes[2];
	uint8_t *outs[2];

	while (decoder_listed(count))
		count++;
	const struct decoder_type *type = decoder_listed(fuzz_take_u8(&input) % count);
	uint64_t stated = fuzz_take_u8(&input);
	stated = stated << 8 | fuzz_take_u8(&input);
	uint64_t state = fuzz_take_u64(&input) | 1;
	struct decoder *decoder = decoder_set_begin(&set, type, stated);
	MUST(decoder);
	for (int i = 0; i < 2; i++) {
		outs[i] = malloc(type->history_bytes + OUT_MAX + type->overrun_bytes);
		MUST(outs[i]);
	}
	enum decode_status whole =
		decode(decoder, &input, stated, 0, outs[0] + type->history_bytes, &sizes[0]);
	enum decode_status pieces =
		decode(decoder, &input, stated, state, outs[1] + type->history_bytes, &sizes[1]);
	if (whole == DECODE_END) {
		MUST(pieces == DECODE_END && sizes[0] == sizes[1]);
		MUST(memcmp(outs[0] + type->history_bytes, outs[1] + type->history_bytes,
			     sizes[0]) == 0);
	}
	free(outs[0]);
	free(outs[1]);
	return 0;
}
