// SPDX-License-Identifier: MIT

/*
 * The decoder of two streams at once, held against zlib: its verdict, its bytes, and how many bytes
 * of the stream it reads. The streams have what compressors seldom write; test_inflate.c has what
 * they do.
 */

#include "worker/decode/decoders.h"

#include "bits.h"
#include "zips.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* As ck_assert(), which tells Check each time that it holds: too slow for millions of times. */
#define must(condition)                                 \
	do {                                            \
		if (!(condition))                       \
			ck_abort_msg("%s", #condition); \
	} while (0)

/* --- decoding --------------------------------------------------------------------------------- */

/* What came of a stream. */
struct outcome {
	enum decode_status status; /* END, BAD_DATA, or NEED_INPUT where it is cut off */
	struct bytes out;
	size_t used;
};

static struct outcome ask_zlib(const struct bytes *stream)
{
	struct outcome outcome = {0};
	z_stream inflater = {.next_in = stream->data, .avail_in = (unsigned)stream->size};
	uint8_t buffer[65536];
	int result;

	ck_assert_int_eq(inflateInit2(&inflater, -MAX_WBITS), Z_OK);
	do {
		inflater.next_out = buffer;
		inflater.avail_out = sizeof(buffer);
		result = inflate(&inflater, Z_NO_FLUSH);
		bytes_put(&outcome.out, buffer, sizeof(buffer) - inflater.avail_out);
	} while (result == Z_OK);
	outcome.status = result == Z_STREAM_END   ? DECODE_END
			 : result == Z_DATA_ERROR ? DECODE_BAD_DATA
						  : DECODE_NEED_INPUT;
	outcome.used = inflater.total_in;
	inflateEnd(&inflater);
	return outcome;
}

/* The largest room for output that is given at once. */
#define ROOM_MAX 70000

struct lane {
	struct decoder *decoder;
	struct decode_span span;
	const struct bytes *stream;
	size_t fed;
	uint8_t *piece;
	uint8_t *window; /* DECODE_HISTORY_MAX, ROOM_MAX, what may be overrun */
	uint8_t *room;
	struct outcome outcome;
	bool ended;
};

/* How large pieces are: the first piece of input, and at most the others; and room for output. */
struct pieces {
	size_t first, in, out;
	uint32_t state;
};

static size_t up_to(struct pieces *pieces, size_t most)
{
	return 1 + next_random(&pieces->state) % most;
}

/* A piece of its own memory, so that a sanitizer sees what is read behind it. */
static void feed(struct lane *lane, size_t size)
{
	size_t left = lane->stream->size - lane->fed;

	size = size < left ? size : left;
	free(lane->piece);
	lane->piece = malloc(size + (size == 0));
	must(lane->piece);
	if (size > 0)
		memcpy(lane->piece, lane->stream->data + lane->fed, size);
	lane->span.in = lane->piece;
	lane->span.in_size = size;
	lane->fed += size;
}

static void drain(struct lane *lane, size_t room)
{
	bytes_put(&lane->outcome.out, lane->room, (size_t)(lane->span.out - lane->room));
	if ((size_t)(lane->span.out - lane->window) + room > DECODE_HISTORY_MAX + ROOM_MAX) {
		memmove(lane->window, lane->span.out - DECODE_HISTORY_MAX, DECODE_HISTORY_MAX);
		lane->span.out = lane->window + DECODE_HISTORY_MAX;
	}
	lane->room = lane->span.out;
	lane->span.out_size = room;
}

static struct lane lane_new(const struct bytes *stream, struct pieces *pieces)
{
	struct lane lane = {
		.decoder = decoder_open(decoder_asked_for(DECODER_TWIN)), .stream = stream};

	lane.window = malloc(DECODE_HISTORY_MAX + ROOM_MAX + lane.decoder->type->overrun_bytes);
	ck_assert(lane.decoder && lane.window);
	ck_assert_int_eq(decoder_reset(lane.decoder, 0), 0);
	lane.room = lane.window + DECODE_HISTORY_MAX;
	lane.span.out = lane.room;
	feed(&lane, pieces->first);
	drain(&lane, up_to(pieces, pieces->out));
	return lane;
}

static void lane_free(struct lane *lane)
{
	decoder_close(lane->decoder);
	free(lane->piece);
	free(lane->window);
}

static void settle(struct lane *lane, enum decode_status status, struct pieces *pieces)
{
	bool cut_off = status == DECODE_NEED_INPUT && lane->fed == lane->stream->size;

	must(status != DECODE_NO_MEMORY);
	must(status != DECODE_NEED_INPUT || lane->span.in_size == 0);
	must(status != DECODE_NEED_OUTPUT || lane->span.out_size == 0);
	if (status == DECODE_NEED_OUTPUT) {
		drain(lane, up_to(pieces, pieces->out));
	} else if (status == DECODE_NEED_INPUT && !cut_off) {
		feed(lane, up_to(pieces, pieces->in));
	} else if (status != DECODE_PAUSED) {
		drain(lane, 1);
		lane->outcome.status = status;
		lane->outcome.used = lane->fed - lane->span.in_size;
		lane->ended = true;
	}
}

static void run_two(struct lane *first, struct lane *second, struct pieces *pieces)
{
	enum decode_status statuses[2];

	decoder_run_two((struct decoder *const[]){first->decoder, second->decoder},
		(struct decode_span *const[]){&first->span, &second->span}, statuses);
	must(statuses[0] != DECODE_PAUSED || statuses[1] != DECODE_PAUSED);
	settle(first, statuses[0], pieces);
	settle(second, statuses[1], pieces);
}

static void run_one(struct lane *lane, struct pieces *pieces)
{
	enum decode_status status = decoder_run(lane->decoder, &lane->span, false);

	must(status != DECODE_PAUSED);
	settle(lane, status, pieces);
}

static void check_outcome(struct lane *lane, const struct outcome *expected)
{
	const struct outcome *outcome = &lane->outcome;

	ck_assert_int_eq(outcome->status, expected->status);
	ck_assert_uint_eq(outcome->out.size, expected->out.size);
	ck_assert(outcome->out.size == 0 ||
		  memcmp(outcome->out.data, expected->out.data, outcome->out.size) == 0);
	if (outcome->status == DECODE_END)
		ck_assert_uint_eq(outcome->used, expected->used);
	bytes_free(&lane->outcome.out);
}

/* Decode one stream, or two at once, and hold them against what zlib makes of them. */
static void check_expected(const struct bytes *const streams[2],
	const struct outcome *const expected[2], struct pieces pieces)
{
	struct lane first = lane_new(streams[0], &pieces);

	if (streams[1]) {
		struct lane second = lane_new(streams[1], &pieces);
		while (!first.ended && !second.ended)
			run_two(&first, &second, &pieces);
		while (!second.ended)
			run_one(&second, &pieces);
		while (!first.ended)
			run_one(&first, &pieces);
		check_outcome(&second, expected[1]);
		lane_free(&second);
	}
	while (!first.ended)
		run_one(&first, &pieces);
	check_outcome(&first, expected[0]);
	lane_free(&first);
}

static const struct pieces whole = {SIZE_MAX / 2, 1000000, ROOM_MAX, 1};

static void check_two(const struct bytes *first, const struct bytes *second, struct pieces pieces)
{
	struct outcome expected[2] = {ask_zlib(first), ask_zlib(second)};

	check_expected((const struct bytes *const[]){first, second},
		(const struct outcome *const[]){&expected[0], &expected[1]}, pieces);
	bytes_free(&expected[0].out);
	bytes_free(&expected[1].out);
}

/* Alone, and beside itself. Its outcome. */
static enum decode_status check_stream(const struct bytes *stream, struct pieces pieces)
{
	struct outcome expected = ask_zlib(stream);

	check_expected((const struct bytes *const[]){stream, NULL},
		(const struct outcome *const[]){&expected, NULL}, pieces);
	check_expected((const struct bytes *const[]){stream, stream},
		(const struct outcome *const[]){&expected, &expected}, pieces);
	bytes_free(&expected.out);
	return expected.status;
}

/* --- streams made symbol by symbol ------------------------------------------------------------ */

/* RFC 1951, 3.2.5. */
static const unsigned LENGTH_BASE[29] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31,
	35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const unsigned LENGTH_EXTRA[29] = {
	0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const unsigned DISTANCE_BASE[30] = {1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129,
	193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};

static unsigned distance_extra(unsigned symbol)
{
	return symbol < 4 ? 0 : symbol / 2 - 1;
}

/* A Huffman code: how long the code of each symbol is (0: none), and what it is. */
struct code {
	unsigned lengths[288];
	unsigned codes[288];
};

/* RFC 1951, 3.2.2. */
static void assign_codes(struct code *code)
{
	unsigned next = 0;

	for (unsigned length = 1; length <= 15; length++) {
		next <<= 1;
		for (unsigned symbol = 0; symbol < 288; symbol++) {
			if (code->lengths[symbol] == length)
				code->codes[symbol] = next++;
		}
	}
}

static void put_symbol(struct bits *bits, const struct code *code, unsigned symbol)
{
	put_code(bits, code->codes[symbol], code->lengths[symbol]);
}

/* The header of a block with these codes. A code length is written as its own four bits. */
static void put_dynamic(struct bits *bits, bool last, const struct code *literals,
	unsigned literal_count, const struct code *distances, unsigned distance_count)
{
	put_bits(bits, last, 1);
	put_bits(bits, 2, 2);
	put_bits(bits, literal_count - 257, 5);
	put_bits(bits, distance_count - 1, 5);
	put_bits(bits, 19 - 4, 4);
	for (unsigned i = 0; i < 19; i++)
		put_bits(bits, i < 3 ? 0 : 4, 3);
	for (unsigned i = 0; i < literal_count; i++)
		put_code(bits, literals->lengths[i], 4);
	for (unsigned i = 0; i < distance_count; i++)
		put_code(bits, distances->lengths[i], 4);
}

static void put_match(struct bits *bits, const struct code *literals, const struct code *distances,
	unsigned length, unsigned distance)
{
	unsigned symbol = 28;

	while (length < LENGTH_BASE[symbol])
		symbol--;
	put_symbol(bits, literals, 257 + symbol);
	put_bits(bits, length - LENGTH_BASE[symbol], LENGTH_EXTRA[symbol]);
	symbol = 29;
	while (distance < DISTANCE_BASE[symbol])
		symbol--;
	put_symbol(bits, distances, symbol);
	put_bits(bits, distance - DISTANCE_BASE[symbol], distance_extra(symbol));
}

/* Stored blocks of random bytes. */
static void put_stored(struct bits *bits, size_t size, uint32_t seed)
{
	struct bytes content = make_content(CONTENT_RANDOM, size, seed);

	for (size_t at = 0; at < size;) {
		size_t block = size - at < 65535 ? size - at : 65535;
		put_bits(bits, 0, 3);
		while (bits->used % 8 > 0)
			put_bits(bits, 0, 1);
		put_bits(bits, (unsigned)block, 16);
		put_bits(bits, (unsigned)~block & 0xffff, 16);
		for (; block > 0; block--)
			put_bits(bits, content.data[at++], 8);
	}
	bytes_free(&content);
}

static void fixed_codes(struct code *literals, struct code *distances)
{
	memset(distances, 0, sizeof(*distances));
	for (unsigned i = 0; i < 288; i++)
		literals->lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	for (unsigned i = 0; i < 30; i++)
		distances->lengths[i] = 5;
	assign_codes(literals);
	assign_codes(distances);
}

/* A complete code of @count symbols out of @among, one of them @must_have, up to 15 bits. */
static void random_code(
	struct code *code, unsigned count, unsigned among, unsigned must_have, uint32_t *state)
{
	unsigned lengths[288] = {0};

	for (unsigned leaves = 1; leaves < count; leaves++) {
		/* Split a leaf: the one that was split last, for long codes, or any. */
		unsigned leaf = next_random(state) % 3 ? leaves - 1 : next_random(state) % leaves;
		while (lengths[leaf] == 15)
			leaf = (leaf + 1) % leaves;
		lengths[leaves] = ++lengths[leaf];
	}
	memset(code, 0, sizeof(*code));
	for (unsigned i = 0; i < count; i++) {
		unsigned symbol = i == 0 ? must_have : next_random(state) % among;
		while (code->lengths[symbol] > 0)
			symbol = (symbol + 1) % among;
		code->lengths[symbol] = lengths[count - 1 - i];
	}
	assign_codes(code);
}

static unsigned random_symbol(const struct code *code, unsigned among, uint32_t *state)
{
	unsigned symbol = next_random(state) % among;

	while (code->lengths[symbol] == 0)
		symbol = (symbol + 1) % among;
	return symbol;
}

/* A block with random complete codes, of @tokens symbols. *@size: of what has come out. */
static void put_random_block(
	struct bits *bits, bool last, unsigned tokens, size_t *size, uint32_t *state)
{
	struct code literals;
	struct code distances;

	random_code(&literals, 2 + next_random(state) % 284, 286, 256, state);
	random_code(&distances, 2 + next_random(state) % 28, 30, next_random(state) % 30, state);
	put_dynamic(bits, last, &literals, 286, &distances, 30);
	while (tokens-- > 0) {
		unsigned symbol = random_symbol(&literals, 286, state);
		unsigned distance = random_symbol(&distances, 30, state);
		if (symbol < 256) {
			put_symbol(bits, &literals, symbol);
			*size += 1;
		} else if (symbol > 256) {
			unsigned extra = distance_extra(distance);
			unsigned more = next_random(state) & ((1U << extra) - 1);
			if (DISTANCE_BASE[distance] + more > *size)
				continue;
			unsigned length = LENGTH_EXTRA[symbol - 257];
			unsigned length_more = next_random(state) & ((1U << length) - 1);
			put_symbol(bits, &literals, symbol);
			put_bits(bits, length_more, length);
			put_symbol(bits, &distances, distance);
			put_bits(bits, more, extra);
			*size += LENGTH_BASE[symbol - 257] + length_more;
		}
	}
	put_symbol(bits, &literals, 256);
}

/* --- pieces ----------------------------------------------------------------------------------- */

/* All levels, all strategies, and so all types of blocks. */
static const int WAYS[][2] = {{0, 0}, {1, 0}, {6, 0}, {9, 0}, {1, Z_FIXED}, {9, Z_FIXED},
	{6, Z_FILTERED}, {6, Z_HUFFMAN_ONLY}, {6, Z_RLE}};

#define WAYS_COUNT ((int)(sizeof(WAYS) / sizeof(WAYS[0])))

START_TEST(a_stream_cut_in_two_anywhere_gives_the_same)
{
	for (enum content kind = 0; kind < CONTENT_KINDS; kind++) {
		struct bytes content = make_content(kind, 900, 1);
		struct bytes stream =
			make_deflate(content.data, content.size, WAYS[_i][0], WAYS[_i][1]);
		struct outcome expected = ask_zlib(&stream);
		ck_assert_int_eq(expected.status, DECODE_END);
		for (size_t cut = 1; cut < stream.size; cut++) {
			struct pieces pieces = {cut, 1000, 1 + cut % 300, 1};
			check_expected((const struct bytes *const[]){&stream, NULL},
				(const struct outcome *const[]){&expected, NULL}, pieces);
		}
		bytes_free(&expected.out);
		bytes_free(&stream);
		bytes_free(&content);
	}
}
END_TEST

START_TEST(any_pieces_of_two_streams_give_the_same)
{
	static const size_t sizes[] = {1, 2, 7, 60, 300, 5000, 100000};
	uint32_t state = 4711 + (uint32_t)_i;

	for (enum content kind = 0; kind < CONTENT_KINDS; kind++) {
		struct bytes streams[2];
		for (int i = 0; i < 2; i++) {
			const int *way = WAYS[next_random(&state) % (unsigned)WAYS_COUNT];
			struct bytes content = make_content(
				i ? kind : (enum content)_i % CONTENT_KINDS, 150000, state);
			streams[i] = make_deflate(content.data, content.size, way[0], way[1]);
			bytes_free(&content);
		}
		for (int round = 0; round < 6; round++) {
			size_t in = sizes[next_random(&state) % 7];
			size_t out = sizes[3 + next_random(&state) % 3];
			struct pieces pieces = {in, in, out, next_random(&state)};
			check_two(&streams[0], &streams[1], pieces);
		}
		bytes_free(&streams[0]);
		bytes_free(&streams[1]);
	}
}
END_TEST

/* --- codes ------------------------------------------------------------------------------------ */

START_TEST(blocks_of_any_complete_codes_are_right)
{
	uint32_t state = 99 + (uint32_t)_i;

	for (int round = 0; round < 40; round++) {
		struct bits bits[2] = {0};
		for (int i = 0; i < 2; i++) {
			size_t size = 0;
			int blocks = 1 + (int)(next_random(&state) % 4);
			for (int block = 1; block <= blocks; block++)
				put_random_block(&bits[i], block == blocks,
					next_random(&state) % 4000, &size, &state);
		}
		struct pieces pieces = {SIZE_MAX / 2, 1, ROOM_MAX, state};
		if (round % 3)
			pieces = (struct pieces){200, 200, 3000, state};
		struct outcome outcome = ask_zlib(&bits[0].bytes);
		ck_assert_int_eq(outcome.status, DECODE_END);
		bytes_free(&outcome.out);
		check_two(&bits[0].bytes, &bits[1].bytes, pieces);
		bytes_free(&bits[0].bytes);
		bytes_free(&bits[1].bytes);
	}
}
END_TEST

/* All 15 lengths of codes, for literals, lengths and distances at once. */
START_TEST(codes_of_1_to_15_bits_are_right)
{
	struct code literals = {0};
	struct code distances = {0};
	struct bits bits = {0};

	/* 1 to 7 for literals, 8 to 13 for lengths, 14 for one more literal, 15 twice. */
	for (unsigned i = 1; i <= 7; i++)
		literals.lengths['a' + i] = i;
	for (unsigned i = 8; i <= 13; i++)
		literals.lengths[257 + 4 * (i - 8)] = i;
	literals.lengths['z'] = 14;
	literals.lengths[285] = 15;
	literals.lengths[256] = 15;
	for (unsigned i = 0; i < 16; i++)
		distances.lengths[i] = i < 15 ? i + 1 : 15;
	assign_codes(&literals);
	assign_codes(&distances);
	put_dynamic(&bits, true, &literals, 286, &distances, 16);
	for (unsigned round = 0; round < 3000; round++) {
		for (unsigned i = 0; i <= round % 9; i++)
			put_symbol(&bits, &literals, 'a' + 1 + (round + i) % 7);
		put_symbol(&bits, &literals, 'z');
		if (round < 40)
			continue;
		unsigned distance = round % 16;
		unsigned symbol = round % 7 == 6 ? 28 : 4 * (round % 7);
		put_match(
			&bits, &literals, &distances, LENGTH_BASE[symbol], DISTANCE_BASE[distance]);
	}
	put_symbol(&bits, &literals, 256);
	ck_assert_int_eq(check_stream(&bits.bytes, whole), DECODE_END);
	ck_assert_int_eq(check_stream(&bits.bytes, (struct pieces){1, 1, ROOM_MAX, 1}), DECODE_END);
	bytes_free(&bits.bytes);
}
END_TEST

/* A block of codes with these lengths, and then bits of both values. */
static enum decode_status try_codes(
	const struct code *literals, const struct code *distances, unsigned distance_count)
{
	struct bits bits = {0};

	put_stored(&bits, 40000, 3);
	put_dynamic(&bits, true, literals, 286, distances, distance_count);
	/* First in the loops, with plenty of input, then near its end. */
	for (int i = 0; i < 4000; i++)
		put_bits(&bits, (unsigned)i * 2654435761U >> 20, 12);
	enum decode_status status = check_stream(&bits.bytes, whole);
	bits.bytes.size = 40000 + 5 + 300;
	check_stream(&bits.bytes, (struct pieces){40100, 1, 100, 1});
	bytes_free(&bits.bytes);
	return status;
}

START_TEST(codes_that_zlib_refuses_are_refused)
{
	struct code none = {0};
	struct code one = {.lengths = {[256] = 1}};
	struct code one_long = {.lengths = {[256] = 2}};
	struct code two = {.lengths = {['a'] = 1, [256] = 1}};
	struct code three = {.lengths = {['a'] = 1, ['b'] = 1, [256] = 1}};
	struct code incomplete = {.lengths = {['a'] = 1, [256] = 3}};
	struct code no_end = {.lengths = {['a'] = 1, ['b'] = 1}};
	struct code match = {.lengths = {['a'] = 2, [257] = 2, [256] = 1}};
	struct code zero = {.lengths = {[0] = 1}};
	struct code zero_long = {.lengths = {[0] = 2}};
	struct code full = {.lengths = {[0] = 1, [29] = 1}};

	/* The block ends at once, or its data are refused: that is zlib's matter. */
	try_codes(&one, &none, 1);
	try_codes(&two, &none, 1);
	try_codes(&two, &full, 30);
	try_codes(&match, &zero, 1);
	try_codes(&match, &none, 30);
	ck_assert_int_eq(try_codes(&one_long, &full, 30), DECODE_BAD_DATA);
	ck_assert_int_eq(try_codes(&three, &full, 30), DECODE_BAD_DATA);
	ck_assert_int_eq(try_codes(&incomplete, &full, 30), DECODE_BAD_DATA);
	ck_assert_int_eq(try_codes(&no_end, &full, 30), DECODE_BAD_DATA);
	ck_assert_int_eq(try_codes(&match, &zero_long, 1), DECODE_BAD_DATA);
	ck_assert_int_eq(try_codes(&none, &none, 1), DECODE_BAD_DATA);
}
END_TEST

START_TEST(a_single_code_of_code_lengths_is_refused_at_once)
{
	struct bits bits = {0};

	put_bits(&bits, 5, 3);
	put_bits(&bits, 0, 10);
	put_bits(&bits, 19 - 4, 4);
	for (unsigned i = 0; i < 19; i++)
		put_bits(&bits, i == 4, 3);
	/* Nothing follows: what is wrong is wrong already. */
	ck_assert_int_eq(check_stream(&bits.bytes, whole), DECODE_BAD_DATA);
	bytes_free(&bits.bytes);
}
END_TEST

/* Code lengths that are random, so that they are mostly incomplete or too many. */
START_TEST(headers_of_any_kind_get_the_verdict_of_zlib)
{
	uint32_t state = 5 + (uint32_t)_i;

	for (int round = 0; round < 4000; round++) {
		struct bits bits = {0};
		put_bits(&bits, 5, 3);
		put_bits(&bits, next_random(&state), 14); /* also too many */
		/* Mostly few and short codes of code lengths: else all would end here. */
		for (unsigned i = 0; i < 19; i++)
			put_bits(&bits, next_random(&state) % 5 ? 0 : next_random(&state) % 4, 3);
		for (unsigned i = 0; i < 80; i++)
			put_bits(&bits, next_random(&state), 8);
		check_stream(&bits.bytes, round % 2 ? whole : (struct pieces){1, 3, 50, state});
		bytes_free(&bits.bytes);
	}
}
END_TEST

/* --- matches ---------------------------------------------------------------------------------- */

/* A stream of matches after a window of random bytes; @dynamic: with codes of their own. */
struct matches {
	struct bits bits;
	struct code literals;
	struct code distances;
};

static struct matches matches_new(bool dynamic)
{
	struct matches matches = {0};

	put_stored(&matches.bits, 32768, 17);
	if (dynamic) {
		/* Few literals, so that all lengths have short codes. */
		for (unsigned i = 0; i < 286; i++)
			matches.literals.lengths[i] = i < 3 || i >= 256 ? 5 : 0;
		matches.literals.lengths[0] = 0;
		for (unsigned i = 0; i < 30; i++)
			matches.distances.lengths[i] = i < 28 ? 5 : 4;
		assign_codes(&matches.literals);
		assign_codes(&matches.distances);
		put_dynamic(&matches.bits, true, &matches.literals, 286, &matches.distances, 30);
	} else {
		fixed_codes(&matches.literals, &matches.distances);
		put_bits(&matches.bits, 3, 3);
	}
	return matches;
}

static void matches_check(struct matches *matches, struct pieces pieces)
{
	put_symbol(&matches->bits, &matches->literals, 256);
	ck_assert_int_eq(check_stream(&matches->bits.bytes, pieces), DECODE_END);
	bytes_free(&matches->bits.bytes);
}

START_TEST(every_distance_is_right_at_the_edges_of_the_window)
{
	static const unsigned lengths[] = {3, 258, 16, 17, 31, 32, 33, 4, 64};
	struct matches matches = matches_new(_i % 2);
	uint32_t state = 1;

	/* One after the other, so that all reach to just behind the oldest byte somewhere. */
	for (unsigned distance = 1; distance <= 32768; distance++) {
		if (next_random(&state) % 3 == 0)
			put_symbol(&matches.bits, &matches.literals, 1 + distance % 2);
		put_match(&matches.bits, &matches.literals, &matches.distances,
			lengths[(distance + (unsigned)_i) % 9], distance);
	}
	matches_check(&matches,
		_i < 2 ? whole : (struct pieces){32768, 5000, 999 + (size_t)_i * 4096, 3});
}
END_TEST

START_TEST(every_length_is_right_at_every_small_distance)
{
	static const unsigned distances[] = {63, 64, 65, 127, 255, 256, 257, 258, 259, 300, 2047,
		2048, 2049, 4096, 16384, 32767, 32768};
	struct matches matches = matches_new(_i % 2);

	for (unsigned length = 3; length <= 258; length++) {
		for (unsigned distance = 1; distance <= 40; distance++) {
			put_match(&matches.bits, &matches.literals, &matches.distances, length,
				distance);
			put_symbol(&matches.bits, &matches.literals, 1 + (length ^ distance) % 2);
		}
		for (unsigned i = 0; i < 17; i++) {
			put_match(&matches.bits, &matches.literals, &matches.distances, length,
				distances[i]);
			put_symbol(&matches.bits, &matches.literals, 1 + i % 2);
		}
	}
	matches_check(&matches, _i < 2 ? whole : (struct pieces){32768, 700, 4097, 3});
}
END_TEST

/* After @before bytes, some symbols, so that a loop has begun, and then a match. */
static enum decode_status try_distance(unsigned before, unsigned distance, bool plenty)
{
	struct code literals;
	struct code distances;
	struct bits bits = {0};

	put_stored(&bits, before - 20, before);
	fixed_codes(&literals, &distances);
	put_bits(&bits, 3, 3);
	for (unsigned i = 0; i < 20; i++)
		put_symbol(&bits, &literals, 'a' + i);
	put_match(&bits, &literals, &distances, 10, distance);
	for (unsigned i = 0; plenty && i < 300; i++)
		put_symbol(&bits, &literals, 'a' + i % 20);
	put_symbol(&bits, &literals, 256);
	enum decode_status status = check_stream(&bits.bytes, whole);
	bytes_free(&bits.bytes);
	return status;
}

START_TEST(a_distance_reaches_the_first_byte_and_no_further)
{
	static const unsigned sizes[] = {
		20, 21, 33, 100, 257, 2047, 2048, 2049, 16384, 24577, 32000, 32766, 32767};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int plenty = 0; plenty < 2; plenty++) {
			ck_assert_int_eq(try_distance(sizes[i], sizes[i], plenty), DECODE_END);
			ck_assert_int_eq(
				try_distance(sizes[i], sizes[i] + 1, plenty), DECODE_BAD_DATA);
			ck_assert_int_eq(try_distance(sizes[i], 32768, plenty), DECODE_BAD_DATA);
		}
	}
	for (unsigned size = 32768; size < 32800; size++)
		ck_assert_int_eq(try_distance(size, 32768, size % 2), DECODE_END);
}
END_TEST

