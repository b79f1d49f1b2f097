// SPDX-License-Identifier: MIT

/*
 * How fast each decoder is on one core: members in memory, decoded again and again into a buffer of
 * the size that zipmap's has. No file, no CRC-32.
 *
 * usage: decoders ROUNDS ARCHIVE ARCHIVE
 *
 * Each archive has one deflated member; what takes two at once takes both. In each round each
 * decoder has its turn. Prints a line for each of them: its name, and for each round the bytes that
 * it made in a second of processor time, with tabs between.
 */

#include "worker/decode/decoders.h"
#include "worker/container/archive.h"
#include "worker/decode/buffer.h"
#include "worker/decode/checksum.h"

#include <errno.h>
#include <fcntl.h>
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define BUFFER_SIZE ((size_t)256 * 1024)
#define ROUNDS_MAX  1000
#define MEMBERS     2

/* A round of a decoder decodes all members this often: long enough to be measured. */
#define REPEATS 3

/* A compressed member in memory, and what it has to give. */
struct input {
	uint8_t *bytes;
	struct member member;
};

/* A member being decoded to one window again and again. */
struct lane {
	struct decoder *decoder;
	uint8_t *buffer; /* BUFFER_SIZE bytes, DECODE_HISTORY_MAX in front, DECODE_SLACK behind */
	struct decode_span span;
	uint8_t *piece; /* where the bytes begin that are not counted yet */
	uint64_t size_bytes;
	uint32_t crc32;
	bool check; /* also the CRC-32 */
	bool ended;
};

/* One way to decode. */
struct way {
	const char *name;
	enum decoder_choice choice; /* DECODER_AUTO: by libdeflate, whole members */
	bool two;
	double speeds[ROUNDS_MAX];
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "decoders: %s: %s\n", what, why);
	exit(1);
}

static void *new_buffer(size_t size)
{
	void *buffer = buffer_new(buffer_whole_pages(size));

	if (!buffer)
		die("memory", strerror(ENOMEM));
	return buffer;
}

static struct input read_input(const char *path)
{
	struct input input;
	struct member_data data;
	struct failure failure;
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0)
		die(path, strerror(errno));
	struct archive *archive = archive_new();
	struct cursor *cursor = calloc(1, sizeof(*cursor));
	if (!archive || !cursor || cursor_init(cursor) < 0)
		die("memory", strerror(ENOMEM));
	if (archive_open(archive, fd, (uint64_t)status.st_size, &failure) < 0 ||
		archive->end.entries != 1)
		die(path, "is no archive of one member");
	cursor_set(cursor, archive, 0, 0);
	if (cursor_next(cursor, &input.member, &failure) != 1 ||
		input.member.method != METHOD_DEFLATE || input.member.encrypted ||
		member_data_open(archive, &input.member, &data, &failure) < 0)
		die(path, "its member is not deflated");
	input.member.name = NULL;
	size_t size = (size_t)input.member.compressed_bytes;
	input.bytes = new_buffer(size);
	for (size_t done = 0; done < size;) {
		ssize_t got = member_data_read(&data, input.bytes + done, size - done, &failure);
		if (got <= 0)
			die(path, "cannot be read");
		done += (size_t)got;
	}
	member_data_close(&data);
	cursor_release(cursor);
	free(cursor);
	archive_free(archive);
	return input;
}

static void begin(struct lane *lane, const struct input *input, bool check)
{
	decoder_reset(lane->decoder, 0);
	lane->span = (struct decode_span){
		.in = input->bytes,
		.in_size = (size_t)input->member.compressed_bytes,
		.out = lane->buffer,
		.out_size = BUFFER_SIZE,
	};
	lane->piece = lane->buffer;
	lane->size_bytes = 0;
	lane->crc32 = 0;
	lane->check = check;
	lane->ended = false;
}

/* Count what has come out, and have room for more at the front of the buffer. */
static void settle(struct lane *lane, enum decode_status status)
{
	size_t size = (size_t)(lane->span.out - lane->piece);
	uint8_t *end = lane->buffer + BUFFER_SIZE;

	if (status == DECODE_PAUSED)
		return;
	lane->ended = status != DECODE_NEED_OUTPUT;
	if (lane->check)
		lane->crc32 = checksum_crc32(lane->crc32, lane->piece, size);
	lane->size_bytes += size;
	if (lane->span.out >= end) {
		size_t over = (size_t)(lane->span.out - end);
		memmove(lane->buffer - DECODE_HISTORY_MAX, end - DECODE_HISTORY_MAX,
			DECODE_HISTORY_MAX + over);
		lane->span.out = lane->buffer + over;
	}
	lane->piece = lane->span.out;
	lane->span.out_size = (size_t)(end - lane->span.out);
}

static void finish(const struct lane *lane, const struct input *input)
{
	if (lane->size_bytes != input->member.size_bytes ||
		(lane->check && lane->crc32 != input->member.crc32))
		die(lane->decoder->type->library, "decodes wrongly");
}

