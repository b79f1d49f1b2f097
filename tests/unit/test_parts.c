// SPDX-License-Identifier: MIT

/*
 * Members decoded in parts: where blocks begin, what stretches are, and how they are joined. zlib
 * says what is right: its blocks, its bytes, its verdicts.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef HAVE_TWIN

#include "worker/decode/checksum.h"
#include "worker/decode/decoders.h"
#include "worker/parts/blocks.h"
#include "worker/parts/join.h"
#include "worker/parts/stretch.h"
#include "worker/twin/markers.h"

#include "zips.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

/* --- streams ---------------------------------------------------------------------------------- */

enum { BLOCKS_MAX = 20000, WINDOW = 32768 };

struct stream {
	struct bytes in; /* with slack behind */
	size_t in_size;
	int verdict; /* zlib's: Z_STREAM_END, Z_DATA_ERROR or Z_BUF_ERROR */
	struct bytes want;
	uint64_t headers[BLOCKS_MAX];   /* of its blocks: where they begin */
	uint64_t begins[BLOCKS_MAX];    /* what they are called */
	uint64_t begins_at[BLOCKS_MAX]; /* in its bytes */
	bool looks[BLOCKS_MAX];         /* it can be found by its looks */
	size_t blocks;
};

static unsigned below(uint32_t *state, unsigned limit)
{
	return next_random(state) % limit;
}

static unsigned bits_at(const struct bytes *in, uint64_t at, unsigned count)
{
	unsigned value = 0;

	for (unsigned i = 0; i < count; i++, at++)
		value |= (unsigned)(in->data[at / 8] >> at % 8 & 1) << i;
	return value;
}

static void note_block(struct stream *stream, uint64_t at, uint64_t out)
{
	if (at + 3 > 8 * (uint64_t)stream->in_size)
		return;
	unsigned header = bits_at(&stream->in, at, 3);
	bool stored = header >> 1 == 0;
	ck_assert_uint_lt(stream->blocks, BLOCKS_MAX);
	stream->begins[stream->blocks] = stored ? (at + 3 + 7) / 8 * 8 - 3 : at;
	stream->headers[stream->blocks] = at;
	stream->begins_at[stream->blocks] = out;
	stream->looks[stream->blocks] = header == 4;
	stream->blocks++;
}

/* What zlib makes of it. */
static void ask_zlib(struct stream *stream)
{
	z_stream zlib = {.next_in = stream->in.data, .avail_in = (unsigned)stream->in_size};
	uint8_t *room = malloc(1 << 20);

	ck_assert_ptr_nonnull(room);
	ck_assert_int_eq(inflateInit2(&zlib, -15), Z_OK);
	stream->blocks = 0;
	note_block(stream, 0, 0);
	do {
		zlib.next_out = room;
		zlib.avail_out = 1 << 20;
		stream->verdict = inflate(&zlib, Z_BLOCK);
		bytes_put(&stream->want, room, (1 << 20) - zlib.avail_out);
		if (stream->verdict == Z_OK && zlib.data_type & 128 && !(zlib.data_type & 64))
			note_block(stream, 8 * (uint64_t)zlib.total_in - (zlib.data_type & 7),
				stream->want.size);
	} while (stream->verdict == Z_OK);
	inflateEnd(&zlib);
	free(room);
}

enum kind { FLOATS, WAVE, TABLE, WORDS, RUNS, NOISE, KINDS };

static void put_line(struct bytes *data, uint32_t *state, unsigned number)
{
	char line[100];
	int size = snprintf(line, sizeof(line), "%u,%u.%02u,%s,%u\n", number, below(state, 2000),
		below(state, 100), below(state, 2) ? "north" : "south-east", below(state, 7) * 100);

	bytes_put(data, line, (size_t)size);
}

static struct bytes make_numbers(enum kind kind, size_t size, uint32_t seed)
{
	struct bytes data = {0};
	uint32_t state = seed | 1;

