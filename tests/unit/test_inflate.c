// SPDX-License-Identifier: MIT

/*
 * Each decoder of DEFLATE must pass these: they hold it to decoder.h and to RFC 1951 only. The
 * streams are zlib's compressor's or made bit by bit.
 */

#include "worker/decode/decoders.h"

#include "bits.h"
#include "zips.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

/* --- decoding in pieces ----------------------------------------------------------------------- */

/*
 * Memory that ends at a page which cannot be touched: a sanitizer does not see what a library's
 * assembler reads and writes.
 */
struct guarded {
	uint8_t *bytes;
	void *map;
	size_t map_size;
};

static struct guarded guarded_new(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t usable = (size + page - 1) / page * page;
	struct guarded memory = {.map_size = usable + page};

	memory.map = mmap(
		NULL, memory.map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(memory.map, MAP_FAILED);
	ck_assert_int_eq(mprotect((uint8_t *)memory.map + usable, page, PROT_NONE), 0);
	memory.bytes = (uint8_t *)memory.map + usable - size;
	return memory;
}

static void guarded_free(struct guarded *memory)
{
	ck_assert_int_eq(munmap(memory->map, memory->map_size), 0);
}

/* As ck_assert(), which tells Check each time that it holds: too slow for millions of times. */
#define must(condition)                                 \
	do {                                            \
		if (!(condition))                       \
			ck_abort_msg("%s", #condition); \
	} while (0)

/* What came of a stream. */
struct outcome {
	enum decode_status status; /* the last */
	struct bytes out;
	size_t consumed; /* of the input */
};

/* Where output goes: a window that moves to the front of its memory when it comes to the end. */
struct window {
	struct guarded memory;
	const struct decoder_type *type;
	size_t size; /* of the memory, less what may be overrun */
	size_t at;   /* the next byte */
};

static struct window window_new(const struct decoder_type *type, size_t piece)
{
	size_t room = piece < 65536 ? 65536 : piece;
	struct window window = {.type = type, .size = type->history_bytes + room};

	window.at = type->history_bytes;
	window.memory = guarded_new(window.size + type->overrun_bytes);
	return window;
}

/* Have @piece bytes of room in the span. */
static void window_room(struct window *window, struct decode_span *span, size_t piece)
{
	uint8_t *bytes = window->memory.bytes;
	size_t history = window->type->history_bytes;

	if (window->at + piece > window->size) {
		memmove(bytes, bytes + window->at - history, history);
		window->at = history;
	}
	span->out = bytes + window->at;
	span->out_size = piece;
}

/* Append what is new in the window to the outcome. */
static void drain(struct outcome *outcome, struct window *window, const struct decode_span *span)
{
	uint8_t *bytes = window->memory.bytes + window->at;
	size_t size = (size_t)(span->out - bytes);

	bytes_put(&outcome->out, bytes, size);
	window->at += size;
}

/* Check what a call has done to the span. True if it moved it on. */
static bool check_move(const struct decoder_type *type, const struct decode_span *before,
	const struct decode_span *span)
{
	const uint8_t *room_end = before->out + before->out_size;

	must(span->in + span->in_size == before->in + before->in_size);
	must(span->in_size <= before->in_size);
	must(span->out_size <= before->out_size);
	if (span->out_size > 0)
		must(span->out + span->out_size == room_end);
	else
		must(span->out >= room_end && span->out <= room_end + type->overrun_bytes);
	return span->in_size < before->in_size || span->out > before->out;
}

/*
 * Decode @size bytes at @in, @in_piece bytes at a time, into @out_piece bytes at a time, until it
 * ends, breaks or wants more than there is. With @limit, stop when that much has come out.
 */
static struct outcome decode_up_to(struct decoder *decoder, const uint8_t *in, size_t size,
	size_t in_piece, size_t out_piece, size_t limit)
{
	struct outcome outcome = {.status = DECODE_NEED_INPUT};
	struct guarded in_memory = guarded_new(in_piece);
	struct window window = window_new(decoder->type, out_piece);
	uint8_t *in_buffer = in_memory.bytes;
	struct decode_span span = {.in = in_buffer};
	size_t fed = 0;
	int idle = 0;

	window_room(&window, &span, out_piece);
	while (outcome.out.size < limit) {
		if (span.in_size == 0) {
			size_t piece = in_piece < size - fed ? in_piece : size - fed;
			span.in = in_buffer + in_piece - piece;
			span.in_size = piece;
			if (piece > 0)
				memcpy(in_buffer + in_piece - piece, in + fed, piece);
			fed += piece;
		}
		struct decode_span before = span;
		outcome.status = decoder_run(decoder, &span, false);
		idle = check_move(decoder->type, &before, &span) ? 0 : idle + 1;
		must(idle < 4);
		if (outcome.status == DECODE_NEED_OUTPUT)
			must(span.out_size == 0);
		else if (outcome.status == DECODE_NEED_INPUT)
			must(span.in_size == 0);
		else
			break;
		if (outcome.status == DECODE_NEED_INPUT && before.in_size == 0)
			break; /* nothing was left to be given */
		if (span.out_size == 0) {
			drain(&outcome, &window, &span);
			window_room(&window, &span, out_piece);
		}
	}
	drain(&outcome, &window, &span);
	outcome.consumed = fed - span.in_size;
	guarded_free(&in_memory);
	guarded_free(&window.memory);
	return outcome;
}

static struct outcome decode(
	struct decoder *decoder, const struct bytes *in, size_t in_piece, size_t out_piece)
{
	return decode_up_to(decoder, in->data, in->size, in_piece, out_piece, SIZE_MAX);
}

static enum decoder_choice tested;

static struct decoder *new_decoder(void)
{
	struct decoder *decoder = decoder_open(decoder_asked_for(tested));

	ck_assert_ptr_nonnull(decoder);
	ck_assert_int_eq(decoder_reset(decoder, 0), 0);
	return decoder;
}

/* A decoder may have read up to a word ahead when the input came in small pieces. */
static void check_consumed(size_t consumed, size_t size)
{
	ck_assert_uint_ge(consumed, size);
	ck_assert_uint_le(consumed, size + 8);
}

static void check_whole(const struct outcome *outcome, const struct bytes *expected, size_t size)
{
	ck_assert_int_eq(outcome->status, DECODE_END);
	ck_assert_uint_eq(outcome->out.size, expected->size);
	if (expected->size > 0)
		ck_assert(memcmp(outcome->out.data, expected->data, expected->size) == 0);
	check_consumed(outcome->consumed, size);
}

/* Decode @stream, followed by bytes that are no part of it, and expect @content. */
static void check_stream(struct decoder *decoder, const struct bytes *stream,
	const struct bytes *content, size_t in_piece, size_t out_piece)
{
	struct bytes longer = {0};

	bytes_put(&longer, stream->data, stream->size);
	bytes_put(&longer, "\xff\0\x55 more than the stream has, by some dozens of bytes", 50);
	decoder_reset(decoder, 0);
	struct outcome outcome = decode(decoder, &longer, in_piece, out_piece);
	check_whole(&outcome, content, stream->size);
	bytes_free(&outcome.out);
	/* And where it ends with the input. */
	decoder_reset(decoder, 0);
	outcome = decode(decoder, stream, in_piece, out_piece);
	check_whole(&outcome, content, stream->size);
	bytes_free(&outcome.out);
	bytes_free(&longer);
}

/* --- zlib's streams --------------------------------------------------------------------------- */

/* In and out. Slow ones first: these are for small streams. */
static const size_t PIECES[][2] = {
	{1, 1}, {1, 65536}, {4096, 1}, {3, 7}, {1021, 32768}, {262144, 262144}, {8192, 100003}};

#define PIECES_COUNT (sizeof(PIECES) / sizeof(PIECES[0]))

/* Ways to compress: all levels, all strategies. */
static const int WAYS[][2] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0},
	{8, 0}, {9, 0}, {1, Z_FIXED}, {9, Z_FIXED}, {6, Z_FILTERED}, {6, Z_HUFFMAN_ONLY},
	{6, Z_RLE}};

