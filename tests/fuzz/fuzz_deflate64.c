// SPDX-License-Identifier: MIT

/*
 * The decoder of Deflate64 held against another one that is as plain as can be: the whole stream at
 * once, bit by bit, no table. Both come to the same end with the same bytes, however the stream is
 * cut into pieces. Input: a number from which pieces are made, and then either a stream as it
 * stands, or a number from which blocks of all kinds are made, with some bytes changed after.
 */

#include "fuzz.h"
#include "worker/decode/decoder.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_MAX ((size_t)64 * 1024)
#define BLOCK_MAX  ((size_t)8 * 1024)   /* what a stored block or a header may go beyond that */
#define OUT_MAX    ((size_t)192 * 1024) /* what comes after this is not looked at */
#define LITERALS   288
#define DISTANCES  32

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

static unsigned below(uint64_t *state, unsigned limit)
{
	return (unsigned)(next_random(state) % limit);
}

static unsigned length_base(unsigned symbol) /* from 0 */
{
	unsigned base = 3;

	if (symbol == 28)
		return 3;
	for (unsigned i = 0; i < symbol; i++)
		base += i < 8 ? 1 : 1U << (i - 4) / 4;
	return base;
}

static unsigned length_extra(unsigned symbol)
{
	return symbol == 28 ? 16 : symbol < 8 ? 0 : (symbol - 4) / 4;
}

static unsigned distance_extra(unsigned symbol)
{
	return symbol < 4 ? 0 : (symbol - 2) / 2;
}

static unsigned distance_base(unsigned symbol)
{
	unsigned base = 1;

	for (unsigned i = 0; i < symbol; i++)
		base += 1U << distance_extra(i);
	return base;
}

/* --- the plain decoder ------------------------------------------------------------------------ */

enum verdict { WHOLE, CUT, BAD, LONG };

struct plain {
	const uint8_t *in;
	size_t bits, at; /* of @in: how many there are, and the next one */
	uint8_t *out;
	size_t out_size;
	jmp_buf end; /* with a verdict */
};

static unsigned take(struct plain *plain, unsigned count)
{
	unsigned value = 0;

	if (plain->bits - plain->at < count)
		longjmp(plain->end, CUT);
	for (unsigned i = 0; i < count; i++, plain->at++)
		value |= (unsigned)(plain->in[plain->at / 8] >> plain->at % 8 & 1) << i;
	return value;
}

static void put(struct plain *plain, uint8_t byte)
{
	if (plain->out_size == OUT_MAX)
		longjmp(plain->end, LONG);
	plain->out[plain->out_size++] = byte;
}

/* A code takes its share of 2^15. */
static void check_lengths(struct plain *plain, const uint8_t *lengths, unsigned symbols, bool alone)
{
	unsigned sum = 0;
	unsigned longest = 0;

	for (unsigned i = 0; i < symbols; i++) {
		sum += lengths[i] ? 1U << (15 - lengths[i]) : 0;
		longest = lengths[i] > longest ? lengths[i] : longest;
	}
	if (sum > 1 << 15 || (sum < 1 << 15 && !(alone && longest <= 1)))
		longjmp(plain->end, BAD);
}

/* As RFC 1951, 3.2.2, has it: count the codes through, and compare. */
static unsigned symbol_of(struct plain *plain, const uint8_t *lengths, unsigned symbols)
{
	unsigned number = 0;
	unsigned code = 0;

	for (unsigned length = 1; length <= 15; length++, code <<= 1) {
		bool longer = false;
		number = number << 1 | take(plain, 1);
		for (unsigned i = 0; i < symbols; i++) {
			if (lengths[i] == length && code++ == number)
				return i;
			longer = longer || lengths[i] > length;
		}
		if (!longer)
			break;
	}
	longjmp(plain->end, BAD);
}

static void plain_symbols(struct plain *plain, const uint8_t *literals, unsigned literal_count,
	const uint8_t *distances, unsigned distance_count)
{
	unsigned symbol;

	while ((symbol = symbol_of(plain, literals, literal_count)) != 256) {
		if (symbol < 256) {
			put(plain, (uint8_t)symbol);
			continue;
		}
		if (symbol > 285)
			longjmp(plain->end, BAD);
		unsigned length = length_base(symbol - 257);
		length += take(plain, length_extra(symbol - 257));
		symbol = symbol_of(plain, distances, distance_count);
		unsigned distance = distance_base(symbol);
		distance += take(plain, distance_extra(symbol));
		if (distance > plain->out_size)
			longjmp(plain->end, BAD);
		for (; length > 0; length--)
			put(plain, plain->out[plain->out_size - distance]);
	}
}