	while (data.size < size) {
		unsigned i = (unsigned)data.size;
		switch (kind) {
		case FLOATS:
			bytes_put_number(&data, (next_random(&state) & 0xffffff) | 0x3f000000, 4);
			break;
		case WAVE:
			bytes_put_number(&data, (i / 50 * 7 % 3000) + below(&state, 9), 2);
			break;
		case TABLE:
			put_line(&data, &state, i);
			break;
		case WORDS:
			bytes_put(&data, &"the quick brown fox jumps"[below(&state, 20)],
				1 + below(&state, 5));
			break;
		case RUNS:
			for (unsigned n = below(&state, 3000); n > 0; n--)
				bytes_put_number(&data, i % 5, 1);
			bytes_put_number(&data, next_random(&state), 2);
			break;
		default:
			bytes_put_number(&data, next_random(&state), 4);
		}
	}
	return data;
}

/* A stream of zlib's at any level, strategy and block size, flushed in some way or not. */
static struct stream make_stream(enum kind kind, size_t size, uint32_t seed)
{
	static const int flushes[] = {Z_NO_FLUSH, Z_NO_FLUSH, Z_NO_FLUSH, Z_SYNC_FLUSH,
		Z_FULL_FLUSH, Z_PARTIAL_FLUSH, Z_BLOCK};
	struct stream stream = {0};
	struct bytes data = make_numbers(kind, size, seed);
	uint32_t state = seed * 2 + 1;
	z_stream zlib = {0};
	size_t given = 0;
	int flush = flushes[below(&state, 7)];
	size_t piece = 2000 + below(&state, 300000);
	int level = below(&state, 5) ? 1 + (int)below(&state, 9) : 0;
	int strategy = below(&state, 3) ? Z_DEFAULT_STRATEGY : (int)below(&state, 5);

	ck_assert_int_eq(
		deflateInit2(&zlib, level, Z_DEFLATED, -15, 1 + (int)below(&state, 9), strategy),
		Z_OK);
	size_t room = data.size * 2 + 100000;
	stream.in.data = calloc(1, room + STRETCH_IN_SLACK);
	stream.in.capacity = room + STRETCH_IN_SLACK;
	ck_assert_ptr_nonnull(stream.in.data);
	zlib.next_out = stream.in.data;
	zlib.avail_out = (unsigned)room;
	while (given < data.size) {
		size_t next = data.size - given < piece ? data.size - given : piece;
		zlib.next_in = data.data + given;
		zlib.avail_in = (unsigned)next;
		given += next;
		deflate(&zlib, given == data.size ? Z_FINISH : flush);
	}
	stream.in_size = stream.in.size = zlib.total_out;
	deflateEnd(&zlib);
	memset(stream.in.data + stream.in_size, 0, STRETCH_IN_SLACK);
	ask_zlib(&stream);
	ck_assert_int_eq(stream.verdict, Z_STREAM_END);
	ck_assert_uint_eq(stream.want.size, data.size);
	bytes_free(&data);
	return stream;
}

static void stream_free(struct stream *stream)
{
	bytes_free(&stream->in);
	bytes_free(&stream->want);
}

/* Which block begins there; or that many as there are. */
static size_t block_at(const struct stream *stream, uint64_t begin)
{
	size_t block = 0;

	while (block < stream->blocks && stream->begins[block] != begin)
		block++;
	return block;
}

/* --- stretches -------------------------------------------------------------------------------- */

START_TEST(blocks_are_found_where_zlib_has_them)
{
	struct stretcher *stretcher = stretcher_new();
	unsigned found_blocks = 0;

	for (uint32_t seed = 1; seed <= 12; seed++) {
		struct stream stream = make_stream(seed % KINDS, 400000, seed + 100 * (uint32_t)_i);
		struct stretch_input input = {stream.in.data, stream.in_size, 0};
		uint64_t end = 8 * (uint64_t)stream.in_size;
		for (size_t i = 1; i < stream.blocks; i++) {
			if (!stream.looks[i])
				continue;
			uint64_t from = stream.begins[i - 1] + 1;
			uint64_t found = stretch_find(stretcher, &input, from, end);
			ck_assert_uint_eq(found, stream.begins[i]);
			/* Where it ends is not part of what is searched. */
			ck_assert_uint_eq(
				stretch_find(stretcher, &input, from, found), BLOCKS_NOWHERE);
			ck_assert_uint_eq(stretch_find(stretcher, &input, found, found + 1), found);
			found_blocks++;
		}
		stream_free(&stream);
	}
	ck_assert_uint_gt(found_blocks, 20);
	stretcher_free(stretcher);
}
END_TEST