/* --- two streams ------------------------------------------------------------------------------ */

START_TEST(what_is_wrong_with_one_stream_does_not_touch_the_other)
{
	uint32_t state = 77 + (uint32_t)_i;
	struct bytes good_content = make_content(CONTENT_TEXT, 120000, 21);
	struct bytes good = make_deflate(good_content.data, good_content.size, 6, 0);
	struct bytes content = make_content((enum content)(_i % 2), 60000, 22);
	struct bytes stream = make_deflate(content.data, content.size, 6, 0);
	struct outcome expected = ask_zlib(&good);

	for (int round = 0; round < 150; round++) {
		struct bytes bad = {0};
		bytes_put(&bad, stream.data, stream.size);
		size_t range = round % 2 ? bad.size : 90;
		for (int n = 0; n < 3; n++)
			bad.data[next_random(&state) % range] ^=
				(uint8_t)(1U << next_random(&state) % 8);
		if (round % 5 == 0)
			bad.size = 1 + next_random(&state) % bad.size;
		struct outcome of_bad = ask_zlib(&bad);
		struct pieces pieces = whole;
		if (round % 3 == 0)
			pieces = (struct pieces){700, 700, 4000, state};
		bool before = next_random(&state) % 2;
		const struct bytes *both[] = {before ? &bad : &good, before ? &good : &bad};
		const struct outcome *outcomes[] = {
			before ? &of_bad : &expected, before ? &expected : &of_bad};
		check_expected(both, outcomes, pieces);
		bytes_free(&of_bad.out);
		bytes_free(&bad);
	}
	bytes_free(&expected.out);
	bytes_free(&good);
	bytes_free(&good_content);
	bytes_free(&stream);
	bytes_free(&content);
}
END_TEST

