// SPDX-License-Identifier: MIT

/*
 * The decoders of methods other than DEFLATE, and what is chosen for a member.
 */

#include "worker/decode/decoders.h"

#include "zips.h"

#include <bzlib.h>
#include <check.h>
#include <stdio.h>
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

/* The decoder's type; NULL: there is none in this build. */
static const struct decoder_type *type_of(uint16_t method)
{
	return decoder_choose(method, DECODER_AUTO, SIZE);
}

static struct decoder *new_decoder(uint16_t method)
{
	struct decoder *decoder = decoder_open(type_of(method));

	ck_assert_ptr_nonnull(decoder);
	return decoder;
}

/* Decode @stream, pieces of @in_size and @out_size bytes at a time. The last status. */
static enum decode_status decode(struct decoder *decoder, const struct bytes *stream,
	uint64_t stated, size_t in_size, size_t out_size, struct bytes *out)
{
	uint8_t *room = malloc(out_size);
	size_t at = 0;

	ck_assert_ptr_nonnull(room);
	*out = (struct bytes){0};
	enum decode_status status =
		decoder_reset(decoder, stated) == 0 ? DECODE_NEED_INPUT : DECODE_NO_MEMORY;
	struct decode_span span = {.in = stream->data};
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
		status = decoder_run(decoder, &span, last);
		bytes_put(out, room, out_size - span.out_size);
		if (span.out != room + out_size - span.out_size)
			ck_abort_msg("the place of the output is not where its size ends");
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
			ck_assert(!type_of(method));
			bytes_free(&data);
			continue;
		}
		struct decoder *decoder = new_decoder(method);
		ck_assert_uint_eq(decoder->type->methods[0], method);
		for (size_t i = 0; i < 4; i++) {
			ck_assert_int_eq(
				decode(decoder, &stream, SIZE, pieces[i][0], pieces[i][1], &out),
				DECODE_END);
			ck_assert_uint_eq(out.size, data.size);
			ck_assert_mem_eq(out.data, data.data, data.size);
			bytes_free(&out);
		}
		decoder_close(decoder);
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
	struct decoder *decoder = new_decoder(methods[_i]);
	ck_assert_int_eq(decode(decoder, &stream, 0, 1000, 1000, &out), DECODE_END);
	ck_assert_uint_eq(out.size, 0);
	decoder_close(decoder);
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
	struct decoder *decoder = new_decoder(methods[_i]);
	size_t whole = stream.size;
	/* The end marker of LZMA says nothing that the size had not said. */
	size_t most = methods[_i] == LZMA ? whole - 20 : whole - 1;
	for (stream.size = 0; stream.size <= most; stream.size += 1 + stream.size / 50) {
		struct bytes out;
		ck_assert_int_ne(decode(decoder, &stream, data.size, 4096, 4096, &out), DECODE_END);
		bytes_free(&out);
	}
	decoder_close(decoder);
	bytes_free(&stream);
	bytes_free(&data);
}
END_TEST

START_TEST(what_is_no_stream_is_bad)
{
	struct bytes data = make_content(CONTENT_RANDOM, 5000, 77);
	struct bytes out;

	if (type_of(methods[_i])) {
		struct decoder *decoder = new_decoder(methods[_i]);
		for (int i = 0; i < 3; i++) {
			ck_assert_int_eq(
				decode(decoder, &data, 100000, 4096, 4096, &out), DECODE_BAD_DATA);
			bytes_free(&out);
		}
		decoder_close(decoder);
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
		struct decoder *decoder = new_decoder(several[_i]);
		for (size_t piece = 1; piece < 1000000; piece *= 37) {
			ck_assert_int_eq(decode(decoder, &stream, first.size, piece, 10007, &out),
				DECODE_END);
			ck_assert_uint_eq(out.size, first.size);
			ck_assert_mem_eq(out.data, first.data, first.size);
			bytes_free(&out);
		}
		decoder_close(decoder);
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
	struct decoder *decoder = new_decoder(LZMA);

	compress_to(LZMA, &data, &stream);
	ck_assert_int_eq(decode(decoder, &stream, data.size, 100, 100, &out), DECODE_END);
	ck_assert_mem_eq(out.data, data.data, data.size);
	bytes_free(&out);
	/* Fewer bytes stated: whatever it says, it gives no more than those. */
	decode(decoder, &stream, 40000, 100, 100, &out);
	ck_assert_uint_le(out.size, 40000);
	ck_assert_mem_eq(out.data, data.data, out.size);
	bytes_free(&out);
	decoder_close(decoder);
	bytes_free(&stream);
	bytes_free(&data);
}
END_TEST

START_TEST(a_dictionary_of_lzma_is_bounded_and_no_larger_than_the_data)
{
	struct bytes data = make_content(CONTENT_TEXT, 50000, 3);
	struct bytes stream;
	struct bytes out;
	struct decoder *decoder = new_decoder(LZMA);

	compress_to(LZMA, &data, &stream);
	bytes_set_number(&stream, 5, 0xffffffff, 4);
	ck_assert_int_eq(decode(decoder, &stream, data.size, 100, 100, &out), DECODE_END);
	ck_assert_mem_eq(out.data, data.data, data.size);
	bytes_free(&out);
	ck_assert_int_eq(
		decode(decoder, &stream, UINT64_C(3) << 30, 100, 100, &out), DECODE_WINDOW);
	bytes_free(&out);
	decoder_close(decoder);
	bytes_free(&stream);
	bytes_free(&data);
}
END_TEST
#endif

#ifdef HAVE_ZSTD
START_TEST(a_window_of_zstd_is_bounded)
{
	struct decoder *decoder = new_decoder(ZSTD);

	for (uint8_t log = 26; log < 31; log++) {
		/* A frame's header (RFC 8878 3.1.1.1) that states a window and no size, and an
		 * empty last block. */
		uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0, (uint8_t)((log - 10) << 3), 1, 0, 0};
		struct bytes stream = {frame, sizeof(frame), sizeof(frame)};
		struct bytes out;
		ck_assert_int_eq(decode(decoder, &stream, 0, 100, 100, &out),
			log <= 27 ? DECODE_END : DECODE_WINDOW);
		bytes_free(&out);
	}
	decoder_close(decoder);
}
END_TEST
#endif