static void expect_stretch(
	struct stretcher *stretcher, const struct stream *stream, const struct stretch *stretch)
{
	size_t block = block_at(stream, stretch->begin);
	size_t end = 0;
	uint8_t bytes[5000];

	ck_assert_uint_lt(block, stream->blocks);
	while (end < stream->blocks && stream->headers[end] != stretch->end)
		end++;
	uint64_t at = stream->begins_at[block];
	uint64_t end_at = stretch->final ? stream->want.size : stream->begins_at[end];
	ck_assert(stretch->final || end < stream->blocks);
	ck_assert_uint_eq(stretch->size_bytes, end_at - at);
	if (at < WINDOW)
		return;
	stretch_set_window(stretcher, stream->want.data + at - WINDOW);
	for (uint64_t i = 0; i < stretch->size_bytes; i += sizeof(bytes)) {
		uint64_t left = stretch->size_bytes - i;
		size_t size = left < sizeof(bytes) ? (size_t)left : sizeof(bytes);
		stretch_read(stretcher, i, size, bytes);
		ck_assert(memcmp(bytes, stream->want.data + at + i, size) == 0);
	}
}

START_TEST(a_stretch_is_what_zlib_has_there)
{
	struct stretcher *stretcher = stretcher_new();
	unsigned decoded = 0;
	unsigned early = 0;

	for (uint32_t seed = 1; seed <= 12; seed++) {
		struct stream stream = make_stream(seed % KINDS, 900000, seed + 50 * (uint32_t)_i);
		uint32_t state = seed;
		for (int i = 0; i < 6; i++) {
			uint64_t from = 1 + below(&state, (unsigned)stream.in_size * 8);
			uint64_t to = from + below(&state, 800000);
			/* The input begins with the stretch, and ends somewhere behind it. */
			size_t first = (size_t)(from / 8);
			size_t size = (size_t)((to - from) / 8) + below(&state, 200000);
			size = size < stream.in_size - first ? size : stream.in_size - first;
			struct stretch_input input = {stream.in.data + first, size, first};
			struct stretch stretch;
			uint64_t begin = stretch_find(stretcher, &input, from, to);
			if (begin == BLOCKS_NOWHERE ||
				stretch_decode(stretcher, &input, begin, to, &stretch) < 0)
				continue;
			ck_assert_uint_eq(stretch.begin, begin);
			if (block_at(&stream, begin) == stream.blocks)
				continue; /* it only looked like one */
			expect_stretch(stretcher, &stream, &stretch);
			decoded++;
			early += !stretch.final && stretch.end < to;
		}
		stream_free(&stream);
	}
	ck_assert_uint_gt(decoded, 10);
	ck_assert_uint_lt(early, decoded);
	stretcher_free(stretcher);
}
END_TEST

/* A stretch of two sections, the second of which begins in what is stored: a stream, whose blocks
 * look like blocks. */
START_TEST(a_section_that_begins_where_no_block_does_is_left_out)
{
	struct stretcher *stretcher = stretcher_new();
	struct stream inner = make_stream(TABLE, 6000000, 8);
	struct stream stream = {.in = make_deflate(inner.in.data, inner.in_size, 0, 0)};
	struct stretch stretch;
	const uint64_t size = 8 * UINT64_C(100000);
	unsigned left_out = 0;

	stream.in_size = stream.in.size;
	bytes_put(&stream.in, (uint8_t[STRETCH_IN_SLACK]){0}, STRETCH_IN_SLACK);
	ask_zlib(&stream);
	struct stretch_input input = {stream.in.data, stream.in_size, 0};
	for (size_t i = 1; i + 4 < stream.blocks; i++) {
		uint64_t begin = stream.begins[i];
		ck_assert_int_eq(
			stretch_decode(stretcher, &input, begin, begin + size, &stretch), 0);
		expect_stretch(stretcher, &stream, &stretch);
		left_out += stretch.end < begin + size;
	}
	ck_assert_uint_gt(left_out, 2);
	stream_free(&inner);
	stream_free(&stream);
	stretcher_free(stretcher);
}
END_TEST

