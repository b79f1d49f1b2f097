// SPDX-License-Identifier: MIT

/*
 * Streams of DEFLATE that decoders judge differently: symbols that mean nothing, codes with too few
 * codewords. zlib's verdict must be everybody's.
 */

#include "worker/decode/blockheader.h"

#include "bits.h"
#include "worker/decode/decoders.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { OUT_MAX = 64 * 1024, STREAMS = 20000 };

static uint8_t memory[DECODE_HISTORY_MAX + OUT_MAX + DECODE_SLACK];
static uint8_t *const out = memory + DECODE_HISTORY_MAX;
static uint8_t expected[OUT_MAX];
static uint64_t seed = 88172645463325252;

static unsigned below(unsigned limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % limit;
}

/* --- made-up streams -------------------------------------------------------------------------- */

/* Codewords of 4 bits for the lengths 0 to 15: a code that is complete, if none is left out. */
static void put_length_code(struct bits *bits, bool complete)
{
	static const uint8_t order[19] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

	put_bits(bits, 19 - 4, 4);
	for (int i = 0; i < 19; i++)
		put_bits(bits, order[i] < 15 || (order[i] == 15 && complete) ? 4 : 0, 3);
}

/*
 * Give some of the @known symbols, the first one among them, codewords of few bits. Mostly they are
 * a complete code, if all of these symbols can be stated.
 */
static void choose_lengths(uint8_t *lengths, unsigned count, const unsigned *known,
	unsigned known_count, unsigned some)
{
	static const uint8_t complete[][4] = {{0}, {1}, {1, 1}, {1, 2, 2}, {1, 2, 3, 3}};
	unsigned first = 0;

	memset(lengths, 0, count);
	for (unsigned i = 0; i < some; i++) {
		if (known[first] < count)
			lengths[known[first]] = complete[some][i];
		first += 1 + below((known_count - first) / (some - i));
		if (first >= known_count)
			break;
	}
	if (below(4) == 0)
		lengths[known[below(known_count)] % count] = (uint8_t)below(4);
}

/* A block whose header may be anything that can be stated, and random bits behind it. */
static struct bits make_stream(void)
{
	static const unsigned literals[] = {256, 97, 98, 257, 264, 285, 286, 287};
	static const unsigned distances[] = {0, 1, 3, 29, 30, 31};
	struct bits bits = begin_block(below(8) == 0 ? 1 : 2);
	uint8_t lengths[288 + 32];
	unsigned literal_count = below(2) ? 286 : 285 + below(4);
	unsigned distance_count = below(2) ? 30 : 1 + below(32);

	if ((bits.bytes.data[0] & 7) == 5) {
		choose_lengths(lengths, literal_count, literals, 8, 1 + below(4));
		choose_lengths(lengths + literal_count, distance_count, distances, 6, below(5));
		put_bits(&bits, literal_count - 257, 5);
		put_bits(&bits, distance_count - 1, 5);
		put_length_code(&bits, below(16) > 0);
		for (unsigned i = 0; i < literal_count + distance_count; i++)
			put_code(&bits, lengths[i], 4);
	}
	for (int i = 0; i < 24; i++)
		put_bits(&bits, below(256), 8);
	return bits;
}

/* --- verdicts --------------------------------------------------------------------------------- */

/* What zlib makes of it: whether it ends, the bytes in @expected, and how many were used. */
static bool inflate_expected(const struct bytes *stream, size_t *size, size_t *used)
{
	z_stream zlib = {.next_in = stream->data, .avail_in = (uInt)stream->size};

	zlib.next_out = expected;
	zlib.avail_out = OUT_MAX;
	ck_assert_int_eq(inflateInit2(&zlib, -MAX_WBITS), Z_OK);
	int result = inflate(&zlib, Z_FINISH);
	*size = zlib.total_out;
	*used = zlib.total_in;
	ck_assert_int_eq(inflateEnd(&zlib), Z_OK);
	return result == Z_STREAM_END;
}