/* Codes with which each loop is chosen: where matches are rare, where there are some, where they
 * prevail. */
#define MATCH_SHARES 3

static void share_codes(int share, struct code *literals, struct code *distances)
{
	/* How many literals have 8 bits, and in how many bits the end and the first lengths are. */
	static const unsigned count[MATCH_SHARES] = {254, 240, 128};
	static const unsigned bits[MATCH_SHARES] = {9, 8, 5};
	static const unsigned others[MATCH_SHARES] = {4, 16, 16};

	memset(literals, 0, sizeof(*literals));
	memset(distances, 0, sizeof(*distances));
	for (unsigned i = 0; i < count[share]; i++)
		literals->lengths[i] = 8;
	for (unsigned i = 0; i < others[share]; i++)
		literals->lengths[256 + i] = bits[share];
	for (unsigned i = 0; i < 30; i++)
		distances->lengths[i] = i < 28 ? 5 : 4;
	assign_codes(literals);
	assign_codes(distances);
}

/*
 * A stream of a block with such codes, after @stored bytes. @too_far: one of its matches begins
 * before the first byte by as much; 0: with that byte. Not where more than a window is stored.
 */
static struct bytes make_share(int share, unsigned stored, unsigned too_far)
{
	struct code literals;
	struct code distances;
	struct bits bits = {0};
	size_t size = stored;
	uint32_t state = 8;