/* One value of so many in a hundred is a marker. All lengths of up to three vectors come. */
START_TEST(markers_stand_for_the_bytes_of_the_window)
{
	enum { VALUES = 96 };
	static uint8_t table[TWIN_MARKER_TABLE];
	static uint8_t window[TWIN_MARKER_WINDOW];
	uint16_t values[VALUES];
	uint8_t bytes[VALUES + 1];
	uint32_t state = 7;

	for (size_t i = 0; i < sizeof(window); i++)
		window[i] = (uint8_t)next_random(&state);
	twin_make_marker_table(table, window);
	for (unsigned share = 0; share <= 100; share += 5) {
		for (size_t size = 0; size <= VALUES; size++) {
			for (size_t i = 0; i < size; i++)
				values[i] = (uint16_t)(below(&state, 100) < share
							       ? TWIN_MARKER + below(&state, WINDOW)
							       : below(&state, TWIN_MARKER));
			bytes[size] = 'x';
			twin_resolve_markers(bytes, values, size, table);
			for (size_t i = 0; i < size; i++)
				ck_assert_uint_eq(bytes[i],
					values[i] < TWIN_MARKER ? values[i]
								: window[values[i] - TWIN_MARKER]);
			ck_assert_uint_eq(bytes[size], 'x');
		}
	}
}
END_TEST

START_TEST(a_stretch_that_is_too_large_ends_with_a_block_before)
{
	struct stretcher *stretcher = stretcher_new();
	struct bytes zeros = {calloc(1, 60000000), 60000000, 60000000};
	struct stream stream = {0};

	/* The window does not get clean, and each block is a few hundred KB of zeros. */
	struct bytes deflated = make_deflate(zeros.data, zeros.size, 1, Z_DEFAULT_STRATEGY);
	stream.in = deflated;
	stream.in_size = deflated.size;
	bytes_put(&stream.in, zeros.data, STRETCH_IN_SLACK);
	ask_zlib(&stream);
	struct stretch_input input = {stream.in.data, stream.in_size, 0};
	struct stretch stretch;
	uint64_t end = 8 * (uint64_t)stream.in_size;
	uint64_t begin = stretch_find(stretcher, &input, stream.begins[1] - 5, end);
	if (begin != BLOCKS_NOWHERE) {
		ck_assert_int_eq(stretch_decode(stretcher, &input, begin, end, &stretch), 0);
		ck_assert(!stretch.final);
		ck_assert_uint_le(2 * stretch.size_bytes, STRETCH_MEMORY);
		ck_assert_uint_ge(4 * stretch.size_bytes, STRETCH_MEMORY);
		expect_stretch(stretcher, &stream, &stretch);
	}
	ck_assert_uint_ne(begin, BLOCKS_NOWHERE);
	bytes_free(&zeros);
	stream_free(&stream);
	stretcher_free(stretcher);
}
END_TEST

/* --- joining ---------------------------------------------------------------------------------- */

enum { HELPERS = 4, ROOM = 100000 };

enum stage { FREE, SEARCH, DECODE, READY, TAIL, WRITE };

struct sim_helper {
	enum stage stage;
	struct stretcher *stretcher;
	uint64_t from, to, at_bytes;
	struct stretch stretch;
};

/* An owner and its helpers in one process; what happens next is a matter of chance. */
struct sim {
	const struct stream *stream;
	struct join join;
	struct sim_helper helpers[HELPERS];
	uint8_t *file;
	uint32_t state;
	unsigned losses; /* in a thousand turns */
	unsigned handed_over, redone, dropped;
	/* The owner. */
	struct twin *twin;
	struct blocks blocks;
	struct decode_span span;
	uint8_t *buffer;
	uint64_t place;
	bool at_block;
};

static struct sim *sim_new(void)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	ck_assert_ptr_nonnull(sim);
	sim->twin = aligned_alloc(64, (sizeof(struct twin) + 63) / 64 * 64);
	sim->buffer = calloc(1, WINDOW + ROOM + TWIN_OVERRUN);
	ck_assert(sim->twin && sim->buffer);
	memset(sim->twin, 0, sizeof(*sim->twin));
	for (int i = 0; i < HELPERS; i++)
		ck_assert_ptr_nonnull(sim->helpers[i].stretcher = stretcher_new());
	return sim;
}

static void sim_free(struct sim *sim)
{
	for (int i = 0; i < HELPERS; i++)
		stretcher_free(sim->helpers[i].stretcher);
	free(sim->twin);
	free(sim->buffer);
	free(sim->file);
	free(sim);
}

