// SPDX-License-Identifier: MIT

/*
 * Deflate64 streams made bit by bit; what they must give is made beside them byte by byte. Those of
 * 7-Zip are in methods.bats.
 */

#include "worker/decode/decoder.h"

#include "bits.h"
#include "zips.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { WINDOW = 65536, LONGEST = 65538 };

/* --- making streams --------------------------------------------------------------------------- */

struct made {
	struct bits bits;
	struct bytes want;
};

static void literal(struct made *made, uint8_t byte)
{
	put_fixed(&made->bits, byte);
	bytes_put(&made->want, &byte, 1);
}

/* By the tables of RFC 1951, 3.2.5, as Deflate64 goes on with them. */
static void put_length(struct bits *bits, unsigned length, bool by_last)
{
	unsigned base = 3;

	if (by_last || length > 258) {
		put_fixed(bits, 285);
		put_bits(bits, length - 3, 16);
		return;
	}
	for (unsigned symbol = 257;; symbol++) {
		unsigned extra = symbol < 265 ? 0 : (symbol - 261) / 4;
		if (length < base + (1U << extra)) {
			put_fixed(bits, symbol);
			put_bits(bits, length - base, extra);
			return;
		}
		base += 1U << extra;
	}
}

static void put_distance(struct bits *bits, unsigned distance)
{
	unsigned base = 1;

	for (unsigned symbol = 0;; symbol++) {
		unsigned extra = symbol < 4 ? 0 : (symbol - 2) / 2;
		if (distance < base + (1U << extra)) {
			put_code(bits, symbol, 5);
			put_bits(bits, distance - base, extra);
			return;
		}
		base += 1U << extra;
	}
}

static void put_copy(struct bytes *want, unsigned length, unsigned distance)
{
	for (; length > 0; length--) {
		uint8_t byte = want->data[want->size - distance];
		bytes_put(want, &byte, 1);
	}
}

static void match(struct made *made, unsigned length, unsigned distance)
{
	put_length(&made->bits, length, false);
	put_distance(&made->bits, distance);
	put_copy(&made->want, length, distance);
}

static struct made begin_made(void)
{
	return (struct made){.bits = begin_block(1)};
}

static void end_made(struct made *made)
{
	put_fixed(&made->bits, 256);
}

static void made_free(struct made *made)
{
	bytes_free(&made->bits.bytes);
	bytes_free(&made->want);
}

static void put_noise(struct made *made, unsigned size)
{
	uint32_t state = 64;

	for (; size > 0; size--)
		literal(made, (uint8_t)next_random(&state));
}

/* --- decoding --------------------------------------------------------------------------------- */

/* For all streams of a test: none may see what was left of the one before. */
static struct decoder *decoder;

static void set_up(void)
{
	decoder = decoder_open(&decoder_deflate64);
	ck_assert_ptr_nonnull(decoder);
}

static void tear_down(void)
{
	decoder_close(decoder);
}

/*
 * Decode @stream in pieces of @in_size and @out_size bytes at most. What is not read of it is
 * *@left bytes.
 */
static enum decode_status decode(const struct bytes *stream, size_t in_size, size_t out_size,
	struct bytes *out, size_t *left)
{
	uint8_t *room = malloc(out_size);
	size_t at = 0;
	struct decode_span span = {.in = stream->data};

	ck_assert_ptr_nonnull(room);
	*out = (struct bytes){0};
	ck_assert_int_eq(decoder_reset(decoder, 0), 0);
	enum decode_status status = DECODE_NEED_INPUT;
	while (status == DECODE_NEED_INPUT || status == DECODE_NEED_OUTPUT) {
		if (span.in_size == 0) {
			span.in = stream->data + at;
			span.in_size = stream->size - at < in_size ? stream->size - at : in_size;
			at += span.in_size;
		}
		bool last = span.in_size == 0;
		span.out = room;
		span.out_size = out_size;
		status = decoder_run(decoder, &span, last);
		bytes_put(out, room, out_size - span.out_size);
		bool moved = span.out + span.out_size == room + out_size;
		bool full = status != DECODE_NEED_OUTPUT || span.out_size == 0;
		bool empty = status != DECODE_NEED_INPUT || span.in_size == 0;
		if (!moved || !full || !empty) /* an assertion costs a system call */
			ck_abort_msg("moved %d, full %d, empty %d", moved, full, empty);
		if (status == DECODE_NEED_INPUT && last)
			break;
	}
	*left = stream->size - at + span.in_size;
	free(room);
	return status;
}