/* Content of one size, compressed in all ways, in the pieces from @first_pieces on. */
static void check_size(size_t size, size_t first_pieces)
{
	struct decoder *decoder = new_decoder();

	for (enum content kind = 0; kind < CONTENT_KINDS; kind++) {
		struct bytes content = make_content(kind, size, 1);
		for (size_t w = 0; w < sizeof(WAYS) / sizeof(WAYS[0]); w++) {
			struct bytes stream =
				make_deflate(content.data, size, WAYS[w][0], WAYS[w][1]);
			for (size_t p = first_pieces; p < PIECES_COUNT; p++)
				check_stream(
					decoder, &stream, &content, PIECES[p][0], PIECES[p][1]);
			bytes_free(&stream);
		}
		bytes_free(&content);
	}
	decoder_close(decoder);
}

START_TEST(small_streams_are_right_in_any_pieces)
{
	static const size_t sizes[] = {0, 1, 2, 3, 4, 257, 258, 259, 1000, 4099};

	check_size(sizes[_i], sizes[_i] < 500 ? 0 : 3);
}
END_TEST

START_TEST(streams_around_the_window_are_right)
{
	static const size_t sizes[] = {32767, 32768, 32769, 65535, 65536, 70001};

	check_size(sizes[_i], 4);
}
END_TEST