static struct stretch_input input_of(const struct sim *sim, const struct sim_helper *helper)
{
	size_t first = (size_t)(helper->from / 8);
	size_t last = (size_t)(helper->to / 8) + 150000;

	last = last < sim->stream->in_size ? last : sim->stream->in_size;
	return (struct stretch_input){sim->stream->in.data + first, last - first, first};
}

static void write_piece(struct sim *sim, struct sim_helper *helper, uint64_t from)
{
	stretch_read(helper->stretcher, from, (size_t)(helper->stretch.size_bytes - from),
		sim->file + helper->at_bytes + from);
}

static void lose(struct sim *sim, unsigned i)
{
	sim->helpers[i].stage = FREE;
	join_lost(&sim->join, i);
}

static void turn(struct sim *sim, unsigned i)
{
	struct sim_helper *helper = &sim->helpers[i];
	struct stretch *stretch = &helper->stretch;
	struct stretch_input input = input_of(sim, helper);

	if (helper->stage != FREE && below(&sim->state, 1000) < sim->losses) {
		lose(sim, i);
		return;
	}
	switch (helper->stage) {
	case FREE:
		if (join_ask(&sim->join, i, &helper->from, &helper->to))
			helper->stage = SEARCH;
		break;
	case SEARCH:
		stretch->begin = stretch_find(helper->stretcher, &input, helper->from, helper->to);
		if (stretch->begin == BLOCKS_NOWHERE) {
			lose(sim, i);
			break;
		}
		ck_assert_int_eq(join_found(&sim->join, i, stretch->begin), 0);
		helper->stage = DECODE;
		break;
	case DECODE:
		if (stretch_decode(helper->stretcher, &input, stretch->begin, helper->to, stretch) <
			0) {
			lose(sim, i);
			break;
		}
		ck_assert_int_eq(join_decoded(&sim->join, i, stretch->end, stretch->size_bytes,
					 stretch->final),
			0);
		helper->stage = READY;
		break;
	case READY:
		break;
	case TAIL:
		if (helper->at_bytes < WINDOW ||
			helper->at_bytes + stretch->size_bytes > sim->stream->want.size) {
			lose(sim, i);
			break;
		}
		stretch_set_window(helper->stretcher, sim->file + helper->at_bytes - WINDOW);
		write_piece(sim, helper,
			stretch->size_bytes < WINDOW ? 0 : stretch->size_bytes - WINDOW);
		ck_assert_int_eq(join_tailed(&sim->join, i), 0);
		helper->stage = WRITE;
		break;
	case WRITE:
		write_piece(sim, helper, 0);
		ck_assert_int_eq(join_written(&sim->join, i,
					 checksum_crc32(0, sim->file + helper->at_bytes,
						 (size_t)stretch->size_bytes)),
			0);
		helper->stage = FREE;
		break;
	}
}

static void restart(struct sim *sim, uint64_t place, uint64_t at_bytes)
{
	const struct bytes *in = &sim->stream->in;

	blocks_start_at(&sim->blocks, sim->twin, place, in->data[place / 8]);
	memcpy(sim->buffer, sim->file + at_bytes - WINDOW, WINDOW);
	sim->span = (struct decode_span){
		.in = in->data + sim->blocks.in_place, .out = sim->buffer + WINDOW};
}

/* Decode a piece of at most @room bytes to the file. */
static enum blocks_status decode_piece(
	struct sim *sim, uint64_t at_bytes, size_t room, uint64_t stop, size_t *size)
{
	const struct stream *stream = sim->stream;
	const uint8_t *end = stream->in.data + stream->in_size;
	struct decode_span *span = &sim->span;

	if (span->in_size == 0) {
		size_t left = (size_t)(end - span->in);
		span->in_size = 1 + below(&sim->state, 70000);
		span->in_size = span->in_size < left ? span->in_size : left;
	}
	if (span->out > sim->buffer + WINDOW) {
		memmove(sim->buffer, span->out - WINDOW, WINDOW);
		span->out = sim->buffer + WINDOW;
	}
	span->out_size = room;
	enum blocks_status status = blocks_run(&sim->blocks, span, stop);
	*size = (size_t)(span->out - sim->buffer - WINDOW);
	ck_assert_uint_le(at_bytes + *size, stream->want.size);
	memcpy(sim->file + at_bytes, sim->buffer + WINDOW, *size);
	return status;
}

