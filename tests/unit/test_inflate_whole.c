// SPDX-License-Identifier: MIT

/*
 * The decoder of DEFLATE that takes whole members, against streams that zlib made.
 */

#include "worker/decode/decoders.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static uint8_t plain[DECODE_WHOLE_MAX];
static uint8_t out[DECODE_WHOLE_MAX];
static uint8_t stream[2 * DECODE_WHOLE_MAX];
static struct decoder *whole;

/* NULL: there is none in this build. */
static const struct decoder_type *whole_type(void)
{
	const struct decoder_type *type = decoder_choose(8, DECODER_AUTO, 0);

	return type->whole ? type : NULL;
}

static void setup(void)
{
	whole = decoder_open(whole_type());
	ck_assert_ptr_nonnull(whole);
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * i >> 7);
	memset(out, 0xAA, sizeof(out));
}

static void teardown(void)
{
	decoder_close(whole);
}

/* Decode @in_size bytes of the stream into @size bytes. What does not come out moves nothing. */
static bool decode(size_t in_size, size_t size)
{
	const struct decode_span before = {stream, in_size, out, size};
	struct decode_span span = before;

	ck_assert_int_eq(decoder_reset(whole, size), 0);
	if (decoder_run(whole, &span, true) == DECODE_END) {
		ck_assert_ptr_eq(span.out, out + size);
		ck_assert_uint_eq(span.out_size, 0);
		ck_assert_ptr_eq(span.in + span.in_size, stream + in_size);
		return true;
	}
	ck_assert_mem_eq(&span, &before, sizeof(span));
	return false;
}

/* A raw DEFLATE stream of the first @size bytes of @plain. */
static size_t make_stream(size_t size, int level)
{
	z_stream zlib = {.next_in = plain, .avail_in = (uInt)size};

	ck_assert_int_eq(deflateInit2(&zlib, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	zlib.next_out = stream;
	zlib.avail_out = sizeof(stream);
	ck_assert_int_eq(deflate(&zlib, Z_FINISH), Z_STREAM_END);
	size_t stream_size = zlib.total_out;
	ck_assert_int_eq(deflateEnd(&zlib), Z_OK);
	return stream_size;
}

/* Others are for decoders that check what this one does not: stored, fixed codes, several blocks.
 */
START_TEST(members_of_one_block_with_its_own_codes_come_out_whole)
{
	const unsigned last = 1;
	const unsigned own_codes = 2 << 1;
	unsigned whole_ones = 0;

	for (int level = 0; level <= 9; level += 3) {
		for (size_t size = 0; size <= DECODE_WHOLE_MAX; size = size * 2 + 1) {
			size_t stream_size = make_stream(size, level);
			bool came_out = decode(stream_size, size);
			ck_assert_int_eq(came_out, (stream[0] & 7) == (last | own_codes));
			if (came_out)
				ck_assert_mem_eq(out, plain, size);
			whole_ones += came_out;
		}
	}
	ck_assert_uint_gt(whole_ones, 10);
}
END_TEST

START_TEST(bytes_after_the_stream_do_no_harm)
{
	size_t stream_size = make_stream(4096, 6);

	ck_assert(decode(stream_size + 100, 4096));
	ck_assert_mem_eq(out, plain, 4096);
}
END_TEST

START_TEST(a_stream_of_another_size_does_not_come_out)
{
	size_t stream_size = make_stream(4096, 6);

	ck_assert(!decode(stream_size, 4095));
	ck_assert(!decode(stream_size, 4097));
	ck_assert_uint_eq(out[4097], 0xAA);
}
END_TEST

START_TEST(a_stream_that_is_cut_off_does_not_come_out)
{
	size_t stream_size = make_stream(4096, 6);

	for (size_t size = 0; size < stream_size; size++)
		ck_assert(!decode(size, 4096));
}
END_TEST

START_TEST(what_is_no_stream_does_not_come_out)
{
	memset(stream, 0xFF, sizeof(stream));
	ck_assert(!decode(sizeof(stream), 4096));
}
END_TEST

START_TEST(a_part_of_the_input_or_of_the_room_is_not_enough)
{
	size_t stream_size = make_stream(4096, 6);
	struct decode_span span = {stream, stream_size, out, 4096};

	ck_assert_int_eq(decoder_reset(whole, 4096), 0);
	ck_assert_int_eq(decoder_run(whole, &span, false), DECODE_NEED_INPUT);
	span.out_size = 4095;
	ck_assert_int_eq(decoder_run(whole, &span, true), DECODE_NEED_OUTPUT);
	ck_assert_uint_eq(out[0], 0xAA);
}
END_TEST

START_TEST(it_is_there_or_said_not_to_be)
{
	if (!whole_type())
		puts("no decoder of whole members in this build: not tested");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("inflate_whole");
	TCase *tests = tcase_create("inflate_whole");

	TCase *always = tcase_create("there or not");
	tcase_add_test(always, it_is_there_or_said_not_to_be);
	suite_add_tcase(suite, always);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_part_of_the_input_or_of_the_room_is_not_enough);
	tcase_add_test(tests, members_of_one_block_with_its_own_codes_come_out_whole);
	tcase_add_test(tests, bytes_after_the_stream_do_no_harm);
	tcase_add_test(tests, a_stream_of_another_size_does_not_come_out);
	tcase_add_test(tests, a_stream_that_is_cut_off_does_not_come_out);
	tcase_add_test(tests, what_is_no_stream_does_not_come_out);
	if (whole_type())
		suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