START_TEST(a_large_stream_is_right_in_any_pieces)
{
	struct decoder *decoder = new_decoder();

	for (enum content kind = 0; kind < CONTENT_KINDS; kind++) {
		struct bytes content = make_content(kind, (1 << 20) + 12345, 2);
		for (int level = 0; level <= 9; level += 3) {
			struct bytes stream =
				make_deflate(content.data, content.size, level, Z_DEFAULT_STRATEGY);
			for (size_t p = 4; p < PIECES_COUNT; p++)
				check_stream(
					decoder, &stream, &content, PIECES[p][0], PIECES[p][1]);
			bytes_free(&stream);
		}
		bytes_free(&content);
	}
	decoder_close(decoder);
}
END_TEST

START_TEST(a_large_stream_is_right_byte_by_byte)
{
	struct decoder *decoder = new_decoder();
	struct bytes content = make_content(CONTENT_TEXT, 300000, 3);
	struct bytes stream = make_deflate(content.data, content.size, 6, Z_DEFAULT_STRATEGY);

	check_stream(decoder, &stream, &content, 1, 1);
	decoder_close(decoder);
	bytes_free(&stream);
	bytes_free(&content);
}
END_TEST

START_TEST(a_stream_in_one_piece_into_just_its_room_ends)
{
	static const size_t sizes[] = {1, 2, 100, 65536, 1 << 20};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bytes content = make_content(CONTENT_TEXT, sizes[i], 4);
		struct bytes stream = make_deflate(content.data, sizes[i], 6, Z_DEFAULT_STRATEGY);
		struct decoder *decoder = new_decoder();
		/* The end may show only when there is room again; it takes none. */
		struct outcome outcome = decode(decoder, &stream, stream.size, sizes[i]);
		check_whole(&outcome, &content, stream.size);
		bytes_free(&outcome.out);
		decoder_close(decoder);
		bytes_free(&stream);
		bytes_free(&content);
	}
}
END_TEST

START_TEST(flushes_within_a_stream_are_right)
{
	static const int flushes[] = {
		Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK, Z_SYNC_FLUSH};
	struct bytes content = make_content(CONTENT_TEXT, 200000, 5);
	struct bytes stream = {0};
	struct decoder *decoder = new_decoder();
	z_stream deflater = {0};
	uint8_t out[4096];
	size_t given = 0;
	int result = Z_OK;

	/* Levels change on the way: stored, fixed and dynamic blocks follow each other. */
	ck_assert_int_eq(deflateInit2(&deflater, 6, Z_DEFLATED, -15, 8, 0), Z_OK);
	for (unsigned i = 0; result != Z_STREAM_END; i++) {
		size_t piece = (i % 7) * 1500 + i % 3;
		piece = piece < content.size - given ? piece : content.size - given;
		deflater.next_in = content.data + given;
		deflater.avail_in = (unsigned)piece;
		given += piece;
		int flush = given == content.size ? Z_FINISH : flushes[i % 6];
		do {
			deflater.next_out = out;
			deflater.avail_out = sizeof(out);
			result = deflate(&deflater, flush);
			bytes_put(&stream, out, sizeof(out) - deflater.avail_out);
		} while (deflater.avail_out == 0);
		if (i % 5 == 4 && flush != Z_FINISH) {
			deflater.next_out = out;
			deflater.avail_out = sizeof(out);
			deflateParams(&deflater, (int)(i / 5 % 10), i % 2 ? Z_FIXED : 0);
			bytes_put(&stream, out, sizeof(out) - deflater.avail_out);
		}
	}
	deflateEnd(&deflater);
	for (size_t p = 0; p < PIECES_COUNT; p++)
		check_stream(decoder, &stream, &content, PIECES[p][0], PIECES[p][1]);
	decoder_close(decoder);
	bytes_free(&stream);
	bytes_free(&content);
}
END_TEST

START_TEST(a_stream_cut_off_anywhere_wants_input)
{
	struct decoder *decoder = new_decoder();

	for (int level = 0; level <= 6; level += 3) {
		struct bytes content = make_content(CONTENT_TEXT, 3000, 6);
		struct bytes stream =
			make_deflate(content.data, content.size, level, Z_DEFAULT_STRATEGY);
		for (size_t size = 0; size < stream.size; size++) {
			size_t in_piece = size % 3 == 0 ? 1 : size % 3 == 1 ? 17 : 10000;
			size_t out_piece = size % 2 == 0 ? 100000 : 13;
			decoder_reset(decoder, 0);
			struct outcome outcome = decode_up_to(
				decoder, stream.data, size, in_piece, out_piece, SIZE_MAX);
			ck_assert_int_eq(outcome.status, DECODE_NEED_INPUT);
			check_consumed(outcome.consumed, size);
			ck_assert_uint_le(outcome.out.size, content.size);
			if (outcome.out.size > 0)
				ck_assert_mem_eq(outcome.out.data, content.data, outcome.out.size);
			bytes_free(&outcome.out);
		}
		bytes_free(&stream);
		bytes_free(&content);
	}
	decoder_close(decoder);
}
END_TEST

