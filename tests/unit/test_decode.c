// SPDX-License-Identifier: MIT

#include "worker/decode/decode.h"

#include "zips.h"

#include <bzlib.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum { BZIP2 = 12, LZMA = 14, ZSTD = 93, XZ = 95, SIZE = 300000 };

static const uint16_t methods[] = {BZIP2, LZMA, ZSTD, XZ};

#define ALL_METHODS (sizeof(methods) / sizeof(methods[0]))

static void put_bzip2(struct bytes *out, const struct bytes *data)
{
	unsigned size = (unsigned)data->size + 10000;
	char *room = malloc(size);

	ck_assert_ptr_nonnull(room);
	ck_assert_int_eq(BZ2_bzBuffToBuffCompress(
				 room, &size, (char *)data->data, (unsigned)data->size, 1, 0, 0),
		BZ_OK);
	bytes_put(out, room, size);
	free(room);
}

#ifdef HAVE_LZMA
static void put_xz(struct bytes *out, const struct bytes *data)
{
	size_t size = 0;
	size_t capacity = data->size + 10000;
	uint8_t *room = malloc(capacity);

	ck_assert_ptr_nonnull(room);
	ck_assert_int_eq(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, data->data, data->size,
				 room, &size, capacity),
		LZMA_OK);
	bytes_put(out, room, size);
	free(room);
}

/* As APPNOTE 5.8 has it. liblzma ends it with a marker. */
static void put_lzma(struct bytes *out, const struct bytes *data)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_options_lzma options;
	size_t capacity = data->size + 10000;
	uint8_t *room = malloc(capacity);

	ck_assert_ptr_nonnull(room);
	ck_assert(!lzma_lzma_preset(&options, 1));
	ck_assert_int_eq(lzma_alone_encoder(&stream, &options), LZMA_OK);
	stream.next_in = data->data;
	stream.avail_in = data->size;
	stream.next_out = room;
	stream.avail_out = capacity;
	ck_assert_int_eq(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
	bytes_put(out, "\x09\x14\x05\x00", 4);
	bytes_put(out, room, 5);
	bytes_put(out, room + 13, capacity - stream.avail_out - 13);
	lzma_end(&stream);
	free(room);
}
#endif

#ifdef HAVE_ZSTD
static void put_zstd(struct bytes *out, const struct bytes *data)
{
	size_t capacity = ZSTD_compressBound(data->size);
	void *room = malloc(capacity);

	ck_assert_ptr_nonnull(room);
	size_t size = ZSTD_compress(room, capacity, data->data, data->size, 1);
	ck_assert(!ZSTD_isError(size));
	bytes_put(out, room, size);
	free(room);
}
#endif

/* The stream of @method for @data. False where its library is not there. */
static bool compress_to(uint16_t method, const struct bytes *data, struct bytes *out)
{
	*out = (struct bytes){0};
	switch (method) {
	case BZIP2:
		put_bzip2(out, data);
		return true;
#ifdef HAVE_LZMA
	case LZMA:
		put_lzma(out, data);
		return true;
	case XZ:
		put_xz(out, data);
		return true;
#endif
#ifdef HAVE_ZSTD
	case ZSTD:
		put_zstd(out, data);
		return true;
#endif
	default:
		return false;
	}
}

/* Decode @stream, pieces of @in_size and @out_size bytes at a time. The last status. */
static enum decode_status decode(struct codec *codec, const struct bytes *stream, uint64_t stated,
	size_t in_size, size_t out_size, struct bytes *out)
{
	uint8_t *room = malloc(out_size);
	size_t at = 0;

	ck_assert_ptr_nonnull(room);
	*out = (struct bytes){0};
	enum decode_status status = codec_reset(codec, stated);
	struct inflate_span span = {.in = stream->data};
	while (status == DECODE_NEED_INPUT || status == DECODE_NEED_OUTPUT) {
		if (span.in_size == 0) {
			size_t left = stream->size - at;
			span.in_size = left < in_size ? left : in_size;
			span.in = stream->data + at;
			at += span.in_size;
		}
		bool last = span.in_size == 0;
		span.out = room;
		span.out_size = out_size;
		status = codec_run(codec, &span, last);
		bytes_put(out, room, out_size - span.out_size);
		if (status == DECODE_NEED_INPUT && last)
			break;
	}
	free(room);
	return status;
}