	put_stored(&bits, stored, 31);
	share_codes(share, &literals, &distances);
	put_dynamic(&bits, true, &literals, 286, &distances, 30);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned symbol = random_symbol(&literals, 270, &state);
		if (symbol < 256) {
			put_symbol(&bits, &literals, symbol);
			size++;
		} else if (symbol > 256 && size > 2048) {
			unsigned length = LENGTH_BASE[symbol - 257];
			put_match(&bits, &literals, &distances, length,
				1 + next_random(&state) % 2048);
			size += length;
		}
		if (i == 4000 && size <= 32768)
			put_match(&bits, &literals, &distances, 3, (unsigned)size + too_far);
	}
	put_symbol(&bits, &literals, 256);
	return bits.bytes;
}

START_TEST(a_distance_reaches_no_further_beside_any_other_stream)
{
	for (int pair = 0; pair < MATCH_SHARES * MATCH_SHARES; pair++) {
		struct bytes stream = make_share(pair % MATCH_SHARES, 0, (unsigned)_i % 2);
		struct bytes other = make_share(pair / MATCH_SHARES, _i < 2 ? 0 : 40000, 0);
		struct outcome outcome = ask_zlib(&stream);
		ck_assert_int_eq(outcome.status, _i % 2 ? DECODE_BAD_DATA : DECODE_END);
		bytes_free(&outcome.out);
		check_two(&stream, &other, whole);
		check_two(&other, &stream, whole);
		bytes_free(&stream);
		bytes_free(&other);
	}
}
END_TEST

