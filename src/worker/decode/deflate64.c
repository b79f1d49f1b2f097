// SPDX-License-Identifier: MIT

/*
 * Deflate64 (method 9), which Windows Explorer writes for members of 2 GB and more. It is DEFLATE
 * (RFC 1951) with a window of 64 KiB: distance symbols 30 and 31 exist, with 14 extra bits each,
 * and length symbol 285 is a base of 3 with 16 extra bits rather than the length 258. Nothing else
 * differs. What zlib refuses in DEFLATE is refused here too: codes that are oversubscribed or
 * incomplete, a block without an end, a distance that reaches before the beginning.
 */

#include "worker/decode/bits.h"
#include "worker/decode/decoder.h"
#include "worker/decode/huffman.h"
#include "worker/decode/window.h"

#include <stdlib.h>
#include <string.h>

#define LITERALS_MAX 286 /* literals, end of block and lengths, in a block with its own codes */
#define DISTANCES    32
#define LENGTH_CODES 19
#define END_OF_BLOCK 256
#define FIRST_LENGTH 257

enum state {
	BLOCK,        /* the header of a block comes next */
	STORED_SIZE,  /* the size of a stored block, twice */
	STORED,       /* its bytes */
	COUNTS,       /* how many lengths of codes follow */
	CODE_LENGTHS, /* the lengths of the code that those are written in */
	LENGTHS,      /* they themselves */
	SYMBOL,       /* a literal, a length or the end of the block */
	DISTANCE,     /* the distance that belongs to a length */
	MATCH,        /* the rest of a match is to be copied */
	END,
	BAD,
};

struct deflate64 {
	struct decoder base;
	enum state state;
	bool last_block;
	struct bits bits;
	uint64_t produced; /* bytes put out before this run */

	/* Of this run. */
	uint8_t *out_start, *out, *out_end;

	/* Of a block. */
	unsigned stored_left;
	unsigned literal_count, distance_count, length_code_count;
	unsigned lengths_read;
	uint8_t lengths[HUFFMAN_SYMBOLS + DISTANCES];
	bool fixed; /* the codes are the fixed ones */
	struct huffman literals, distances;

	/* Of a match. */
	unsigned match_left;
	unsigned match_distance;

	struct window window; /* what was put out before this run */
};

enum step {
	STEP_MORE, /* another one can follow */
	STEP_INPUT,
	STEP_OUTPUT,
	STEP_END,
	STEP_BAD,
};

static enum step go_on(struct deflate64 *stream, enum state state)
{
	stream->state = state;
	return STEP_MORE;
}

static enum step end_block(struct deflate64 *stream)
{
	return go_on(stream, stream->last_block ? END : BLOCK);
}

/* Decode the next *@symbol, whose code of *@length bits is not yet used up. */
static enum step find(
	struct bits *bits, const struct huffman *code, unsigned *symbol, unsigned *length)
{
	int found;

	while ((found = huffman_find(code, bits->word, bits->count, symbol)) == HUFFMAN_MISSING) {
		if (!bits_need(bits, bits->count + 1))
			return STEP_INPUT;
	}
	*length = (unsigned)found;
	return found == HUFFMAN_NO_CODE ? STEP_BAD : STEP_MORE;
}

/* --- headers ---------------------------------------------------------------------------------- */

/* RFC 1951, 3.2.6. Symbols 286 and 287 have codes, and no meaning. */
static enum step make_fixed_codes(struct deflate64 *stream)
{
	uint8_t *lengths = stream->lengths;

	if (stream->fixed)
		return go_on(stream, SYMBOL);
	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	memset(lengths + HUFFMAN_SYMBOLS, 5, DISTANCES);
	if (huffman_make(&stream->literals, lengths, HUFFMAN_SYMBOLS) < 0 ||
		huffman_make(&stream->distances, lengths + HUFFMAN_SYMBOLS, DISTANCES) < 0)
		return STEP_BAD;
	stream->fixed = true;
	return go_on(stream, SYMBOL);
}

/* RFC 1951, 3.2.3. */
static enum step block_header(struct deflate64 *stream)
{
	if (!bits_need(&stream->bits, 3))
		return STEP_INPUT;
	stream->last_block = bits_take(&stream->bits, 1);
	switch (bits_take(&stream->bits, 2)) {
	case 0:
		bits_drop(&stream->bits, stream->bits.count & 7);
		return go_on(stream, STORED_SIZE);
	case 1:
		return make_fixed_codes(stream);
	case 2:
		return go_on(stream, COUNTS);
	default:
		return STEP_BAD;
	}
}