START_TEST(each_content_comes_out_whatever_the_pieces)
{
	static const size_t pieces[][2] = {{7, 1000000}, {1000000, 13}, {4096, 4096}, {1, 100}};
	uint16_t method = methods[_i];

	for (int kind = 0; kind < CONTENT_KINDS; kind++) {
		struct bytes data = make_content((enum content)kind, SIZE, 5);
		struct bytes stream;
		struct bytes out;
		if (!compress_to(method, &data, &stream)) {
			ck_assert(!codec_knows(method));
			bytes_free(&data);
			continue;
		}
		struct codec *codec = codec_new(method);
		ck_assert_ptr_nonnull(codec);
		ck_assert_uint_eq(codec_method(codec), method);
		for (size_t i = 0; i < 4; i++) {
			ck_assert_int_eq(
				decode(codec, &stream, SIZE, pieces[i][0], pieces[i][1], &out),
				DECODE_END);
			ck_assert_uint_eq(out.size, data.size);
			ck_assert_mem_eq(out.data, data.data, data.size);
			bytes_free(&out);
		}
		codec_free(codec);
		bytes_free(&stream);
		bytes_free(&data);
	}
}
END_TEST

START_TEST(an_empty_stream_ends)
{
	struct bytes nothing = {(uint8_t *)"", 0, 0};
	struct bytes stream;
	struct bytes out;

	if (!compress_to(methods[_i], &nothing, &stream))
		return;
	struct codec *codec = codec_new(methods[_i]);
	ck_assert_int_eq(decode(codec, &stream, 0, 1000, 1000, &out), DECODE_END);
	ck_assert_uint_eq(out.size, 0);
	codec_free(codec);
	bytes_free(&stream);
	bytes_free(&out);
}
END_TEST

START_TEST(a_stream_that_is_cut_off_does_not_end)
{
	struct bytes data = make_content(CONTENT_TEXT, 5000, 9);
	struct bytes stream;

	if (!compress_to(methods[_i], &data, &stream)) {
		bytes_free(&data);
		return;
	}
	struct codec *codec = codec_new(methods[_i]);
	size_t whole = stream.size;
	/* The end marker of LZMA says nothing that the size had not said. */
	size_t most = methods[_i] == LZMA ? whole - 20 : whole - 1;
	for (stream.size = 0; stream.size <= most; stream.size += 1 + stream.size / 50) {
		struct bytes out;
		ck_assert_int_ne(decode(codec, &stream, data.size, 4096, 4096, &out), DECODE_END);
		bytes_free(&out);
	}
	codec_free(codec);
	bytes_free(&stream);
	bytes_free(&data);
}
END_TEST

START_TEST(what_is_no_stream_is_bad)
{
	struct bytes data = make_content(CONTENT_RANDOM, 5000, 77);
	struct bytes out;

	if (codec_knows(methods[_i])) {
		struct codec *codec = codec_new(methods[_i]);
		for (int i = 0; i < 3; i++) {
			ck_assert_int_eq(
				decode(codec, &data, 100000, 4096, 4096, &out), DECODE_BAD_DATA);
			bytes_free(&out);
		}
		codec_free(codec);
	}
	bytes_free(&data);
}
END_TEST

START_TEST(streams_one_after_the_other_are_one)
{
	static const uint16_t several[] = {BZIP2, ZSTD};
	struct bytes first = make_content(CONTENT_TEXT, 50000, 1);
	struct bytes second = make_content(CONTENT_RANDOM, 70000, 2);
	struct bytes stream;
	struct bytes more;
	struct bytes out;

	if (compress_to(several[_i], &first, &stream)) {
		compress_to(several[_i], &second, &more);
		bytes_put(&stream, more.data, more.size);
		bytes_put(&first, second.data, second.size);
		struct codec *codec = codec_new(several[_i]);
		for (size_t piece = 1; piece < 1000000; piece *= 37) {
			ck_assert_int_eq(
				decode(codec, &stream, first.size, piece, 10007, &out), DECODE_END);
			ck_assert_uint_eq(out.size, first.size);
			ck_assert_mem_eq(out.data, first.data, first.size);
			bytes_free(&out);
		}
		codec_free(codec);
		bytes_free(&more);
		bytes_free(&stream);
	}
	bytes_free(&first);
	bytes_free(&second);
}
END_TEST