/* --- damaged streams -------------------------------------------------------------------------- */

/* What zlib makes of a stream: its bytes where @*valid. */
static struct bytes decode_by_zlib(const struct bytes *stream, bool *valid)
{
	struct bytes out = {0};
	z_stream inflater = {.next_in = stream->data, .avail_in = (unsigned)stream->size};
	uint8_t buffer[4096];
	int result;

	ck_assert_int_eq(inflateInit2(&inflater, -15), Z_OK);
	do {
		inflater.next_out = buffer;
		inflater.avail_out = sizeof(buffer);
		result = inflate(&inflater, Z_NO_FLUSH);
		bytes_put(&out, buffer, sizeof(buffer) - inflater.avail_out);
	} while (result == Z_OK);
	*valid = result == Z_STREAM_END;
	inflateEnd(&inflater);
	return out;
}

/* Decode a stream that may be anything. Where it is valid, its bytes must be right. */
static void check_anything(struct decoder *decoder, const struct bytes *stream, uint32_t *state)
{
	static const size_t sizes[] = {1, 5, 333, 65536};
	bool valid;
	struct bytes expected = decode_by_zlib(stream, &valid);

	decoder_reset(decoder, 0);
	struct outcome outcome = decode(
		decoder, stream, sizes[next_random(state) % 4], sizes[next_random(state) % 4]);
	ck_assert_int_ne(outcome.status, DECODE_NO_MEMORY);
	if (valid) {
		ck_assert_int_eq(outcome.status, DECODE_END);
		ck_assert_uint_eq(outcome.out.size, expected.size);
		ck_assert(expected.size == 0 ||
			  memcmp(outcome.out.data, expected.data, expected.size) == 0);
	}
	bytes_free(&outcome.out);
	bytes_free(&expected);
}

START_TEST(damaged_streams_do_no_harm)
{
	static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY};
	struct decoder *decoder = new_decoder();
	uint32_t state = 12345 + (uint32_t)_i;

	for (int s = 0; s < 3; s++) {
		struct bytes content = make_content((enum content)_i, 5000, 7);
		struct bytes stream =
			make_deflate(content.data, content.size, s == 2 ? 1 : 9, strategies[s]);
		for (int i = 0; i < 700; i++) {
			struct bytes damaged = {0};
			bytes_put(&damaged, stream.data, stream.size);
			/* Most of what can go wrong is in the header of the block. */
			size_t range = i % 2 && damaged.size > 80 ? 80 : damaged.size;
			for (uint32_t n = 0; n <= next_random(&state) % 4; n++)
				damaged.data[next_random(&state) % range] ^=
					(uint8_t)(1U << next_random(&state) % 8);
			check_anything(decoder, &damaged, &state);
			bytes_free(&damaged);
		}
		bytes_free(&stream);
		bytes_free(&content);
	}
	decoder_close(decoder);
}
END_TEST

START_TEST(random_bytes_do_no_harm)
{
	struct decoder *decoder = new_decoder();
	uint32_t state = 4711;

	for (uint32_t i = 0; i < 3000; i++) {
		struct bytes junk = make_content(CONTENT_RANDOM, next_random(&state) % 600, i);
		if (junk.size > 0)
			junk.data[0] = (uint8_t)((junk.data[0] & ~7U) | (i % 2 ? 4 : 2));
		check_anything(decoder, &junk, &state);
		bytes_free(&junk);
	}
	decoder_close(decoder);
}
END_TEST

/* --- streams made bit by bit ------------------------------------------------------------------ */

/*
 * The header of a last block with dynamic codes, up to the code lengths: a code length L is written
 * as the four bits of L, which is a complete code without the repeating symbols.
 */
static struct bits begin_dynamic(unsigned literals, unsigned distances)
{
	struct bits bits = begin_block(2);

	put_bits(&bits, literals - 257, 5);
	put_bits(&bits, distances - 1, 5);
	put_bits(&bits, 19 - 4, 4);
	for (unsigned i = 0; i < 19; i++)
		put_bits(&bits, i < 3 ? 0 : 4, 3); /* 16, 17, 18, then 0 to 15 in their order */
	return bits;
}

/* The lengths of 'a' (97), of the end (256), of matches of 3 bytes (257), and of 2 distances. */
static struct bits begin_lengths(
	unsigned a, unsigned end, unsigned three, unsigned distance1, unsigned distance2)
{
	struct bits bits = begin_dynamic(258, 2);

	for (unsigned i = 0; i < 258; i++) {
		unsigned length = i == 97 ? a : i == 256 ? end : i == 257 ? three : 0;
		put_code(&bits, length, 4);
	}
	put_code(&bits, distance1, 4);
	put_code(&bits, distance2, 4);
	return bits;
}