/* A round may end before the second stream's first step, which then still has the beginning of a
 * symbol from the piece of input before. */
START_TEST(blocks_that_end_at_once_do_not_disturb_the_other_stream)
{
	struct bits empty = {0};
	struct matches other = matches_new(true);
	uint32_t state = 4;

	for (unsigned i = 0; i < 40000; i++) {
		put_bits(&empty, i == 39999, 1);
		put_bits(&empty, 1, 2);
		put_code(&empty, 0, 7);
	}
	for (unsigned i = 0; i < 4000; i++)
		put_match(&other.bits, &other.literals, &other.distances,
			3 + next_random(&state) % 256, 1 + next_random(&state) % 32768);
	put_symbol(&other.bits, &other.literals, 256);
	for (size_t in = 90; in < 110; in++) {
		struct pieces pieces = {in, in, ROOM_MAX, state};
		check_two(&empty.bytes, &other.bits.bytes, pieces);
		check_two(&other.bits.bytes, &empty.bytes, pieces);
	}
	bytes_free(&empty.bytes);
	bytes_free(&other.bits.bytes);
}
END_TEST

/* Streams where literals prevail, where matches do, and what is neither. */
START_TEST(streams_of_all_kinds_pair_with_each_other)
{
	struct bytes streams[5];

	for (int i = 0; i < 5; i++) {
		struct bytes content = make_content(i == 0   ? CONTENT_RANDOM
						    : i == 1 ? CONTENT_ZERO
							     : CONTENT_TEXT,
			300000, 30);
		for (size_t at = 0; i == 3 && at < content.size; at++)
			content.data[at] &= 31; /* literals, and few matches */
		streams[i] = make_deflate(
			content.data, content.size, i == 4 ? 1 : 6, i == 3 ? Z_HUFFMAN_ONLY : 0);
		bytes_free(&content);
	}
	for (int i = 0; i < 5; i++) {
		for (int j = 0; j < 5; j++) {
			check_two(&streams[i], &streams[j], whole);
			check_two(&streams[i], &streams[j],
				(struct pieces){100, 30000, 65536, 1 + (uint32_t)(5 * i + j)});
		}
	}
	for (int i = 0; i < 5; i++)
		bytes_free(&streams[i]);
}
END_TEST