static void expect_decoded(const struct bytes *stream, const struct bytes *want)
{
	static const size_t pieces[][2] = {{SIZE_MAX, 1000000}, {1, 1000000}, {1, 1}, {SIZE_MAX, 1},
		{3, 5000}, {1000, 65536}, {77, 65537}, {SIZE_MAX, 70001}};
	struct bytes out;
	size_t left;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		ck_assert_int_eq(
			decode(stream, pieces[i][0], pieces[i][1], &out, &left), DECODE_END);
		ck_assert_uint_eq(left, 0);
		ck_assert_uint_eq(out.size, want->size);
		if (want->size > 0)
			ck_assert_mem_eq(out.data, want->data, want->size);
		bytes_free(&out);
	}
}

static void expect_bad(const struct bits *bits)
{
	static const size_t pieces[][2] = {{SIZE_MAX, 100000}, {1, 1}, {2, 100000}};
	struct bytes out;
	size_t left;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		ck_assert_int_eq(decode(&bits->bytes, pieces[i][0], pieces[i][1], &out, &left),
			DECODE_BAD_DATA);
		bytes_free(&out);
	}
}

/* --- what is decoded -------------------------------------------------------------------------- */

START_TEST(each_length_is_decoded)
{
	struct made made = begin_made();

	put_noise(&made, 300);
	for (unsigned length = 3; length <= 300; length++)
		match(&made, length, 1 + length % 300);
	match(&made, 30000, 299);
	match(&made, LONGEST, 7);
	end_made(&made);
	expect_decoded(&made.bits.bytes, &made.want);
	made_free(&made);
}
END_TEST

START_TEST(the_last_length_symbol_is_3_and_16_bits)
{
	struct made made = begin_made();

	put_noise(&made, 10);
	for (unsigned length = 3; length < 300; length += 17) {
		put_length(&made.bits, length, true);
		put_distance(&made.bits, 10);
		put_copy(&made.want, length, 10);
	}
	end_made(&made);
	expect_decoded(&made.bits.bytes, &made.want);
	made_free(&made);
}
END_TEST

START_TEST(each_distance_symbol_is_decoded_at_both_of_its_ends)
{
	struct made made = begin_made();

	put_noise(&made, WINDOW);
	for (unsigned bits = 0; bits <= 15; bits++) {
		unsigned base = 1U << bits;
		match(&made, 5, base);
		match(&made, 5, base + 1);
		match(&made, 5, base + base / 2);
		match(&made, 5, base + base / 2 + 1);
		match(&made, 5, 2 * base);
	}
	match(&made, LONGEST, WINDOW);
	match(&made, 258, WINDOW);
	end_made(&made);
	expect_decoded(&made.bits.bytes, &made.want);
	made_free(&made);
}
END_TEST

START_TEST(a_distance_reaches_to_the_beginning_and_no_further)
{
	static const unsigned sizes[] = {1, 2, 100, 32768, 32769, 65535};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct made made = begin_made();
		put_noise(&made, sizes[i]);
		struct made far = begin_made();
		put_noise(&far, sizes[i]);
		match(&made, 4, sizes[i]);
		end_made(&made);
		expect_decoded(&made.bits.bytes, &made.want);
		put_length(&far.bits, 4, false);
		put_distance(&far.bits, sizes[i] + 1);
		end_made(&far);
		expect_bad(&far.bits);
		made_free(&made);
		made_free(&far);
	}
}
END_TEST

/* What DEFLATE says without a match of 258 bytes is Deflate64 as well. */
START_TEST(streams_of_zlib_without_long_matches_are_decoded)
{
	static const int levels[] = {0, 1, 9};

	for (int kind = 0; kind < CONTENT_KINDS; kind++) {
		struct bytes data = make_content((enum content)kind, 70000, 3);
		for (size_t i = 0; i < 3; i++) {
			struct bytes stream =
				make_deflate(data.data, data.size, levels[i], Z_HUFFMAN_ONLY);
			expect_decoded(&stream, &data);
			bytes_free(&stream);
		}
		bytes_free(&data);
	}
	struct bytes data = make_content(CONTENT_TEXT, 20000, 5);
	struct bytes stream = make_deflate(data.data, data.size, 9, Z_FIXED);
	expect_decoded(&stream, &data);
	bytes_free(&stream);
	bytes_free(&data);
}
END_TEST

/* A block with codes of its own. Its code lengths are 0, 1 and 5, with 2 bits each, and 18. */
static struct bits begin_dynamic(unsigned literals, unsigned distances)
{
	struct bits bits = begin_block(2);

	put_bits(&bits, literals - 257, 5);
	put_bits(&bits, distances - 1, 5);
	put_bits(&bits, 15, 4);
	/* In the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15: two bits for 18, 0, 1, 5. */
	static const unsigned lengths[19] = {
		0, 0, 2, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0};
	for (int i = 0; i < 19; i++)
		put_bits(&bits, lengths[i], 3);
	return bits;
}