/* Decode in two ways, and expect @text where it is not NULL, else that it is refused. */
static void check_bits(struct bits *bits, const char *text)
{
	struct decoder *decoder = new_decoder();

	for (int i = 0; i < 2; i++) {
		/* More input, so that nothing is missing to find the fault. */
		struct bytes stream = {0};
		bytes_put(&stream, bits->bytes.data, bits->bytes.size);
		for (int n = 0; n < 64; n++)
			bytes_put_number(&stream, 0, 1);
		decoder_reset(decoder, 0);
		struct outcome outcome =
			decode(decoder, &stream, i ? 1 : stream.size, i ? 1 : 65536);
		if (text) {
			struct bytes expected = {0};
			bytes_put(&expected, text, strlen(text));
			check_whole(&outcome, &expected, bits->bytes.size);
			bytes_free(&expected);
		} else {
			ck_assert_int_eq(outcome.status, DECODE_BAD_DATA);
		}
		bytes_free(&outcome.out);
		bytes_free(&stream);
	}
	decoder_close(decoder);
	bytes_free(&bits->bytes);
}

START_TEST(a_block_type_that_is_none_is_refused)
{
	struct bits bits = begin_block(3);

	check_bits(&bits, NULL);
}
END_TEST

static struct bits make_stored(unsigned size, unsigned complement)
{
	struct bits bits = begin_block(0);

	put_bits(&bits, 0, 5);
	put_bits(&bits, size, 16);
	put_bits(&bits, complement, 16);
	for (unsigned i = 0; i < 5; i++)
		put_bits(&bits, (unsigned char)"hello"[i], 8);
	return bits;
}

START_TEST(a_stored_block_needs_its_length_twice)
{
	struct bits bits = make_stored(5, 0xfffa);

	check_bits(&bits, "hello");
	bits = make_stored(5, 5);
	check_bits(&bits, NULL);
	bits = make_stored(5, 0xfffb);
	check_bits(&bits, NULL);
	bits = make_stored(5, 0x7ffa);
	check_bits(&bits, NULL);
	bits = make_stored(0, 0);
	check_bits(&bits, NULL);
}
END_TEST

/* 'a' and then three bytes from @distance_code (its extra bits 0), with fixed codes. */
static struct bits make_match(unsigned literals, unsigned length_symbol, unsigned distance_code)
{
	struct bits bits = begin_block(1);

	for (unsigned i = 0; i < literals; i++)
		put_fixed(&bits, 'a' + i);
	put_fixed(&bits, length_symbol);
	put_code(&bits, distance_code, 5);
	put_fixed(&bits, 256);
	return bits;
}

START_TEST(a_distance_to_before_the_stream_is_refused)
{
	struct bits bits = make_match(1, 257, 0);

	check_bits(&bits, "aaaa");
	bits = make_match(2, 257, 1);
	check_bits(&bits, "ababa");
	bits = make_match(0, 257, 0);
	check_bits(&bits, NULL);
	bits = make_match(1, 257, 1);
	check_bits(&bits, NULL);
	bits = make_match(3, 257, 3);
	check_bits(&bits, NULL);
	bits = make_match(3, 257, 29);
	check_bits(&bits, NULL);
}
END_TEST

START_TEST(symbols_that_mean_nothing_are_refused)
{
	struct bits bits = make_match(1, 286, 0);

	check_bits(&bits, NULL);
	bits = make_match(1, 287, 0);
	check_bits(&bits, NULL);
	bits = make_match(1, 257, 30);
	check_bits(&bits, NULL);
	bits = make_match(1, 257, 31);
	check_bits(&bits, NULL);
}
END_TEST

START_TEST(a_complete_code_decodes)
{
	/* 0: 'a'; 10: the end; 11: three bytes. 0 and 1: distances 1 and 2. */
	struct bits bits = begin_lengths(1, 2, 2, 1, 1);

	put_code(&bits, 0, 1);
	put_code(&bits, 3, 2);
	put_code(&bits, 0, 1);
	put_code(&bits, 2, 2);
	check_bits(&bits, "aaaa");
}
END_TEST

START_TEST(a_code_of_a_single_distance_decodes)
{
	struct bits bits = begin_lengths(1, 2, 2, 1, 0);

	put_code(&bits, 0, 1);
	put_code(&bits, 3, 2);
	put_code(&bits, 0, 1);
	put_code(&bits, 2, 2);
	check_bits(&bits, "aaaa");
	/* The other value of that bit is no distance. */
	bits = begin_lengths(1, 2, 2, 1, 0);
	put_code(&bits, 0, 1);
	put_code(&bits, 3, 2);
	put_code(&bits, 1, 1);
	put_code(&bits, 2, 2);
	check_bits(&bits, NULL);
}
END_TEST