START_TEST(it_is_there_or_said_not_to_be)
{
	bool here = decoder_has(DECODER_TWIN);

	if (!here)
		puts("the twin decoder is not here: not tested");
	const struct decoder_type *twin = here ? decoder_asked_for(DECODER_TWIN) : NULL;
	uint64_t least = here ? twin->least_bytes : 1;
	ck_assert_int_eq(decoder_choose_stream(8, DECODER_AUTO, least) == twin, here);
	ck_assert_int_eq(decoder_choose(8, DECODER_AUTO, UINT64_MAX) == twin, here);
	ck_assert_ptr_ne(decoder_choose_stream(8, DECODER_AUTO, least - 1), twin);
	ck_assert_int_eq(decoder_choose(8, DECODER_ZLIB, UINT64_MAX)->choice, DECODER_ZLIB);
	ck_assert_int_eq(decoder_choose(8, DECODER_ZLIB, 0)->choice, DECODER_ZLIB);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("twin");
	TCase *tests = tcase_create("twin");

	tcase_add_test(tests, it_is_there_or_said_not_to_be);
	if (decoder_has(DECODER_TWIN)) {
		tcase_add_loop_test(
			tests, a_stream_cut_in_two_anywhere_gives_the_same, 0, WAYS_COUNT);
		tcase_add_loop_test(tests, any_pieces_of_two_streams_give_the_same, 0, 6);
		tcase_add_loop_test(tests, blocks_of_any_complete_codes_are_right, 0, 4);
		tcase_add_test(tests, codes_of_1_to_15_bits_are_right);
		tcase_add_test(tests, codes_that_zlib_refuses_are_refused);
		tcase_add_loop_test(tests, headers_of_any_kind_get_the_verdict_of_zlib, 0, 4);
		tcase_add_loop_test(
			tests, every_distance_is_right_at_the_edges_of_the_window, 0, 4);
		tcase_add_loop_test(tests, every_length_is_right_at_every_small_distance, 0, 4);
		tcase_add_test(tests, a_distance_reaches_the_first_byte_and_no_further);
		tcase_add_loop_test(
			tests, what_is_wrong_with_one_stream_does_not_touch_the_other, 0, 4);
		tcase_add_loop_test(
			tests, a_distance_reaches_no_further_beside_any_other_stream, 0, 4);
		tcase_add_test(tests, a_single_code_of_code_lengths_is_refused_at_once);
		tcase_add_test(tests, blocks_that_end_at_once_do_not_disturb_the_other_stream);
		tcase_add_test(tests, streams_of_all_kinds_pair_with_each_other);
	}
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