#ifdef HAVE_LZMA
START_TEST(lzma_without_an_end_marker_ends_at_the_stated_size)
{
	struct bytes data = make_content(CONTENT_TEXT, 50000, 3);
	struct bytes stream;
	struct bytes out;
	struct codec *codec = codec_new(LZMA);

	compress_to(LZMA, &data, &stream);
	ck_assert_int_eq(decode(codec, &stream, data.size, 100, 100, &out), DECODE_END);
	ck_assert_mem_eq(out.data, data.data, data.size);
	bytes_free(&out);
	/* Fewer bytes stated: whatever it says, it gives no more than those. */
	decode(codec, &stream, 40000, 100, 100, &out);
	ck_assert_uint_le(out.size, 40000);
	ck_assert_mem_eq(out.data, data.data, out.size);
	bytes_free(&out);
	codec_free(codec);
	bytes_free(&stream);
	bytes_free(&data);
}
END_TEST

START_TEST(a_dictionary_of_lzma_is_bounded_and_no_larger_than_the_data)
{
	struct bytes data = make_content(CONTENT_TEXT, 50000, 3);
	struct bytes stream;
	struct bytes out;
	struct codec *codec = codec_new(LZMA);

	compress_to(LZMA, &data, &stream);
	bytes_set_number(&stream, 5, 0xffffffff, 4);
	ck_assert_int_eq(decode(codec, &stream, data.size, 100, 100, &out), DECODE_END);
	ck_assert_mem_eq(out.data, data.data, data.size);
	bytes_free(&out);
	ck_assert_int_eq(decode(codec, &stream, UINT64_C(3) << 30, 100, 100, &out), DECODE_WINDOW);
	bytes_free(&out);
	codec_free(codec);
	bytes_free(&stream);
	bytes_free(&data);
}
END_TEST
#endif

#ifdef HAVE_ZSTD
START_TEST(a_window_of_zstd_is_bounded)
{
	struct codec *codec = codec_new(ZSTD);

	for (uint8_t log = 26; log < 31; log++) {
		/* A frame's header (RFC 8878 3.1.1.1) that states a window and no size, and an
		 * empty last block. */
		uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0, (uint8_t)((log - 10) << 3), 1, 0, 0};
		struct bytes stream = {frame, sizeof(frame), sizeof(frame)};
		struct bytes out;
		ck_assert_int_eq(decode(codec, &stream, 0, 100, 100, &out),
			log <= 27 ? DECODE_END : DECODE_WINDOW);
		bytes_free(&out);
	}
	codec_free(codec);
}
END_TEST
#endif

START_TEST(other_methods_are_not_known)
{
	static const uint16_t others[] = {0, 1, 8, 9, 13, 96, 98, 65535};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert(!codec_knows(others[i]));
	for (unsigned i = 0; codec_listed(i); i++)
		ck_assert(codec_knows(codec_listed(i)->method));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode");
	TCase *tests = tcase_create("decode");
	const int all = (int)ALL_METHODS;

	tcase_add_loop_test(tests, each_content_comes_out_whatever_the_pieces, 0, all);
	tcase_add_loop_test(tests, an_empty_stream_ends, 0, all);
	tcase_add_loop_test(tests, a_stream_that_is_cut_off_does_not_end, 0, all);
	tcase_add_loop_test(tests, what_is_no_stream_is_bad, 0, all);
	tcase_add_loop_test(tests, streams_one_after_the_other_are_one, 0, 2);
#ifdef HAVE_LZMA
	tcase_add_test(tests, lzma_without_an_end_marker_ends_at_the_stated_size);
	tcase_add_test(tests, a_dictionary_of_lzma_is_bounded_and_no_larger_than_the_data);
#endif
#ifdef HAVE_ZSTD
	tcase_add_test(tests, a_window_of_zstd_is_bounded);
#endif
	tcase_add_test(tests, other_methods_are_not_known);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