/* By that code. */
static void put_code_length(struct bits *bits, unsigned length)
{
	put_code(bits, length == 0 ? 0 : length == 1 ? 1 : 2, 2);
}

static void put_no_codes(struct bits *bits, unsigned count)
{
	for (; count >= 11; count -= count < 138 ? count : 138) {
		put_code(bits, 3, 2);
		put_bits(bits, (count < 138 ? count : 138) - 11, 7);
	}
	for (; count > 0; count--)
		put_code_length(bits, 0);
}

START_TEST(a_block_may_have_codes_for_all_32_distances)
{
	struct bits bits = begin_dynamic(286, 32);
	struct bytes want = {0};

	/* 15 literals and the end of the block with 5 bits each, and length 285 with one. */
	for (unsigned i = 0; i < 15; i++)
		put_code_length(&bits, 5);
	put_no_codes(&bits, 256 - 15);
	put_code_length(&bits, 5);
	put_no_codes(&bits, 28);
	put_code_length(&bits, 1);
	for (unsigned i = 0; i < 32; i++)
		put_code_length(&bits, 5);
	for (unsigned i = 0; i < 15; i++) {
		put_code(&bits, 16 + i, 5);
		bytes_put(&want, &(uint8_t){(uint8_t)i}, 1);
	}
	for (unsigned distance = 15; distance < 65536; distance = 2 * distance + 3) {
		unsigned length = distance < 1000 ? 200 : distance + 1000;
		put_code(&bits, 0, 1);
		put_bits(&bits, length - 3, 16);
		put_distance(&bits, distance);
		put_copy(&want, length, distance);
	}
	put_code(&bits, 31, 5);
	expect_decoded(&bits.bytes, &want);
	bytes_free(&bits.bytes);
	bytes_free(&want);
}
END_TEST

START_TEST(what_follows_the_stream_is_left)
{
	struct made made = begin_made();
	struct bytes out;
	size_t left;

	put_noise(&made, 1000);
	end_made(&made);
	for (int i = 0; i < 100; i++)
		bytes_put_number(&made.bits.bytes, 0xff, 1);
	for (size_t out_size = 1; out_size < 5000; out_size += 999) {
		ck_assert_int_eq(
			decode(&made.bits.bytes, SIZE_MAX, out_size, &out, &left), DECODE_END);
		ck_assert_uint_eq(left, 100);
		bytes_free(&out);
	}
	made_free(&made);
}
END_TEST

/* --- what is not ------------------------------------------------------------------------------ */

START_TEST(a_stream_that_is_cut_off_anywhere_does_not_end)
{
	struct made made = begin_made();
	struct bytes out;
	size_t left;

	put_noise(&made, 100);
	match(&made, 2000, 90);
	end_made(&made);
	struct bytes cut = made.bits.bytes;
	for (cut.size = 0; cut.size < made.bits.bytes.size; cut.size++) {
		for (size_t piece = 1; piece <= 1000; piece += 999) {
			ck_assert_int_eq(decode(&cut, piece, 1000, &out, &left), DECODE_NEED_INPUT);
			ck_assert(out.size == 0 || memcmp(out.data, made.want.data, out.size) == 0);
			bytes_free(&out);
		}
	}
	made_free(&made);
}
END_TEST

static void fill(struct bits *bits)
{
	for (int i = 0; i < 100; i++)
		put_bits(bits, 0, 16);
}

START_TEST(headers_that_zlib_refuses_are_bad)
{
	struct bits bits = begin_block(3);

	fill(&bits);
	expect_bad(&bits);
	bytes_free(&bits.bytes);

	bits = begin_block(0); /* the complement is not one */
	put_bits(&bits, 0, 5);
	put_bits(&bits, 5, 16);
	fill(&bits);
	expect_bad(&bits);
	bytes_free(&bits.bytes);

	for (unsigned literals = 287; literals <= 288; literals++) {
		bits = begin_dynamic(literals, 1);
		fill(&bits);
		expect_bad(&bits);
		bytes_free(&bits.bytes);
	}
}
END_TEST

/* A block whose code lengths have these lengths, in the order that they are written in. */
static struct bits code_lengths(const unsigned lengths[19])
{
	struct bits bits = begin_block(2);

	put_bits(&bits, 0, 10);
	put_bits(&bits, 15, 4);
	for (int i = 0; i < 19; i++)
		put_bits(&bits, lengths[i], 3);
	return bits;
}

START_TEST(codes_of_code_lengths_that_are_incomplete_or_oversubscribed_are_bad)
{
	static const unsigned lengths[][19] = {
		{0},
		{1},
		{1, 2},
		{2, 2, 2},
		{1, 1, 1},
		{7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7},
		{1, 1, 7},
	};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct bits bits = code_lengths(lengths[i]);
		fill(&bits);
		expect_bad(&bits);
		bytes_free(&bits.bytes);
	}
}
END_TEST