static enum blocks_status decode_own(struct sim *sim)
{
	uint64_t at = sim->join.joined_bytes;
	size_t size;
	enum blocks_status status = decode_piece(
		sim, at, 1 + below(&sim->state, ROOM - 1), join_stop(&sim->join), &size);

	sim->at_block = status == BLOCKS_STOPPED;
	sim->place = sim->at_block ? sim->blocks.begin : blocks_place(&sim->blocks);
	join_own(&sim->join, size, checksum_crc32(0, sim->file + at, size), sim->place);
	if (status == BLOCKS_NEED_INPUT &&
		sim->span.in < sim->stream->in.data + sim->stream->in_size)
		return BLOCKS_NEED_OUTPUT;
	return status;
}

/* At a block, where a stretch may begin. False: wait. */
static bool at_block(struct sim *sim)
{
	unsigned helper;

	if (sim->join.place != sim->place) {
		sim->place = sim->join.place;
		if (!sim->join.ended)
			restart(sim, sim->place, sim->join.joined_bytes);
		return true;
	}
	switch (join_next(&sim->join, &helper)) {
	case JOIN_GO_ON:
		sim->at_block = false;
		return true;
	case JOIN_WAIT:
		return false;
	case JOIN_HAND_OVER:
		ck_assert_int_eq(sim->helpers[helper].stage, READY);
		sim->helpers[helper].at_bytes = sim->join.joined_bytes;
		sim->helpers[helper].stage = TAIL;
		sim->handed_over++;
		return false;
	}
	return false;
}

static void redo(struct sim *sim, struct join_piece *piece)
{
	uint64_t done = 0;

	restart(sim, piece->begin, piece->at_bytes);
	while (done < piece->size_bytes) {
		uint64_t left = piece->size_bytes - done;
		size_t size;
		decode_piece(sim, piece->at_bytes + done, left < ROOM - 1 ? (size_t)left : ROOM - 1,
			BLOCKS_NOWHERE, &size);
		done += size;
	}
	ck_assert_uint_eq(done, piece->size_bytes);
	uint8_t *bytes = sim->file + piece->at_bytes;
	join_redone(&sim->join, piece, checksum_crc32(0, bytes, (size_t)done));
	sim->redone++;
}

/* All of the stream, by an owner and its helpers: zlib's verdict. */
static int join_stream(struct sim *sim, const struct stream *stream, unsigned helpers,
	unsigned losses, uint32_t seed)
{
	enum blocks_status status = BLOCKS_NEED_OUTPUT;
	int dropped;

	sim->stream = stream;
	sim->state = seed | 1;
	sim->losses = losses;
	free(sim->file);
	sim->file = calloc(1, stream->want.size + TWIN_OVERRUN);
	join_init(&sim->join, stream->in_size, stream->want.size);
	sim->join.stretch_bits = 8 * (stream->in_size / (5 + below(&sim->state, 40)) + 100);
	sim->join.lead_bits = sim->join.stretch_bits;
	for (unsigned i = 0; i < HELPERS; i++)
		sim->helpers[i].stage = FREE;
	blocks_start(&sim->blocks, sim->twin);
	sim->span = (struct decode_span){.in = stream->in.data, .out = sim->buffer + WINDOW};
	sim->place = 0;
	sim->at_block = false;
	while (status == BLOCKS_NEED_OUTPUT || status == BLOCKS_STOPPED) {
		for (unsigned n = below(&sim->state, 2 * helpers + 1); n > 0; n--)
			turn(sim, below(&sim->state, helpers));
		while ((dropped = join_dropped(&sim->join)) >= 0) {
			sim->helpers[dropped].stage = FREE;
			sim->dropped++;
		}
		if (sim->at_block && !at_block(sim))
			continue;
		if (sim->at_block)
			status = sim->join.ended ? BLOCKS_END : BLOCKS_STOPPED;
		else
			status = decode_own(sim);
	}
	if (status != BLOCKS_END)
		return status == BLOCKS_NEED_INPUT ? Z_BUF_ERROR : Z_DATA_ERROR;
	while (!join_is_whole(&sim->join)) {
		struct join_piece *piece = join_to_redo(&sim->join);
		if (piece)
			redo(sim, piece);
		else
			turn(sim, below(&sim->state, helpers));
	}
	return Z_STREAM_END;
}