START_TEST(stored_data_come_as_they_are)
{
	static const size_t pieces[][2] = {{7, 1000000}, {1000000, 13}, {4096, 4096}, {1, 100}};
	struct bytes data = make_content(CONTENT_RANDOM, SIZE, 6);
	struct decoder *decoder = new_decoder(0);

	ck_assert(decoder->type->copies);
	for (size_t i = 0; i < 4; i++) {
		struct bytes out;
		ck_assert_int_eq(
			decode(decoder, &data, SIZE, pieces[i][0], pieces[i][1], &out), DECODE_END);
		ck_assert_uint_eq(out.size, SIZE);
		ck_assert_mem_eq(out.data, data.data, SIZE);
		bytes_free(&out);
	}
	/* Where they stand already, they are not touched. */
	struct decode_span span = {data.data, data.size, data.data, data.size};
	ck_assert_int_eq(decoder_run(decoder, &span, true), DECODE_END);
	ck_assert_ptr_eq(span.out, data.data + SIZE);
	ck_assert_ptr_eq(span.in, data.data + SIZE);
	decoder_close(decoder);
	bytes_free(&data);
}
END_TEST

START_TEST(each_type_keeps_to_what_output_has_room_for)
{
	for (unsigned i = 0; decoder_listed(i); i++) {
		const struct decoder_type *type = decoder_listed(i);
		ck_assert_uint_le(type->history_bytes, DECODE_HISTORY_MAX);
		ck_assert_uint_le(type->overrun_bytes, DECODE_SLACK);
		ck_assert(!type->whole || type->most_bytes <= DECODE_WHOLE_MAX);
		ck_assert_uint_gt(strlen(type->library), 0);
		ck_assert_uint_ge(type->method_count, 1);
	}
}
END_TEST

START_TEST(other_methods_have_no_decoder)
{
	static const uint16_t others[] = {1, 7, 13, 96, 98, 65535};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_ptr_null(type_of(others[i]));
	for (unsigned i = 0; decoder_listed(i); i++) {
		const struct decoder_type *type = decoder_listed(i);
		for (unsigned m = 0; m < type->method_count; m++)
			ck_assert_ptr_nonnull(type_of(type->methods[m]));
	}
}
END_TEST

/* Both or neither are in this build. */
START_TEST(the_first_number_of_zstandard_is_the_same_method)
{
	ck_assert_ptr_eq(type_of(20), type_of(ZSTD));
}
END_TEST

START_TEST(every_size_has_a_decoder_of_streams)
{
	for (uint64_t size = 0; size < (UINT64_C(1) << 62); size = 2 * size + 1) {
		const struct decoder_type *any = decoder_choose(8, DECODER_AUTO, size);
		const struct decoder_type *stream = decoder_choose_stream(8, DECODER_AUTO, size);
		ck_assert(stream && !stream->whole);
		ck_assert(any->whole || any == stream);
		ck_assert(!any->whole || size <= DECODE_WHOLE_MAX);
		/* What is asked for by name decodes alone. */
		ck_assert_int_eq(decoder_choose(8, DECODER_ZLIB, size)->choice, DECODER_ZLIB);
		/* That is a choice among the decoders of DEFLATE only. */
		ck_assert_ptr_eq(decoder_choose(BZIP2, DECODER_ZLIB, size), type_of(BZIP2));
	}
}
END_TEST

START_TEST(a_set_keeps_small_decoders_and_closes_large_ones)
{
	struct decoder_set set = {0};
	const struct decoder_type *small = decoder_asked_for(DECODER_ZLIB);
	const struct decoder_type *large = type_of(BZIP2);

	struct decoder *first = decoder_set_begin(&set, small, 1);
	struct decoder *second = decoder_set_begin(&set, large, 1);
	ck_assert(first && second && first != second);
	ck_assert_ptr_eq(decoder_set_begin(&set, large, 5), second);
	ck_assert_ptr_eq(decoder_set_begin(&set, small, 5), first);
	for (unsigned i = 0; i < DECODER_TYPES_MAX; i++)
		ck_assert(!set.open[i] || set.open[i] == first);
	decoder_set_release(&set);
	for (unsigned i = 0; i < DECODER_TYPES_MAX; i++)
		ck_assert_ptr_null(set.open[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode");
	TCase *tests = tcase_create("decode");
	const int all = (int)ALL_METHODS;

	for (int i = 0; i < all; i++) {
		if (!type_of(methods[i]))
			printf("method %u: not in this build, not tested\n", methods[i]);
	}
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
	tcase_add_test(tests, stored_data_come_as_they_are);
	tcase_add_test(tests, each_type_keeps_to_what_output_has_room_for);
	tcase_add_test(tests, other_methods_have_no_decoder);
	tcase_add_test(tests, the_first_number_of_zstandard_is_the_same_method);
	tcase_add_test(tests, every_size_has_a_decoder_of_streams);
	tcase_add_test(tests, a_set_keeps_small_decoders_and_closes_large_ones);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