START_TEST(a_block_without_distances_holds_literals_only)
{
	struct bits bits = begin_lengths(1, 2, 2, 0, 0);

	put_code(&bits, 0, 1);
	put_code(&bits, 0, 1);
	put_code(&bits, 2, 2);
	check_bits(&bits, "aa");
	bits = begin_lengths(1, 2, 2, 0, 0);
	put_code(&bits, 0, 1);
	put_code(&bits, 3, 2);
	put_code(&bits, 0, 1);
	put_code(&bits, 2, 2);
	check_bits(&bits, NULL);
}
END_TEST

START_TEST(an_oversubscribed_code_is_refused)
{
	struct bits bits = begin_lengths(1, 1, 1, 1, 0);

	put_code(&bits, 0, 1);
	put_code(&bits, 1, 1);
	check_bits(&bits, NULL);
	bits = begin_lengths(1, 2, 1, 1, 0);
	check_bits(&bits, NULL);
	/* Distances: 30 codes of 4 bits. */
	bits = begin_dynamic(257, 30);
	for (unsigned i = 0; i < 257; i++)
		put_code(&bits, i >= 255 ? 1 : 0, 4);
	for (unsigned i = 0; i < 30; i++)
		put_code(&bits, 4, 4);
	check_bits(&bits, NULL);
}
END_TEST

START_TEST(a_value_that_an_incomplete_code_leaves_free_is_refused)
{
	/* 00: 'a'; 01: the end; 1: nothing. */
	struct bits bits = begin_lengths(2, 2, 0, 1, 0);

	put_code(&bits, 0, 2);
	put_code(&bits, 3, 2);
	put_code(&bits, 1, 2);
	check_bits(&bits, NULL);
	/* Distances 00 and 01 only, then 11. */
	bits = begin_lengths(1, 2, 2, 2, 2);
	put_code(&bits, 0, 1);
	put_code(&bits, 3, 2);
	put_code(&bits, 3, 2);
	put_code(&bits, 2, 2);
	check_bits(&bits, NULL);
}
END_TEST

START_TEST(a_block_that_can_not_end_does_not_end)
{
	struct bits bits = begin_lengths(1, 0, 1, 1, 0);
	struct decoder *decoder = new_decoder();

	for (int i = 0; i < 100; i++)
		put_code(&bits, 0, 1);
	struct outcome outcome = decode(decoder, &bits.bytes, 1000, 1000);
	ck_assert_int_ne(outcome.status, DECODE_END);
	bytes_free(&outcome.out);
	bytes_free(&bits.bytes);
	decoder_close(decoder);
}
END_TEST

/* A dynamic block whose code length code has 2 symbols of 1 bit: @first (0) and @second (1). */
static struct bits begin_repeats(unsigned literals, unsigned first, unsigned second)
{
	static const unsigned order[] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
	struct bits bits = begin_block(2);

	put_bits(&bits, literals - 257, 5);
	put_bits(&bits, 0, 5);
	put_bits(&bits, 19 - 4, 4);
	for (unsigned i = 0; i < 19; i++)
		put_bits(&bits, order[i] == first || order[i] == second ? 1 : 0, 3);
	return bits;
}

START_TEST(repeated_code_lengths_stay_within_their_lists)
{
	/* 256 literals and the end, of 8 bits, and the distance: 258 lengths, one too many. */
	struct bits bits = begin_repeats(257, 8, 16);

	put_code(&bits, 0, 1);
	for (int i = 0; i < 43; i++) { /* 6 each: 259 lengths in all, of 258 */
		put_code(&bits, 1, 1);
		put_bits(&bits, 3, 2);
	}
	check_bits(&bits, NULL);
	/* Nothing comes before the first. */
	bits = begin_repeats(257, 8, 16);
	put_code(&bits, 1, 1);
	put_bits(&bits, 3, 2);
	check_bits(&bits, NULL);
	/* 138 zeros, twice. */
	bits = begin_repeats(257, 1, 18);
	put_code(&bits, 1, 1);
	put_bits(&bits, 127, 7);
	put_code(&bits, 1, 1);
	put_bits(&bits, 127, 7);
	check_bits(&bits, NULL);
}
END_TEST

START_TEST(more_symbols_than_there_are_are_refused)
{
	for (unsigned literals = 287; literals <= 288; literals++) {
		struct bits bits = begin_dynamic(literals, 1);
		for (unsigned i = 0; i < literals; i++)
			put_code(&bits, i == 97 || i == 256 ? 1 : 0, 4);
		put_code(&bits, 1, 4);
		put_code(&bits, 0, 1);
		put_code(&bits, 1, 1);
		check_bits(&bits, NULL);
	}
}
END_TEST