static void expect_joined(struct sim *sim, const struct stream *stream)
{
	uint32_t crc32 = checksum_crc32(0, stream->want.data, stream->want.size);

	ck_assert_uint_eq(sim->join.whole_bytes, stream->want.size);
	ck_assert(memcmp(sim->file, stream->want.data, stream->want.size) == 0);
	ck_assert_uint_eq(sim->join.whole_crc32, crc32);
}

/* How many of each to try: PARTS_TRIES, or few. */
static unsigned tries(void)
{
	const char *text = getenv("PARTS_TRIES");

	return text ? (unsigned)strtoul(text, NULL, 10) : 24;
}

START_TEST(members_of_all_kinds_joined_are_zlibs)
{
	struct sim *sim = sim_new();

	for (uint32_t seed = 1; seed <= tries(); seed++) {
		struct stream stream =
			make_stream((seed + seed / 6) % KINDS, 300000 + seed % 7 * 200000, seed);
		unsigned helpers = 1 + seed % HELPERS;
		ck_assert_int_eq(join_stream(sim, &stream, helpers, 0, seed), Z_STREAM_END);
		expect_joined(sim, &stream);
		stream_free(&stream);
	}
	ck_assert_uint_gt(sim->handed_over, 20);
	ck_assert_uint_eq(sim->redone, 0);
	sim_free(sim);
}
END_TEST

START_TEST(stretches_that_are_lost_are_decoded_again)
{
	struct sim *sim = sim_new();

	for (uint32_t seed = 1; seed <= tries(); seed++) {
		struct stream stream = make_stream(seed % KINDS, 900000, seed);
		ck_assert_int_eq(
			join_stream(sim, &stream, 1 + seed % HELPERS, 200, seed), Z_STREAM_END);
		expect_joined(sim, &stream);
		stream_free(&stream);
	}
	ck_assert_uint_gt(sim->handed_over, 10);
	ck_assert_uint_gt(sim->redone, 5);
	sim_free(sim);
}
END_TEST

/* What is stored are streams, whose blocks look like blocks. */
START_TEST(begins_that_are_none_are_passed_by)
{
	struct sim *sim = sim_new();
	struct stream inner = make_stream(TABLE, 2500000, 7);

	for (uint32_t seed = 1; seed <= 6; seed++) {
		struct stream stream = {0};
		stream.in = make_deflate(inner.in.data, inner.in_size, seed % 2 ? 0 : 1,
			seed % 2 ? Z_DEFAULT_STRATEGY : Z_HUFFMAN_ONLY);
		stream.in_size = stream.in.size;
		uint8_t slack[STRETCH_IN_SLACK] = {0};
		bytes_put(&stream.in, slack, sizeof(slack));
		ask_zlib(&stream);
		ck_assert_int_eq(join_stream(sim, &stream, 2, 0, seed), Z_STREAM_END);
		expect_joined(sim, &stream);
		stream_free(&stream);
	}
	ck_assert_uint_gt(sim->dropped, 0);
	stream_free(&inner);
	sim_free(sim);
}
END_TEST

START_TEST(damaged_streams_get_zlibs_verdict)
{
	struct sim *sim = sim_new();
	unsigned bad = 0;

	for (uint32_t seed = 1; seed <= tries(); seed++) {
		struct stream stream = make_stream(seed % KINDS, 600000, seed);
		uint32_t state = seed;
		bytes_free(&stream.want);
		for (unsigned n = 1 + below(&state, 3); n > 0; n--)
			stream.in.data[below(&state, (unsigned)stream.in_size)] ^=
				(uint8_t)(1 + below(&state, 255));
		if (seed % 5 == 0) {
			size_t cut = below(&state, (unsigned)stream.in_size);
			memset(stream.in.data + cut, 0, stream.in_size - cut);
			stream.in_size = cut;
		}
		ask_zlib(&stream);
		bad += stream.verdict != Z_STREAM_END;
		ck_assert_int_eq(
			join_stream(sim, &stream, 1 + seed % HELPERS, 20, seed), stream.verdict);
		if (stream.verdict == Z_STREAM_END)
			expect_joined(sim, &stream);
		stream_free(&stream);
	}
	ck_assert_uint_gt(bad, tries() / 8);
	sim_free(sim);
}
END_TEST