/* RFC 1951, 3.2.4. */
static enum step stored_size(struct deflate64 *stream)
{
	if (!bits_need(&stream->bits, 32))
		return STEP_INPUT;
	unsigned size = bits_take(&stream->bits, 16);
	unsigned complement = bits_take(&stream->bits, 16);
	if (size != (~complement & 0xffff))
		return STEP_BAD;
	/* Bits of earlier runs were the beginning of a step, so they are all used up. */
	bits_give_back(&stream->bits);
	assert(stream->bits.count == 0);
	stream->stored_left = size;
	return go_on(stream, STORED);
}

static enum step stored(struct deflate64 *stream)
{
	size_t size = stream->stored_left;
	size_t in_size = (size_t)(stream->bits.in_end - stream->bits.in);
	size_t room = (size_t)(stream->out_end - stream->out);

	if (size == 0)
		return end_block(stream);
	size = size < in_size ? size : in_size;
	size = size < room ? size : room;
	if (size == 0)
		return room == 0 ? STEP_OUTPUT : STEP_INPUT;
	memcpy(stream->out, stream->bits.in, size);
	stream->bits.in += size;
	stream->out += size;
	stream->stored_left -= (unsigned)size;
	return STEP_MORE;
}

/* RFC 1951, 3.2.7: HLIT, HDIST and HCLEN. */
static enum step counts(struct deflate64 *stream)
{
	if (!bits_need(&stream->bits, 14))
		return STEP_INPUT;
	stream->literal_count = bits_take(&stream->bits, 5) + 257;
	stream->distance_count = bits_take(&stream->bits, 5) + 1;
	stream->length_code_count = bits_take(&stream->bits, 4) + 4;
	if (stream->literal_count > LITERALS_MAX)
		return STEP_BAD;
	memset(stream->lengths, 0, LENGTH_CODES);
	stream->lengths_read = 0;
	stream->fixed = false;
	return go_on(stream, CODE_LENGTHS);
}

static enum step code_lengths(struct deflate64 *stream)
{
	static const uint8_t order[LENGTH_CODES] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
	struct huffman *code = &stream->literals;

	for (; stream->lengths_read < stream->length_code_count; stream->lengths_read++) {
		if (!bits_need(&stream->bits, 3))
			return STEP_INPUT;
		stream->lengths[order[stream->lengths_read]] = (uint8_t)bits_take(&stream->bits, 3);
	}
	/* This code must be complete, even if it has a single symbol. */
	if (huffman_make(code, stream->lengths, LENGTH_CODES) < 0 || !huffman_is_complete(code))
		return STEP_BAD;
	stream->lengths_read = 0;
	return go_on(stream, LENGTHS);
}

static enum step lengths(struct deflate64 *stream)
{
	static const uint8_t repeat_base[3] = {3, 3, 11};
	static const uint8_t repeat_extra[3] = {2, 3, 7};
	unsigned total = stream->literal_count + stream->distance_count;

	while (stream->lengths_read < total) {
		unsigned symbol;
		unsigned bits;
		enum step found = find(&stream->bits, &stream->literals, &symbol, &bits);
		if (found != STEP_MORE)
			return found;
		if (symbol < 16) {
			bits_drop(&stream->bits, bits);
			stream->lengths[stream->lengths_read++] = (uint8_t)symbol;
			continue;
		}
		unsigned extra = repeat_extra[symbol - 16];
		if (!bits_need(&stream->bits, bits + extra))
			return STEP_INPUT;
		bits_drop(&stream->bits, bits);
		unsigned repeat = repeat_base[symbol - 16] + bits_take(&stream->bits, extra);
		unsigned at = stream->lengths_read;
		if ((symbol == 16 && at == 0) || at + repeat > total)
			return STEP_BAD;
		memset(stream->lengths + at, symbol == 16 ? stream->lengths[at - 1] : 0, repeat);
		stream->lengths_read = at + repeat;
	}
	const uint8_t *distances = stream->lengths + stream->literal_count;
	if (stream->lengths[END_OF_BLOCK] == 0 ||
		huffman_make(&stream->literals, stream->lengths, stream->literal_count) < 0 ||
		huffman_make(&stream->distances, distances, stream->distance_count) < 0)
		return STEP_BAD;
	return go_on(stream, SYMBOL);
}
/* --- symbols ---------------------------------------------------------------------------------- */

static enum step length(struct deflate64 *stream, unsigned symbol, unsigned bits)
{
	static const uint16_t base[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35,
		43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 3};
	static const uint8_t extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
		4, 4, 4, 4, 5, 5, 5, 5, 16};

	symbol -= FIRST_LENGTH;
	if (symbol >= sizeof(extra))
		return STEP_BAD;
	if (!bits_need(&stream->bits, bits + extra[symbol]))
		return STEP_INPUT;
	bits_drop(&stream->bits, bits);
	stream->match_left = base[symbol] + bits_take(&stream->bits, extra[symbol]);
	return go_on(stream, DISTANCE);
}