static enum decode_status decode(
	struct decoder *decoder, const struct bytes *stream, size_t size, struct decode_span *span)
{
	memset(memory, 0, sizeof(memory));
	*span = (struct decode_span){stream->data, stream->size, out, size};
	ck_assert_int_eq(decoder_reset(decoder, size), 0);
	enum decode_status status = decoder_run(decoder, span, true);
	return status;
}

/* Whether it comes out with @size bytes or, if zlib refuses it, with any number of a few. */
static bool comes_out(struct decoder *decoder, const struct bytes *stream, bool good, size_t size,
	struct decode_span *span)
{
	if (good || !decoder->type->whole)
		return decode(decoder, stream, good ? size : OUT_MAX, span) == DECODE_END;
	for (size_t guess = 0; guess < 600; guess++) {
		if (decode(decoder, stream, guess, span) == DECODE_END)
			return true;
	}
	return false;
}

/* A decoder of DEFLATE, or NULL. */
static const struct decoder_type *deflate_type(unsigned index)
{
	const struct decoder_type *type = decoder_listed(index);

	return type && type->methods[0] == DECODE_DEFLATE ? type : NULL;
}

START_TEST(every_decoder_refuses_what_zlib_refuses)
{
	unsigned good_streams = 0;
	unsigned strict_streams = 0;

	const struct decoder_type *type = deflate_type((unsigned)_i);
	if (!type)
		return;
	struct decoder *decoder = decoder_open(type);
	for (unsigned n = 0; n < STREAMS / (type->whole ? 10 : 1); n++) {
		struct bits bits = make_stream();
		struct decode_span span;
		size_t size;
		size_t used;
		bool good = inflate_expected(&bits.bytes, &size, &used);
		bool strict = blockheader_is_strict(bits.bytes.data, bits.bytes.size);
		bool came_out = comes_out(decoder, &bits.bytes, good, size, &span);
		if (type->whole ? came_out && !good : came_out != good)
			ck_abort_msg("%s: stream %u", type->library, n);
		if (type->whole && good && strict && !came_out)
			ck_abort_msg("%s: stream %u is good", type->library, n);
		if (came_out) {
			ck_assert_mem_eq(out, expected, size);
			ck_assert_ptr_eq(span.in, bits.bytes.data + used);
		}
		good_streams += good;
		strict_streams += strict;
		bytes_free(&bits.bytes);
	}
	decoder_close(decoder);
	/* Some of all kinds were made. */
	ck_assert_uint_gt(good_streams, 50);
	ck_assert_uint_gt(strict_streams, 20);
}
END_TEST

START_TEST(a_stream_of_one_block_that_zlib_makes_is_strict)
{
	static uint8_t plain[4096];
	static uint8_t stream[8192];

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t) "0123456789,.\n"[below(13)];
	for (int level = 1; level <= 9; level++) {
		z_stream zlib = {.next_in = plain, .avail_in = sizeof(plain)};
		ck_assert_int_eq(deflateInit2(&zlib, level, Z_DEFLATED, -15, 8, 0), Z_OK);
		zlib.next_out = stream;
		zlib.avail_out = sizeof(stream);
		ck_assert_int_eq(deflate(&zlib, Z_FINISH), Z_STREAM_END);
		ck_assert(blockheader_is_strict(stream, zlib.total_out));
		stream[0] &= 0xfe; /* not the last block any more */
		ck_assert(!blockheader_is_strict(stream, zlib.total_out));
		ck_assert_int_eq(deflateEnd(&zlib), Z_OK);
	}
}
END_TEST

START_TEST(no_bytes_and_few_bytes_are_not_strict)
{
	const uint8_t bytes[] = {0x05, 0xe0, 0xff, 0xff};

	for (size_t size = 0; size <= sizeof(bytes); size++)
		ck_assert(!blockheader_is_strict(bytes, size));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blockheader");
	TCase *tests = tcase_create("blockheader");

	tcase_add_loop_test(tests, every_decoder_refuses_what_zlib_refuses, 0, DECODER_TYPES_MAX);
	tcase_add_test(tests, a_stream_of_one_block_that_zlib_makes_is_strict);
	tcase_add_test(tests, no_bytes_and_few_bytes_are_not_strict);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