START_TEST(an_oversubscribed_code_of_code_lengths_is_refused)
{
	struct bits bits = begin_block(2);

	put_bits(&bits, 0, 5);
	put_bits(&bits, 0, 5);
	put_bits(&bits, 19 - 4, 4);
	for (unsigned i = 0; i < 19; i++)
		put_bits(&bits, 1, 3);
	check_bits(&bits, NULL);
}
END_TEST

/* --- new streams ------------------------------------------------------------------------------ */

START_TEST(a_reset_in_the_middle_begins_anew)
{
	struct decoder *decoder = new_decoder();
	struct bytes content = make_content(CONTENT_TEXT, 100000, 8);
	struct bytes stream = make_deflate(content.data, content.size, 6, Z_DEFAULT_STRATEGY);
	struct bytes other = make_content(CONTENT_RANDOM, 5000, 9);
	struct bytes other_stream = make_deflate(other.data, other.size, 6, Z_DEFAULT_STRATEGY);

	for (size_t size = 0; size < stream.size; size += 997) {
		/* Stopped for want of input, */
		struct outcome outcome =
			decode_up_to(decoder, stream.data, size, 100, 1000, SIZE_MAX);
		ck_assert_int_eq(outcome.status, DECODE_NEED_INPUT);
		bytes_free(&outcome.out);
		check_stream(decoder, &other_stream, &other, 4096, 4096);
		/* and for want of room. */
		decoder_reset(decoder, 0);
		outcome = decode_up_to(decoder, stream.data, stream.size, stream.size, 7, size);
		bytes_free(&outcome.out);
		check_stream(decoder, &other_stream, &other, 4096, 4096);
		decoder_reset(decoder, 0);
	}
	decoder_close(decoder);
	bytes_free(&content);
	bytes_free(&stream);
	bytes_free(&other);
	bytes_free(&other_stream);
}
END_TEST

START_TEST(a_reset_after_a_failure_begins_anew)
{
	struct decoder *decoder = new_decoder();
	struct bytes content = make_content(CONTENT_TEXT, 100000, 10);
	struct bytes stream = make_deflate(content.data, content.size, 6, Z_DEFAULT_STRATEGY);

	for (size_t at = 0; at < 3; at++) {
		static const uint8_t bad[3][2] = {{7, 0}, {1, 1}, {5, 0xff}};
		struct bytes junk = {0};
		bytes_put(&junk, bad[at], 2);
		for (int i = 0; i < 400; i++)
			bytes_put_number(&junk, 0xff, 1);
		struct outcome outcome = decode(decoder, &junk, 100, 100);
		ck_assert_int_eq(outcome.status, DECODE_BAD_DATA);
		bytes_free(&outcome.out);
		check_stream(decoder, &stream, &content, 65536, 65536);
		bytes_free(&junk);
		decoder_reset(decoder, 0);
	}
	decoder_close(decoder);
	bytes_free(&content);
	bytes_free(&stream);
}
END_TEST

START_TEST(a_new_stream_does_not_see_the_bytes_of_the_last)
{
	struct decoder *decoder = new_decoder();
	struct bytes content = make_content(CONTENT_TEXT, 100000, 11);
	struct bytes stream = make_deflate(content.data, content.size, 6, Z_DEFAULT_STRATEGY);
	struct bits bits = make_match(1, 257, 29);

	check_stream(decoder, &stream, &content, 65536, 65536);
	for (int i = 0; i < 20; i++)
		put_bits(&bits, 0, 8);
	decoder_reset(decoder, 0);
	struct outcome outcome = decode(decoder, &bits.bytes, 100, 100);
	ck_assert_int_eq(outcome.status, DECODE_BAD_DATA);
	bytes_free(&outcome.out);
	bytes_free(&bits.bytes);
	bytes_free(&content);
	bytes_free(&stream);
	decoder_close(decoder);
}
END_TEST

START_TEST(two_decoders_do_not_disturb_each_other)
{
	struct bytes contents[2];
	struct bytes streams[2];
	struct decoder *decoders[2];
	struct decode_span spans[2];
	uint8_t *outs[2];
	bool ended[2] = {false, false};

	for (int i = 0; i < 2; i++) {
		contents[i] = make_content(i ? CONTENT_TEXT : CONTENT_RANDOM, 200000, 12);
		streams[i] = make_deflate(contents[i].data, 200000, 6, Z_DEFAULT_STRATEGY);
		decoders[i] = new_decoder();
		outs[i] = malloc(DECODE_HISTORY_MAX + 200000 + DECODE_SLACK);
		ck_assert_ptr_nonnull(outs[i]);
		spans[i] = (struct decode_span){
			.in = streams[i].data, .out = outs[i] + DECODE_HISTORY_MAX};
	}
	while (!ended[0] || !ended[1]) {
		for (int i = 0; i < 2; i++) {
			size_t given = (size_t)(spans[i].in - streams[i].data);
			size_t taken = (size_t)(spans[i].out - (outs[i] + DECODE_HISTORY_MAX));
			if (ended[i])
				continue;
			if (spans[i].in_size == 0)
				spans[i].in_size = streams[i].size - given < 777
							   ? streams[i].size - given
							   : 777;
			if (spans[i].out_size == 0)
				spans[i].out_size = 200000 - taken < 1234 ? 200000 - taken : 1234;
			enum decode_status status = decoder_run(decoders[i], &spans[i], false);
			ck_assert(status != DECODE_BAD_DATA && status != DECODE_NO_MEMORY);
			ended[i] = status == DECODE_END;
		}
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_ptr_eq(spans[i].in, streams[i].data + streams[i].size);
		ck_assert_ptr_eq(spans[i].out, outs[i] + DECODE_HISTORY_MAX + 200000);
		ck_assert(memcmp(outs[i] + DECODE_HISTORY_MAX, contents[i].data, 200000) == 0);
		decoder_close(decoders[i]);
		free(outs[i]);
		bytes_free(&contents[i]);
		bytes_free(&streams[i]);
	}
}
END_TEST