/* Literals, and what follows them. */
static enum step symbols(struct deflate64 *stream)
{
	for (;;) {
		unsigned symbol;
		unsigned bits;
		bits_refill(&stream->bits);
		enum step found = find(&stream->bits, &stream->literals, &symbol, &bits);
		if (found != STEP_MORE)
			return found;
		if (symbol > END_OF_BLOCK)
			return length(stream, symbol, bits);
		if (symbol == END_OF_BLOCK) {
			bits_drop(&stream->bits, bits);
			return end_block(stream);
		}
		if (stream->out == stream->out_end)
			return STEP_OUTPUT;
		bits_drop(&stream->bits, bits);
		*stream->out++ = (uint8_t)symbol;
	}
}

static enum step distance(struct deflate64 *stream)
{
	static const uint16_t base[DISTANCES] = {1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97,
		129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289,
		16385, 24577, 32769, 49153};
	static const uint8_t extra[DISTANCES] = {0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7,
		7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14};
	unsigned symbol;
	unsigned bits;

	bits_refill(&stream->bits);
	enum step found = find(&stream->bits, &stream->distances, &symbol, &bits);
	if (found != STEP_MORE)
		return found;
	if (!bits_need(&stream->bits, bits + extra[symbol]))
		return STEP_INPUT;
	bits_drop(&stream->bits, bits);
	stream->match_distance = base[symbol] + bits_take(&stream->bits, extra[symbol]);
	if (stream->match_distance > stream->produced + (size_t)(stream->out - stream->out_start))
		return STEP_BAD;
	return go_on(stream, MATCH);
}

/* Copy as much of a match as there is room for. */
static enum step match(struct deflate64 *stream)
{
	while (stream->match_left > 0) {
		size_t done = (size_t)(stream->out - stream->out_start);
		size_t size = (size_t)(stream->out_end - stream->out);
		if (size == 0)
			return STEP_OUTPUT;
		size = size < stream->match_left ? size : stream->match_left;
		size = window_copy(
			&stream->window, stream->out, done, stream->match_distance, size);
		stream->out += size;
		stream->match_left -= (unsigned)size;
	}
	return go_on(stream, SYMBOL);
}

/* --- a stream --------------------------------------------------------------------------------- */

static enum step next_step(struct deflate64 *stream)
{
	switch (stream->state) {
	case BLOCK:
		return block_header(stream);
	case STORED_SIZE:
		return stored_size(stream);
	case STORED:
		return stored(stream);
	case COUNTS:
		return counts(stream);
	case CODE_LENGTHS:
		return code_lengths(stream);
	case LENGTHS:
		return lengths(stream);
	case SYMBOL:
		return symbols(stream);
	case DISTANCE:
		return distance(stream);
	case MATCH:
		return match(stream);
	case END:
		return STEP_END;
	case BAD:
		break;
	}
	return STEP_BAD;
}

static enum decode_status status_of(enum step step)
{
	switch (step) {
	case STEP_INPUT:
		return DECODE_NEED_INPUT;
	case STEP_OUTPUT:
		return DECODE_NEED_OUTPUT;
	case STEP_END:
		return DECODE_END;
	default:
		return DECODE_BAD_DATA;
	}
}

static struct deflate64 *stream_of(struct decoder *decoder)
{
	return (struct deflate64 *)(void *)decoder;
}

static enum decode_status deflate64_run(
	struct decoder *decoder, struct decode_span *span, bool last)
{
	struct deflate64 *stream = stream_of(decoder);
	enum step step;

	(void)last;
	bits_feed(&stream->bits, span->in, span->in_size);
	stream->out_start = stream->out = span->out;
	stream->out_end = span->out + span->out_size;
	do {
		step = next_step(stream);
	} while (step == STEP_MORE);
	if (step == STEP_BAD)
		stream->state = BAD;
	if (step != STEP_INPUT)
		bits_give_back(&stream->bits);
	size_t put_out = (size_t)(stream->out - stream->out_start);
	window_keep(&stream->window, stream->out, put_out);
	stream->produced += put_out;
	decode_span_move(span, (size_t)(stream->bits.in - span->in), put_out);
	return status_of(step);
}

static struct decoder *deflate64_open(void)
{
	struct deflate64 *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->base.type = &decoder_deflate64;
	return &stream->base;
}

static int deflate64_reset(struct decoder *decoder, uint64_t size_bytes)
{
	struct deflate64 *stream = stream_of(decoder);

	(void)size_bytes; /* the window is small */
	stream->state = BLOCK;
	stream->bits = (struct bits){0};
	stream->produced = 0;
	return 0;
}

static void deflate64_close(struct decoder *decoder)
{
	free(decoder);
}

const struct decoder_type decoder_deflate64 = {
	.methods = {9},
	.method_count = 1,
	.library = "zipmap",
	.most_bytes = UINT64_MAX,
	.open = deflate64_open,
	.reset = deflate64_reset,
	.run = deflate64_run,
	.close = deflate64_close,
};