/* --- what a helper may say -------------------------------------------------------------------- */

START_TEST(what_was_not_asked_for_is_refused)
{
	struct join join;
	uint64_t from;
	uint64_t to;
	unsigned helper;

	join_init(&join, 20000000, 60000000);
	ck_assert_int_eq(join_found(&join, 3, 1), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert(join_ask(&join, 3, &from, &to));
	ck_assert_uint_lt(from, to);
	ck_assert_int_eq(join_decoded(&join, 3, to, 1, false), -1);
	ck_assert_int_eq(join_found(&join, 3, to), -1);
	ck_assert_int_eq(join_tailed(&join, 3), -1);
	ck_assert_int_eq(join_found(&join, 3, from + 5), 0);
	ck_assert_int_eq(join_found(&join, 3, from + 4), -1);
	ck_assert_uint_eq(join_stop(&join), from + 5);
	ck_assert_int_eq(join_decoded(&join, 3, from + 5, 1, false), -1);
	ck_assert_int_eq(join_decoded(&join, 3, 8 * 20000000 + 1, 1, false), -1);
	ck_assert_int_eq(join_decoded(&join, 3, to, 1000, false), 0);
	ck_assert_int_eq(join_tailed(&join, 3), -1);
	join_own(&join, 5000, 1, from + 5);
	ck_assert_int_eq(join_next(&join, &helper), JOIN_HAND_OVER);
	ck_assert_uint_eq(helper, 3);
	ck_assert_int_eq(join_next(&join, &helper), JOIN_WAIT);
	ck_assert_int_eq(join_written(&join, 3, 1), -1);
	ck_assert_int_eq(join_tailed(&join, 3), 0);
	ck_assert_uint_eq(join.place, to);
	ck_assert_int_eq(join_tailed(&join, 3), -1);
	ck_assert_int_eq(join_written(&join, 3, 1), 0);
	ck_assert_int_eq(join_written(&join, 3, 1), -1);
	ck_assert(join_is_whole(&join));
	ck_assert_uint_eq(join.whole_bytes, 6000);
}
END_TEST

START_TEST(small_and_very_small_or_large_ratios_are_not_worth_it)
{
	const uint64_t mib = 1 << 20;

	ck_assert(!join_is_worth_it(4 * mib, 8 * mib - 1));
	ck_assert(join_is_worth_it(4 * mib, 8 * mib));
	ck_assert(!join_is_worth_it(2 * mib, 100 * mib));
	ck_assert(!join_is_worth_it(99 * mib, 100 * mib));
	ck_assert(!join_is_worth_it(200 * mib, 100 * mib));
	ck_assert(join_is_worth_it(UINT64_C(1) << 40, UINT64_C(3) << 40));
	ck_assert(!join_is_worth_it(UINT64_MAX, UINT64_MAX));
	ck_assert(!join_is_worth_it(0, UINT64_MAX));
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_loop_test(tests, blocks_are_found_where_zlib_has_them, 0, 2);
	tcase_add_loop_test(tests, a_stretch_is_what_zlib_has_there, 0, 2);
	tcase_add_test(tests, a_stretch_that_is_too_large_ends_with_a_block_before);
	tcase_add_test(tests, a_section_that_begins_where_no_block_does_is_left_out);
	tcase_add_test(tests, markers_stand_for_the_bytes_of_the_window);
	tcase_add_test(tests, members_of_all_kinds_joined_are_zlibs);
	tcase_add_test(tests, stretches_that_are_lost_are_decoded_again);
	tcase_add_test(tests, begins_that_are_none_are_passed_by);
	tcase_add_test(tests, damaged_streams_get_zlibs_verdict);
	tcase_add_test(tests, what_was_not_asked_for_is_refused);
	tcase_add_test(tests, small_and_very_small_or_large_ratios_are_not_worth_it);
}

int main(void)
{
	Suite *suite = suite_create("parts");
	TCase *tests = tcase_create("parts");

	if (!decoder_has(DECODER_TWIN)) {
		puts("skipped: this CPU is not one for the twin decoder");
		return EXIT_SUCCESS;
	}
	tcase_set_timeout(tests, 600);
	add_tests(tests);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#else

int main(void)
{
	puts("skipped: this build has no twin decoder");
	return EXIT_SUCCESS;
}

#endif