START_TEST(a_type_says_what_it_is)
{
	const struct decoder_type *type = decoder_asked_for(tested);

	ck_assert_int_eq(type->choice, tested);
	ck_assert_uint_eq(type->method_count, 1);
	ck_assert_uint_eq(type->methods[0], 8);
	ck_assert_uint_gt(strlen(type->library), 0);
	ck_assert_uint_le(type->history_bytes, DECODE_HISTORY_MAX);
	ck_assert_uint_le(type->overrun_bytes, DECODE_SLACK);
	ck_assert_int_eq(decoder_type_is_pairable(type), tested == DECODER_TWIN);
	decoder_close(NULL);
}
END_TEST

static TCase *valid_streams(void)
{
	TCase *tests = tcase_create("valid");

	tcase_add_loop_test(tests, small_streams_are_right_in_any_pieces, 0, 10);
	tcase_add_loop_test(tests, streams_around_the_window_are_right, 0, 6);
	tcase_add_test(tests, a_large_stream_is_right_in_any_pieces);
	tcase_add_test(tests, a_large_stream_is_right_byte_by_byte);
	tcase_add_test(tests, a_stream_in_one_piece_into_just_its_room_ends);
	tcase_add_test(tests, flushes_within_a_stream_are_right);
	tcase_add_test(tests, a_stream_cut_off_anywhere_wants_input);
	tcase_add_test(tests, a_complete_code_decodes);
	tcase_add_test(tests, a_code_of_a_single_distance_decodes);
	tcase_add_test(tests, a_block_without_distances_holds_literals_only);
	tcase_add_test(tests, a_type_says_what_it_is);
	tcase_add_test(tests, two_decoders_do_not_disturb_each_other);
	tcase_add_test(tests, a_reset_in_the_middle_begins_anew);
	tcase_add_test(tests, a_reset_after_a_failure_begins_anew);
	tcase_add_test(tests, a_new_stream_does_not_see_the_bytes_of_the_last);
	return tests;
}

static TCase *invalid_streams(void)
{
	TCase *tests = tcase_create("invalid");

	tcase_add_loop_test(tests, damaged_streams_do_no_harm, 0, CONTENT_KINDS);
	tcase_add_test(tests, random_bytes_do_no_harm);
	tcase_add_test(tests, a_block_type_that_is_none_is_refused);
	tcase_add_test(tests, a_stored_block_needs_its_length_twice);
	tcase_add_test(tests, a_distance_to_before_the_stream_is_refused);
	tcase_add_test(tests, symbols_that_mean_nothing_are_refused);
	tcase_add_test(tests, an_oversubscribed_code_is_refused);
	tcase_add_test(tests, a_value_that_an_incomplete_code_leaves_free_is_refused);
	tcase_add_test(tests, a_block_that_can_not_end_does_not_end);
	tcase_add_test(tests, repeated_code_lengths_stay_within_their_lists);
	tcase_add_test(tests, more_symbols_than_there_are_are_refused);
	tcase_add_test(tests, an_oversubscribed_code_of_code_lengths_is_refused);
	return tests;
}

/* All that a decoder has to pass. The number of cases that failed. */
static int run_suite(const char *name)
{
	Suite *suite = suite_create(name);

	suite_add_tcase(suite, valid_streams());
	suite_add_tcase(suite, invalid_streams());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed;
}

int main(void)
{
	static const enum decoder_choice decoders[] = {DECODER_TWIN, DECODER_ISAL, DECODER_ZLIB};
	char name[64];
	int failed = 0;

	for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++) {
		tested = decoders[i];
		snprintf(name, sizeof(name), "inflate by %s", decoder_name(tested));
		if (decoder_has(tested))
			failed += run_suite(name);
		else
			printf("%s: not here, not tested\n", name);
	}
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