static void plain_dynamic(struct plain *plain)
{
	static const uint8_t order[19] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
	unsigned literals = take(plain, 5) + 257;
	unsigned distances = take(plain, 5) + 1;
	unsigned codes = take(plain, 4) + 4;
	uint8_t first[19] = {0};
	uint8_t lengths[LITERALS + DISTANCES + 138];

	if (literals > 286)
		longjmp(plain->end, BAD);
	for (unsigned i = 0; i < codes; i++)
		first[order[i]] = (uint8_t)take(plain, 3);
	check_lengths(plain, first, 19, false);
	for (unsigned i = 0; i < literals + distances;) {
		unsigned symbol = symbol_of(plain, first, 19);
		unsigned times = 1;
		if (symbol == 16)
			times = 3 + take(plain, 2);
		else if (symbol > 16)
			times = symbol == 17 ? 3 + take(plain, 3) : 11 + take(plain, 7);
		if ((symbol == 16 && i == 0) || i + times > literals + distances)
			longjmp(plain->end, BAD);
		uint8_t length = symbol < 16 ? (uint8_t)symbol : symbol == 16 ? lengths[i - 1] : 0;
		for (; times > 0; times--)
			lengths[i++] = length;
	}
	if (lengths[256] == 0)
		longjmp(plain->end, BAD);
	check_lengths(plain, lengths, literals, true);
	check_lengths(plain, lengths + literals, distances, true);
	plain_symbols(plain, lengths, literals, lengths + literals, distances);
}

static void plain_fixed(struct plain *plain)
{
	uint8_t lengths[LITERALS + DISTANCES];

	for (unsigned i = 0; i < LITERALS; i++)
		lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	memset(lengths + LITERALS, 5, DISTANCES);
	plain_symbols(plain, lengths, LITERALS, lengths + LITERALS, DISTANCES);
}

static void plain_stored(struct plain *plain)
{
	plain->at = (plain->at + 7) / 8 * 8;
	unsigned size = take(plain, 16);
	if (take(plain, 16) != (size ^ 0xffff))
		longjmp(plain->end, BAD);
	for (; size > 0; size--)
		put(plain, (uint8_t)take(plain, 8));
}

static enum verdict plain_decode(struct plain *plain)
{
	int verdict = setjmp(plain->end);
	unsigned last;

	if (verdict != 0)
		return (enum verdict)verdict;
	do {
		last = take(plain, 1);
		unsigned type = take(plain, 2);
		if (type == 0)
			plain_stored(plain);
		else if (type == 1)
			plain_fixed(plain);
		else if (type == 2)
			plain_dynamic(plain);
		else
			longjmp(plain->end, BAD);
	} while (!last);
	return WHOLE;
}

/* --- streams ---------------------------------------------------------------------------------- */

struct maker {
	uint8_t *bytes;
	size_t bits;
	size_t produced; /* bytes that the stream stands for */
	uint64_t state;
};

static bool is_full(const struct maker *maker)
{
	return maker->bits / 8 > STREAM_MAX || maker->produced > OUT_MAX;
}

static void give(struct maker *maker, unsigned value, unsigned count)
{
	for (unsigned i = 0; i < count; i++, maker->bits++)
		maker->bytes[maker->bits / 8] |= (uint8_t)((value >> i & 1) << maker->bits % 8);
}

static void give_symbol(struct maker *maker, const uint8_t *lengths, unsigned symbol)
{
	unsigned code = 0;

	for (unsigned length = 1;; length++, code <<= 1) {
		for (unsigned i = 0; i < LITERALS; i++) {
			if (lengths[i] == length && i == symbol) {
				while (length-- > 0)
					give(maker, code >> length & 1, 1);
				return;
			}
			code += lengths[i] == length;
		}
	}
}