static void decode_one(struct lane *lane, const struct input *input, bool check)
{
	begin(lane, input, check);
	while (!lane->ended)
		settle(lane, decoder_run(lane->decoder, &lane->span, false));
	finish(lane, input);
}

static void decode_two(struct lane lanes[2], const struct input inputs[2], bool check)
{
	enum decode_status statuses[2];

	for (int i = 0; i < 2; i++)
		begin(&lanes[i], &inputs[i], check);
	while (!lanes[0].ended && !lanes[1].ended) {
		decoder_run_two((struct decoder *const[]){lanes[0].decoder, lanes[1].decoder},
			(struct decode_span *const[]){&lanes[0].span, &lanes[1].span}, statuses);
		for (int i = 0; i < 2; i++)
			settle(&lanes[i], statuses[i]);
	}
	for (int i = 0; i < 2; i++) {
		while (!lanes[i].ended)
			settle(&lanes[i], decoder_run(lanes[i].decoder, &lanes[i].span, false));
		finish(&lanes[i], &inputs[i]);
	}
}

#ifdef HAVE_LIBDEFLATE

#define HAS_LIBDEFLATE true

/*
 * The members whole, by libdeflate, which has no other way. Not by zipmap's decoder of that name,
 * which is for small members and takes streams of one block only.
 */
static void decode_whole(const struct input *input)
{
	static struct libdeflate_decompressor *whole;
	static uint8_t *out;
	static size_t room;
	size_t size = (size_t)input->member.size_bytes;

	if (!whole)
		whole = libdeflate_alloc_decompressor();
	if (room < size) {
		free(out);
		out = new_buffer(size);
		room = size;
	}
	if (!whole || libdeflate_deflate_decompress(whole, input->bytes,
			      (size_t)input->member.compressed_bytes, out, size,
			      NULL) != LIBDEFLATE_SUCCESS)
		die("libdeflate", "decodes wrongly");
}

#else

#define HAS_LIBDEFLATE false

static void decode_whole(const struct input *input)
{
	(void)input;
}

#endif

static double processor_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void decode_all(
	const struct way *way, struct lane lanes[2], const struct input inputs[MEMBERS], bool check)
{
	if (way->two) {
		decode_two(lanes, inputs, check);
		return;
	}
	for (int i = 0; i < MEMBERS; i++) {
		if (way->choice == DECODER_AUTO)
			decode_whole(&inputs[i]);
		else
			decode_one(&lanes[0], &inputs[i], check);
	}
}

static bool is_here(const struct way *way)
{
	return way->choice == DECODER_AUTO ? HAS_LIBDEFLATE : decoder_has(way->choice);
}

int main(int argc, char *argv[])
{
	static struct way ways[] = {
		{.name = "zlib", .choice = DECODER_ZLIB},
		{.name = "libdeflate", .choice = DECODER_AUTO},
		{.name = "isal", .choice = DECODER_ISAL},
		{.name = "twin, one", .choice = DECODER_TWIN},
		{.name = "twin, two", .choice = DECODER_TWIN, .two = true},
	};
	const size_t count = sizeof(ways) / sizeof(ways[0]);
	struct input inputs[MEMBERS];
	struct lane lanes[sizeof(ways) / sizeof(ways[0])][2] = {0};
	double bytes = 0;
	long rounds = argc == 2 + MEMBERS ? strtol(argv[1], NULL, 10) : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fputs("usage: decoders ROUNDS ARCHIVE ARCHIVE\n", stderr);
		return 2;
	}
	for (int i = 0; i < MEMBERS; i++) {
		inputs[i] = read_input(argv[2 + i]);
		bytes += (double)inputs[i].member.size_bytes * REPEATS;
	}
	uint8_t *buffers[2];
	for (int i = 0; i < 2; i++)
		buffers[i] = new_buffer(DECODE_HISTORY_MAX + BUFFER_SIZE + DECODE_SLACK);
	for (size_t w = 0; w < count; w++) {
		if (!is_here(&ways[w]))
			continue;
		for (int i = 0; i < 2 && ways[w].choice != DECODER_AUTO; i++) {
			lanes[w][i].buffer = buffers[i] + DECODE_HISTORY_MAX;
			lanes[w][i].decoder = decoder_open(decoder_asked_for(ways[w].choice));
			if (!lanes[w][i].decoder)
				die("memory", strerror(ENOMEM));
		}
		decode_all(&ways[w], lanes[w], inputs, true);
	}
	for (long round = 0; round < rounds; round++) {
		for (size_t w = 0; w < count; w++) {
			if (!is_here(&ways[w]))
				continue;
			double start = processor_time();
			for (int i = 0; i < REPEATS; i++)
				decode_all(&ways[w], lanes[w], inputs, false);
			ways[w].speeds[round] = bytes / (processor_time() - start);
		}
	}
	for (size_t w = 0; w < count; w++) {
		if (!is_here(&ways[w]))
			continue;
		printf("%s", ways[w].name);
		for (long round = 0; round < rounds; round++)
			printf("\t%.0f", ways[w].speeds[round]);
		putchar('\n');
	}
	return 0;
}
