// SPDX-License-Identifier: MIT

/*
 * The decoder of small members, against streams that zlib made. Where zipmap is built without one,
 * it is there all the same and decodes nothing.
 */

#include "worker/decode/inflate_whole.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static uint8_t plain[INFLATE_WHOLE_MAX];
static uint8_t out[INFLATE_WHOLE_MAX];
static uint8_t stream[2 * INFLATE_WHOLE_MAX];
static struct whole_inflater *whole;

static void setup(void)
{
	whole = whole_inflater_new();
	ck_assert_int_eq(whole != NULL, whole_inflater_name() != NULL);
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * i >> 7);
	memset(out, 0xAA, sizeof(out));
}

static void teardown(void)
{
	whole_inflater_free(whole);
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

START_TEST(members_of_every_size_come_out_whole)
{
	for (int level = 0; level <= 9; level += 3) {
		for (size_t size = 0; size <= INFLATE_WHOLE_MAX; size = size * 2 + 1) {
			size_t stream_size = make_stream(size, level);
			bool came = whole_inflater_run(whole, stream, stream_size, out, size);
			ck_assert_int_eq(came, whole != NULL);
			if (came)
				ck_assert_mem_eq(out, plain, size);
		}
	}
}
END_TEST

START_TEST(bytes_after_the_stream_do_no_harm)
{
	size_t stream_size = make_stream(1000, 6);

	ck_assert_int_eq(whole_inflater_run(whole, stream, stream_size + 100, out, 1000), !!whole);
	if (whole)
		ck_assert_mem_eq(out, plain, 1000);
}
END_TEST

START_TEST(a_stream_of_another_size_does_not_come_out)
{
	size_t stream_size = make_stream(1000, 6);

	ck_assert(!whole_inflater_run(whole, stream, stream_size, out, 999));
	ck_assert(!whole_inflater_run(whole, stream, stream_size, out, 1001));
	ck_assert_uint_eq(out[1001], 0xAA);
}
END_TEST

START_TEST(a_stream_that_is_cut_off_does_not_come_out)
{
	size_t stream_size = make_stream(1000, 6);

	for (size_t size = 0; size < stream_size; size++)
		ck_assert(!whole_inflater_run(whole, stream, size, out, 1000));
}
END_TEST

START_TEST(what_is_no_stream_does_not_come_out)
{
	memset(stream, 0xFF, sizeof(stream));
	ck_assert(!whole_inflater_run(whole, stream, sizeof(stream), out, 1000));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("inflate_whole");
	TCase *tests = tcase_create("inflate_whole");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, members_of_every_size_come_out_whole);
	tcase_add_test(tests, bytes_after_the_stream_do_no_harm);
	tcase_add_test(tests, a_stream_of_another_size_does_not_come_out);
	tcase_add_test(tests, a_stream_that_is_cut_off_does_not_come_out);
	tcase_add_test(tests, what_is_no_stream_does_not_come_out);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