/* A dynamic block: @fives literals with 5 bits and @ones with one, end of block, and distances. */
static struct bits dynamic_of(
	unsigned fives, unsigned ones, unsigned end_of_block, unsigned distances_of_one)
{
	struct bits bits = begin_dynamic(257, 1 + distances_of_one);

	for (unsigned i = 0; i < fives; i++)
		put_code_length(&bits, 5);
	for (unsigned i = 0; i < ones; i++)
		put_code_length(&bits, 1);
	put_no_codes(&bits, 256 - fives - ones);
	put_code_length(&bits, end_of_block);
	for (unsigned i = 0; i < distances_of_one; i++)
		put_code_length(&bits, 1);
	put_code_length(&bits, 0);
	return bits;
}

START_TEST(codes_of_a_block_are_held_to_what_zlib_holds_them_to)
{
	struct bytes out;
	size_t left;

	/* Complete: 31 codes of 5 bits and the end of the block. The last code ends the block. */
	struct bits bits = dynamic_of(31, 0, 5, 0);
	put_code(&bits, 31, 5);
	ck_assert_int_eq(decode(&bits.bytes, 1, 10, &out, &left), DECODE_END);
	bytes_free(&out);
	bytes_free(&bits.bytes);
	/* The end of the block alone, in one bit, and a single distance: incomplete and allowed. */
	bits = dynamic_of(0, 0, 1, 1);
	put_code(&bits, 0, 1);
	ck_assert_int_eq(decode(&bits.bytes, 1, 10, &out, &left), DECODE_END);
	bytes_free(&out);
	bytes_free(&bits.bytes);

	const unsigned bad[][4] = {
		{30, 0, 5, 0},              /* incomplete */
		{32, 0, 5, 0},              /* oversubscribed */
		{0, 2, 1, 0}, {0, 2, 0, 0}, /* no end of block */
		{31, 0, 5, 3},              /* too many distances */
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bits = dynamic_of(bad[i][0], bad[i][1], bad[i][2], bad[i][3]);
		fill(&bits);
		expect_bad(&bits);
		bytes_free(&bits.bytes);
	}
}
END_TEST

START_TEST(repeats_of_code_lengths_stay_within_what_there_is)
{
	/* 16 and 18, one bit each: a repeat of nothing, and more than there is. */
	static const unsigned lengths[19] = {1, 0, 1};

	for (unsigned first = 0; first < 2; first++) {
		struct bits bits = code_lengths(lengths);
		for (int i = 0; i < 2 && first == 1; i++) {
			put_code(&bits, 1, 1);
			put_bits(&bits, 127, 7);
		}
		if (first == 0)
			put_code(&bits, 0, 1);
		fill(&bits);
		expect_bad(&bits);
		bytes_free(&bits.bytes);
	}
}
END_TEST

START_TEST(symbols_without_meaning_and_codes_without_symbol_are_bad)
{
	for (unsigned symbol = 286; symbol <= 287; symbol++) {
		struct bits bits = begin_block(1);
		put_fixed(&bits, 'x');
		put_fixed(&bits, symbol);
		fill(&bits);
		expect_bad(&bits);
		bytes_free(&bits.bytes);
	}
	/* The end of the block is 0; there is no 1. */
	struct bits bits = dynamic_of(0, 0, 1, 1);
	put_code(&bits, 1, 1);
	expect_bad(&bits);
	bytes_free(&bits.bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deflate64");
	TCase *tests = tcase_create("deflate64");
	tcase_add_checked_fixture(tests, set_up, tear_down);

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, each_length_is_decoded);
	tcase_add_test(tests, the_last_length_symbol_is_3_and_16_bits);
	tcase_add_test(tests, each_distance_symbol_is_decoded_at_both_of_its_ends);
	tcase_add_test(tests, a_distance_reaches_to_the_beginning_and_no_further);
	tcase_add_test(tests, streams_of_zlib_without_long_matches_are_decoded);
	tcase_add_test(tests, a_block_may_have_codes_for_all_32_distances);
	tcase_add_test(tests, what_follows_the_stream_is_left);
	tcase_add_test(tests, a_stream_that_is_cut_off_anywhere_does_not_end);
	tcase_add_test(tests, headers_that_zlib_refuses_are_bad);
	tcase_add_test(tests, codes_of_code_lengths_that_are_incomplete_or_oversubscribed_are_bad);
	tcase_add_test(tests, codes_of_a_block_are_held_to_what_zlib_holds_them_to);
	tcase_add_test(tests, repeats_of_code_lengths_stay_within_what_there_is);
	tcase_add_test(tests, symbols_without_meaning_and_codes_without_symbol_are_bad);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
