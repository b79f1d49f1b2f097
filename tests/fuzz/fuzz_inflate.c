// SPDX-License-Identifier: MIT

/*
 * Two streams at once by the twin decoder, held against zlib: the same verdict, the same bytes, and
 * as many bytes read. Both are fed and drained in pieces of any size, and now and then one is alone
 * for a while. Input: a number from which pieces are made, and for each of the two streams a byte
 * that says how it is made, and what it is made of: as it stands, or made-up content compressed by
 * zlib, with some bytes changed.
 */

#include "fuzz.h"
#include "worker/decode/decoders.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CONTENT_MAX ((size_t)150 * 1024)
/* A stream can have 1,032 times its size: what comes after this is not looked at. */
#define OUT_MAX  ((size_t)256 * 1024)
#define ROOM_MAX ((size_t)96 * 1024)

/* --- streams ---------------------------------------------------------------------------------- */

struct stream {
	uint8_t *bytes;
	size_t size;
	/* What zlib makes of it. */
	enum decode_status verdict; /* NEED_OUTPUT: OUT_MAX was reached */
	uint8_t *out;
	size_t out_size;
	size_t used;
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

static uint64_t below(uint64_t *state, uint64_t limit)
{
	return next_random(state) % limit;
}

static uint8_t content_byte(
	const uint8_t *content, size_t at, unsigned kind, unsigned period, uint64_t *state)
{
	switch (kind) {
	case 0:
		return (uint8_t)next_random(state);
	case 1:
		return (uint8_t) "0123456789,.\n abc"[below(state, 17)];
	case 2: /* floats: three bytes of noise and one of few values */
		return at % 4 == 3 ? (uint8_t)(0x3f - below(state, 3))
				   : (uint8_t)next_random(state);
	case 3: /* a wave */
		return at % 2 ? (uint8_t)(at / 997) : (uint8_t)(next_random(state) & 31);
	case 4: /* repeats at one distance, of any length */
		return at >= period && below(state, 40) ? content[at - period]
							: (uint8_t)next_random(state);
	case 5: /* at any distance below the period */
		return at > period && below(state, 8) ? content[at - 1 - below(state, period)]
						      : (uint8_t)(1 << below(state, 8));
	case 6: /* codes of all lengths */
		return (uint8_t)__builtin_ctzll(next_random(state) | 1ULL << 50);
	default:
		return 0;
	}
}

/* Content of some kind, and zlib's stream of it. */
static void compress_content(struct stream *stream, uint64_t state)
{
	unsigned kind = (unsigned)below(&state, 8);
	size_t size = (size_t)below(&state, below(&state, 4) ? 6000 : CONTENT_MAX) + 1;
	unsigned period = (unsigned)below(&state, below(&state, 2) ? 32768 : 40) + 1;
	uint8_t *content = malloc(size);
	z_stream deflater = {0};

	MUST(content);
	for (size_t at = 0; at < size; at++)
		content[at] = content_byte(content, at, kind, period, &state);
	MUST(deflateInit2(&deflater, (int)below(&state, 10), Z_DEFLATED, -9 - (int)below(&state, 7),
		     1 + (int)below(&state, 9), (int)below(&state, 5)) == Z_OK);
	size_t room = 2 * size + 100000;
	stream->bytes = malloc(room);
	MUST(stream->bytes);
	deflater.next_in = content;
	deflater.next_out = stream->bytes;
	deflater.avail_out = (unsigned)room;
	for (size_t given = 0; given < size;) {
		static const int flushes[] = {
			Z_NO_FLUSH, Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK};
		size_t piece = below(&state, 2) ? size - given : 1 + below(&state, size - given);
		deflater.avail_in = (unsigned)piece;
		given += piece;
		deflate(&deflater, flushes[below(&state, 5)]);
	}
	MUST(deflate(&deflater, Z_FINISH) == Z_STREAM_END);
	stream->size = deflater.total_out;
	deflateEnd(&deflater);
	free(content);
}

/* A stream made from the next @size bytes of the input. */
static void make_stream(struct fuzz_input *input, size_t size, struct stream *stream)
{
	size_t got;
	const uint8_t *bytes = fuzz_take(input, size, &got);
	struct fuzz_input own = {bytes, got};
	uint8_t how = fuzz_take_u8(&own);

	if (how % 2) {
		stream->bytes = malloc(own.left + 1);
		MUST(stream->bytes);
		memcpy(stream->bytes, own.at, own.left);
		stream->size = own.left;
		return;
	}
	compress_content(stream, fuzz_take_u64(&own) | 1);
	while (own.left >= 4) {
		const uint8_t *at = fuzz_take(&own, 4, &got);
		size_t place = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
		/* Most of what can go wrong is near the beginning. */
		stream->bytes[place % (place & 1 ? stream->size : 1 + stream->size / 64)] ^= at[3];
	}
	if (how % 8 == 6 && stream->size > 0)
		stream->size -= how % stream->size;
}

static void ask_zlib(struct stream *stream)
{
	z_stream inflater = {
		.next_in = stream->bytes,
		.avail_in = (unsigned)stream->size,
		.avail_out = (unsigned)OUT_MAX,
	};

	stream->out = malloc(OUT_MAX);
	MUST(stream->out);
	inflater.next_out = stream->out;
	MUST(inflateInit2(&inflater, -MAX_WBITS) == Z_OK);
	int result = inflate(&inflater, Z_NO_FLUSH);
	stream->out_size = inflater.total_out;
	stream->used = inflater.total_in;
	if (result == Z_STREAM_END)
		stream->verdict = DECODE_END;
	else if (result == Z_DATA_ERROR)
		stream->verdict = DECODE_BAD_DATA;
	else
		stream->verdict = inflater.avail_out == 0 ? DECODE_NEED_OUTPUT : DECODE_NEED_INPUT;
	inflateEnd(&inflater);
}

/* --- the twin decoder ------------------------------------------------------------------------- */

struct lane {
	struct decoder *decoder;
	struct decode_span span;
	const struct stream *stream;
	size_t in_piece, out_piece; /* the largest */
	size_t fed;
	uint8_t *piece; /* of input, just so large */
	uint8_t *window;
	uint8_t *window_end; /* less the slack */
	uint8_t *room;
	size_t out_size; /* so far */
	bool ended;
};

static void feed(struct lane *lane, uint64_t *state)
{
	size_t left = lane->stream->size - lane->fed;
	size_t size = 1 + below(state, lane->in_piece);

	size = size < left ? size : left;
	free(lane->piece);
	lane->piece = malloc(size > 0 ? size : 1);
	MUST(lane->piece);
	memcpy(lane->piece, lane->stream->bytes + lane->fed, size);
	lane->span.in = lane->piece;
	lane->span.in_size = size;
	lane->fed += size;
}

/* Take what is new in the window, and have room for more, often up to the end of the memory. */
static void drain(struct lane *lane, uint64_t *state)
{
	size_t size = (size_t)(lane->span.out - lane->room);
	size_t room = 1 + below(state, lane->out_piece);
	size_t known = lane->stream->out_size - lane->out_size;

	MUST(size <= known || lane->stream->verdict == DECODE_NEED_OUTPUT);
	size_t same = size < known ? size : known;
	MUST(memcmp(lane->room, lane->stream->out + lane->out_size, same) == 0);
	lane->out_size += same;
	if (lane->span.out >= lane->window_end) {
		memmove(lane->window, lane->span.out - DECODE_HISTORY_MAX, DECODE_HISTORY_MAX);
		lane->span.out = lane->window + DECODE_HISTORY_MAX;
	}
	size_t left = (size_t)(lane->window_end - lane->span.out);
	lane->room = lane->span.out;
	lane->span.out_size = room < left ? room : left;
}

static void begin(struct lane *lane, const struct stream *stream, uint64_t *state)
{
	static const size_t pieces[] = {1, 3, 40, 200, 1000, 20000, 300000};

	decoder_reset(lane->decoder, 0);
	lane->stream = stream;
	lane->in_piece = pieces[below(state, 7)];
	lane->out_piece = below(state, 2) ? ROOM_MAX : pieces[below(state, 5)];
	lane->fed = 0;
	lane->piece = NULL;
	size_t window = DECODE_HISTORY_MAX + 1 + below(state, ROOM_MAX);
	lane->window = malloc(window + lane->decoder->type->overrun_bytes);
	MUST(lane->window);
	lane->window_end = lane->window + window;
	lane->room = lane->window + DECODE_HISTORY_MAX;
	lane->span = (struct decode_span){.out = lane->room};
	lane->out_size = 0;
	lane->ended = false;
	feed(lane, state);
	drain(lane, state);
}

/* The stream has come to its end: hold it against zlib's. */
static void end(struct lane *lane, enum decode_status status)
{
	const struct stream *stream = lane->stream;

	lane->ended = true;
	MUST(status == stream->verdict);
	MUST(lane->out_size == stream->out_size);
	if (status == DECODE_END)
		MUST(lane->fed - lane->span.in_size == stream->used);
}

static void settle(struct lane *lane, enum decode_status status, uint64_t *state)
{
	switch (status) {
	case DECODE_NEED_INPUT:
		MUST(lane->span.in_size == 0);
		if (lane->fed == lane->stream->size) {
			drain(lane, state);
			end(lane, status);
		} else {
			feed(lane, state);
		}
		break;
	case DECODE_NEED_OUTPUT:
		MUST(lane->span.out_size == 0);
		drain(lane, state);
		if (lane->stream->verdict == DECODE_NEED_OUTPUT &&
			lane->out_size == lane->stream->out_size)
			end(lane, status);
		break;
	case DECODE_END:
	case DECODE_BAD_DATA:
		drain(lane, state);
		if (lane->stream->verdict == DECODE_NEED_OUTPUT)
			lane->ended = true; /* zlib was stopped before it */
		else
			end(lane, status);
		break;
	case DECODE_PAUSED:
		break;
	case DECODE_WINDOW:
	case DECODE_NO_MEMORY:
		MUST(false);
	}
}

static void run(struct lane *lane, uint64_t *state)
{
	enum decode_status status = decoder_run(lane->decoder, &lane->span, false);

	MUST(status != DECODE_PAUSED);
	settle(lane, status, state);
}

static void run_two(struct lane lanes[2], uint64_t *state)
{
	enum decode_status statuses[2];

	decoder_run_two((struct decoder *const[]){lanes[0].decoder, lanes[1].decoder},
		(struct decode_span *const[]){&lanes[0].span, &lanes[1].span}, statuses);
	MUST(statuses[0] != DECODE_PAUSED || statuses[1] != DECODE_PAUSED);
	for (int i = 0; i < 2; i++)
		settle(&lanes[i], statuses[i], state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lane lanes[2];
	struct fuzz_input input = {data, size};
	struct stream streams[2] = {0};

	if (!decoder_has(DECODER_TWIN))
		return 0;
	uint64_t state = fuzz_take_u64(&input) | 1;
	size_t first = input.left * fuzz_take_u8(&input) / 255;
	for (int i = 0; i < 2; i++) {
		if (!lanes[i].decoder)
			lanes[i].decoder = decoder_open(decoder_asked_for(DECODER_TWIN));
		MUST(lanes[i].decoder);
		make_stream(&input, i == 0 ? first : input.left, &streams[i]);
		ask_zlib(&streams[i]);
		begin(&lanes[i], &streams[i], &state);
	}
	while (!lanes[0].ended || !lanes[1].ended) {
		uint64_t choice = below(&state, 8);
		if (!lanes[0].ended && !lanes[1].ended && choice > 1)
			run_two(lanes, &state);
		else if (!lanes[choice % 2].ended)
			run(&lanes[choice % 2], &state);
	}
	for (int i = 0; i < 2; i++) {
		free(streams[i].bytes);
		free(streams[i].out);
		free(lanes[i].piece);
		free(lanes[i].window);
	}
	return 0;
}