/* Lengths of a complete code for some of @symbols symbols, @wanted among them: 0 for all others. */
static void make_lengths(struct maker *maker, uint8_t *lengths, unsigned symbols, unsigned wanted)
{
	unsigned leaves = 1;
	unsigned most = 2 + below(&maker->state, below(&maker->state, 2) ? symbols - 1 : 20);
	uint8_t depth[LITERALS] = {0};

	memset(lengths, 0, LITERALS);
	most = most < symbols ? most : symbols;
	for (unsigned tries = 0; leaves < most && tries < 2000; tries++) {
		unsigned leaf = below(&maker->state, 3) ? leaves - 1 : below(&maker->state, leaves);
		if (depth[leaf] < 15) {
			depth[leaf]++;
			depth[leaves++] = depth[leaf];
		}
	}
	lengths[wanted] = depth[--leaves];
	while (leaves > 0) {
		unsigned symbol = below(&maker->state, symbols);
		if (lengths[symbol] == 0)
			lengths[symbol] = depth[--leaves];
	}
}

static unsigned choose(struct maker *maker, const uint8_t *lengths, unsigned from, unsigned to)
{
	unsigned symbol = from + below(&maker->state, to - from);

	for (unsigned tries = 0; lengths[symbol] == 0 && tries < to - from; tries++)
		symbol = symbol + 1 < to ? symbol + 1 : from;
	return symbol;
}

static void make_match(struct maker *maker, const uint8_t *lengths, const uint8_t *distances)
{
	unsigned length = choose(maker, lengths, 257, 286);
	unsigned distance = choose(maker, distances, 0, DISTANCES);
	unsigned times = 0;

	while (distance_base(distance) > maker->produced && times++ < 40)
		distance = choose(maker, distances, 0, DISTANCES);
	if (lengths[length] == 0 || (times > 40 && below(&maker->state, 200)))
		return;
	unsigned extra = length_extra(length - 257);
	unsigned more = below(&maker->state, 4) ? below(&maker->state, 1U << extra) % 300
						: below(&maker->state, 1U << extra);
	give_symbol(maker, lengths, length);
	give(maker, more, extra);
	maker->produced += length_base(length - 257) + more;
	give_symbol(maker, distances, distance);
	size_t most = maker->produced - distance_base(distance) + 1;
	extra = distance_extra(distance);
	more = below(&maker->state, 1U << extra);
	give(maker, more < most ? more : 0, extra);
}

static void make_symbols(struct maker *maker, const uint8_t *lengths, const uint8_t *distances)
{
	unsigned matches = below(&maker->state, 100);

	for (unsigned n = below(&maker->state, below(&maker->state, 3) ? 40 : 400); n > 0; n--) {
		unsigned symbol = choose(maker, lengths, 0, 256);
		if (is_full(maker))
			break;
		if (maker->produced > 0 && below(&maker->state, 100) < matches) {
			make_match(maker, lengths, distances);
		} else if (lengths[symbol] > 0) {
			give_symbol(maker, lengths, symbol);
			maker->produced++;
		}
	}
	give_symbol(maker, lengths, 256);
}

static void make_block(struct maker *maker, bool last)
{
	uint8_t lengths[LITERALS];
	uint8_t distances[LITERALS] = {0};
	unsigned type = below(&maker->state, 5);

	type = type > 2 ? 2 : type;
	give(maker, last, 1);
	give(maker, type, 2);
	if (type == 0) {
		unsigned size = below(&maker->state, below(&maker->state, 3) ? 50 : 3000);
		maker->bits = (maker->bits + 7) / 8 * 8;
		give(maker, size, 16);
		give(maker, size ^ 0xffff, 16);
		maker->produced += size;
		for (; size > 0; size--)
			give(maker, below(&maker->state, 256), 8);
	} else if (type == 1) {
		for (unsigned i = 0; i < LITERALS; i++)
			lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
		memset(distances, 5, DISTANCES);
		make_symbols(maker, lengths, distances);
	} else {
		make_lengths(maker, lengths, 286, 256);
		make_lengths(maker, distances, DISTANCES, below(&maker->state, 5));
		give(maker, 29, 5);
		give(maker, 31, 5);
		give(maker, 15, 4);
		/* 16, 17 and 18 have no code, and lengths of 0 to 15 four bits each. */
		for (unsigned i = 0; i < 19; i++)
			give(maker, i < 3 ? 0 : 4, 3);
		for (unsigned i = 0; i < 286 + DISTANCES; i++) {
			unsigned length = i < 286 ? lengths[i] : distances[i - 286];
			for (unsigned bit = 4; bit-- > 0;)
				give(maker, length >> bit & 1, 1);
		}
		make_symbols(maker, lengths, distances);
	}
}

/* Blocks made from a number, and then changed as the rest of the input says. */
static size_t make_stream(struct fuzz_input *input, uint8_t *bytes)
{
	struct maker maker = {.bytes = bytes, .state = fuzz_take_u64(input) | 1};
	unsigned blocks = 1 + below(&maker.state, 6);

	for (unsigned i = 0; i < blocks && !is_full(&maker); i++)
		make_block(&maker, i + 1 == blocks);
	size_t size = (maker.bits + 7) / 8;
	while (input->left >= 4) {
		size_t place = (size_t)fuzz_take_u8(input) << 8;
		place |= fuzz_take_u8(input);
		/* Most of what can go wrong is near the beginning. */
		place %= fuzz_take_u8(input) % 2 ? size : 1 + size / 64;
		bytes[place] ^= fuzz_take_u8(input);
	}
	return size;
}

/* --- both ------------------------------------------------------------------------------------- */

static void hold_against(const struct plain *plain, enum verdict verdict, size_t size,
	struct decoder *decoder, uint64_t state)
{
	static const unsigned pieces[] = {1, 3, 40, 1000, 20000, 100000};
	unsigned in_most = pieces[below(&state, 6)];
	unsigned out_most = pieces[below(&state, 6)];
	size_t given = 0;
	size_t got = 0;
	uint8_t *piece = NULL;
	struct decode_span span = {0};
	enum decode_status status = DECODE_NEED_INPUT;

	MUST(decoder_reset(decoder, 0) == 0);
	while (status == DECODE_NEED_INPUT || status == DECODE_NEED_OUTPUT) {
		bool last = false;
		if (span.in_size == 0) {
			size_t next = 1 + below(&state, in_most);
			next = next < size - given ? next : size - given;
			last = next == 0;
			free(piece);
			piece = malloc(next + last);
			MUST(piece);
			memcpy(piece, plain->in + given, next);
			given += next;
			span.in = piece;
			span.in_size = next;
		}
		size_t room_size = 1 + below(&state, out_most);
		uint8_t *room = malloc(room_size);
		MUST(room);
		span.out = room;
		span.out_size = room_size;
		status = decoder_run(decoder, &span, last);
		size_t put_out = (size_t)(span.out - room);
		MUST(put_out + span.out_size == room_size);
		MUST(put_out <= plain->out_size - got || verdict == LONG);
		size_t same = put_out < plain->out_size - got ? put_out : plain->out_size - got;
		MUST(memcmp(room, plain->out + got, same) == 0);
		got += same;
		free(room);
		if (verdict == LONG && got == plain->out_size)
			break;
		if (status == DECODE_NEED_INPUT && last)
			break;
	}
	free(piece);
	MUST(got == plain->out_size);
	if (verdict == LONG)
		return;
	MUST((status == DECODE_END) == (verdict == WHOLE));
	MUST(status != DECODE_BAD_DATA || verdict == BAD);
	MUST(verdict != WHOLE || given - span.in_size == (plain->at + 7) / 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decoder *decoder;
	static uint8_t bytes[STREAM_MAX + BLOCK_MAX];
	static uint8_t out[OUT_MAX];
	struct fuzz_input input = {data, size};
	uint64_t state = fuzz_take_u64(&input) | 1;
	size_t stream_size;

	if (!decoder)
		decoder = decoder_open(&decoder_deflate64);
	MUST(decoder);
	memset(bytes, 0, sizeof(bytes));
	if (fuzz_take_u8(&input) % 4) {
		stream_size = make_stream(&input, bytes);
	} else {
		const void *stream = fuzz_take(&input, STREAM_MAX, &stream_size);
		memcpy(bytes, stream, stream_size);
	}
	struct plain plain = {.in = bytes, .bits = 8 * stream_size, .out = out};
	enum verdict verdict = plain_decode(&plain);
	hold_against(&plain, verdict, stream_size, decoder, state);
	return 0;
}
